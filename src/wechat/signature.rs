//! WeChat's signatures, made and compared (§4.1). Comparison is constant-time; there is no other.

use super::{SessionKey, digest};

/// The signature does not belong to the data under this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignatureMismatch;

/// `SHA1(rawData ‖ session_key)` in lower-case hex. `raw_data` is the client's string byte for
/// byte: parsing and re-serialising it breaks the signature.
pub fn user_info(raw_data: &str, session_key: &SessionKey) -> String {
    digest::sha1_hex(&[raw_data.as_bytes(), session_key.text().as_bytes()])
}

/// Checks a `rawData` signature. Upper-case hex is refused: WeChat sends lower case, and one
/// spelling is one behaviour.
pub fn verify_user_info(raw_data: &str, signature: &str, session_key: &SessionKey) -> Result<(), SignatureMismatch> {
    digest::constant_time_eq(&user_info(raw_data, session_key), signature).then_some(()).ok_or(SignatureMismatch)
}
