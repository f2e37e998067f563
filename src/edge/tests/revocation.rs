//! Revocation: which sessions a token ends, by kind and age, and the records that remain.

use crate::edge::config::seal::Purpose;
use crate::edge::error::Error;
use crate::edge::ident::Sid;
use crate::edge::testing::fakes::{NOW, World, code_of};
use crate::edge::testing::simulation::CODE_SESSION;
use serde_json::{Value, json};

const MINUTE: u64 = 60_000;
const DAY: u64 = 1_440 * MINUTE;
const BACKEND: &str = "api:secret";

fn log_in_again(world: &World, refresh_token: &Value) -> Value {
    world.log_in_as(CODE_SESSION, &json!({ "refresh_token": refresh_token })).unwrap()
}

fn get(world: &World, path: &str, tokens: &Value) -> Result<Value, Error> {
    let answer = world.send("GET", path, &json!({ "bearer": tokens["access_token"] }))?;
    Ok(serde_json::from_str(&answer.body).unwrap_or_default())
}

fn introspect(world: &World, token: &Value) -> Value {
    let answer = world.post("/oauth/introspect", &json!({ "token": token, "basic": BACKEND })).unwrap();
    serde_json::from_str(&answer.body).unwrap()
}

fn later(world: &World, ms: u64) {
    world.now.set(world.now.get() + ms);
}

fn names(world: &World, prefix: &str) -> Vec<String> {
    world.kv.borrow().keys().filter(|name| name.starts_with(prefix)).cloned().collect()
}

/// The tokens of a login and `n` rotations five minutes apart, oldest first.
fn chain(world: &World, n: usize) -> Vec<Value> {
    let mut tokens = vec![world.log_in().unwrap()];
    for _ in 0..n {
        later(world, 5 * MINUTE);
        tokens.push(world.refresh(&tokens.last().unwrap()["refresh_token"]).unwrap());
    }
    tokens
}

#[test]
fn a_login_with_the_old_refresh_token_revives_no_ended_access_token() {
    let everywhere = |world: &World, tokens: &Value| {
        let body = json!({ "client_id": "wx1", "token": tokens["refresh_token"], "everywhere": "true" });
        world.post("/oauth/revoke", &body)
    };
    let admin = |world: &World, path: &str| {
        world.post(path, &json!({ "client_id": "wx1", "openid": "oMei", "basic": BACKEND }))
    };
    for way in ["revoke", "sessions", "admin", "admin erase", "erase"] {
        let world = World::new();
        let old = world.log_in().unwrap();
        later(&world, 10);
        let bearer = json!({ "bearer": old["access_token"] });
        match way {
            "revoke" => everywhere(&world, &old),
            "sessions" => world.send("DELETE", "/sessions", &bearer),
            "admin" => admin(&world, "/admin/revoke"),
            "admin erase" => admin(&world, "/admin/erase"),
            _ => world.send("DELETE", "/account", &bearer),
        }
        .unwrap();
        later(&world, 10);
        let new = log_in_again(&world, &old["refresh_token"]);
        for (method, path) in
            [("GET", "/account"), ("GET", "/sessions"), ("DELETE", "/account"), ("DELETE", "/sessions")]
        {
            assert_eq!(code_of(world.send(method, path, &bearer)), "session_invalid", "{way}: {method} {path}");
        }
        assert_eq!(introspect(&world, &old["access_token"]), json!({ "active": false }), "{way}");
        assert_eq!(introspect(&world, &old["refresh_token"]), json!({ "active": false }), "{way}");
        assert!(get(&world, "/account", &new).is_ok(), "{way}");
    }
}

#[test]
fn an_access_token_without_auth_is_ended_by_any_log_out_everywhere() {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let world = World::new();
    let tokens = world.log_in().unwrap();
    let parts: Vec<&str> = tokens["access_token"].as_str().unwrap().split('.').collect();
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    assert_eq!(claims["auth"], NOW);
    claims.as_object_mut().unwrap().remove("auth");
    world.any_signature.set(true);
    let old = json!({ "access_token": format!("{}.{}.AA", parts[0], URL_SAFE_NO_PAD.encode(claims.to_string())) });
    assert!(get(&world, "/account", &old).is_ok());
    world.post("/admin/revoke", &json!({ "client_id": "wx1", "openid": "oMei", "basic": BACKEND })).unwrap();
    later(&world, 1);
    log_in_again(&world, &tokens["refresh_token"]);
    assert_eq!(code_of(get(&world, "/account", &old)), "session_invalid");
}

/// Two sessions of the user, begun before and after the token, and which of them the token ends.
#[test]
fn a_token_of_an_ended_or_old_session_cannot_end_newer_sessions() {
    /// (token, everywhere, whether the session of before stays alive, that of after, whether a record is written)
    type Row = (&'static str, bool, bool, bool, bool);
    const ROWS: [Row; 14] = [
        ("living refresh token", true, false, false, true),
        ("living refresh token", false, true, true, true),
        ("living access token", true, false, false, true),
        ("rotated refresh token", true, true, true, true),
        ("expired access token", true, true, true, true),
        ("expired access token", false, true, true, true),
        ("refresh token of an ended session", true, true, true, false),
        ("refresh token of an ended session", false, true, true, false),
        ("access token of an ended session", true, true, true, false),
        ("refresh token of before a log-out everywhere", true, true, true, false),
        ("refresh token of an idle session", true, false, true, true),
        ("refresh token of an idle session", false, true, true, true),
        ("refresh token of a session over its absolute life", false, true, true, false),
        ("access token of a session over its absolute life", true, true, true, false),
    ];
    for (what, everywhere, before, after, writes) in ROWS {
        let world = World::new();
        let admin = json!({ "client_id": "wx1", "openid": "oMei", "basic": BACKEND });
        let revoke = |tokens: &Value| {
            world.post("/oauth/revoke", &json!({ "client_id": "wx1", "token": tokens["refresh_token"] }))
        };
        let tokens = if what.starts_with("rotated") { chain(&world, 4)[0].clone() } else { world.log_in().unwrap() };
        if what.contains("log-out everywhere") {
            world.post("/admin/revoke", &admin).unwrap();
            later(&world, 1);
        }
        if what.contains("absolute life") {
            later(&world, 30 * DAY);
        }
        // Begun before the idle token was issued.
        let old = world.log_in().unwrap();
        later(&world, 1);
        if what.contains("ended session") {
            revoke(&tokens).unwrap();
        }
        if what.contains("expired access") {
            later(&world, 11 * MINUTE);
        }
        if what.contains("idle") {
            later(&world, 15 * DAY);
            world.kv.borrow_mut().retain(|name, _| !(name.starts_with("s1") && name.ends_with(&sid(&tokens))));
        }
        let new = world.log_in().unwrap();
        later(&world, 1);
        let kind = if what.contains("access") { "access_token" } else { "refresh_token" };
        let mut body = json!({ "client_id": "wx1", "token": tokens[kind] });
        if everywhere {
            body["everywhere"] = "true".into();
        }
        world.writes.set(0);
        assert!(world.post("/oauth/revoke", &body).is_ok(), "{what}: RFC 7009 §2.2");
        assert_eq!(world.writes.get() > 0, writes, "{what}, everywhere: {everywhere}");
        for (name, other, lives) in [("before", &old, before), ("after", &new, after)] {
            let refreshed = world.refresh(&other["refresh_token"]).is_ok();
            assert_eq!(refreshed, lives, "{what}, everywhere: {everywhere}, the session of {name}");
        }
        world.writes.set(0);
        world.post("/oauth/revoke", &body).unwrap();
        assert_eq!(world.writes.get(), 0, "{what}: a repeated request writes nothing");
    }
}

fn sid(tokens: &Value) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let claims = tokens["access_token"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    claims["sid"].as_str().unwrap().to_owned()
}

/// As a phone that was restored from a backup does.
#[test]
fn a_login_with_an_old_refresh_token_does_not_lower_the_generation() {
    for used in 0..=6 {
        for stolen in 0..=4 {
            let world = World::new();
            let tokens = chain(&world, 6);
            later(&world, 3 * MINUTE);
            let new = log_in_again(&world, &tokens[used]["refresh_token"]);
            later(&world, 3 * MINUTE);
            assert_eq!(sid(&new), sid(&tokens[0]));
            assert!(world.refresh(&new["refresh_token"]).is_ok(), "{used}");
            later(&world, 3 * MINUTE);
            assert_eq!(code_of(world.refresh(&tokens[stolen]["refresh_token"])), "session_ended", "{used}, {stolen}");
        }
        let world = World::new();
        let tokens = chain(&world, 6);
        later(&world, 3 * MINUTE);
        log_in_again(&world, &tokens[used]["refresh_token"]);
        assert_eq!(code_of(world.refresh(&tokens[4]["refresh_token"])), "session_ended", "{used}: no new grace");
    }
    // The login uses the newest token, which starts its grace of 120 s.
    for (later_ms, code) in [(2 * MINUTE, "success"), (2 * MINUTE + 1, "session_ended")] {
        let world = World::new();
        let tokens = chain(&world, 6);
        later(&world, 3 * MINUTE);
        log_in_again(&world, &tokens[6]["refresh_token"]);
        later(&world, later_ms);
        assert_eq!(code_of(world.refresh(&tokens[6]["refresh_token"])), code, "{later_ms} ms");
    }
}

/// Also if the login sends the refresh token of a revoked session (docs/storage.md).
#[test]
fn a_new_session_starts_at_generation_minus_one() {
    let world = World::new();
    let old = world.log_in().unwrap();
    let generation = |world: &World, tokens: &Value| {
        let name = names(world, "s1:").into_iter().find(|name| name.ends_with(&sid(tokens))).unwrap();
        let config = world.config.as_ref().unwrap();
        let body = config.sealer.open(Purpose::Record, &name, &world.kv.borrow()[&name]).unwrap();
        serde_json::from_slice::<Value>(&body).unwrap()["g"].clone()
    };
    assert_eq!(generation(&world, &old), -1);
    let revoke = json!({ "client_id": "wx1", "token": old["refresh_token"] });
    world.post("/oauth/revoke", &revoke).unwrap();
    later(&world, 1);
    let new = log_in_again(&world, &old["refresh_token"]);
    assert_ne!(sid(&new), sid(&old));
    assert_eq!(generation(&world, &new), -1);
}

/// No token of a session outlives its absolute lifetime of 30 days plus the grace of 120 s.
#[test]
fn revocations_are_stored_for_the_absolute_lifetime_plus_the_grace() {
    let world = World::new();
    let tokens = world.log_in().unwrap();
    world.post("/oauth/revoke", &json!({ "client_id": "wx1", "token": tokens["refresh_token"] })).unwrap();
    world.post("/admin/revoke", &json!({ "client_id": "wx1", "openid": "oMei", "basic": BACKEND })).unwrap();
    for kind in ["x1:", "e1:"] {
        let [name] = &names(&world, kind)[..] else { panic!() };
        assert_eq!(world.ttls.borrow()[name], 30 * 86_400 + 120, "{kind}");
    }
}

/// Workers allows 1,000 operations in one request.
#[test]
fn no_store_operation_has_more_than_100_keys() {
    let world = World::new();
    let tokens = world.log_in().unwrap();
    fill(&world, &tokens, 250, 0);
    // The record expired: its token ends the sessions that began before it.
    world.kv.borrow_mut().retain(|name, _| !name.ends_with(&sid(&tokens)));
    later(&world, 15 * DAY);
    let everywhere = json!({ "client_id": "wx1", "token": tokens["refresh_token"], "everywhere": "true" });
    world.post("/oauth/revoke", &everywhere).unwrap();
    assert_eq!(names(&world, "x1:").len(), 251, "250 sessions and the own one");
    world.post("/admin/erase", &json!({ "client_id": "wx1", "openid": "oMei", "basic": BACKEND })).unwrap();
    assert!(names(&world, "s1:").is_empty());
    assert_eq!(world.widest.get(), 100);
}

/// An incomplete page of tombstones says nothing about the ids after it.
#[test]
fn sessions_after_the_last_known_tombstone_are_not_listed() {
    let world = World::new();
    let tokens = world.log_in().unwrap();
    let [session] = &names(&world, "s1:")[..] else { panic!() };
    let user = session.strip_prefix("s1:").unwrap().strip_suffix(&sid(&tokens)).unwrap().to_owned();
    for (ids_before, listed) in [(false, 1), (true, 0)] {
        world.kv.borrow_mut().retain(|name, _| !name.starts_with("x1:"));
        for n in 0..1_001_u128 {
            // Ids of zeros or ones sort before or after the id of the session.
            let id = Sid::new(if ids_before { n } else { u128::MAX - n }.to_be_bytes());
            world.kv.borrow_mut().insert(format!("x1:{user}{}", id.as_str()), vec![1]);
        }
        let shown = get(&world, "/sessions", &tokens).unwrap();
        let count = shown["sessions"].as_array().unwrap().len();
        assert_eq!((count, &shown["more"]), (listed, &true.into()), "{ids_before}");
    }
}

#[test]
fn introspection_of_a_refresh_token_gives_its_real_expiry() {
    let world = World::new();
    let tokens = chain(&world, 1)[1].clone();
    let issued = world.now.get();
    for day in [0, 9, 13] {
        world.now.set(issued + day * DAY);
        let said = introspect(&world, &tokens["refresh_token"]);
        assert_eq!(
            (&said["active"], said["exp"].as_u64()),
            (&true.into(), Some(issued / 1000 + 14 * 86_400)),
            "day {day}"
        );
        assert_eq!(said["auth"], NOW);
    }
    // Rotated until the absolute end is nearer than the idle end.
    let mut newest = tokens;
    for day in [10, 20, 29] {
        world.now.set(NOW + day * DAY);
        newest = world.refresh(&newest["refresh_token"]).unwrap();
    }
    assert_eq!(introspect(&world, &newest["refresh_token"])["exp"], NOW / 1000 + 30 * 86_400);
    world.now.set(NOW + 30 * DAY);
    assert_eq!(introspect(&world, &newest["refresh_token"]), json!({ "active": false }));
}

/// A thief with an access token could otherwise see in the list when to present a stolen refresh token.
#[test]
fn a_rotation_does_not_change_the_lists_of_sessions() {
    let world = World::new();
    let mut phone = world.log_in().unwrap();
    later(&world, MINUTE);
    let mut tablet = world.log_in().unwrap();
    for gap in [2 * MINUTE, 9 * MINUTE, 5 * 60 * MINUTE, DAY, 3 * DAY, 9 * MINUTE, MINUTE] {
        later(&world, gap);
        let thief = log_in_again(&world, &Value::Null);
        let shown = || {
            [get(&world, "/sessions", &thief), get(&world, "/account", &thief)]
                .map(|list| list.unwrap()["sessions"].clone())
        };
        for device in [&mut phone, &mut tablet] {
            let before = shown();
            *device = world.refresh(&device["refresh_token"]).unwrap();
            assert_eq!(shown(), before, "after {gap} ms");
            let refreshed: Vec<u64> =
                before[0].as_array().unwrap().iter().map(|s| s["refreshed_at"].as_u64().unwrap()).collect();
            assert!(refreshed.iter().all(|at| at % 86_400 == 0), "{refreshed:?}");
            assert_eq!(
                get(&world, "/sessions", device).unwrap()["sessions"].as_array().unwrap().len(),
                refreshed.len()
            );
        }
    }
}

#[test]
fn ending_an_unknown_session_writes_no_tombstone() {
    let world = World::new();
    let tokens = world.log_in().unwrap();
    let other = world.log_in().unwrap();
    let bearer = json!({ "bearer": tokens["access_token"] });
    for id in ["AAAAAAAAAAAAAAAAAAAAAA", "nonsense", ""] {
        assert_eq!(code_of(world.send("DELETE", &format!("/sessions/{id}"), &bearer)), "not_found");
    }
    assert!(names(&world, "x1:").is_empty());
    for _ in 0..2 {
        assert!(world.send("DELETE", &format!("/sessions/{}", sid(&other)), &bearer).is_ok(), "and again");
        assert_eq!(names(&world, "x1:").len(), 1);
    }
}

/// Adds sessions and tombstones with other ids. Their bodies do not open: only the names count.
fn fill(world: &World, tokens: &Value, sessions: usize, tombstones: usize) {
    let id = sid(tokens);
    let [session] = &names(world, "s1:")[..] else { panic!() };
    let user = session.strip_prefix("s1:").unwrap().strip_suffix(&id).unwrap().to_owned();
    let mut kv = world.kv.borrow_mut();
    for (kind, count, offset) in [("s1", sessions, 0), ("x1", tombstones, sessions / 2)] {
        for n in 0..count {
            let id = Sid::new(((n + offset) as u128).to_be_bytes());
            kv.insert(format!("{kind}:{user}{}", id.as_str()), vec![1]);
        }
    }
}

#[test]
fn the_reads_of_a_list_are_bounded_for_thousands_of_sessions() {
    for (sessions, tombstones) in [(0, 0), (40, 0), (999, 3_000), (5_000, 5_000)] {
        let world = World::new();
        let tokens = world.log_in().unwrap();
        fill(&world, &tokens, sessions, tombstones);
        for path in ["/sessions", "/account"] {
            world.reads.set(0);
            let list = get(&world, path, &tokens).unwrap();
            assert!(world.reads.get() <= 4 + 2 + 33, "{path}: {} reads", world.reads.get());
            assert_eq!(list["more"], sessions > 31, "{sessions}");
        }
    }
}

#[test]
fn an_erasure_deletes_all_pages_and_can_be_repeated() {
    let world = World::new();
    let tokens = world.log_in().unwrap();
    fill(&world, &tokens, 2_500, 0);
    let erase = || world.send("DELETE", "/account", &json!({ "bearer": tokens["access_token"] }));
    world.puts_fail.set(true);
    assert_eq!(code_of(erase()), "storage_unavailable");
    world.puts_fail.set(false);
    assert!(erase().is_ok());
    assert_eq!((names(&world, "s1:").len(), names(&world, "k1:").len(), names(&world, "e1:").len()), (0, 0, 1));
}

/// The list may not show the record of the caller yet.
#[test]
fn an_erasure_deletes_the_session_of_the_caller_even_if_it_is_not_listed() {
    let world = World::new();
    let tokens = world.log_in().unwrap();
    world.hide_lists.set(true);
    world.send("DELETE", "/account", &json!({ "bearer": tokens["access_token"] })).unwrap();
    assert!(names(&world, "s1:").is_empty() && names(&world, "k1:").is_empty());
}

#[test]
fn e1_is_never_lowered() {
    let world = World::new();
    let admin = json!({ "client_id": "wx1", "openid": "oMei", "basic": BACKEND });
    world.post("/admin/revoke", &admin).unwrap();
    later(&world, 5);
    let tokens = world.log_in().unwrap();
    later(&world, 1);
    world.post("/admin/revoke", &admin).unwrap();
    // At a location whose clock is behind.
    world.now.set(NOW + 2);
    world.post("/admin/revoke", &admin).unwrap();
    assert_eq!(code_of(world.refresh(&tokens["refresh_token"])), "session_ended");
    assert_eq!(code_of(world.log_in()), "login_superseded");
    assert_eq!(names(&world, "s1:").len(), 1, "that of the login before; nothing of the superseded one");
}

#[test]
fn labels_with_hidden_or_reordering_characters_are_refused() {
    use crate::edge::session::label::parse;
    for label in ["iPhone 15", "小美的手机", "👨\u{200d}👩\u{200d}👧 iPad", "می\u{200c}خواهم"] {
        assert_eq!(parse(label).as_deref(), Some(label));
    }
    for hidden in "\0\n\u{ad}\u{61c}\u{200b}\u{200e}\u{200f}\u{2028}\u{202a}\u{202e}\u{2060}\u{2066}\u{2069}\u{feff}\u{fff9}\u{e0041}".chars() {
        assert_eq!(parse(&format!("a{hidden}b")), None, "U+{:04X}", u32::from(hidden));
    }
}
