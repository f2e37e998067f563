//! Who counts as a backend, and of which apps.

use crate::edge::config::Config;
use crate::edge::fakes::{World, variables};
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

/// The apps whose users this backend may administer; `None` where it is no backend.
fn apps_of(world: &World, id: &str, secret: &str) -> Option<Vec<&'static str>> {
    let revoke = |app: &str| {
        let body = json!({ "basic": format!("{id}:{secret}"), "client_id": app, "openid": "oMei" });
        world.post("/admin/revoke", &body).map_or_else(|error| error.code(), |_| "done")
    };
    let answers = ["wx1", "wx2", "wx3"].map(|app| (app, revoke(app)));
    if answers.iter().all(|(_, answer)| *answer == "backend_unknown") {
        return None;
    }
    Some(answers.into_iter().filter(|(_, answer)| *answer == "done").map(|(app, _)| app).collect())
}

#[test]
fn a_backend_is_its_id_with_its_exact_secret_raw_or_form_encoded() {
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
fn a_backend_sees_no_token_of_another_app() {
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
