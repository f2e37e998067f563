//! Calls to WeChat and KV operations of each kind of request, compared with the table of docs/storage.md.

use crate::edge::testing::fakes::World;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

const KEY: &str = "tiihtNczf5v6AKRyjwEUhQ==";
const STALE: &str = r#"{"errcode":87009,"errmsg":"invalid signature"}"#;
const TOKEN: &str = r#"{"access_token":"token","expires_in":7200}"#;
const PHONE: &str = r#"{"errcode":0,"phone_info":{"phoneNumber":"+8613800000000","purePhoneNumber":"13800000000",
    "countryCode":"86","watermark":{"timestamp":1790000000,"appid":"wx1"}}}"#;

/// Calls to WeChat, KV reads and KV writes of one request.
type Cost = (usize, u32, u32);

fn cost<T>(world: &World, request: impl FnOnce() -> T) -> Cost {
    let counts = || (world.urls.borrow().len(), world.reads.get(), world.writes.get());
    let before = counts();
    request();
    let after = counts();
    (after.0 - before.0, after.1 - before.1, after.2 - before.2)
}

fn log_in_as(world: &World, session_key: &str, more: &Value) -> Value {
    world.log_in_as(&json!({ "openid": "oMei", "session_key": session_key }).to_string(), more).unwrap()
}

fn table() -> Vec<(&'static str, Cost)> {
    let world = World::new();
    let other_key = "AAAAAAAAAAAAAAAAAAAAAA==";
    let login = cost(&world, || log_in_as(&world, other_key, &json!({})));
    let tokens = log_in_as(&world, KEY, &json!({}));
    let same_key = cost(&world, || log_in_as(&world, KEY, &json!({})));
    let old_token = json!({ "refresh_token": tokens["refresh_token"] });
    let again = cost(&world, || log_in_as(&world, other_key, &old_token));
    let tokens = log_in_as(&world, KEY, &json!({}));
    let with = |more: Value| {
        let mut body = more;
        body["bearer"] = tokens["access_token"].clone();
        body
    };
    let refresh = cost(&world, || world.refresh(&tokens["refresh_token"]).unwrap());
    let repeated = cost(&world, || world.refresh(&tokens["refresh_token"]).unwrap());
    let signature = Sha1::digest(format!("{{}}{KEY}")).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let right = with(json!({ "raw_data": "{}", "signature": signature }));
    let call = cost(&world, || world.post("/wechat/user-info/verify", &right).unwrap());
    let account = cost(&world, || world.send("GET", "/account", &with(json!({}))).unwrap());
    let introspect = json!({ "token": tokens["access_token"], "basic": "api:secret" });
    let introspected = cost(&world, || world.post("/oauth/introspect", &introspect).unwrap());
    let profile = with(json!({ "raw_data": "{}", "signature": "of another key" }));
    world.wechat_says(TOKEN);
    world.wechat_says(STALE);
    let refused = cost(&world, || world.post("/wechat/user-info/verify", &profile).unwrap_err());
    world.wechat_says(STALE);
    let refused_again = cost(&world, || world.post("/wechat/user-info/verify", &profile).unwrap_err());
    world.wechat_says(PHONE);
    let phone = cost(&world, || world.post("/wechat/phone", &with(json!({ "code": "code" }))).unwrap());
    let sessions = cost(&world, || world.send("GET", "/sessions", &with(json!({}))).unwrap());
    let session = cost(&world, || world.send("GET", "/session", &with(json!({}))).unwrap());
    let revoke = json!({ "client_id": "wx1", "token": tokens["refresh_token"] });
    let revoked = cost(&world, || world.post("/oauth/revoke", &revoke).unwrap());
    let other = log_in_as(&world, KEY, &json!({}));
    let everywhere = json!({ "client_id": "wx1", "token": other["refresh_token"], "everywhere": "true" });
    let ended = cost(&world, || world.post("/oauth/revoke", &everywhere).unwrap());
    let over = cost(&world, || world.post("/oauth/revoke", &everywhere).unwrap());
    vec![
        ("a login", login),
        ("a login whose session_key is known", same_key),
        ("a login that sends the old refresh token", again),
        ("a refresh", refresh),
        ("the same refresh within its grace", repeated),
        ("a call with a token: open data, a profile", call),
        ("an introspection", introspected),
        ("the same that does not check, with no access_token yet", refused),
        ("the same that does not check", refused_again),
        ("a phone number", phone),
        ("`GET /account`, three sessions", account),
        ("`GET /sessions`, three sessions", sessions),
        ("`GET /session`", session),
        ("a revoke", revoked),
        ("a revoke everywhere", ended),
        ("a revoke of a session that is over", over),
    ]
}

#[test]
fn the_cost_table_of_docs_storage_is_current() {
    let page = include_str!("../../../docs/storage.md");
    let row = |(request, (calls, reads, writes))| format!("| {request} | {calls} | {reads} | {writes} |");
    let missing: Vec<String> = table().into_iter().map(row).filter(|row| !page.contains(row)).collect();
    assert!(missing.is_empty(), "docs/storage.md needs\n{}", missing.join("\n"));
}
