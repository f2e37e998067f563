//! Signature of user info under the session_key (§4.1). Signatures are compared in constant time.

use super::{SessionKey, digest};

/// The signature does not match the data and the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignatureMismatch;

/// Returns `SHA1(rawData ‖ session_key)` in lower-case hex.
///
/// `raw_data` is the client's string, byte for byte: parsing and serialising it again breaks the signature.
pub fn user_info(raw_data: &str, session_key: &SessionKey) -> String {
    digest::sha1_hex(&[raw_data.as_bytes(), session_key.reveal().as_bytes()])
}

/// Checks the signature of `rawData` in constant time. Upper-case hex is refused: WeChat sends lower case.
pub fn verify_user_info(raw_data: &str, signature: &str, session_key: &SessionKey) -> Result<(), SignatureMismatch> {
    digest::constant_time_eq(&user_info(raw_data, session_key), signature).then_some(()).ok_or(SignatureMismatch)
}
