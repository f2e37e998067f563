//! Secrets: `Debug` hides them, and a sealed record opens only under its own name.

use super::MINUTE;
use crate::edge::config::Config;
use crate::edge::session::records::SessionRecord;
use crate::edge::session::tokens::RefreshToken;
use crate::edge::testing::fakes::{NOW, World, code_of, variables};
use crate::machine::{AccessToken, LoginCode};
use crate::wechat::push::EncodingAesKey;
use crate::wechat::reply::{self, WechatToken};
use crate::wechat::{AppId, AppSecret, Code, OpenId, PhoneCode, SessionKey, UnionId};
use serde_json::{Value, json};

/// Part of every secret in these tests; [`NEEDLES`] has its encodings.
const CANARY: &str = "CANARY00000000000000000";
const NEEDLES: [&str; 6] = ["CANARY", "Q0FOQVJZ", "870MB6", "AAECAwQF", "67, 65, 78", "13800138000"];

fn mentions_no_secret(shown: &str) {
    for needle in NEEDLES {
        assert!(!shown.contains(needle), "{shown} contains {needle}");
    }
}

/// (T67)
#[test]
fn debug_of_every_secret_is_redacted() {
    let key = "Q0FOQVJZMDAwMDAwMDAwMA==";
    let session_key = SessionKey::parse(key).unwrap();
    let encoding_aes_key = EncodingAesKey::parse(&"Q0FOQVJZ".repeat(6)[..43]).unwrap();
    let number = r#"{"errcode":0,"phone_info":{"phoneNumber":"13800138000","purePhoneNumber":"13800138000",
        "countryCode":"86","watermark":{"timestamp":1,"appid":"wx1"}}}"#;
    let phone = reply::phone(number.as_bytes(), &AppId::parse("wx1").unwrap()).unwrap();
    let code_session = format!(r#"{{"openid":"{CANARY}","session_key":"{key}","unionid":"{CANARY}"}}"#);
    let token = json!({
        "appid": "wx1", "openid": CANARY, "unionid": CANARY, "sid": "AQEBAQEBAQEBAQEBAQEBAQ", "auth": 1, "n": 2, "iat": 3,
    });
    let refresh_token: RefreshToken = crate::edge::stored::parse(token.to_string().as_bytes()).unwrap();
    let record = SessionRecord::new(1, 2, 3, Some(&session_key)).named(Some(CANARY.into()), None);
    let shown = [
        format!("{:?}", AppSecret::parse(CANARY)),
        format!("{:?}", Code::parse(CANARY)),
        format!("{:?}", PhoneCode::parse(CANARY)),
        format!("{:?}", OpenId::parse(CANARY)),
        format!("{:?}", UnionId::parse(CANARY)),
        format!("{session_key:?}"),
        format!("{encoding_aes_key:?}"),
        format!("{:?}", WechatToken::new(CANARY.into())),
        format!("{phone:?}"),
        format!("{:?}", reply::code_session(code_session.as_bytes())),
        format!("{:?}", AccessToken::parse(CANARY.into())),
        format!("{:?}", crate::machine::RefreshToken::parse(CANARY.into())),
        format!("{:?}", LoginCode::parse(CANARY.into())),
        format!("{:?}", crate::machine::PhoneCode::parse(CANARY.into())),
    ];
    for text in &shown {
        mentions_no_secret(text);
        assert!(text.to_ascii_lowercase().contains("redacted"), "{text}");
    }
    // These two show numbers for the log and nothing else.
    assert_eq!(format!("{refresh_token:?}"), "RefreshToken { n: 2, auth: 1, iat: 3 }");
    assert_eq!(format!("{record:?}"), "SessionRecord { g: 1, t: 2, auth: 3 }");
}

#[test]
fn debug_of_a_configuration_shows_no_secret() {
    let mut variables = variables();
    let app = json!({
        "wx1": {
            "secret": CANARY, "backends": { "api": CANARY }, "push_token": CANARY,
            "encoding_aes_key": &"Q0FOQVJZ".repeat(6)[..43],
        },
        "wx3": { "component": { "appid": "wx4", "token_url": "https://tokens.example", "token_secret": CANARY } },
    });
    variables.insert("WECHAT_APPS".into(), app.to_string());
    let shown = format!("{:?}", Config::parse(&variables).unwrap());
    mentions_no_secret(&shown);
    for name in ["NameKey(", "Sealer(", "Fingerprint("] {
        assert!(shown.contains(name), "{name} is not named: {shown}");
    }
    assert!(shown.to_ascii_lowercase().matches("redacted").count() >= 8, "{shown}");
}

fn log_in(world: &World, openid: &str) -> Value {
    let user = json!({ "openid": openid, "session_key": "tiihtNczf5v6AKRyjwEUhQ==" });
    world.log_in_as(&user.to_string(), &json!({})).unwrap()
}

/// It counts as missing, and the audit log has a line.
#[test]
fn a_record_copied_to_another_name_does_not_open() {
    for kind in ["s1:", "k1:"] {
        let world = World::new();
        let [a, b] = ["oMei", "oLi"].map(|openid| log_in(&world, openid));
        let names: Vec<String> = world.kv.borrow().keys().filter(|name| name.starts_with(kind)).cloned().collect();
        {
            let mut kv = world.kv.borrow_mut();
            let bodies: Vec<_> = names.iter().map(|name| kv[name].clone()).collect();
            assert_eq!(names.len(), 2);
            kv.insert(names[0].clone(), bodies[1].clone());
            kv.insert(names[1].clone(), bodies[0].clone());
        }
        world.now.set(NOW + 3 * MINUTE);
        for tokens in [a, b] {
            let account = world.send("GET", "/account", &json!({ "bearer": tokens["access_token"] })).unwrap();
            let account: Value = serde_json::from_str(&account.body).unwrap();
            // A missing record ends the session of a refresh token that is older than 120 s.
            let refreshed = code_of(world.refresh(&tokens["refresh_token"]));
            match kind {
                "s1:" => assert_eq!((account["sessions"].clone(), refreshed), (json!([]), "session_ended")),
                _ => assert_eq!((account["session_key_stored"].clone(), refreshed), (json!(false), "success")),
            }
        }
        let record = format!(r#""record":"{}""#, &kind[..2]);
        let audits = world.audits.borrow();
        assert!(audits.iter().filter(|line| line.contains(&record)).count() >= 2, "{audits:?}");
    }
}
