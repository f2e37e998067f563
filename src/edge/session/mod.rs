//! Sessions in the store, their tokens, and the codes and labels that belong to them.

pub(crate) mod authorization_code;
pub(crate) mod label;
pub(crate) mod records;
pub(crate) mod revocations;
pub(crate) mod tokens;
