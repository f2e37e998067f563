//! The two entries in storage.

pub(crate) mod record;
pub(crate) mod status;
