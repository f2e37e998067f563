//! Identifiers, secrets and codes.

#[cfg(target_family = "wasm")]
use super::test;
use super::*;
use wxauth::wechat::{
    AppSecret, Code, OpenId, PhoneCode, SessionKey, UnionId, ident::IdentError, push::EncodingAesKey, reply,
};

#[test]
fn characters_that_could_change_a_url_are_refused() {
    assert_eq!(Code::parse("").err(), Some(IdentError::Missing));
    assert_eq!(Code::parse(" \t").err(), Some(IdentError::Missing));
    for bad in ["a&appid=wx1", "a#", "a\r\nb", "ä", "a b", "a%20", "a+b", "a/b"] {
        assert_eq!(Code::parse(bad).err(), Some(IdentError::Malformed), "{bad}");
        assert!(PhoneCode::parse(bad).is_err() && AppSecret::parse(bad).is_err());
        assert!(AppId::parse(bad).is_err() && OpenId::parse(bad).is_err() && UnionId::parse(bad).is_err());
    }
    assert_eq!(Code::parse("0a1B_-x.~").unwrap().spend(), "0a1B_-x.~");
    assert_eq!(AppSecret::parse("0a1B_-x.~").unwrap().reveal(), "0a1B_-x.~");
}

#[test]
fn identifiers_have_at_most_64_bytes_and_codes_256() {
    let of = |length: usize| "a".repeat(length);
    assert!(OpenId::parse(&of(64)).is_ok() && AppSecret::parse(&of(64)).is_ok());
    assert!(OpenId::parse(&of(65)).is_err() && AppSecret::parse(&of(65)).is_err());
    assert!(Code::parse(&of(256)).is_ok() && PhoneCode::parse(&of(256)).is_ok());
    assert!(Code::parse(&of(257)).is_err() && PhoneCode::parse(&of(257)).is_err());
}

#[test]
fn the_callback_of_a_refused_web_login_has_no_code() {
    assert_eq!(Code::of_web_login("081abc").unwrap().spend(), "081abc");
    for refused in ["", "authdeny", "a b"] {
        assert!(Code::of_web_login(refused).is_none(), "{refused}");
    }
}

#[test]
fn debug_shows_no_secret_and_no_personal_data() {
    const CANARY: &str = "CANARYcanaryCANARYcanaw==";
    const PLAIN: &str = "canary0canary0";
    let key = EncodingAesKey::parse(&"canary0canary0".repeat(4)[..43]).unwrap();
    let decoded = format!("{:?}", &key_bytes(&"canary0canary0".repeat(4)[..43])[..4]);
    let token = format!(r#"{{"access_token":"{CANARY}","expires_in":7200}}"#);
    for (name, shown) in [
        ("SessionKey", format!("{:?}", SessionKey::parse("canarycanarycanarycanQ==").unwrap())),
        ("Code", format!("{:?}", Code::parse(PLAIN).unwrap())),
        ("PhoneCode", format!("{:?}", PhoneCode::parse(PLAIN).unwrap())),
        ("AppSecret", format!("{:?}", AppSecret::parse(PLAIN).unwrap())),
        ("OpenId", format!("{:?}", OpenId::parse(PLAIN).unwrap())),
        ("UnionId", format!("{:?}", UnionId::parse(PLAIN).unwrap())),
        ("EncodingAesKey", format!("{key:?}")),
        ("WechatToken", format!("{:?}", reply::stable_token(token.as_bytes()).unwrap())),
    ] {
        assert!(shown.contains(name), "{shown}");
        assert!(!shown.to_lowercase().contains("canary"), "{shown}");
        assert!(!shown.contains(decoded.trim_matches(['[', ']'])), "{shown}");
    }
    assert_eq!(format!("{:?}", appid("wx1")), "AppId(wx1)");
}

/// Bytes of an `EncodingAESKey`, to search for them in the output of `Debug`.
fn key_bytes(text: &str) -> Vec<u8> {
    use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
    // The 43rd character is replaced because the strict decoder accepts only zero trailing bits.
    STANDARD_NO_PAD.decode(format!("{}A", &text[..42])).unwrap()
}
