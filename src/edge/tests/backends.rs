//! Authentication of backends: ids, secrets, apps, and the lock after wrong secrets.

use crate::edge::config::Config;
use crate::edge::http::problem;
use crate::edge::isolate::{Guesser, Guesses};
use crate::edge::testing::fakes::{NOW, World, variables};
use serde_json::{Value, json};

const SECRET: &str = "a secret: with +, %, & and =";

fn world() -> World {
    let mut world = World::new();
    let app = |api: &str| json!({ "secret": "s", "backends": { "api": api, "both": "both" } });
    let mut vars = variables();
    vars.insert("WECHAT_APPS".into(), json!({ "wx1": app(SECRET), "wx3": app("another") }).to_string());
    world.config = Config::parse(&vars);
    world
}

/// The apps whose users this backend may administer; `None` if no backend has this id and secret.
fn apps_of(world: &World, id: &str, secret: &str) -> Option<Vec<&'static str>> {
    let revoke = |app: &str| {
        let body = json!({ "basic": format!("{id}:{secret}"), "client_id": app, "openid": "oMei" });
        world.post("/admin/revoke", &body).map_or_else(|error| problem::code(&error), |_| "done")
    };
    let answers = ["wx1", "wx2", "wx3"].map(|app| (app, revoke(app)));
    if answers.iter().all(|(_, answer)| *answer == "backend_unknown") {
        return None;
    }
    Some(answers.into_iter().filter(|(_, answer)| *answer == "done").map(|(app, _)| app).collect())
}

#[test]
fn a_backend_is_authenticated_by_its_id_and_secret_raw_or_form_encoded() {
    let encoded: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    for (id, secret, apps) in [
        ("api", SECRET.to_owned(), Some(vec!["wx1"])),
        ("api", encoded.clone(), Some(vec!["wx1"])),
        ("%61pi", encoded.clone(), Some(vec!["wx1"])),
        ("api", "another".to_owned(), Some(vec!["wx3"])),
        ("both", "both".to_owned(), Some(vec!["wx1", "wx3"])),
        ("api", "both".to_owned(), None),
        ("api", String::new(), None),
        ("", SECRET.to_owned(), None),
        ("api", format!("{encoded}=x"), None),
        ("api", format!("{encoded}&x=y"), None),
        ("api&x=y", encoded.clone(), None),
        ("both", "both=x".to_owned(), None),
        ("both", "both&x=y".to_owned(), None),
        ("both", "&both".to_owned(), None),
    ] {
        assert_eq!(apps_of(&world(), id, &secret), apps, "{id}:{secret}");
    }
}

#[test]
fn introspection_of_a_token_of_another_app_is_inactive() {
    let world = world();
    let tokens = world.log_in().unwrap();
    for (basic, active) in [(format!("api:{SECRET}"), true), ("both:both".into(), true), ("api:another".into(), false)]
    {
        for token in ["access_token", "refresh_token"] {
            let reply = world.post("/oauth/introspect", &json!({ "basic": basic, "token": tokens[token] })).unwrap();
            let reply: Value = serde_json::from_str(&reply.body).unwrap();
            assert_eq!(reply["active"], active, "{basic} {token}");
        }
    }
}

/// The code of an introspection.
fn answer(world: &World, address: Option<&str>, basic: &str) -> &'static str {
    let body = json!({ "basic": basic, "token": "x", "address": address });
    world.post("/oauth/introspect", &body).map_or_else(|error| problem::code(&error), |_| "known")
}

#[test]
fn ten_wrong_secrets_lock_one_pair_of_address_and_id_for_a_minute() {
    let world = world();
    let guess = |basic: &str| answer(&world, Some("192.0.2.1"), basic);
    for basic in ["both:x", "both:", "%62oth:x", "b%6Fth:x", "b%6fth:x", "both:y", "both:z", "both:1", "both:2"] {
        assert_eq!(guess(basic), "backend_unknown");
        assert_eq!(guess("both:both"), "known", "fewer than ten wrong secrets");
    }
    assert_eq!(guess("both:3"), "backend_unknown");
    for basic in ["both:both", "both:wrong", "%62oth:both"] {
        assert_eq!(guess(basic), "rate_limited", "{basic}");
    }
    assert_eq!(guess("api:another"), "known", "another id");
    assert_eq!(answer(&world, Some("192.0.2.2"), "both:both"), "known", "another address");
    world.now.set(NOW + 59_999);
    assert_eq!(guess("both:both"), "rate_limited");
    world.now.set(NOW + 60_000);
    assert_eq!(guess("both:both"), "known");
    for _ in 0..9 {
        assert_eq!(guess("both:x"), "backend_unknown");
        assert_eq!(guess("both:both"), "known", "the count starts again");
    }
}

#[test]
fn wrong_secrets_without_an_address_lock_no_pair() {
    let world = world();
    for _ in 0..20 {
        assert_eq!(answer(&world, None, "both:x"), "backend_unknown");
    }
    assert_eq!(answer(&world, None, "both:both"), "known");
}

#[test]
fn the_table_of_wrong_secrets_is_bounded_and_drops_the_oldest_first() {
    let mut guesses = Guesses::default();
    let guesser = |n: u64| Guesser::new("192.0.2.1", &n.to_string());
    (0..10).for_each(|_| guesses.add(guesser(0), NOW));
    (1..=1023).for_each(|n| guesses.add(guesser(n), NOW + n));
    assert!(guesses.is_locked(guesser(0), NOW + 1023), "1,024 pairs fit");
    guesses.add(guesser(1024), NOW + 1024);
    assert!(!guesses.is_locked(guesser(0), NOW + 1024), "the next pair replaces the oldest");
    (0..3_000).for_each(|n| guesses.add(guesser(n), NOW + n));
    assert_eq!(guesses.len(), 1024);
}
