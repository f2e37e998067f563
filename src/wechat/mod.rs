//! The platform, pure: what WeChat sends, means and signs. Client and edge share it, so they
//! cannot drift. No IO, no clock, no randomness.

pub(crate) mod digest;
pub mod failure;
pub mod ident;
mod json;
pub mod message;
pub mod open_data;
pub mod profile;
pub mod push;
pub mod reply;
pub mod scope;
pub mod session_key;
pub mod signature;

pub use failure::Failure;
pub use ident::{AppId, AppSecret, Code, OpenId, PhoneCode, UnionId};
#[cfg(feature = "edge")]
pub(crate) use json::{Object, parse_strict as parse_strict_json};
pub use scope::{Grant, Scope};
pub use session_key::SessionKey;
