//! Flows while the store or WeChat fails.

use super::MINUTE;
use crate::edge::error::FetchFailure;
use crate::edge::error::{Caller, Error};
use crate::edge::testing::fakes::{NOW, World, code_of};
use crate::edge::testing::simulation::CODE_SESSION;
use serde_json::json;

const DAY_S: u64 = 86_400;

#[test]
fn a_login_writes_two_records_a_refresh_one_and_a_call_none() {
    let world = World::new();
    let tokens = world.log_in().unwrap();
    assert_eq!(world.kv.borrow().len(), 2);
    world.reads.set(0);
    let refreshed = world.refresh(&tokens["refresh_token"]).unwrap();
    assert_eq!(
        (world.kv.borrow().len(), world.reads.get()),
        (2, 4),
        "three reads before the answer, one of e1 after the late write"
    );
    let before = world.kv.borrow().clone();
    let used = world.post(
        "/wechat/user-info/verify",
        &json!({
            "bearer": refreshed["access_token"], "raw_data": "{}", "signature": "x",
        }),
    );
    assert_eq!(code_of(used), "signature_mismatch");
    assert_eq!(*world.kv.borrow(), before);
}

#[test]
fn a_login_with_a_known_session_key_does_not_write_the_key() {
    let world = World::new();
    world.log_in().unwrap();
    let key = |world: &World| world.kv.borrow().iter().find(|(name, _)| name.starts_with("k1:")).unwrap().1.clone();
    let before = key(&world);
    world.log_in().unwrap();
    assert_eq!(key(&world), before, "a second write would change the nonce");
}

#[test]
fn a_login_that_cannot_be_stored_is_503_and_a_refresh_succeeds() {
    let world = World::new();
    let tokens = world.log_in().unwrap();
    world.puts_fail.set(true);
    assert_eq!(code_of(world.log_in()), "storage_unavailable");
    assert!(world.refresh(&tokens["refresh_token"]).is_ok());
}

#[test]
fn a_revoke_that_cannot_be_stored_is_503_never_200() {
    let world = World::new();
    let tokens = world.log_in().unwrap();
    world.puts_fail.set(true);
    let revoke = || world.post("/oauth/revoke", &json!({ "client_id": "wx1", "token": tokens["refresh_token"] }));
    assert_eq!(code_of(revoke()), "storage_unavailable");
    world.puts_fail.set(false);
    assert!(revoke().is_ok());
    assert_eq!(code_of(world.refresh(&tokens["refresh_token"])), "session_ended");
}

#[test]
fn a_store_that_cannot_be_read_is_503() {
    let world = World::new();
    let tokens = world.log_in().unwrap();
    world.gets_fail.set(true);
    assert_eq!(code_of(world.refresh(&tokens["refresh_token"])), "storage_unavailable");
}

#[test]
fn a_record_that_is_not_visible_yet_ends_no_session() {
    let world = World::new();
    let tokens = world.log_in().unwrap();
    world.kv.borrow_mut().clear();
    assert!(world.refresh(&tokens["refresh_token"]).is_ok());
    world.kv.borrow_mut().clear();
    world.now.set(NOW + 2 * MINUTE + 1);
    assert_eq!(code_of(world.refresh(&tokens["refresh_token"])), "session_ended");
}

#[test]
fn an_unreadable_e1_record_ends_all_sessions() {
    let world = World::new();
    let tokens = world.log_in().unwrap();
    let user = world.kv.borrow().keys().find_map(|name| name.strip_prefix("k1:").map(str::to_owned)).unwrap();
    world.kv.borrow_mut().insert(format!("e1:{user}"), vec![0]);
    assert_eq!(code_of(world.refresh(&tokens["refresh_token"])), "session_ended");
}

#[test]
fn ttls_respect_the_idle_and_absolute_lifetimes_and_the_minimum_of_kv() {
    let world = World::new();
    let tokens = world.log_in().unwrap();
    let session = |world: &World| *world.ttls.borrow().iter().find(|(name, _)| name.starts_with("s1:")).unwrap().1;
    assert_eq!(session(&world), 14 * DAY_S);
    // Refreshed until ten seconds before the absolute end.
    let mut refresh_token = tokens["refresh_token"].clone();
    let end = NOW + 30 * DAY_S * 1000;
    for now in [NOW + 13 * DAY_S * 1000, NOW + 26 * DAY_S * 1000, end - 10_000] {
        world.now.set(now);
        let reply = world.refresh(&refresh_token).unwrap();
        refresh_token = reply["refresh_token"].clone();
        let life = (end - now) / 1000;
        assert_eq!(session(&world), life.clamp(60, 14 * DAY_S), "no `Invalid expiration` (T52)");
        assert_eq!(reply["expires_in"], life.min(600), "no access token outlives its session");
    }
    world.now.set(end);
    assert_eq!(code_of(world.refresh(&refresh_token)), "session_ended");
}

#[test]
fn a_call_is_repeated_once_and_only_if_no_byte_of_a_reply_came() {
    let world = World::new();
    world.upstream.borrow_mut().push_back(Err(FetchFailure::Unreachable));
    assert!(world.log_in().is_ok());
    assert_eq!(world.urls.borrow().len(), 2);
    let world = World::new();
    world.upstream.borrow_mut().extend([Err(FetchFailure::Unreachable), Err(FetchFailure::Unreachable)]);
    assert_eq!(code_of(world.log_in()), "upstream_unreachable");
    assert_eq!(world.urls.borrow().len(), 2, "one retry, not two");
    for failure in [FetchFailure::TimedOut, FetchFailure::BrokenOff, FetchFailure::TooLarge] {
        let world = World::new();
        world.upstream.borrow_mut().push_back(Err(failure));
        assert!(world.log_in().is_err());
        assert_eq!(world.urls.borrow().len(), 1, "{failure:?}");
    }
}

#[test]
fn a_website_app_refuses_a_mini_program_code() {
    let world = World::new();
    let refused = world.token(&json!({
        "client_id": "wx2", "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": "code", "subject_token_type": "urn:wechat:params:oauth:token-type:js-code",
    }));
    assert_eq!(refused.err(), Some(Error::Caller(Caller::GrantTypeUnsupported)));
    assert!(world.urls.borrow().is_empty());
}

#[test]
fn reuse_of_a_rotated_refresh_token_ends_the_session() {
    let world = World::new();
    let tokens = world.log_in().unwrap();
    let mut newest = tokens["refresh_token"].clone();
    for _ in 0..3 {
        newest = world.refresh(&newest).unwrap()["refresh_token"].clone();
    }
    assert_eq!(code_of(world.refresh(&tokens["refresh_token"])), "session_ended");
    assert_eq!(code_of(world.refresh(&newest)), "session_ended");
    let audits = world.audits.borrow();
    assert!(audits.len() == 1 && audits[0].contains("refresh_reused"), "{audits:?}");
}

#[test]
fn a_login_with_a_revoked_refresh_token_does_not_revive_its_session() {
    let world = World::new();
    let tokens = world.log_in().unwrap();
    world.post("/oauth/revoke", &json!({ "client_id": "wx1", "token": tokens["refresh_token"] })).unwrap();
    let again = world.log_in_as(CODE_SESSION, &json!({ "refresh_token": tokens["refresh_token"] })).unwrap();
    assert!(world.refresh(&again["refresh_token"]).is_ok());
    assert_eq!(code_of(world.refresh(&tokens["refresh_token"])), "session_ended");
}

/// A login that arrived after the log-out stays alive; one of the same millisecond or before ends (T55).
#[test]
fn a_login_in_the_millisecond_of_a_log_out_everywhere_or_before_is_ended() {
    let world = World::new();
    let first = world.log_in().unwrap();
    world.now.set(NOW + 1);
    let everywhere = json!({ "client_id": "wx1", "token": first["refresh_token"], "everywhere": "true" });
    let second = world.log_in().unwrap();
    world.post("/oauth/revoke", &everywhere).unwrap();
    assert_eq!(code_of(world.log_in()), "login_superseded");
    for dead in [first, second] {
        assert_eq!(code_of(world.refresh(&dead["refresh_token"])), "session_ended");
    }
    world.now.set(NOW + 2);
    let fourth = world.log_in().unwrap();
    assert!(world.refresh(&fourth["refresh_token"]).is_ok());
}

/// The clock of one location is two minutes ahead or behind, or a day behind (T53).
#[test]
fn clock_skew_ends_no_session_early_and_writes_no_wrong_ttl() {
    for now in [NOW - 2 * MINUTE, NOW + 2 * MINUTE, NOW - 86_400_000] {
        let world = World::new();
        let tokens = world.log_in().unwrap();
        world.now.set(now);
        let rotated = world.refresh(&tokens["refresh_token"]).unwrap();
        let bearer = json!({ "bearer": rotated["access_token"] });
        assert!(world.send("GET", "/account", &bearer).is_ok(), "{now}");
        assert!(world.ttls.borrow().values().all(|ttl| (60..=31 * DAY_S).contains(ttl)), "{:?}", world.ttls);
    }
}

/// The client disconnects while a refresh waits for the store, and the runtime drops its future (T42).
#[test]
fn a_refresh_whose_future_is_dropped_writes_nothing() {
    use crate::edge::http::{Body, Request};
    use std::future::Future as _;
    let world = World::new();
    let tokens = world.log_in().unwrap();
    let body = json!({ "client_id": "wx1", "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"] });
    let request = Request {
        method: "POST".into(),
        path: "/oauth/token".into(),
        content_type: Some("application/json".into()),
        body: Body::Bytes(body.to_string().into_bytes()),
        ..Request::default()
    };
    let before = world.kv.borrow().clone();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    for polls in 1.. {
        world.suspends.set(true);
        let mut dropped = std::pin::pin!(crate::edge::routes::route(&world, &world.config, &request, "id"));
        let finished = (0..polls).any(|_| dropped.as_mut().poll(&mut context).is_ready());
        world.suspends.set(false);
        assert_eq!(*world.kv.borrow(), before, "the write follows the answer, which was not given");
        if finished {
            assert!(polls > 1, "the future waited for the store");
            break;
        }
    }
    assert!(world.refresh(&tokens["refresh_token"]).is_ok());
}

/// The header is checked although the fake accepts every signature (T45, T46).
#[test]
fn an_access_token_with_another_alg_typ_or_kid_is_refused() {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let world = World::new();
    let tokens = world.log_in().unwrap();
    let parts: Vec<&str> = tokens["access_token"].as_str().unwrap().split('.').collect();
    let header: serde_json::Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
    world.any_signature.set(true);
    let with = |name: &str, value: serde_json::Value| {
        let mut header = header.clone();
        header[name] = value;
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        code_of(world.send("GET", "/account", &json!({ "bearer": format!("{header}.{}.{}", parts[1], parts[2]) })))
    };
    assert_eq!(with("alg", json!("ES256")), "success");
    for (name, value) in
        [("alg", "none"), ("alg", "HS256"), ("alg", "es256"), ("typ", "JWT"), ("typ", ""), ("kid", "x")]
    {
        assert_eq!(with(name, json!(value)), "session_invalid", "{name} {value}");
    }
}

#[test]
fn expiry_and_revocation_of_a_verified_token_are_checked_on_every_call() {
    let world = World::new();
    let tokens = world.log_in().unwrap();
    let bearer = json!({ "bearer": tokens["access_token"] });
    let account = || world.send("GET", "/account", &bearer);
    assert!(account().is_ok());
    let altered = format!("{}A", tokens["access_token"].as_str().unwrap());
    assert_eq!(code_of(world.send("GET", "/account", &json!({ "bearer": altered }))), "session_invalid");
    assert!(account().is_ok());
    world.now.set(NOW + 10 * MINUTE);
    assert_eq!(code_of(account()), "session_invalid", "expired");
    world.now.set(NOW);
    world.post("/oauth/revoke", &json!({ "client_id": "wx1", "token": tokens["access_token"] })).unwrap();
    assert_eq!(code_of(account()), "session_invalid", "revoked");
}
