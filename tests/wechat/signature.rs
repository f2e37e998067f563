//! Signatures under the session_key.

#[cfg(target_family = "wasm")]
use super::test;
use super::*;
use wxauth::wechat::{SessionKey, signature};

const SIGNATURES: &str = include_str!("../data/signature_cases.json");
const HMACS: &str = include_str!("../data/hmac_cases.json");

#[test]
fn user_info_signatures_match_the_vectors() {
    let n = each("rawdata_sha1", |i, e| {
        let key = SessionKey::parse(text(i, "session_key")).unwrap();
        assert_eq!(signature::user_info(text(i, "rawData"), &key), text(e, "signature"));
    });
    assert_eq!(n, 2);
}

#[test]
fn a_user_info_signature_is_valid_for_the_exact_bytes_only() {
    for case in rows(SIGNATURES) {
        let key = SessionKey::parse(text(&case, "session_key")).unwrap();
        let verdict = signature::verify_user_info(text(&case, "raw_data"), text(&case, "signature"), &key);
        // Case S10 leaves upper-case hex to the implementation; it is refused here.
        assert_eq!(verdict.is_ok(), case["valid"] == true, "{}", case["id"]);
    }
}

#[test]
fn session_hmacs_use_the_base64_text_as_key() {
    let n = each("session_hmac_sha256", |i, e| {
        let key = SessionKey::parse(text(i, "session_key")).unwrap();
        assert_eq!(key.sign(text(i, "message").as_bytes()), text(e, "signature"));
    });
    assert_eq!(n, 5);
    for case in rows(HMACS) {
        let key = SessionKey::parse(text(&case, "key")).unwrap();
        assert_eq!(key.sign(text(&case, "message").as_bytes()), text(&case, "hex"));
    }
}
