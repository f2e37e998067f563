//! The tokens the edge gave, and the generation that numbers them.

use core::fmt;
use serde::Serialize;

/// Counts the sessions this client has held. A reply that says "expired" is believed only about
/// the generation it used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[cfg_attr(feature = "client", derive(tsify::Tsify))]
pub struct Generation(pub u32);

/// Bytes. A longer one is refused: cut short, it would be refused by every server.
const LONGEST_TOKEN: usize = 8_192;
/// Bytes. WeChat's have 64; many may be under way at once.
const LONGEST_PHONE_CODE: usize = 512;

macro_rules! token {
    ($(#[$doc:meta])* $name:ident, $longest:expr) => {
        $(#[$doc])*
        #[derive(Clone, Serialize)]
        #[cfg_attr(feature = "client", derive(tsify::Tsify))]
        pub struct $name(String);

        impl $name {
            /// Takes a token in, if it is one: visible ASCII, so it fits a header and the record,
            /// and not too long for the core's memory.
            pub fn parse(text: String) -> Option<Self> {
                let fits = (1..=$longest).contains(&text.len());
                (fits && text.bytes().all(|byte| byte.is_ascii_graphic())).then_some(Self(text))
            }
            /// The token, for a header, a form field or the record.
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
    /// The bearer token of a request.
    AccessToken, LONGEST_TOKEN
);
token!(
    /// What renews a session without `wx.login`. Rotated by every use.
    RefreshToken, LONGEST_TOKEN
);
token!(
    /// A code of `wx.login` on its way to the edge.
    LoginCode, LONGEST_TOKEN
);
token!(
    /// A phone button's code; every redemption costs money (§1.3).
    PhoneCode, LONGEST_PHONE_CODE
);

/// What a successful exchange or refresh brought.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// For requests.
    pub access_token: AccessToken,
    /// For the next renewal.
    pub refresh_token: RefreshToken,
    /// Life of the access token in seconds, from the reply on.
    pub expires_in_s: u32,
}
