//! The server-side checks, for `wxauth/node`. They need a session_key, which never reaches a
//! client, so no other build has them.

use crate::wechat::{AppId, SessionKey, open_data::EncryptedData, signature};
use wasm_bindgen::prelude::*;

/// Says what is wrong with an argument of the caller's own, never with the data checked.
fn bad(argument: &str) -> JsError {
    JsError::new(argument)
}

fn session_key(text: &str) -> Result<SessionKey, JsError> {
    SessionKey::parse(text).map_err(|_| bad("session_key: not base64 of 16 bytes"))
}

/// Whether `signature` is `SHA1(rawData ‖ session_key)`, compared in constant time.
#[wasm_bindgen(js_name = verifyUserInfo)]
pub fn verify_user_info(raw_data: &str, signature: &str, key: &str) -> Result<bool, JsError> {
    Ok(signature::verify_user_info(raw_data, signature, &session_key(key)?).is_ok())
}

/// Decrypts open data for `appid` and gives its JSON text. Every failure is one error, so that it
/// can be passed on without becoming a padding oracle. What it says is not an identity.
#[wasm_bindgen(js_name = decryptOpenData)]
pub fn decrypt_open_data(encrypted_data: &str, iv: &str, key: &str, appid: &str) -> Result<String, JsError> {
    let appid = AppId::parse(appid).map_err(|_| bad("appid: malformed"))?;
    let key = session_key(key)?;
    EncryptedData::parse(encrypted_data, iv)
        .and_then(|sealed| sealed.open(&key, &appid))
        .map(|open| open.data().to_string())
        .map_err(|_| bad("decrypt_failed"))
}

/// HMAC-SHA256 of `message` under the session_key's text, lower-case hex.
#[wasm_bindgen(js_name = signWithSessionKey)]
pub fn sign_with_session_key(message: &str, key: &str) -> Result<String, JsError> {
    Ok(session_key(key)?.sign(message.as_bytes()))
}
