//! The edge's tokens, the generation that numbers them, and the codes on their way to the edge.

use core::fmt;
use serde::Serialize;

/// Number of the session among those that this client has held. A reply that says "expired" applies
/// to the generation it used, and to no later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[cfg_attr(feature = "client", derive(tsify::Tsify))]
pub struct Generation(pub u32);

/// Longest token, in bytes. A longer one is refused, since every server would refuse a truncated one.
const LONGEST_TOKEN: usize = 8_192;
/// Longest phone code, in bytes. WeChat's have 64; many may be outstanding together.
const LONGEST_PHONE_CODE: usize = 512;

macro_rules! token {
    ($(#[$doc:meta])* $name:ident, $longest:expr) => {
        $(#[$doc])*
        #[derive(Clone, Serialize)]
        #[cfg_attr(feature = "client", derive(tsify::Tsify))]
        pub struct $name(String);

        impl $name {
            /// Parses 1 or more visible ASCII characters, which fit a header and the stored record.
            /// `None` for other text, and for text that is too long for the core's fixed memory.
            pub fn parse(text: String) -> Option<Self> {
                let fits = (1..=$longest).contains(&text.len());
                (fits && text.bytes().all(|byte| byte.is_ascii_graphic())).then_some(Self(text))
            }
            /// The secret text, for a header, a form field or the stored record.
            pub fn reveal(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    };
}

token!(
    /// The bearer token of a request; at most 8,192 bytes.
    AccessToken, LONGEST_TOKEN
);
token!(
    /// The token that renews a session without `wx.login`; at most 8,192 bytes. The edge rotates it
    /// with every use.
    RefreshToken, LONGEST_TOKEN
);
token!(
    /// A code of `wx.login` (§1.1); at most 8,192 bytes.
    LoginCode, LONGEST_TOKEN
);
token!(
    /// A phone button's code; every redemption costs money (§1.3). At most 512 bytes.
    PhoneCode, LONGEST_PHONE_CODE
);

/// Result of a successful exchange or refresh.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The token for requests.
    pub access_token: AccessToken,
    /// The token for the next renewal.
    pub refresh_token: RefreshToken,
    /// Life of the access token in seconds, counted from the reply.
    pub expires_in_s: u32,
}
