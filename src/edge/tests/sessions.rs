//! Lists of sessions: fields, order, bounds, and ended sessions.

use super::MINUTE;
use crate::edge::http::Request;
use crate::edge::routes::route;
use crate::edge::session::label;
use crate::edge::testing::fakes::{NOW, World, exchange, poll_once};
use crate::edge::testing::simulation::CODE_SESSION;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

const DAY: u64 = 1_440 * MINUTE;

fn log_in(world: &World, more: &Value) -> Value {
    let user = r#"{"openid":"oMei","session_key":"tiihtNczf5v6AKRyjwEUhQ==","unionid":"uMei"}"#;
    world.log_in_as(user, more).unwrap()
}

fn get(world: &World, path: &str, tokens: &Value) -> Value {
    let answer = world.send("GET", path, &json!({ "bearer": tokens["access_token"] })).unwrap();
    serde_json::from_str(&answer.body).unwrap()
}

fn sid(tokens: &Value) -> Value {
    let claims = tokens["access_token"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    claims["sid"].clone()
}

#[test]
fn sessions_are_listed_newest_login_first_with_label_and_the_callers_marked() {
    let world = World::new();
    let phone = log_in(&world, &json!({ "label": "phone" }));
    world.now.set(NOW + MINUTE);
    let tablet = log_in(&world, &json!({ "label": "tablet" }));
    let shown = get(&world, "/sessions", &phone);
    let day = (NOW - NOW % DAY) / 1000;
    let session = |tokens: &Value, label: &str, current: bool, at: u64| json!({ "id": sid(tokens), "label": label, "current": current, "logged_in_at": at, "refreshed_at": day });
    let expected =
        [session(&tablet, "tablet", false, (NOW + MINUTE) / 1000), session(&phone, "phone", true, NOW / 1000)];
    assert_eq!(shown, json!({ "sessions": expected, "more": false }));
    let account = get(&world, "/account", &phone);
    assert_eq!(account["sessions"], json!(expected));
    let rest =
        ["client_id", "openid", "unionid", "more", "session_key_stored", "revoked_before"].map(|name| &account[name]);
    assert_eq!(rest, [&json!("wx1"), &json!("oMei"), &json!("uMei"), &json!(false), &json!(true), &Value::Null]);
}

/// See docs/storage.md.
#[test]
fn refreshed_at_shows_the_day_of_a_rotation_one_hour_late() {
    let world = World::new();
    let mut tokens = log_in(&world, &json!({}));
    let rotated_at = NOW + 3 * DAY;
    world.now.set(rotated_at);
    tokens = world.refresh(&tokens["refresh_token"]).unwrap();
    let day = |ms: u64| json!((ms - ms % DAY) / 1000);
    for (later, expected) in [(0, NOW), (60 * MINUTE - 1, NOW), (60 * MINUTE, rotated_at)] {
        world.now.set(rotated_at + later);
        // Read by another session, which does not use this one.
        let other = log_in(&world, &json!({}));
        let sessions = get(&world, "/sessions", &other);
        let listed = sessions["sessions"].as_array().unwrap().iter().find(|session| session["id"] == sid(&tokens));
        assert_eq!(listed.unwrap()["refreshed_at"], day(expected), "{later}");
    }
}

#[test]
fn an_ended_session_is_not_listed() {
    let world = World::new();
    let old = log_in(&world, &json!({}));
    world.post("/admin/revoke", &json!({ "client_id": "wx1", "openid": "oMei", "basic": "api:secret" })).unwrap();
    world.now.set(NOW + 1);
    let one = log_in(&world, &json!({}));
    let two = log_in(&world, &json!({}));
    world.now.set(NOW + 2);
    world
        .send(
            "DELETE",
            &format!("/sessions/{}", sid(&two).as_str().unwrap()),
            &json!({ "bearer": one["access_token"] }),
        )
        .unwrap();
    let account = get(&world, "/account", &one);
    let ids: Vec<&Value> = account["sessions"].as_array().unwrap().iter().map(|session| &session["id"]).collect();
    assert_eq!(ids, [&sid(&one)], "neither {} nor {}", sid(&old), sid(&two));
    assert_eq!(account["revoked_before"], NOW / 1000);
}

/// Each listed session costs a read.
#[test]
fn a_list_has_at_most_32_sessions_and_says_if_there_are_more() {
    let world = World::new();
    let mut last = Value::Null;
    for (count, more) in [(32, false), (33, true)] {
        while world.kv.borrow().keys().filter(|name| name.starts_with("s1:")).count() < count {
            world.now.set(world.now.get() + 1);
            last = log_in(&world, &json!({}));
        }
        let shown = get(&world, "/sessions", &last);
        assert_eq!((shown["sessions"].as_array().unwrap().len(), &shown["more"]), (32, &json!(more)), "{count}");
    }
}

#[test]
fn a_session_is_labelled_by_the_client_or_its_user_agent() {
    for (text, label) in [
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) MicroMessenger/8.0.16(0x1800) NetType/WIFI",
            Some("iPhone, MicroMessenger 8.0.16"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 14) Chrome/120.0.0.0 MicroMessenger/8.0.44",
            Some("Android, MicroMessenger 8.0.44"),
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/120.0 Safari/537.36 Edg/119.0", Some("Windows, Edg 119.0")),
        ("Mozilla/5.0 (Macintosh) Firefox/121.0", Some("Macintosh, Firefox 121.0")),
        ("iPad", Some("iPad")),
        ("Firefox/1.2.3.4.5.6.7.8.9.10.11", Some("Firefox 1.2.3.4.5.6.7.8.")),
        ("Firefox/-", Some("Firefox ")),
        ("curl/8.0", None),
        ("", None),
    ] {
        assert_eq!(label::of_user_agent(text).as_deref(), label, "{text}");
    }
    let world = World::new();
    world.wechat_says(CODE_SESSION);
    let request = Request { user_agent: Some("iPad".into()), ..World::request("POST", "/oauth/token", &exchange()) };
    let answer = poll_once(route(&world, &world.config, &request, "id"));
    let tokens: Value = serde_json::from_str(&answer.response.body).unwrap();
    assert_eq!(get(&world, "/sessions", &tokens)["sessions"][0]["label"], "iPad");
}

#[test]
fn a_label_has_one_to_sixty_four_characters() {
    for (text, label) in [
        ("", None),
        ("  ", None),
        (" 小美 ", Some("小美".to_owned())),
        (&"长".repeat(64), Some("长".repeat(64))),
        (&"长".repeat(65), None),
        ("a\tb", None),
    ] {
        assert_eq!(label::parse(text), label, "{text:?}");
    }
}
