//! Identifiers, secrets and one-time codes as types, parsed once at the border.
//!
//! `Debug` shows the value of [`AppId`] only: openid and unionid are personal data (§6.3), the others are secrets.
//! Secrets are erased from memory when dropped and have no `==`.

use core::fmt;
use secrecy::{ExposeSecret as _, SecretString};

/// Reason why a text is refused as an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentError {
    /// The text is empty or white space.
    Missing,
    /// The text is too long or contains a character that is not "unreserved" (RFC 3986 §2.3).
    Malformed,
}

/// Longest accepted identifier, in bytes. Samples of openid and unionid have 28 characters; they are opaque and have
/// at most 64 (§10.15).
const MAX_IDENT: usize = 64;
/// Longest accepted code, in bytes. WeChat's codes have 32 characters; the length is not documented.
const MAX_CODE: usize = 256;

/// Returns whether `byte` is "unreserved" (RFC 3986 §2.3).
///
/// Every known code, appid and openid consists of these characters. They need no escaping in a query, so an
/// identifier cannot add a parameter to WeChat's URL.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
}

fn parse(text: &str, max: usize) -> Result<String, IdentError> {
    if text.trim().is_empty() {
        return Err(IdentError::Missing);
    }
    if text.len() > max || !text.bytes().all(is_unreserved) {
        return Err(IdentError::Malformed);
    }
    Ok(text.to_owned())
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Parses the identifier: 1 to 64 "unreserved" characters (RFC 3986 §2.3).
            pub fn parse(text: &str) -> Result<Self, IdentError> {
                parse(text, MAX_IDENT).map(Self)
            }
            /// Returns the identifier as WeChat spells it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

identifier!(
    /// Public identifier of a mini program, official account or website: `wx` and 16 hex digits.
    AppId
);
identifier!(
    /// Identifier of a user within one app. Personal data; never a credential (§4.3).
    OpenId
);
identifier!(
    /// Identifier of a user across all apps of one Open Platform account. Personal data.
    UnionId
);

impl fmt::Debug for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppId({})", self.0)
    }
}

/// Secret of an app. Only the edge has it.
#[derive(Debug, Clone)]
pub struct AppSecret(SecretString);

impl AppSecret {
    /// Parses a secret: 1 to 64 "unreserved" characters (RFC 3986 §2.3).
    pub fn parse(text: &str) -> Result<Self, IdentError> {
        parse(text, MAX_IDENT).map(|text| Self(text.into()))
    }
    /// Returns the secret, for a request to WeChat.
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }
}

macro_rules! one_time_code {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(SecretString);

        impl $name {
            /// Parses a code: 1 to 256 "unreserved" characters (RFC 3986 §2.3). A malformed code is refused
            /// without a call to WeChat.
            pub fn parse(text: &str) -> Result<Self, IdentError> {
                parse(text, MAX_CODE).map(|text| Self(text.into()))
            }
            /// Returns the code and consumes `self`, so that a code cannot be sent twice.
            pub fn spend(self) -> String {
                self.0.expose_secret().to_owned()
            }
        }
    };
}

one_time_code!(
    /// Code of `wx.login`: valid for 5 minutes, single use, bound to the appid (§1.1). Not `Clone`: spending it twice
    /// (errcode 40163) does not compile.
    Code
);
one_time_code!(
    /// Code of a phone-number button: valid for 5 minutes, single use, paid for. It is a different kind of code than
    /// [`Code`] (§1.3).
    PhoneCode
);

/// The `code` that an official account's page sends if the user refused (§3.8).
const REFUSED: &str = "authdeny";

impl Code {
    /// Parses the `code` of a web login's callback; `None` if the user refused. In that case the parameter is missing
    /// or has the value `authdeny` (§3.8).
    pub fn of_web_login(text: &str) -> Option<Self> {
        Self::parse(text).ok().filter(|_| text != REFUSED)
    }
}

redacted_debug!(OpenId, UnionId);
