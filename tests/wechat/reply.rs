//! Replies of WeChat's server API.

#[cfg(target_family = "wasm")]
use super::test;
use super::*;
use wxauth::wechat::reply::{self, Errcode, Meaning, ReplyError};

const REPLIES: &str = include_str!("../data/upstream_responses.json");

#[test]
fn replies_have_the_meaning_that_the_cases_name() {
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
fn a_byte_order_mark_white_space_and_new_fields_are_accepted() {
    let good = br#"{"openid":"o1","session_key":"tiihtNczf5v6AKRyjwEUhQ==","new_field":{"a":[null,true,1.5]}}"#;
    let with_bom = [b"\xef\xbb\xbf".as_slice(), good, b"\n"].concat();
    assert_eq!(reply::code_session(&with_bom).unwrap().openid.as_str(), "o1");
}

#[test]
fn a_reply_without_its_fields_is_malformed() {
    for body in [b"".as_slice(), b"[]", b"{", b"null", b"\xb2\xe2", br#"{"openid":"o1","session_key":"AAAA"}"#] {
        assert_eq!(reply::code_session(body).err(), Some(ReplyError::Malformed));
    }
}

#[test]
fn a_reply_that_repeats_a_key_is_malformed() {
    let repeated = br#"{"openid":"o1","openid":"o2","session_key":"tiihtNczf5v6AKRyjwEUhQ=="}"#;
    assert_eq!(reply::code_session(repeated).err(), Some(ReplyError::Malformed));
    let nested = br#"{"openid":"o1","session_key":"tiihtNczf5v6AKRyjwEUhQ==","a":[{"b":1,"b":1}]}"#;
    assert_eq!(reply::code_session(nested).err(), Some(ReplyError::Malformed));
}

#[test]
fn an_unknown_errcode_keeps_its_number_and_the_identifier_of_the_request() {
    for (errmsg, rid) in [
        ("novel, rid: 632d16be-15ad5486-1e378de4", Some("632d16be-15ad5486-1e378de4")),
        ("code been used, hints: [ req_id: AijFoqaLRa-pTFm4 ]", Some("AijFoqaLRa-pTFm4")),
        ("rid: ", None),
        ("system error", None),
    ] {
        let body = format!(r#"{{"errcode":99999,"errmsg":"{errmsg}"}}"#);
        let refused = reply::code_session(body.as_bytes()).err();
        assert_eq!(refused, Some(ReplyError::Refused { errcode: Errcode(99999), rid: rid.map(str::to_owned) }));
    }
    assert_eq!(Errcode(99999).meaning(), Meaning::Unknown);
    assert_eq!(reply::code_session(br#"{"errcode":"40029"}"#).err(), Some(ReplyError::Malformed));
}

/// The list of docs/platform-facts.md §3.4.
#[test]
fn every_documented_errcode_has_its_meaning() {
    use Meaning as M;
    for (meaning, errcodes) in [
        (M::CodeInvalid, &[40029, 41008][..]),
        (M::CodeUsed, &[40163]),
        (M::Busy, &[-1]),
        (M::Throttled, &[45009, 45011]),
        (M::UserBlocked, &[40226, 50002]),
        (
            M::Misconfigured,
            &[40002, 40013, 40125, 40164, 40243, 41002, 41004, 43002, 50004, 50007, 61003, 89503, 89506, 89507],
        ),
        (M::TokenDead, &[40001, 40014, 41001, 42001]),
        (M::SessionKeyDead, &[87007, 87008, 87009]),
        (M::Unknown, &[0, 1, 87006, 87010]),
    ] {
        for errcode in errcodes {
            assert_eq!(Errcode(*errcode).meaning(), meaning, "{errcode}");
        }
    }
}

#[test]
fn an_access_token_lives_a_positive_number_of_seconds_and_7200_at_most() {
    let reply = |token: &str, life: &str| {
        let body = format!(r#"{{"access_token":"{token}","expires_in":{life}}}"#);
        reply::stable_token(body.as_bytes()).map(|token| (token.token.reveal().to_owned(), token.expires_in_s))
    };
    for (life, expires_in_s) in [("1", 1), ("7200", 7200), ("7201", 7200), ("1000000000000", 7200)] {
        assert_eq!(reply("t", life), Ok(("t".to_owned(), expires_in_s)));
    }
    for life in ["0", "-1", "1.5", "\"7200\"", "null"] {
        assert_eq!(reply("t", life), Err(ReplyError::Malformed), "{life}");
    }
    assert_eq!(reply("", "7200"), Err(ReplyError::Malformed));
}

#[test]
fn an_empty_unionid_is_none_and_a_malformed_one_is_an_error() {
    let unionid = |field: &str| {
        let body = format!(r#"{{"openid":"o1","session_key":"tiihtNczf5v6AKRyjwEUhQ=="{field}}}"#);
        reply::code_session(body.as_bytes()).map(|session| session.unionid.map(|id| id.as_str().to_owned()))
    };
    assert_eq!(unionid(""), Ok(None));
    assert_eq!(unionid(r#","unionid":null"#), Ok(None));
    assert_eq!(unionid(r#","unionid":"""#), Ok(None));
    assert_eq!(unionid(r#","unionid":"u1""#), Ok(Some("u1".to_owned())));
    assert_eq!(unionid(r#","unionid":"a b""#), Err(ReplyError::Malformed));
    assert_eq!(unionid(r#","unionid":7"#), Err(ReplyError::Malformed));
}

#[test]
fn a_web_login_is_a_snapshot_unless_its_flag_is_missing_or_0() {
    let is_snapshot = |field: &str| {
        let body = format!(r#"{{"openid":"o1"{field}}}"#);
        reply::web_session(body.as_bytes()).map(|session| session.is_snapshot)
    };
    assert_eq!(is_snapshot(""), Ok(false));
    assert_eq!(is_snapshot(r#","is_snapshotuser":0"#), Ok(false));
    assert_eq!(is_snapshot(r#","is_snapshotuser":1"#), Ok(true));
    assert_eq!(is_snapshot(r#","is_snapshotuser":"1""#), Ok(true));
}

#[test]
fn a_phone_number_is_complete_and_its_watermark_names_the_app() {
    let number = |info: &str| {
        let body = format!(r#"{{"errcode":0,"phone_info":{{{info}}}}}"#);
        reply::phone(body.as_bytes(), &appid("wx1"))
            .map(|phone| (phone.phone_number, phone.pure_phone_number, phone.country_code))
    };
    const NUMBER: &str = r#""phoneNumber":"+4412345","purePhoneNumber":"12345""#;
    let complete = format!(r#"{NUMBER},"countryCode":"44","watermark":{{"appid":"wx1"}}"#);
    assert_eq!(number(&complete), Ok(("+4412345".to_owned(), "12345".to_owned(), "44".to_owned())));
    for (part, with) in
        [("wx1", "wx2"), ("+4412345", ""), ("phoneNumber", "x"), ("countryCode", "x"), ("watermark", "x")]
    {
        assert_eq!(number(&complete.replacen(part, with, 1)), Err(ReplyError::Malformed), "{part}");
    }
    let phone = reply::phone(format!(r#"{{"phone_info":{{{complete}}}}}"#).as_bytes(), &appid("wx1")).unwrap();
    assert_eq!(format!("{phone:?}"), "Phone([redacted])");
}

#[test]
fn an_acknowledgement_has_the_errcode_0() {
    assert!(reply::acknowledged(br#"{"errcode":0}"#).is_ok());
    assert_eq!(reply::acknowledged(b"{}"), Err(ReplyError::Malformed));
    assert!(matches!(reply::acknowledged(br#"{"errcode":87009}"#), Err(ReplyError::Refused { .. })));
}
