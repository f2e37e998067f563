//! The fuzz targets: one function for each decoder of untrusted bytes. `fuzz/` runs them under libFuzzer, and
//! `cargo test` runs them over the seeds.
//!
//! A target panics when a property is broken: a request is answered 500, or bytes open that this edge did not seal. It
//! returns the outcomes of all that it tried, so that the test of the seeds sees how far each input got.
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
use crate::edge::error::Error;
use crate::edge::http::endpoint::ROUTES;
use crate::edge::http::problem;
use crate::edge::http::{Body, Request};
use crate::edge::ident::Sid;
use crate::edge::routes::route;
use crate::edge::session::records::Records;
use crate::edge::testing::fakes::{NOW, World, poll_once, variables};
use crate::wechat::message::Message;
use crate::wechat::open_data::EncryptedData;
use crate::wechat::push::EncodingAesKey;
use crate::wechat::{AppId, OpenId, SessionKey, reply, signature};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use core::fmt::Debug;
use serde_json::json;

/// The result of each step that a target tried, in order: `ok`, or the error.
pub type Outcomes = Vec<String>;

/// A fuzz target. It accepts any bytes.
pub type Target = fn(&[u8]) -> Outcomes;

/// All targets, by name.
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

fn outcome<T, E: Debug>(result: Result<T, E>) -> String {
    result.map_or_else(|error| format!("{error:?}"), |_| "ok".to_owned())
}

/// As [`outcome`], with the stable code of the edge's error.
fn code<T>(result: Result<T, Error>) -> String {
    result.map_or_else(|error| problem::code(&error).to_owned(), |_| "ok".to_owned())
}

/// Splits an input at its first N − 1 line breaks. Missing parts are empty.
fn parts<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    let mut parts = data.splitn(N, |byte| *byte == b'\n');
    core::array::from_fn(|_| parts.next().unwrap_or_default())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A request to any endpoint: a byte for the endpoint, a byte for content type, origin and signature, then lines: id,
/// authorization, origin, user agent, body.
pub fn request(data: &[u8]) -> Outcomes {
    let Some(([endpoint, kind], rest)) = data.split_first_chunk::<2>() else { return Vec::new() };
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
    let answer = poll_once(route(&world, &world.config, &request, "id"));
    assert!(answer.response.status != 500, "{:?}", answer.error);
    assert!(serde_json::from_str::<serde_json::Value>(&answer.response.body).is_ok() || answer.response.status == 204);
    vec![format!("{method} {path} {}", answer.error.map_or("ok", |error| problem::code(&error)))]
}

/// An access token whose signature is right, with any content (lines: JOSE header, claims, rest), and any text as a
/// token.
pub fn jwt(data: &[u8]) -> Outcomes {
    let [header, claims, rest] = parts(data);
    let world = World::new();
    world.any_signature.set(true);
    let token = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".") + "." + &text(rest);
    let account = |token: &str| code(world.send("GET", "/account", &json!({ "bearer": token })));
    let used = [account(&token), account(&text(data))];
    let revoked = code(world.post("/oauth/revoke", &json!({ "client_id": "wx1", "token": token })));
    [&used[..], &[revoked]].concat()
}

/// The plaintext of a refresh token, as an older or newer version of the edge may have sealed it.
pub fn refresh(data: &[u8]) -> Outcomes {
    let world = World::new();
    let config = world.config.as_ref().unwrap();
    let blob = config.sealer.seal(Purpose::Refresh, "refresh", [0; 12], data);
    vec![code(world.refresh(&URL_SAFE_NO_PAD.encode(blob).into()))]
}

/// Bytes that this edge did not seal: as a refresh token, and as the body of each record.
pub fn sealed(data: &[u8]) -> Outcomes {
    let world = World::new();
    let as_token = [
        world.refresh(&URL_SAFE_NO_PAD.encode(data).into()).unwrap_err(),
        world.refresh(&text(data).into()).unwrap_err(),
    ];
    let mut outcomes: Outcomes = as_token.iter().map(|error| problem::code(error).to_owned()).collect();
    outcomes.extend(with_records(|_| data.to_vec()));
    outcomes
}

/// The plaintext of each record.
pub fn record(data: &[u8]) -> Outcomes {
    with_records(|name| World::new().config.as_ref().unwrap().sealer.seal(Purpose::Record, name, [0; 12], data))
}

/// For each record of a session: replaces it by `body`, then refreshes and reads the session, at the login and 200 s
/// later.
fn with_records(body: impl Fn(&str) -> Vec<u8>) -> Outcomes {
    assert!(Sid::try_from(text(&body("s1"))).is_err() || body("s1").len() == 22);
    let mut outcomes = Vec::new();
    for kind in ["s1", "k1", "e1"] {
        for later in [0, 200_000] {
            let world = World::new();
            let tokens = world.log_in().unwrap();
            let name = match world.kv.borrow().keys().find(|name| name.starts_with(kind)) {
                Some(name) => name.clone(),
                None => {
                    let records = Records { ports: &world, config: world.config.as_ref().unwrap() };
                    let user = records.user(&AppId::parse("wx1").unwrap(), &OpenId::parse("oMei").unwrap());
                    format!("{kind}:{}", user.as_str())
                }
            };
            world.kv.borrow_mut().insert(name.clone(), body(&name));
            world.now.set(NOW + later);
            let bearer = json!({ "bearer": tokens["access_token"] });
            let account = world.send("GET", "/account", &bearer);
            let has_key = account.as_ref().is_ok_and(|account| account.body.contains(r#""session_key_stored":true"#));
            let codes = [
                if has_key { "key".to_owned() } else { code(account) },
                code(world.send("GET", "/sessions", &bearer)),
                code(world.refresh(&tokens["refresh_token"])),
            ];
            outcomes.push(format!("{kind} after {} s: {}", later / 1000, codes.join(" ")));
        }
    }
    outcomes
}

/// A configuration. Lines: WECHAT_APPS, SIGNING_KEYS, SEALING_KEYS, NAME_KEY, ISSUER. Each is parsed beside good
/// values of the other four.
pub fn config(data: &[u8]) -> Outcomes {
    let lines: [&[u8]; 5] = parts(data);
    let parse = |(name, line): (&str, &[u8])| {
        let mut vars = variables();
        vars.insert(name.to_owned(), text(line));
        let parsed = Config::parse(&vars);
        if let Err(problem) = &parsed {
            assert!(problem.variable.starts_with(name), "{problem:?}");
        }
        parsed.map_or_else(|error| format!("misconfigured {}", error.variable), |_| "ok".to_owned())
    };
    ["WECHAT_APPS", "SIGNING_KEYS", "SEALING_KEYS", "NAME_KEY", "ISSUER"].into_iter().zip(lines).map(parse).collect()
}

/// A body that WeChat, or an attacker in its place, replies with, read as the reply to each call.
pub fn reply(data: &[u8]) -> Outcomes {
    let appid = AppId::parse("wx1").unwrap();
    let token = reply::stable_token(data);
    if let Ok(token) = &token {
        assert!((1..=7200).contains(&token.expires_in_s) && !token.token.reveal().is_empty());
    }
    vec![
        outcome(reply::code_session(data)),
        outcome(reply::web_session(data)),
        outcome(reply::phone(data, &appid)),
        outcome(reply::acknowledged(data)),
        outcome(token),
    ]
}

/// encryptedData and iv as a client sends them (two lines), and as an attacker who has the session_key can make them.
pub fn open_data(data: &[u8]) -> Outcomes {
    let [iv, rest] = parts(data);
    let key = SessionKey::parse("tiihtNczf5v6AKRyjwEUhQ==").unwrap();
    let appid = AppId::parse("wx1").unwrap();
    let open = |(encrypted, iv): (String, String)| {
        let opened = EncryptedData::parse(&encrypted, &iv).and_then(|sealed| sealed.open(&key, &appid));
        if let Ok(opened) = &opened {
            let _ = (opened.openid().map(str::len), opened.is_fresh(NOW / 1000, 600));
        }
        outcome(opened)
    };
    let opened = [(text(rest), text(iv)), (STANDARD.encode(rest), STANDARD.encode([7; 16]))].map(open);
    let verified = outcome(signature::verify_user_info(&text(rest), &text(iv), &key));
    [&opened[..], &[verified]].concat()
}

/// A pushed message: the body, its ciphertext, and any bytes as a ciphertext.
pub fn push(data: &[u8]) -> Outcomes {
    let key = EncodingAesKey::parse("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG").unwrap();
    let appid = AppId::parse("wx1").unwrap();
    let body = text(data);
    assert_eq!(key.decrypt(&key.encrypt(&body, &appid, [7; 16]), &appid).as_deref(), Ok(body.as_str()));
    let message = Message::parse(&body);
    let encrypted = message.as_ref().and_then(|message| message.get("Encrypt"));
    vec![
        message.as_ref().map_or("not a message".to_owned(), |message| message.names().collect::<Vec<_>>().join(" ")),
        encrypted.map_or("no Encrypt".to_owned(), |encrypted| outcome(key.decrypt(encrypted, &appid))),
        outcome(key.decrypt(&body, &appid)),
        outcome(key.decrypt(&STANDARD.encode(data), &appid)),
    ]
}
