//! Rate limits are checked before any read, write or call to WeChat that a user can cause.

use crate::edge::http::endpoint::{Access, ROUTES};
use crate::edge::http::problem;
use crate::edge::testing::fakes::World;
use serde_json::{Value, json};

/// The rate-limit key of the user of [`World::log_in`].
fn limit(world: &World, what: &str) -> String {
    let user = world.kv.borrow().keys().find_map(|name| name.strip_prefix("k1:").map(str::to_owned)).unwrap();
    format!("User:{user}{what}")
}

fn counts(world: &World) -> (u32, u32, usize) {
    (world.reads.get(), world.writes.get(), world.urls.borrow().len())
}

/// The code of a request, and whether it cost no read, write or call to WeChat.
fn ask(world: &World, method: &str, path: &str, body: &Value) -> (&'static str, bool) {
    let before = counts(world);
    let code = world.send(method, path, body).err().map_or("success", |error| problem::code(&error));
    (code, counts(world) == before)
}

#[test]
fn a_call_over_the_limit_costs_no_read_write_or_call_to_wechat() {
    let world = World::new();
    let tokens = world.log_in().unwrap();
    let body = json!({
        "bearer": tokens["access_token"], "code": "code", "raw_data": "{}", "signature": "x",
        "encrypted_data": "AAAAAAAAAAAAAAAAAAAAAA==", "iv": "AAAAAAAAAAAAAAAAAAAAAA==",
    });
    let of_users: Vec<_> = ROUTES
        .iter()
        .flat_map(|(path, methods)| methods.iter().map(move |(method, endpoint)| (*method, *path, endpoint.access())))
        .filter(|(.., access)| *access == Access::User)
        .collect();
    assert!(of_users.len() >= 8);
    world.limited.borrow_mut().push(limit(&world, ":call"));
    for (method, path, _) in &of_users {
        let path = path.replace("{id}", "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(ask(&world, method, &path, &body), ("rate_limited", true), "{method} {path}");
    }
    world.limited.borrow_mut().clear();
    assert_eq!(ask(&world, "GET", "/account", &body).0, "success");
}

#[test]
fn the_limit_of_revocations_blocks_neither_logins_nor_refreshes() {
    let world = World::new();
    let tokens = world.log_in().unwrap();
    world.limited.borrow_mut().push(limit(&world, ":revoke"));
    for kind in ["access_token", "refresh_token"] {
        let body = json!({ "client_id": "wx1", "token": tokens[kind] });
        assert_eq!(ask(&world, "POST", "/oauth/revoke", &body), ("rate_limited", true), "{kind}");
    }
    assert!(world.refresh(&tokens["refresh_token"]).is_ok());
    assert!(world.log_in().is_ok());
}

#[test]
fn the_limit_of_logins_and_refreshes_is_checked_before_the_store() {
    let world = World::new();
    let tokens = world.log_in().unwrap();
    world.limited.borrow_mut().push(limit(&world, ""));
    let body = json!({ "client_id": "wx1", "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"] });
    assert_eq!(ask(&world, "POST", "/oauth/token", &body), ("rate_limited", true));
    let before = (world.reads.get(), world.writes.get());
    assert_eq!(world.log_in().err().map(|error| problem::code(&error)), Some("rate_limited"));
    assert_eq!((world.reads.get(), world.writes.get()), before);
}
