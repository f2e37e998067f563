//! Server-side checks of `wxauth/node`: signatures and open data under a session_key.
//!
//! The session_key never reaches a client, so the other builds do not contain them. Each function throws an `Error` if
//! an argument of the caller is malformed.

use crate::wechat::{AppId, SessionKey, open_data::EncryptedData, signature};
use wasm_bindgen::prelude::*;

fn session_key(text: &str) -> Result<SessionKey, JsError> {
    SessionKey::parse(text).map_err(|_| JsError::new("session_key: not base64 of 16 bytes"))
}

/// Returns whether `signature` is `SHA1(rawData ‖ session_key)` in lower-case hex (§4.1), compared in constant time.
///
/// `key` is the session_key: base64 of 16 bytes.
///
/// # Errors
/// `session_key: …` if `key` is malformed.
#[wasm_bindgen(js_name = verifyUserInfo)]
pub fn verify_user_info(raw_data: &str, signature: &str, key: &str) -> Result<bool, JsError> {
    Ok(signature::verify_user_info(raw_data, signature, &session_key(key)?).is_ok())
}

/// Decrypts open data of `appid` (§4.1) and returns its JSON text. The data is not an identity: compare its `openId`
/// with the session's.
///
/// # Errors
/// `decrypt_failed` for every failure of the decryption, because different errors would be a padding oracle;
/// `appid: …` or `session_key: …` if that argument is malformed.
#[wasm_bindgen(js_name = decryptOpenData)]
pub fn decrypt_open_data(encrypted_data: &str, iv: &str, key: &str, appid: &str) -> Result<String, JsError> {
    let appid = AppId::parse(appid).map_err(|_| JsError::new("appid: malformed"))?;
    let key = session_key(key)?;
    EncryptedData::parse(encrypted_data, iv)
        .and_then(|sealed| sealed.open(&key, &appid))
        .map(|open| open.data().to_string())
        .map_err(|_| JsError::new("decrypt_failed"))
}

/// Returns the HMAC-SHA256 of `message` under the text of the session_key, in lower-case hex (§3.2).
///
/// # Errors
/// `session_key: …` if `key` is malformed.
#[wasm_bindgen(js_name = signWithSessionKey)]
pub fn sign_with_session_key(message: &str, key: &str) -> Result<String, JsError> {
    Ok(session_key(key)?.sign(message.as_bytes()))
}
