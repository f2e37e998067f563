//! Sessions: their records in the store, their tokens, the authorization codes that begin them, and their labels.

pub(crate) mod authorization_code;
pub(crate) mod label;
pub(crate) mod records;
pub(crate) mod revocations;
pub(crate) mod tokens;
