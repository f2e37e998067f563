//! The session_key: WeChat's secret of one user's login, for signatures and open data (§4.1).
//!
//! It has two forms that are easily confused: AES uses the 16 decoded bytes, SHA-1 and HMAC use the base64 *text*.
//! The methods of [`SessionKey`] choose the right one.

use super::digest;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

/// Well-formed session_key: 24 base64 characters that decode to 16 bytes (§4.3). Erased from memory when dropped.
#[derive(Clone)]
pub struct SessionKey {
    text: SecretString,
    bytes: Zeroizing<[u8; 16]>,
}

/// The text is not a session_key: base64 of 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadSessionKey;

impl SessionKey {
    /// Parses WeChat's base64 text.
    pub fn parse(text: &str) -> Result<Self, BadSessionKey> {
        let decoded = Zeroizing::new(STANDARD.decode(text).map_err(|_| BadSessionKey)?);
        let bytes = decoded.as_slice().try_into().map_err(|_| BadSessionKey)?;
        Ok(Self { text: text.into(), bytes: Zeroizing::new(bytes) })
    }

    /// Returns the AES-128 key.
    pub(crate) fn aes_key(&self) -> &[u8; 16] {
        &self.bytes
    }

    /// Returns the base64 text: the key of SHA-1 and HMAC signatures, and the form that the edge stores sealed.
    pub(crate) fn reveal(&self) -> &str {
        self.text.expose_secret()
    }

    /// Returns the HMAC-SHA256 of `message` under the text, in lower-case hex.
    ///
    /// With an empty message it is the `signature` of `wxa/checksession` (§3.2, vectors 7–14).
    pub fn sign(&self, message: &[u8]) -> String {
        digest::hex(&digest::hmac_sha256(self.reveal().as_bytes(), &[message]))
    }
}

redacted_debug!(SessionKey);
