//! WeChat's signatures, made and compared (§4.1). Comparison is constant-time; there is no other.

use super::SessionKey;
use sha1::{Digest as _, Sha1};
use subtle::ConstantTimeEq as _;

/// The signature does not belong to the data under this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignatureMismatch;

/// `SHA1(rawData ‖ session_key)` in lower-case hex. `raw_data` is the client's string byte for
/// byte: parsing and re-serialising it breaks the signature.
pub fn user_info(raw_data: &str, session_key: &SessionKey) -> String {
    sha1_hex(&[raw_data.as_bytes(), session_key.text().as_bytes()])
}

/// Checks a `rawData` signature. Upper-case hex is refused: WeChat sends lower case, and one
/// spelling is one behaviour.
pub fn verify_user_info(raw_data: &str, signature: &str, session_key: &SessionKey) -> Result<(), SignatureMismatch> {
    same(&user_info(raw_data, session_key), signature)
}

/// `HMAC-SHA256(appkey, uri ‖ "&" ‖ body)`: the `pay_sig` of virtual payment.
pub fn pay(app_key: &str, uri: &str, body: &str) -> String {
    let message = [uri, "&", body].concat();
    super::session_key::hmac_sha256_hex(app_key.as_bytes(), message.as_bytes())
}

/// The JS-SDK's page signature. The fragment of `url` is not part of it and is cut here.
pub fn js_sdk(ticket: &str, nonce: &str, timestamp_s: &str, url: &str) -> String {
    let url = url.split('#').next().unwrap_or_default();
    sha1_hex(&[
        b"jsapi_ticket=",
        ticket.as_bytes(),
        b"&noncestr=",
        nonce.as_bytes(),
        b"&timestamp=",
        timestamp_s.as_bytes(),
        b"&url=",
        url.as_bytes(),
    ])
}

/// Compares two signatures in time that depends on their lengths only.
pub(crate) fn same(expected: &str, given: &str) -> Result<(), SignatureMismatch> {
    if bool::from(expected.as_bytes().ct_eq(given.as_bytes())) { Ok(()) } else { Err(SignatureMismatch) }
}

pub(crate) fn sha1_hex(parts: &[&[u8]]) -> String {
    let mut sha1 = Sha1::new();
    for part in parts {
        sha1.update(part);
    }
    hex(&sha1.finalize())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[char; 16] = &['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}
