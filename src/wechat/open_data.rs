//! Open data: WeChat's `encryptedData`, AES-128-CBC under the session_key (§4.1, §4.3).
//!
//! CBC has no authenticity: anyone can turn one openId into another by flipping bits of the IV.
//! So what comes out of here is *never* an identity. The caller compares [`OpenData::openid`] with
//! the session's and refuses a difference.

use super::{AppId, SessionKey, json};
use aes::Aes128;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cbc::cipher::{BlockModeDecrypt as _, KeyIvInit as _, block_padding::Pkcs7};
use serde_json::Value;
use zeroize::Zeroizing;

/// Why open data was refused. For the operator's log only: a client that learns which step failed
/// has a padding oracle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenDataError {
    /// The iv is not base64 of 16 bytes.
    Iv,
    /// The ciphertext is not base64, and has blanks where form decoding loses a `+`.
    Base64PlusLost,
    /// The ciphertext is not base64.
    Base64,
    /// The ciphertext is empty or no multiple of 16 bytes.
    Length,
    /// Wrong PKCS#7 padding: in practice, a stale session_key.
    Padding,
    /// Padding held, but the text is not UTF-8 or not JSON with unique keys: a stale session_key
    /// one time in 256.
    Json,
    /// No watermark, or one without appid or timestamp.
    WatermarkMissing,
    /// Encrypted for another app.
    WatermarkForeign,
}

/// How far a watermark may lie in the future before it is refused, in seconds.
pub const FUTURE_SKEW_S: u64 = 120;

/// `encryptedData` and `iv` as the client sent them, well-formed.
pub struct EncryptedData {
    iv: [u8; 16],
    ciphertext: Vec<u8>,
}

impl EncryptedData {
    /// Parses both base64 texts; standard alphabet with padding.
    pub fn parse(encrypted_data: &str, iv: &str) -> Result<Self, OpenDataError> {
        let iv = STANDARD.decode(iv).ok().and_then(|iv| iv.try_into().ok()).ok_or(OpenDataError::Iv)?;
        let ciphertext = STANDARD.decode(encrypted_data).map_err(|_| {
            if encrypted_data.contains(' ') { OpenDataError::Base64PlusLost } else { OpenDataError::Base64 }
        })?;
        if ciphertext.is_empty() || ciphertext.len() % 16 != 0 {
            return Err(OpenDataError::Length);
        }
        Ok(Self { iv, ciphertext })
    }

    /// Decrypts and strips PKCS#7 strictly: every padding byte is checked.
    pub fn decrypt(&self, key: &SessionKey) -> Result<Zeroizing<Vec<u8>>, OpenDataError> {
        cbc::Decryptor::<Aes128>::new(key.aes_key().into(), (&self.iv).into())
            .decrypt_padded_vec::<Pkcs7>(&self.ciphertext)
            .map(Zeroizing::new)
            .map_err(|_| OpenDataError::Padding)
    }

    /// Decrypts, parses, and checks that the watermark names `appid`. Age is the caller's policy:
    /// see [`OpenData::is_fresh`].
    pub fn open(&self, key: &SessionKey, appid: &AppId) -> Result<OpenData, OpenDataError> {
        let plain = self.decrypt(key)?;
        let text = core::str::from_utf8(&plain).map_err(|_| OpenDataError::Json)?;
        let data = json::parse_strict(text).map_err(|_| OpenDataError::Json)?;
        let watermark = data.get("watermark").ok_or(OpenDataError::WatermarkMissing)?;
        let timestamp_s = watermark.get("timestamp").and_then(Value::as_u64).ok_or(OpenDataError::WatermarkMissing)?;
        let sealed_for = watermark.get("appid").and_then(Value::as_str).ok_or(OpenDataError::WatermarkMissing)?;
        if sealed_for != appid.as_str() {
            return Err(OpenDataError::WatermarkForeign);
        }
        Ok(OpenData { data, timestamp_s })
    }
}

/// Decrypted open data whose watermark names this app.
pub struct OpenData {
    data: Value,
    timestamp_s: u64,
}

impl OpenData {
    /// The JSON object WeChat encrypted, with every field it has: new ones appear without notice.
    pub fn data(&self) -> &Value {
        &self.data
    }

    /// The `openId` inside, if any. Compare it with the session's; never use it.
    pub fn openid(&self) -> Option<&str> {
        self.data.get("openId").and_then(Value::as_str)
    }

    /// Whether the watermark is at most `max_age_s` old at `now_s` and not from the future.
    pub fn is_fresh(&self, now_s: u64, max_age_s: u64) -> bool {
        self.timestamp_s <= now_s.saturating_add(FUTURE_SKEW_S) && now_s.saturating_sub(self.timestamp_s) <= max_age_s
    }
}
