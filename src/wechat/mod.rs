//! The WeChat platform, pure: identifiers, scopes, failures, signatures, open data, replies, push messages.
//!
//! Client and edge share this module, so that a platform fact stands in one place. It does no IO, reads no clock and
//! draws no randomness. Section marks (§) point into `docs/platform-facts.md`.
//!
//! | module | content |
//! |---|---|
//! | [`ident`] | appid, openid, unionid, secrets and one-time codes as types |
//! | [`scope`] | permission scopes and the states of a grant |
//! | [`failure`] | the meaning of a failed `wx.*` call |
//! | [`profile`], [`version`] | which call a base library offers for avatar and nickname |
//! | [`session_key`], [`signature`], [`open_data`] | the session_key and its three uses |
//! | [`reply`] | replies of WeChat's server API |
//! | [`push`], [`message`] | signed and encrypted push messages |

/// Implements `Debug` without the value, for personal data and for secrets that are not a
/// [`SecretString`](secrecy::SecretString).
macro_rules! redacted_debug {
    ($($name:ident),*) => {$(
        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    )*};
}

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
pub mod version;

pub use failure::Failure;
pub use ident::{AppId, AppSecret, Code, OpenId, PhoneCode, UnionId};
#[cfg(feature = "edge")]
pub(crate) use json::{Object, parse_strict as parse_strict_json};
pub use scope::{Grant, Scope};
pub use session_key::SessionKey;
