//! The field's identifiers and secrets as types, parsed once at the border.
//!
//! Only [`AppId`] shows itself in `Debug`: openid and unionid are personal data (§6.3), the rest
//! are secrets. Nothing here has `==` on a secret.

use core::fmt;
use zeroize::ZeroizeOnDrop;

/// Why a text is not the identifier it was said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentError {
    /// Empty, or only white space.
    Missing,
    /// Too long, or with a character the identifier never has.
    Malformed,
}

/// Longest identifier accepted. Samples of openid and unionid have 28 characters; they are opaque
/// and at most 64 (§10.15).
const MAX_IDENT: usize = 64;
/// Longest code accepted. WeChat's have 32 characters; no length is documented.
const MAX_CODE: usize = 256;

/// RFC 3986 "unreserved": the characters that need no escaping in a query. Every code, appid and
/// openid seen is made of them, and nothing else can smuggle a parameter into WeChat's URL.
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
            /// Parses the identifier; see [`IdentError`] for what is refused.
            pub fn parse(text: &str) -> Result<Self, IdentError> {
                parse(text, MAX_IDENT).map(Self)
            }
            /// The identifier as WeChat spells it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

macro_rules! hidden_debug {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    )*};
}

identifier!(
    /// The public name of a mini program, official account or website (`wx` and 16 hex digits).
    AppId
);
identifier!(
    /// A user, as one app sees them. Personal data; never a credential (§4.3).
    OpenId
);
identifier!(
    /// A user, as all apps of one Open Platform account see them. Personal data.
    UnionId
);

impl fmt::Debug for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppId({})", self.0)
    }
}

/// An app's secret. It lives at the edge only; the client build has no place for it.
#[derive(Clone, ZeroizeOnDrop)]
pub struct AppSecret(String);

impl AppSecret {
    /// Parses a secret: non-empty, of query-safe characters.
    pub fn parse(text: &str) -> Result<Self, IdentError> {
        parse(text, MAX_IDENT).map(Self)
    }
    /// The secret itself, for the one request that carries it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

macro_rules! one_time_code {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(ZeroizeOnDrop)]
        pub struct $name(String);

        impl $name {
            /// Parses a code. Refuses anything that would need escaping in a query, before it
            /// costs a call to WeChat.
            pub fn parse(text: &str) -> Result<Self, IdentError> {
                parse(text, MAX_CODE).map(Self)
            }
            /// Spends the code: afterwards there is none to send twice.
            pub fn spend(mut self) -> String {
                core::mem::take(&mut self.0)
            }
        }
    };
}

one_time_code!(
    /// The code of `wx.login`: 5 minutes, single use, bound to the appid (§1.1). Not `Clone`:
    /// spending moves it, so using it twice (errcode 40163) does not compile.
    Code
);
one_time_code!(
    /// The code of a phone-number button: 5 minutes, single use, paid for, and not exchangeable
    /// where a [`Code`] is (§1.3).
    PhoneCode
);

/// What the official account's page sends as the code of a user who refused (§3.8).
const REFUSED: &str = "authdeny";

impl Code {
    /// The code of a web login; `None` where the user refused. Then WeChat's page comes back with the
    /// state alone, or with a code that is none (§3.8).
    pub fn of_web_login(text: &str) -> Option<Self> {
        Self::parse(text).ok().filter(|_| text != REFUSED)
    }
}

hidden_debug!(OpenId, UnionId, AppSecret, Code, PhoneCode);
