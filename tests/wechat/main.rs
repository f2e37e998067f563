//! WeChat's public vectors and the collected cases, on whatever target this runs: native, Node, browser.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use serde_json::Value;
use wxauth::wechat::{
    AppId, AppSecret, Code, OpenId, PhoneCode, SessionKey, UnionId,
    failure::{Declaration, Failure, classify},
    ident::IdentError,
    open_data::{EncryptedData, OpenDataError},
    push::{self, EncodingAesKey, PushError},
    reply::{self, Errcode, Meaning, ReplyError},
    scope::{Consent, Scope},
    signature,
};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const VECTORS: &str = include_str!("../data/vectors.json");
const DECRYPT: &str = include_str!("../data/decrypt_cases.json");
const SIGNATURES: &str = include_str!("../data/signature_cases.json");
const HMACS: &str = include_str!("../data/hmac_cases.json");
const REPLIES: &str = include_str!("../data/upstream_responses.json");

fn rows(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap()
}

/// Runs `check(inputs, expected)` over every vector of one kind and returns how many there were.
fn each(kind: &str, check: impl Fn(&Value, &Value)) -> usize {
    let of_kind: Vec<_> = rows(VECTORS).into_iter().filter(|row| row["kind"] == kind).collect();
    of_kind.iter().for_each(|row| check(&row["inputs"], &row["expected"]));
    of_kind.len()
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_else(|| panic!("{field} in {row}"))
}

fn appid(text: &str) -> AppId {
    AppId::parse(text).unwrap()
}

#[test]
fn user_info_signatures_match() {
    let n = each("rawdata_sha1", |i, e| {
        let key = SessionKey::parse(text(i, "session_key")).unwrap();
        assert_eq!(signature::user_info(text(i, "rawData"), &key), text(e, "signature"));
    });
    assert_eq!(n, 2);
}

#[test]
fn user_info_signature_cases_hold_byte_for_byte() {
    for case in rows(SIGNATURES) {
        let key = SessionKey::parse(text(&case, "session_key")).unwrap();
        let verdict = signature::verify_user_info(text(&case, "raw_data"), text(&case, "signature"), &key);
        // S10 asks for a policy: upper-case hex is refused.
        assert_eq!(verdict.is_ok(), case["valid"] == true, "{}", case["id"]);
    }
}

#[test]
fn session_hmacs_are_keyed_with_the_text() {
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

#[test]
fn push_signatures_match() {
    let plain = each("push_signature_sha1", |i, e| {
        let mut parts = [text(i, "token"), text(i, "timestamp"), text(i, "nonce")];
        assert!(push::verify(&mut parts, text(e, "signature")).is_ok());
        assert!(push::verify(&mut parts, "").is_err());
    });
    let encrypted = each("push_msg_signature_sha1", |i, e| {
        let mut parts = [text(i, "token"), text(i, "timestamp"), text(i, "nonce"), text(i, "encrypt")];
        assert_eq!(push::signature(&mut parts), text(e, "signature"));
    });
    assert_eq!((plain, encrypted), (3, 5));
}

#[test]
fn pushes_decrypt_for_their_receiver_only() {
    let n = each("msg_crypt_decrypt", |i, e| {
        let key = EncodingAesKey::parse(text(i, "encoding_aes_key")).unwrap();
        let message = key.decrypt(text(i, "encrypt"), &appid(text(e, "receive_id"))).unwrap();
        match e["msg"].as_str() {
            Some(whole) => assert_eq!(message, whole),
            None => assert!(message.contains(text(e, "msg_contains"))),
        }
        assert_eq!(key.decrypt(text(i, "encrypt"), &appid("wx0")), Err(PushError::Receiver));
    });
    assert_eq!(n, 2);
}

#[test]
fn pushes_encrypt_as_documented() {
    let n = each("msg_crypt_encrypt", |i, e| {
        let key = EncodingAesKey::parse(text(i, "encoding_aes_key")).unwrap();
        let random: [u8; 16] = text(i, "random").as_bytes().try_into().unwrap();
        assert_eq!(key.encrypt(text(i, "msg"), &appid(text(i, "receive_id")), random), text(e, "encrypt"));
    });
    assert_eq!(n, 1);
}

#[test]
fn a_push_cut_at_any_length_is_refused() {
    let key = EncodingAesKey::parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
    let whole = key.encrypt("{}", &appid("wx1"), [7; 16]);
    for cut in 0..whole.len() {
        assert!(key.decrypt(&whole[..cut], &appid("wx1")).is_err(), "{cut}");
    }
}

#[test]
fn open_data_vectors_decrypt_or_fail_as_listed() {
    let n = each("open_data_aes128cbc", |i, e| {
        let sealed = EncryptedData::parse(text(i, "encryptedData"), text(i, "iv"));
        let key = SessionKey::parse(text(i, "session_key"));
        match e["error"].as_str() {
            None => {
                let (sealed, key) = (sealed.unwrap(), key.unwrap());
                assert_eq!(sealed.decrypt(&key).unwrap().as_slice(), text(e, "plaintext").as_bytes());
                if e["watermark"].is_object() {
                    let own = appid(text(i, "appid"));
                    assert!(sealed.open(&key, &own).is_ok());
                }
            }
            Some("bad_padding") => assert_eq!(sealed.unwrap().decrypt(&key.unwrap()), Err(OpenDataError::Padding)),
            Some("bad_key_length") => assert!(key.is_err()),
            Some("bad_ciphertext_length") => assert_eq!(sealed.err(), Some(OpenDataError::Length)),
            Some("watermark_mismatch") => {
                let own = appid(text(i, "appid"));
                assert_eq!(sealed.unwrap().open(&key.unwrap(), &own).err(), Some(OpenDataError::WatermarkForeign));
            }
            Some(other) => panic!("{other}"),
        }
    });
    assert_eq!(n, 8);
}

#[test]
fn open_data_cases_are_refused_or_opened() {
    const SESSION_OPENID: &str = "oGZUI0egBJY1zhBYw2KhdUfwVJJE";
    for case in rows(DECRYPT) {
        let opened =
            SessionKey::parse(text(&case, "session_key")).map_err(|_| OpenDataError::Padding).and_then(|key| {
                EncryptedData::parse(text(&case, "encrypted_data"), text(&case, "iv"))?
                    .open(&key, &appid(text(&case, "app_id")))
            });
        match (text(&case, "expect"), opened) {
            ("ok", Ok(_)) | ("reject", Err(_)) | ("reject-hint", Err(OpenDataError::Base64PlusLost)) => {}
            // CBC is malleable: the forged blob opens, and its identity is what gives it away.
            ("reject-identity", Ok(data)) => assert_ne!(data.openid(), Some(SESSION_OPENID)),
            (expect, opened) => panic!("{}: {expect}, {:?}", case["id"], opened.err()),
        }
    }
}

#[test]
fn open_data_ages() {
    let case = &rows(DECRYPT)[0];
    let key = SessionKey::parse(text(case, "session_key")).unwrap();
    let data = EncryptedData::parse(text(case, "encrypted_data"), text(case, "iv"))
        .unwrap()
        .open(&key, &appid(text(case, "app_id")))
        .unwrap();
    let made = 1_477_314_187;
    assert!(data.is_fresh(made, 600) && data.is_fresh(made + 600, 600) && data.is_fresh(made - 120, 600));
    assert!(!data.is_fresh(made + 601, 600) && !data.is_fresh(made - 121, 600));
}

#[test]
fn identifiers_refuse_what_could_change_a_url() {
    assert_eq!(Code::parse("").err(), Some(IdentError::Missing));
    assert_eq!(Code::parse(" \t").err(), Some(IdentError::Missing));
    let long = "a".repeat(4096);
    for bad in ["a&appid=wx1", "a#", "a\r\nb", "ä", "a b", "a%20", "a+b", "a/b", long.as_str()] {
        assert_eq!(Code::parse(bad).err(), Some(IdentError::Malformed), "{bad}");
        assert!(PhoneCode::parse(bad).is_err() && AppSecret::parse(bad).is_err());
        assert!(AppId::parse(bad).is_err() && OpenId::parse(bad).is_err() && UnionId::parse(bad).is_err());
    }
    assert_eq!(Code::parse("0a1B_-x.~").unwrap().spend(), "0a1B_-x.~");
}

#[test]
fn secrets_and_personal_data_have_no_telling_debug() {
    const CANARY: &str = "CANARYcanaryCANARYcanaw==";
    const PLAIN: &str = "canary0canary0";
    let shown = format!(
        "{:?} {:?} {:?} {:?} {:?} {:?}",
        SessionKey::parse("tiihtNczf5v6AKRyjwEUhQ==").unwrap(),
        Code::parse(PLAIN).unwrap(),
        PhoneCode::parse(PLAIN).unwrap(),
        AppSecret::parse(PLAIN).unwrap(),
        OpenId::parse(PLAIN).unwrap(),
        UnionId::parse(PLAIN).unwrap(),
    );
    assert!(!shown.contains("tiiht") && !shown.contains("canary"), "{shown}");
    let token = format!(r#"{{"access_token":"{CANARY}","expires_in":7200}}"#);
    assert!(!format!("{:?}", reply::stable_token(token.as_bytes()).unwrap()).contains("CANARY"));
}

#[test]
fn wechats_replies_mean_what_the_cases_say() {
    let own = appid("wx4f4bc4dec97d474b");
    for case in rows(REPLIES) {
        let body = text(&case, "body").as_bytes();
        let refused = |result: Result<(), ReplyError>| match result {
            Err(ReplyError::Refused { errcode, .. }) => errcode.meaning(),
            other => panic!("{}: {other:?}", case["id"]),
        };
        let login = || reply::code_session(body).map(|_| ());
        match text(&case, "id") {
            "R03" => assert_eq!(refused(login()), Meaning::CodeUsed),
            "R05" => assert_eq!(refused(login()), Meaning::UserBlocked),
            "R06" => assert_eq!(refused(login()), Meaning::Throttled),
            "R07" => assert_eq!(refused(login()), Meaning::Busy),
            "R09" => assert_eq!(refused(login()), Meaning::Misconfigured),
            "R11" | "R12" => assert_eq!(reply::phone(body, &own).unwrap().country_code, "86"),
            "R14" => assert_eq!(refused(reply::phone(body, &own).map(|_| ())), Meaning::CodeInvalid),
            "R16" => assert_eq!(refused(reply::stable_token(body).map(|_| ())), Meaning::Misconfigured),
            "R18" => assert!(reply::acknowledged(body).is_ok()),
            "R20" | "R22" => assert_eq!(login(), Err(ReplyError::Malformed)),
            other => panic!("a new case: {other}"),
        }
    }
}

#[test]
fn replies_survive_byte_order_marks_and_unknown_errcodes() {
    let good = br#"{"openid":"o1","session_key":"tiihtNczf5v6AKRyjwEUhQ==","new_field":{}}"#;
    let with_bom = [b"\xef\xbb\xbf".as_slice(), good, b"\n"].concat();
    assert_eq!(reply::code_session(&with_bom).unwrap().openid.as_str(), "o1");
    let odd = br#"{"errcode":99999,"errmsg":"novel, rid: 632d16be-15ad5486-1e378de4"}"#;
    let Err(ReplyError::Refused { errcode, rid }) = reply::code_session(odd) else { panic!() };
    assert_eq!((errcode, errcode.meaning()), (Errcode(99999), Meaning::Unknown));
    assert_eq!(rid.as_deref(), Some("632d16be-15ad5486-1e378de4"));
    for body in [b"".as_slice(), b"[]", b"{", b"null", b"\xb2\xe2", br#"{"openid":"o1","session_key":"AAAA"}"#] {
        assert_eq!(reply::code_session(body).err(), Some(ReplyError::Malformed));
    }
    for life in ["0", "-1", "\"7200\"", "null"] {
        let body = format!(r#"{{"access_token":"t","expires_in":{life}}}"#);
        assert!(reply::stable_token(body.as_bytes()).is_err(), "{life}");
    }
    let long = reply::stable_token(br#"{"access_token":"t","expires_in":1000000000000}"#).unwrap();
    assert_eq!(long.expires_in_s, 7200);
}

#[test]
fn failures_are_classified_by_errno_then_by_text() {
    use Failure as F;
    for (errno, err_msg, meaning) in [
        (None, "authorize:fail auth deny", F::Denied),
        (None, "authorize:fail:auth deny", F::Denied),
        (None, "getLocation:fail:auth denied", F::Denied),
        (None, "authorize:fail 系统错误，错误码：-12006,auth deny", F::Denied),
        (None, "authorize:fail 系统错误，错误码：-12007,scope unauthorized", F::Denied),
        (None, "chooseLocation:fail cancel", F::Cancelled),
        (None, "getUserProfile:fail can only be invoked by user TAP gesture.", F::NotInTap),
        (None, "getLocation:fail system permission denied", F::SystemDenied),
        (None, "getPhoneNumber:fail privacy permission is not authorized", F::PrivacyRefused),
        (
            None,
            "getLocation:fail the api need to be declared in the requiredPrivateInfos field in app.json/ext.json",
            F::Misconfigured(Declaration::RequiredPrivateInfos),
        ),
        (None, "authorize:fail:require permission desc", F::Misconfigured(Declaration::ScopeName)),
        (None, "authorize:fail:auth canceled", F::Cancelled),
        (None, "authorize:fail authorize no response", F::Denied),
        (None, "authorize:fail parameter error: parameter.scope should be String instead of Undefined;", F::Bug),
        (None, "request:fail -102:net::ERR_CONNECTION_REFUSED", F::Transient),
        (None, "x:fail click action before resolve is needed", F::PrivacyRefused),
        (Some(104), "x:fail click action before resolve is needed", F::PrivacyRefused),
        (Some(104), "authorize:fail:auth canceled", F::Cancelled),
        (Some(112), "x:fail", F::Misconfigured(Declaration::PrivacyGuideline)),
        (
            Some(600_001),
            "request:fail errcode:-102 cronet_error_code:-102 error_msg:net::ERR_CONNECTION_REFUSED",
            F::Transient,
        ),
        (Some(102_003), "gateway.call: fail", F::Throttled),
        (Some(102_006), "gateway.call: fail", F::Bug),
        (Some(102_016), "gateway.call: fail", F::Misconfigured(Declaration::ServerDomain)),
        (Some(102_020), "gateway.call: fail", F::Throttled),
        (Some(102_021), "gateway.call: fail", F::Throttled),
        (Some(102_022), "gateway.call: fail", F::Misconfigured(Declaration::ServerDomain)),
        (Some(104_100), "gateway.call: fail", F::Transient),
        (Some(-601_001), "gateway.call: fail", F::Transient),
        (Some(-601_008), "gateway.call: fail", F::Transient),
        (Some(-601_069), "gateway.call: fail", F::Transient),
        (Some(103), "x:fail cancel", F::Denied),
        (Some(104), "x:fail", F::PrivacyRefused),
        (Some(600_002), "request:fail", F::Misconfigured(Declaration::ServerDomain)),
        (Some(600_003), "request:fail interrupted", F::Transient),
        (Some(7_777_777), "login:fail timeout", F::Transient),
        (Some(1_402_101), "login:fail", F::Blocked),
        (Some(1_400_001), "getPhoneNumber:fail", F::NoQuota),
        (None, "", F::Unknown),
    ] {
        assert_eq!(classify(errno, err_msg), meaning, "{errno:?} {err_msg}");
    }
}

#[test]
fn scopes_know_their_names_and_consent() {
    for scope in Scope::all() {
        assert_eq!(Scope::parse(scope.name()), Some(scope));
    }
    assert_eq!(Scope::all().count(), 14);
    assert_eq!(Scope::parse("scope.gameClubData"), None);
    assert_eq!(Scope::UserInfo.consent(), Consent::Meaningless);
    assert_eq!(Scope::Address.consent(), Consent::OwnPicker);
}

#[test]
fn each_base_library_has_its_way_to_an_avatar() {
    use wxauth::wechat::profile::way;
    for (version, name) in [
        ("3.8.0", "choose-avatar"),
        ("2.21.2", "choose-avatar"),
        ("2.21.1", "get-user-profile"),
        ("2.10.4", "get-user-profile"),
        ("2.10.3", "none"),
        ("2.9", "none"),
        ("", "none"),
        ("x.y", "none"),
        ("10.0.0", "choose-avatar"),
    ] {
        assert_eq!(way(version).name(), name, "{version}");
    }
}
