//! The CPU time of a request does not grow with the number of apps, and that of the configuration grows linearly.
//!
//! Compares CPU times of this thread, which other programs do not change; the shortest of several runs counts. With a
//! linear search the ratio of requests is over 150; with a quadratic configuration its ratio is over 1,000.

use crate::edge::config::Config;
use crate::edge::testing::fakes::{World, variables};
use cpu_time::ThreadTime;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

fn configured(apps: usize) -> BTreeMap<String, String> {
    let app = |n| {
        let settings = json!({
            "secret": "s", "backends": { "api": "secret", format!("own{n}"): "secret" },
            "allowed_origins": [format!("https://{n}.example")],
        });
        (format!("wx{n}"), settings)
    };
    let apps: Map<String, Value> = (1..=apps).map(app).collect();
    let mut vars = variables();
    vars.remove("WECHAT_APPS_MORE");
    vars.insert("WECHAT_APPS".into(), Value::Object(apps).to_string());
    vars
}

fn shortest(runs: u32, mut work: impl FnMut()) -> Duration {
    let once = |_| {
        let began = ThreadTime::now();
        work();
        began.elapsed()
    };
    (0..runs).map(once).min().unwrap()
}

struct Costs {
    configure: Duration,
    requests: Vec<(&'static str, Duration)>,
}

fn costs(apps: usize) -> Costs {
    let vars = configured(apps);
    let mut world = World::new();
    let configure = shortest(3, || world.config = Config::parse(&vars));
    let tokens = world.log_in().unwrap();
    let ask = |token: &str, basic: &str| json!({ "token": tokens[token], "basic": basic });
    let refresh =
        json!({ "grant_type": "refresh_token", "client_id": "wx1", "refresh_token": tokens["refresh_token"] });
    let requests = [
        ("introspect an access token", "POST", "/oauth/introspect", ask("access_token", "api:secret"), true),
        ("introspect a refresh token", "POST", "/oauth/introspect", ask("refresh_token", "api:secret"), true),
        ("introspect with a wrong secret", "POST", "/oauth/introspect", ask("access_token", "api:wrong"), false),
        ("refresh", "POST", "/oauth/token", refresh, true),
        ("preflight", "OPTIONS", "/oauth/token", json!({ "origin": "https://x.example" }), true),
    ];
    let cost = |(name, method, path, body, succeeds): (_, _, _, Value, bool)| {
        (name, shortest(30, || assert_eq!(world.send(method, path, &body).is_ok(), succeeds, "{name}")))
    };
    Costs { configure, requests: requests.map(cost).into() }
}

#[test]
fn no_request_costs_more_with_ten_thousand_apps() {
    let [few, many] = [1, 10_000].map(costs);
    for ((name, few), (_, many)) in few.requests.into_iter().zip(many.requests) {
        assert!(many < few * 30, "{name}: {few:?} with 1 app, {many:?} with 10,000");
    }
}

#[test]
fn configuring_apps_grows_linearly() {
    let [few, many] = [1_000, 32_000].map(|apps| {
        let vars = configured(apps);
        shortest(3, || assert!(Config::parse(&vars).is_ok()))
    });
    assert!(many < few * 32 * 12, "{few:?} for 1,000 apps, {many:?} for 32,000");
}

/// `cargo test --release --features edge --lib scale_table -- --ignored --nocapture`
#[test]
#[ignore = "prints a table"]
fn scale_table() {
    for apps in [1, 100, 10_000] {
        let Costs { configure, requests } = costs(apps);
        println!("{apps} apps: configure {configure:?}, {requests:?}");
    }
}
