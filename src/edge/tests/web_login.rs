//! Web logins, natively: the lifetimes, which no test in workerd can wait for.

use crate::edge::config::Config;
use crate::edge::error::Error;
use crate::edge::http::{Request, Response};
use crate::edge::routes::route;
use crate::edge::testing::fakes::{NOW, World, at_once, variables};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const BACK: &str = "https://shop.example/after";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn world() -> World {
    let mut variables = variables();
    let app = json!({ "wx2": { "secret": "s", "kind": "website", "redirect_uris": [BACK] } });
    variables.insert("WECHAT_APPS_MORE".into(), app.to_string());
    let mut world = World::new();
    world.config = Config::parse(&variables);
    world
}

fn get(world: &World, path: &str, query: &str, cookies: Option<String>) -> Result<Response, Error> {
    let request =
        Request { method: "GET".into(), path: path.into(), query: query.into(), cookies, ..Request::default() };
    let answer = at_once(route(world, &world.config, &request, "id"));
    match answer.error {
        Some(error) => Err(error),
        None => Ok(answer.response),
    }
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
}

fn parameter(address: &str, name: &str) -> Option<String> {
    let (_, query) = address.split_once('?')?;
    form_urlencoded::parse(query.as_bytes()).find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// The browser is at WeChat: the state that WeChat got, and the cookie that remembers the login.
fn begin(world: &World) -> (String, String) {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let query = format!(
        "response_type=code&client_id=wx2&redirect_uri={BACK}&state=s&code_challenge={challenge}&code_challenge_method=S256"
    );
    let response = get(world, "/web/login", &query, None).unwrap();
    let state = parameter(header(&response, "location").split('#').next().unwrap(), "state").unwrap();
    (state, header(&response, "set-cookie").split(';').next().unwrap().to_owned())
}

/// The browser comes back from WeChat with a code.
fn come_back(world: &World, (state, cookie): &(String, String)) -> Result<Response, Error> {
    world.wechat_says(
        r#"{"openid":"oMei","access_token":"t","refresh_token":"r","expires_in":7200,"scope":"snsapi_login"}"#,
    );
    get(world, "/web/callback", &format!("code=wechats&state={state}"), Some(cookie.clone()))
}

fn redeem(world: &World, code: &str) -> Result<Value, Error> {
    world.token(&json!({
        "client_id": "wx2", "grant_type": "authorization_code", "code": code, "redirect_uri": BACK,
        "code_verifier": VERIFIER,
    }))
}

fn code_of<T>(result: Result<T, Error>) -> &'static str {
    result.err().map_or("success", |error| error.code())
}

#[test]
fn a_login_under_way_is_remembered_for_ten_minutes() {
    for (later, expected) in [(600_000, "success"), (600_001, "login_unknown")] {
        let world = world();
        let login = begin(&world);
        world.now.set(NOW + later);
        assert_eq!(code_of(come_back(&world, &login)), expected, "{later} ms later");
    }
}

#[test]
fn an_authorization_code_is_good_for_a_minute() {
    for (later, expected) in [(60_000, "success"), (60_001, "code_invalid")] {
        let world = world();
        let login = begin(&world);
        let location = header(&come_back(&world, &login).unwrap(), "location").to_owned();
        let code = parameter(&location, "code").unwrap();
        world.now.set(NOW + later);
        assert_eq!(code_of(redeem(&world, &code)), expected, "{later} ms later");
    }
}

#[test]
fn the_cookie_of_one_login_does_not_open_under_the_name_of_another() {
    let world = world();
    let (first, second) = (begin(&world), begin(&world));
    let (name, _) = first.1.split_once('=').unwrap();
    let (_, value) = second.1.split_once('=').unwrap();
    assert_eq!(code_of(come_back(&world, &(first.0.clone(), format!("{name}={value}")))), "login_unknown");
    assert_eq!(code_of(come_back(&world, &first)), "success");
}
