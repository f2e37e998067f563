//! Open data and user info: the session keys that are tried, and the reasons of a failure.

use super::MINUTE;
use crate::edge::config::Config;
use crate::edge::error::Error;
use crate::edge::http::problem;
use crate::edge::log;
use crate::edge::testing::fakes::{NOW, World, code_of, variables};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeEncrypt as _, KeyIvInit as _};
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

const FIRST_KEY: &str = "tiihtNczf5v6AKRyjwEUhQ==";
const SECOND_KEY: &str = "AAECAwQFBgcICQoLDA0ODw==";
const TOKEN: &str = r#"{"access_token":"token","expires_in":7200}"#;
const ALIVE: &str = r#"{"errcode":0,"errmsg":"ok"}"#;
const DEAD: &str = r#"{"errcode":87009,"errmsg":"invalid signature"}"#;

fn log_in(world: &World, session_key: &str, old: &Value) -> Value {
    let user = json!({ "openid": "oMei", "session_key": session_key }).to_string();
    world.log_in_as(&user, &json!({ "refresh_token": old })).unwrap()
}

fn data(appid: &str, openid: &str, timestamp: u64) -> String {
    json!({ "openId": openid, "watermark": { "appid": appid, "timestamp": timestamp } }).to_string()
}

fn encrypt(plain: &str, session_key: &str) -> Value {
    let (key, iv) = (STANDARD.decode(session_key).unwrap(), [7; 16]);
    let encryptor = cbc::Encryptor::<aes::Aes128>::new_from_slices(&key, &iv).unwrap();
    let encrypted = encryptor.encrypt_padded_vec::<Pkcs7>(plain.as_bytes());
    json!({ "encrypted_data": STANDARD.encode(encrypted), "iv": STANDARD.encode(iv) })
}

fn open(world: &World, tokens: &Value, mut body: Value) -> Result<Value, Error> {
    body["bearer"] = tokens["access_token"].clone();
    let answer = world.post("/wechat/open-data", &body)?;
    Ok(serde_json::from_str::<Value>(&answer.body).unwrap()["data"].clone())
}

#[test]
fn open_data_opens_under_the_sessions_own_key_and_the_users_newest() {
    let world = World::new();
    let tokens = log_in(&world, FIRST_KEY, &Value::Null);
    // A login on another device gives the user a newer key.
    log_in(&world, SECOND_KEY, &Value::Null);
    let plain = data("wx1", "oMei", NOW / 1000);
    for key in [FIRST_KEY, SECOND_KEY] {
        let opened = open(&world, &tokens, encrypt(&plain, key)).unwrap();
        assert_eq!(opened, serde_json::from_str::<Value>(&plain).unwrap());
    }
}

#[test]
fn open_data_is_as_old_as_the_app_allows() {
    for (max_age, age, code) in
        [(600, 600, "success"), (600, 601, "data_stale"), (30, 31, "data_stale"), (0, 1_000_000, "success")]
    {
        let mut vars = variables();
        let app = json!({ "wx1": { "secret": "s", "open_data_max_age_s": max_age } });
        vars.insert("WECHAT_APPS".into(), app.to_string());
        let mut world = World::new();
        world.config = Config::parse(&vars);
        let tokens = log_in(&world, FIRST_KEY, &Value::Null);
        let body = encrypt(&data("wx1", "oMei", NOW / 1000 - age), FIRST_KEY);
        assert_eq!(code_of(open(&world, &tokens, body)), code, "{max_age}, {age}");
    }
}

/// The answer depends only on whether WeChat calls the key dead: the reason would be an oracle.
#[test]
fn every_decryption_failure_has_the_same_answer_and_its_own_log_detail() {
    let good = encrypt(&data("wx1", "oMei", NOW / 1000), FIRST_KEY);
    let with = |name: &str, value: &str| {
        let mut body = good.clone();
        body[name] = value.into();
        body
    };
    let cases = [
        (encrypt(&data("wx2", "oMei", NOW / 1000), FIRST_KEY), "watermark_foreign", true),
        (encrypt(r#"{"openId":"oMei"}"#, FIRST_KEY), "watermark_missing", true),
        (encrypt("no json", FIRST_KEY), "json", true),
        (encrypt(&data("wx1", "oLi", NOW / 1000), FIRST_KEY), "foreign_openid", false),
        (with("encrypted_data", "AAAAAAAAAAAAAAAAAAAAAA=="), "padding", true),
        (with("encrypted_data", "AAAA"), "truncated", false),
        (with("encrypted_data", "!"), "base64", false),
        (with("encrypted_data", "AA AA"), "base64_plus_lost", false),
        (with("iv", "AAAA"), "iv", false),
    ];
    for (body, reason, asks) in cases {
        for (says, code) in [(ALIVE, "decrypt_failed"), (DEAD, "session_key_stale")] {
            let world = World::new();
            let tokens = log_in(&world, FIRST_KEY, &Value::Null);
            world.wechat_says(TOKEN);
            world.wechat_says(says);
            world.urls.borrow_mut().clear();
            let error = open(&world, &tokens, body.clone()).unwrap_err();
            let asked = world.urls.borrow().len() == 2;
            assert_eq!((problem::code(&error), asked), (if asks { code } else { "decrypt_failed" }, asks), "{reason}");
            let logged = if asks && says == DEAD { "stale_key" } else { reason };
            let detail = log::detail(&error).unwrap();
            assert!(detail.starts_with(&format!("{logged}:")), "{reason}: {detail}");
            let audited = world.audits.borrow().iter().any(|line| line.contains("watermark_mismatch"));
            assert_eq!(audited, reason == "watermark_foreign");
        }
    }
}

#[test]
fn wechat_is_asked_about_the_newest_key() {
    let world = World::new();
    let tokens = log_in(&world, FIRST_KEY, &Value::Null);
    log_in(&world, SECOND_KEY, &Value::Null);
    world.wechat_says(TOKEN);
    world.wechat_says(DEAD);
    let body = encrypt(&data("wx1", "oMei", NOW / 1000), "BwcHBwcHBwcHBwcHBwcHBw==");
    assert_eq!(code_of(open(&world, &tokens, body)), "session_key_stale");
    let key = crate::wechat::SessionKey::parse(SECOND_KEY).unwrap();
    let asked = world.urls.borrow().last().unwrap().clone();
    assert!(asked.contains(&format!("signature={}", key.sign(b""))) && asked.contains("openid=oMei"), "{asked}");
}

/// WeChat is busy, refuses for another reason, or does not reply in JSON.
#[test]
fn without_an_answer_about_the_key_it_is_not_called_stale() {
    for says in [r#"{"errcode":-1,"errmsg":"system error"}"#, r#"{"errcode":40003,"errmsg":"invalid openid"}"#, "x"] {
        let world = World::new();
        let tokens = log_in(&world, FIRST_KEY, &Value::Null);
        world.wechat_says(TOKEN);
        world.wechat_says(says);
        let body = json!({ "bearer": tokens["access_token"], "raw_data": "{}", "signature": "x" });
        assert_eq!(code_of(world.post("/wechat/user-info/verify", &body)), "signature_mismatch", "{says}");
    }
}

/// As after a lost write of the record.
#[test]
fn a_session_without_a_session_key_is_session_key_stale() {
    let world = World::new();
    let tokens = log_in(&world, FIRST_KEY, &Value::Null);
    world.kv.borrow_mut().clear();
    let error = open(&world, &tokens, encrypt("{}", FIRST_KEY)).unwrap_err();
    assert_eq!(
        (problem::code(&error), log::detail(&error).unwrap().starts_with("no_key:")),
        ("session_key_stale", true)
    );
    let body = json!({ "bearer": tokens["access_token"], "raw_data": "{}", "signature": "x" });
    assert_eq!(code_of(world.post("/wechat/user-info/verify", &body)), "session_key_stale");
    assert_eq!(world.urls.borrow().len(), 1, "no call about a missing key");
}

#[test]
fn user_info_is_verified_under_both_keys() {
    let world = World::new();
    let tokens = log_in(&world, FIRST_KEY, &Value::Null);
    world.now.set(NOW + MINUTE);
    log_in(&world, SECOND_KEY, &Value::Null);
    for key in [FIRST_KEY, SECOND_KEY] {
        let hex: String = Sha1::digest(format!("{{}}{key}")).iter().map(|byte| format!("{byte:02x}")).collect();
        let body = json!({ "bearer": tokens["access_token"], "raw_data": "{}", "signature": hex });
        assert_eq!(world.post("/wechat/user-info/verify", &body).unwrap().body, r#"{"valid":true}"#);
    }
}
