//! The session_key: WeChat's per-user secret for signatures and open data (§4.1).
//!
//! Two forms matter and confusing them is the field's classic bug: AES uses the 16 decoded bytes,
//! SHA-1 and HMAC use the base64 *text*. This type keeps both uses behind methods.

use super::digest;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use core::fmt;
use zeroize::{Zeroize as _, ZeroizeOnDrop};

/// A well-formed session_key: 24 base64 characters that decode to exactly 16 bytes (§4.3).
#[derive(Clone, ZeroizeOnDrop)]
pub struct SessionKey {
    text: String,
    bytes: [u8; 16],
}

/// The text is not a session_key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadSessionKey;

impl SessionKey {
    /// Parses WeChat's base64 text.
    pub fn parse(text: &str) -> Result<Self, BadSessionKey> {
        let mut decoded = STANDARD.decode(text).map_err(|_| BadSessionKey)?;
        let bytes = <[u8; 16]>::try_from(decoded.as_slice()).map_err(|_| BadSessionKey);
        decoded.zeroize();
        Ok(Self { text: text.to_owned(), bytes: bytes? })
    }

    /// The AES-128 key.
    pub(crate) fn aes_key(&self) -> &[u8; 16] {
        &self.bytes
    }

    /// The base64 text, which is what SHA-1 and HMAC are keyed with.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The text, for the sealed record at the edge and nothing else.
    #[cfg(feature = "edge")]
    pub(crate) fn reveal(&self) -> &str {
        &self.text
    }

    /// HMAC-SHA256 of `message` keyed with the text, in lower-case hex: the `signature` of
    /// `wxa/checksession` and its kin, where `message` is `""` (§3.2, vectors 7–14).
    pub fn sign(&self, message: &[u8]) -> String {
        digest::hex(&digest::hmac_sha256(self.text.as_bytes(), &[message]))
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey([redacted])")
    }
}
