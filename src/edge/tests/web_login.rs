//! Web logins: lifetimes, scopes, errors and the binding of a code.

use crate::edge::config::Config;
use crate::edge::error::Error;
use crate::edge::http::problem;
use crate::edge::http::{Request, Response};
use crate::edge::routes::route;
use crate::edge::testing::fakes::{NOW, World, code_of, poll_once, variables};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const BACK: &str = "https://shop.example/after";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn world() -> World {
    world_of("website")
}

/// `wx2` has this kind; `wx3` is another website.
fn world_of(kind: &str) -> World {
    let mut variables = variables();
    let app = json!({
        "wx2": { "secret": "s", "kind": kind, "redirect_uris": [BACK, "https://shop.example/other"] },
        "wx3": { "secret": "s", "kind": "website", "redirect_uris": [BACK] },
    });
    variables.insert("WECHAT_APPS_MORE".into(), app.to_string());
    let mut world = World::new();
    world.config = Config::parse(&variables);
    world
}

fn get(world: &World, path: &str, query: &str, cookies: Option<String>) -> Result<Response, Error> {
    answer(world, path, query, cookies).map_err(|(error, _)| error)
}

/// As [`get`], with the response of an error, which may redirect to the client.
fn answer(world: &World, path: &str, query: &str, cookies: Option<String>) -> Result<Response, (Error, Response)> {
    let request =
        Request { method: "GET".into(), path: path.into(), query: query.into(), cookies, ..Request::default() };
    let answer = poll_once(route(world, &world.config, &request, "id"));
    match answer.error {
        Some(error) => Err((error, answer.response)),
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

/// A valid query of `/web/login`.
fn query() -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    format!(
        "response_type=code&client_id=wx2&redirect_uri={BACK}&state=s&code_challenge={challenge}&code_challenge_method=S256"
    )
}

/// Begins a login. Returns WeChat's `state` and the cookie.
fn begin(world: &World) -> (String, String) {
    let response = get(world, "/web/login", &query(), None).unwrap();
    let state = parameter(header(&response, "location").split('#').next().unwrap(), "state").unwrap();
    (state, header(&response, "set-cookie").split(';').next().unwrap().to_owned())
}

/// The callback with a code of WeChat.
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

#[test]
fn a_login_cookie_expires_after_ten_minutes() {
    for (later, expected) in [(600_000, "success"), (600_001, "login_unknown")] {
        let world = world();
        let login = begin(&world);
        world.now.set(NOW + later);
        assert_eq!(code_of(come_back(&world, &login)), expected, "{later} ms later");
    }
}

#[test]
fn an_authorization_code_expires_after_a_minute() {
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
fn the_cookie_of_one_login_is_refused_under_the_name_of_another() {
    let world = world();
    let (first, second) = (begin(&world), begin(&world));
    let (name, _) = first.1.split_once('=').unwrap();
    let (_, value) = second.1.split_once('=').unwrap();
    assert_eq!(code_of(come_back(&world, &(first.0.clone(), format!("{name}={value}")))), "login_unknown");
    assert_eq!(code_of(come_back(&world, &first)), "success");
}

#[test]
fn the_scope_requested_from_wechat_depends_on_the_kind_of_app() {
    for (kind, scope, asked, page) in [
        ("website", "", "snsapi_login", "/connect/qrconnect?"),
        ("website", "snsapi_login", "snsapi_login", "/connect/qrconnect?"),
        ("official_account", "", "snsapi_base", "/connect/oauth2/authorize?"),
        ("official_account", "snsapi_base", "snsapi_base", "/connect/oauth2/authorize?"),
        ("official_account", "snsapi_userinfo", "snsapi_userinfo", "/connect/oauth2/authorize?"),
        ("official_account", "snsapi_login", "", ""),
        ("website", "snsapi_userinfo", "", ""),
    ] {
        let world = world_of(kind);
        let response = get(&world, "/web/login", &format!("{}&scope={scope}", query()), None);
        if asked.is_empty() {
            assert_eq!(code_of(response), "scope_unsupported", "{kind} {scope}");
            continue;
        }
        let location = header(&response.unwrap(), "location").to_owned();
        assert!(location.starts_with("https://open.weixin.qq.com") && location.contains(page), "{location}");
        let location = location.strip_suffix("#wechat_redirect").unwrap();
        let said = ["scope", "appid", "redirect_uri", "response_type"].map(|name| parameter(location, name).unwrap());
        assert_eq!(said, [asked, "wx2", "https://auth.example.com/web/callback", "code"]);
    }
}

#[test]
fn a_state_has_at_most_512_bytes() {
    for (length, code) in [(512, "success"), (513, "parameter_malformed")] {
        let query = query().replace("state=s", &format!("state={}", "s".repeat(length)));
        assert_eq!(code_of(get(&world(), "/web/login", &query, None)), code, "{length}");
    }
}

#[test]
fn errors_sent_to_redirect_uri_use_the_words_of_rfc_6749() {
    let error = |response: Result<Response, (Error, Response)>| {
        let (error, response) = response.unwrap_err();
        (problem::code(&error), parameter(header(&response, "location"), "error").unwrap())
    };
    for (from, to, code, word) in [
        ("response_type=code", "response_type=token", "parameter_malformed", "unsupported_response_type"),
        ("S256", "plain", "parameter_malformed", "invalid_request"),
        ("code_challenge=", "code_challenge=A", "parameter_malformed", "invalid_request"),
    ] {
        let answer = answer(&world(), "/web/login", &query().replace(from, to), None);
        assert_eq!(error(answer), (code, word.to_owned()), "{to}");
    }
    for (says, code, word) in [
        (r#"{"errcode":-1,"errmsg":"system error"}"#, "upstream_busy", "temporarily_unavailable"),
        (r#"{"errcode":40029,"errmsg":"invalid code"}"#, "code_invalid", "server_error"),
        (r#"{"openid":"oMei","scope":"snsapi_base","is_snapshotuser":1}"#, "snapshot_user", "access_denied"),
    ] {
        let world = world();
        let (state, cookie) = begin(&world);
        world.wechat_says(says);
        let answer = answer(&world, "/web/callback", &format!("code=wechats&state={state}"), Some(cookie));
        assert_eq!(error(answer), (code, word.to_owned()), "{says}");
    }
}

/// By the same limit as logins of a mini program.
#[test]
fn a_web_login_is_limited_by_address() {
    let world = world();
    let (state, cookie) = begin(&world);
    world.limited.borrow_mut().push("Address:wx2:192.0.2.1".to_owned());
    let request = Request {
        method: "GET".into(),
        path: "/web/callback".into(),
        query: format!("code=wechats&state={state}"),
        cookies: Some(cookie),
        address: Some("192.0.2.1".into()),
        ..Request::default()
    };
    let answer = poll_once(route(&world, &world.config, &request, "id"));
    assert_eq!(answer.error.map(|error| problem::code(&error)), Some("rate_limited"));
    assert_eq!(parameter(header(&answer.response, "location"), "error").as_deref(), Some("temporarily_unavailable"));
    assert_eq!(world.urls.borrow().len(), 0);
}

/// RFC 7636 §4.6, and RFC 6749 §4.1.3 for the address.
#[test]
fn a_code_is_bound_to_its_client_redirect_uri_and_verifier() {
    let other = "https://shop.example/other";
    for (name, value, code) in [
        ("code_verifier", VERIFIER, "success"),
        ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl", "code_invalid"),
        ("code_verifier", &VERIFIER[..42], "code_invalid"),
        ("redirect_uri", other, "code_invalid"),
        ("client_id", "wx3", "code_invalid"),
        ("code", "AAAA", "code_invalid"),
    ] {
        let world = world();
        let login = begin(&world);
        let location = header(&come_back(&world, &login).unwrap(), "location").to_owned();
        let mut grant = json!({
            "client_id": "wx2", "grant_type": "authorization_code", "code": parameter(&location, "code"),
            "redirect_uri": BACK, "code_verifier": VERIFIER,
        });
        grant[name] = value.into();
        assert_eq!(code_of(world.token(&grant)), code, "{name} {value}");
    }
}

/// RFC 7636 §4.1, even if the challenge fits.
#[test]
fn a_verifier_has_43_to_128_characters() {
    for (length, code) in [(42, "code_invalid"), (43, "success"), (128, "success"), (129, "code_invalid")] {
        let world = world();
        let verifier = "v".repeat(length);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        let old = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let response = get(&world, "/web/login", &query().replace(&old, &challenge), None).unwrap();
        let state = parameter(header(&response, "location").split('#').next().unwrap(), "state").unwrap();
        let cookie = header(&response, "set-cookie").split(';').next().unwrap().to_owned();
        let location = header(&come_back(&world, &(state, cookie)).unwrap(), "location").to_owned();
        let grant = json!({
            "client_id": "wx2", "grant_type": "authorization_code", "code": parameter(&location, "code"),
            "redirect_uri": BACK, "code_verifier": verifier,
        });
        assert_eq!(code_of(world.token(&grant)), code, "{length}");
    }
}

/// So a replay makes no second session.
#[test]
fn one_code_always_makes_the_same_session_id() {
    use crate::edge::session::authorization_code::AuthorizationCode;
    let code = |jti: &str| AuthorizationCode {
        appid: "wx2".into(),
        openid: "oMei".into(),
        unionid: None,
        redirect_uri: BACK.into(),
        code_challenge: String::new(),
        jti: jti.into(),
        iat: NOW,
    };
    assert_eq!(code("a").sid(), code("a").sid());
    assert_ne!(code("a").sid(), code("b").sid());
}

#[test]
fn a_callback_clears_the_cookie_of_its_login() {
    for (code, outcome) in [("wechats", "code"), ("", "error")] {
        let world = world();
        let (state, cookie) = begin(&world);
        world.wechat_says(r#"{"openid":"oMei","access_token":"t","expires_in":7200,"scope":"snsapi_login"}"#);
        let query = format!("code={code}&state={state}");
        let response =
            answer(&world, "/web/callback", &query, Some(cookie.clone())).unwrap_or_else(|(_, response)| response);
        assert!(parameter(header(&response, "location"), outcome).is_some(), "{outcome}");
        let (name, _) = cookie.split_once('=').unwrap();
        let cleared = header(&response, "set-cookie");
        assert!(cleared.starts_with(&format!("{name}=;")) && cleared.contains("Max-Age=0"), "{cleared}");
    }
}

#[test]
fn only_cookies_named_by_a_state_count_as_pending_logins() {
    let state = "0123456789abcdef0123456789abcde";
    for (name, cleared) in
        [(format!("{state}f"), 1), (state.to_owned(), 0), (format!("{state}g"), 0), (format!("{state}ff"), 0)]
    {
        let cookies = vec![format!("__Host-wxauth-{name}=x"); 5].join("; ");
        let response = get(&world(), "/web/login", &query(), Some(cookies)).unwrap();
        let set = response.headers.iter().filter(|(header, _)| *header == "set-cookie").count();
        assert_eq!(set, 1 + cleared, "{name}");
    }
}
