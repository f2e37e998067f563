//! One function for each parser of untrusted bytes, for `fuzz/` and, with its seeds, for `cargo test`.
//! They check more than that nothing panics: that no answer is a 500, and that nothing opens which we
//! did not seal.
#![allow(
    missing_docs,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a target fails by panicking"
)]

use crate::edge::config::Config;
use crate::edge::config::seal::Purpose;
use crate::edge::http::endpoint::ROUTES;
use crate::edge::http::{Body, Request};
use crate::edge::routes::route;
use crate::edge::session::records::{Records, Sid};
use crate::edge::testing::fakes::{NOW, World, at_once, variables};
use crate::wechat::message::Message;
use crate::wechat::open_data::EncryptedData;
use crate::wechat::push::EncodingAesKey;
use crate::wechat::{AppId, OpenId, SessionKey, reply, signature};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::json;

/// The parts of an input, at its line breaks; the last has the rest.
fn parts<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    let mut parts = data.splitn(N, |byte| *byte == b'\n');
    core::array::from_fn(|_| parts.next().unwrap_or_default())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Any request: which endpoint and content type (a byte each), then lines: id, authorization, origin,
/// user agent, body.
pub fn request(data: &[u8]) {
    let Some(([endpoint, kind], rest)) = data.split_first_chunk::<2>() else { return };
    let [id, authorization, origin, user_agent, body] = parts(rest);
    let offered: Vec<_> =
        ROUTES.iter().flat_map(|(path, methods)| methods.iter().map(move |(m, _)| (path, m))).collect();
    let (path, method) = offered[usize::from(*endpoint) % offered.len()];
    let world = World::new();
    world.any_signature.set(kind & 4 != 0);
    world.wechat_says(r#"{"openid":"oMei","session_key":"tiihtNczf5v6AKRyjwEUhQ=="}"#);
    let request = Request {
        method: (*method).to_owned(),
        path: path.replace("{id}", &text(id)).replace("{appid}", &text(id)),
        content_type: Some(
            if kind & 1 == 0 { "application/json" } else { "application/x-www-form-urlencoded" }.to_owned(),
        ),
        authorization: Some(text(authorization)),
        origin: (kind & 2 != 0).then(|| text(origin)),
        user_agent: Some(text(user_agent)),
        body: Body::Bytes(body.to_vec()),
        ..Request::default()
    };
    let answer = at_once(route(&world, &world.config, &request, "id"));
    assert!(answer.response.status != 500, "{:?}", answer.error);
    assert!(serde_json::from_str::<serde_json::Value>(&answer.response.body).is_ok() || answer.response.status == 204);
}

/// An access token whose signature is right, whatever it says: JOSE header, claims, rest.
pub fn jwt(data: &[u8]) {
    let [header, claims, rest] = parts(data);
    let world = World::new();
    world.any_signature.set(true);
    let token = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".") + "." + &text(rest);
    let _ = world.send("GET", "/account", &json!({ "bearer": token }));
    let _ = world.send("GET", "/account", &json!({ "bearer": text(data) }));
    let _ = world.post("/oauth/revoke", &json!({ "client_id": "wx1", "token": token }));
}

/// What a refresh token says inside its seal, as an older or newer version of us may have written it.
pub fn refresh(data: &[u8]) {
    let world = World::new();
    let config = world.config.as_ref().unwrap();
    let blob = config.sealer.seal(Purpose::Refresh, "refresh", [0; 12], data);
    let _ = world.refresh(&URL_SAFE_NO_PAD.encode(blob).into());
}

/// Bytes that we did not seal: as a refresh token, and under every name of a record.
pub fn sealed(data: &[u8]) {
    let world = World::new();
    assert!(world.refresh(&URL_SAFE_NO_PAD.encode(data).into()).is_err());
    assert!(world.refresh(&text(data).into()).is_err());
    with_records(|_| data.to_vec());
}

/// What a record says inside its seal.
pub fn record(data: &[u8]) {
    with_records(|name| World::new().config.as_ref().unwrap().sealer.seal(Purpose::Record, name, [0; 12], data));
}

/// A session whose records are these; it is refreshed and looked at.
fn with_records(body: impl Fn(&str) -> Vec<u8>) {
    let world = World::new();
    let tokens = world.log_in().unwrap();
    let user = Records { ports: &world, config: world.config.as_ref().unwrap() }
        .user(&AppId::parse("wx1").unwrap(), &OpenId::parse("oMei").unwrap());
    let names: Vec<_> = world.kv.borrow().keys().cloned().chain([format!("e1:{}", user.as_str())]).collect();
    assert!(Sid::try_from(text(&body("s1"))).is_err() || body("s1").len() == 22);
    for name in names {
        let kept = world.kv.borrow_mut().insert(name.clone(), body(&name));
        for now in [NOW, NOW + 200_000] {
            world.now.set(now);
            let _ = world.refresh(&tokens["refresh_token"]);
            let bearer = json!({ "bearer": tokens["access_token"] });
            let _ = world.send("GET", "/account", &bearer);
            let _ = world.send("GET", "/sessions", &bearer);
        }
        match kept {
            Some(kept) => world.kv.borrow_mut().insert(name, kept),
            None => world.kv.borrow_mut().remove(&name),
        };
    }
}

/// Configuration: lines for WECHAT_APPS, SIGNING_KEYS, SEALING_KEYS, NAME_KEY, ISSUER.
pub fn config(data: &[u8]) {
    let lines: [&[u8]; 5] = parts(data);
    for (name, line) in ["WECHAT_APPS", "SIGNING_KEYS", "SEALING_KEYS", "NAME_KEY", "ISSUER"].iter().zip(lines) {
        let mut vars = variables();
        vars.insert((*name).to_owned(), text(line));
        if let Err(problem) = Config::parse(&vars) {
            assert!(problem.variable.starts_with(name), "{problem:?}");
        }
    }
}

/// Whatever WeChat, or somebody in its place, may reply to each call.
pub fn reply(data: &[u8]) {
    let appid = AppId::parse("wx1").unwrap();
    let _ = reply::code_session(data);
    let _ = reply::web_session(data);
    let _ = reply::phone(data, &appid);
    let _ = reply::acknowledged(data);
    if let Ok(token) = reply::stable_token(data) {
        assert!((1..=7200).contains(&token.expires_in_s) && !token.token.reveal().is_empty());
    }
}

/// encryptedData and iv as a client sends them (two lines), and as an attacker who has the key could make them.
pub fn open_data(data: &[u8]) {
    let [iv, rest] = parts(data);
    let key = SessionKey::parse("tiihtNczf5v6AKRyjwEUhQ==").unwrap();
    let appid = AppId::parse("wx1").unwrap();
    for (encrypted, iv) in [(text(rest), text(iv)), (STANDARD.encode(rest), STANDARD.encode([7; 16]))] {
        if let Ok(sealed) = EncryptedData::parse(&encrypted, &iv)
            && let Ok(opened) = sealed.open(&key, &appid)
        {
            let _ = (opened.openid().map(str::len), opened.is_fresh(NOW / 1000, 600));
        }
    }
    let _ = signature::verify_user_info(&text(rest), &text(iv), &key);
}

/// A pushed message: as it comes, and what its ciphertext opens to.
pub fn push(data: &[u8]) {
    let key = EncodingAesKey::parse("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG").unwrap();
    let appid = AppId::parse("wx1").unwrap();
    let body = text(data);
    if let Some(message) = Message::parse(&body) {
        let _ = message.get("Encrypt").map(|encrypt| key.decrypt(encrypt, &appid));
    }
    let _ = key.decrypt(&body, &appid);
    let _ = key.decrypt(&STANDARD.encode(data), &appid);
    assert_eq!(key.decrypt(&key.encrypt(&body, &appid, [7; 16]), &appid).as_deref(), Ok(body.as_str()));
}

/// Takes whatever bytes there are.
pub type Target = fn(&[u8]);

/// A target by its name.
pub const TARGETS: &[(&str, Target)] = &[
    ("config", config),
    ("jwt", jwt),
    ("open_data", open_data),
    ("push", push),
    ("record", record),
    ("refresh", refresh),
    ("reply", reply),
    ("request", request),
    ("sealed", sealed),
];
