//! Open data: WeChat's `encryptedData`, AES-128-CBC under the session_key (§4.1, §4.3).
//!
//! CBC is not authenticated: flipping bits of the IV changes the decrypted openId. Decrypted data is therefore *never*
//! an identity. The caller compares [`OpenData::openid`] with the session's openid and refuses a difference.

use super::{AppId, SessionKey, json};
use aes::Aes128;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cbc::cipher::{BlockModeDecrypt as _, KeyIvInit as _, block_padding::Pkcs7};
use serde_json::Value;
use zeroize::Zeroizing;

/// Reason why open data was refused. For the operator's log only: a client that learns which step failed has a
/// padding oracle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenDataError {
    /// The IV is not base64 of 16 bytes.
    Iv,
    /// The ciphertext is not base64 and contains spaces: form decoding turned each `+` into one.
    Base64PlusLost,
    /// The ciphertext is not base64.
    Base64,
    /// The length of the ciphertext is 0 or not a multiple of 16 bytes.
    Length,
    /// The PKCS#7 padding is wrong; in practice, the session_key is stale.
    Padding,
    /// The padding is valid, but the text is not UTF-8 or not JSON with unique keys. A stale session_key ends here
    /// in 1 of 256 cases.
    Json,
    /// The watermark, its appid or its timestamp is missing.
    WatermarkMissing,
    /// The watermark names another app.
    WatermarkForeign,
}

/// Largest accepted difference of a watermark's timestamp into the future, in seconds.
pub const FUTURE_SKEW_S: u64 = 120;

/// Well-formed `encryptedData` and `iv`, not yet decrypted.
pub struct EncryptedData {
    iv: [u8; 16],
    ciphertext: Vec<u8>,
}

impl EncryptedData {
    /// Decodes both base64 texts (standard alphabet, with padding) and checks their lengths.
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

    /// Decrypts and removes the PKCS#7 padding, checking every padding byte.
    pub fn decrypt(&self, key: &SessionKey) -> Result<Zeroizing<Vec<u8>>, OpenDataError> {
        cbc::Decryptor::<Aes128>::new(key.aes_key().into(), (&self.iv).into())
            .decrypt_padded_vec::<Pkcs7>(&self.ciphertext)
            .map(Zeroizing::new)
            .map_err(|_| OpenDataError::Padding)
    }

    /// Decrypts, parses and checks that the watermark names `appid`. The caller checks the age with
    /// [`OpenData::is_fresh`].
    pub fn open(&self, key: &SessionKey, appid: &AppId) -> Result<OpenData, OpenDataError> {
        let plain = self.decrypt(key)?;
        let text = core::str::from_utf8(&plain).map_err(|_| OpenDataError::Json)?;
        let data = json::parse_strict(text).map_err(|_| OpenDataError::Json)?;
        let watermark = data.get("watermark").ok_or(OpenDataError::WatermarkMissing)?;
        let timestamp_s = watermark.get("timestamp").and_then(Value::as_u64).ok_or(OpenDataError::WatermarkMissing)?;
        let watermark_appid = watermark.get("appid").and_then(Value::as_str).ok_or(OpenDataError::WatermarkMissing)?;
        if watermark_appid != appid.as_str() {
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
    /// Returns the JSON object that WeChat encrypted, with all its fields; WeChat adds new ones without notice.
    pub fn data(&self) -> &Value {
        &self.data
    }

    /// Returns the `openId` in the data, to be compared with the session's; never use it as an identity.
    pub fn openid(&self) -> Option<&str> {
        self.data.get("openId").and_then(Value::as_str)
    }

    /// Returns whether the watermark is at most `max_age_s` seconds old and at most [`FUTURE_SKEW_S`] in the future.
    /// `now_s` is in seconds since 1970.
    pub fn is_fresh(&self, now_s: u64, max_age_s: u64) -> bool {
        self.timestamp_s <= now_s.saturating_add(FUTURE_SKEW_S) && now_s.saturating_sub(self.timestamp_s) <= max_age_s
    }
}
