//! The authorization endpoint: errors sent to redirect_uri, cookies, and repeated use of a code.

use crate::edge::config::Config;
use crate::edge::http::problem;
use crate::edge::http::{Request, Response};
use crate::edge::routes::route;
use crate::edge::testing::fakes::{World, poll_once, variables};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

const BACK: &str = "https://shop.example/after";
const VERIFIER: &str = "0123456789012345678901234567890123456789012";

/// `wx1` is a mini program, `wx2` a website.
fn world() -> World {
    let mut vars = variables();
    let app = |kind: &str| json!({ "secret": "s", "kind": kind, "redirect_uris": [BACK] });
    vars.insert("WECHAT_APPS".into(), json!({ "wx1": app("mini_program") }).to_string());
    vars.insert("WECHAT_APPS_MORE".into(), json!({ "wx2": app("website") }).to_string());
    let mut world = World::new();
    world.config = Config::parse(&vars);
    world
}

fn get(world: &World, path: &str, query: String, cookies: Option<String>) -> Response {
    let request = Request { method: "GET".into(), path: path.into(), query, cookies, ..Request::default() };
    poll_once(route(world, &world.config, &request, "id")).response
}

/// Begins a login; `more` is appended to a valid query.
fn begin(world: &World, client_id: &str, more: &str, cookies: Option<String>) -> Response {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let query = format!(
        "client_id={client_id}&redirect_uri={BACK}&code_challenge={challenge}&code_challenge_method=S256\
        &response_type=code{more}"
    );
    get(world, "/web/login", query, cookies)
}

fn headers(response: &Response, name: &str) -> Vec<String> {
    response.headers.iter().filter(|(known, _)| *known == name).map(|(_, value)| value.clone()).collect()
}

/// The query of the redirect, if it leads to redirect_uri.
fn redirect_query(response: &Response) -> BTreeMap<String, String> {
    let location = headers(response, "location").pop().unwrap_or_default();
    let query = location.strip_prefix(BACK).and_then(|rest| rest.strip_prefix('?')).unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn cookie(response: &Response) -> String {
    headers(response, "set-cookie").first().unwrap().split(';').next().unwrap().to_owned()
}

fn come_back(world: &World, login: &Response, code: &str) -> Response {
    let cookie = cookie(login);
    let state = cookie.split('=').next().unwrap().strip_prefix("__Host-wxauth-").unwrap().to_owned();
    world.wechat_says(
        r#"{"access_token":"a","expires_in":7200,"refresh_token":"r","openid":"oLi","scope":"snsapi_login"}"#,
    );
    get(world, "/web/callback", format!("code={code}&state={state}"), Some(cookie))
}

fn redeem(world: &World, code: &str) -> Result<Value, &'static str> {
    let grant = json!({
        "client_id": "wx2", "grant_type": "authorization_code", "code": code, "redirect_uri": BACK,
        "code_verifier": VERIFIER,
    });
    world.token(&grant).map_err(|error| problem::code(&error))
}

#[test]
fn a_code_makes_one_session_and_is_refused_after_its_first_refresh() {
    let world = world();
    let code = redirect_query(&come_back(&world, &begin(&world, "wx2", "", None), "code")).remove("code").unwrap();
    let sessions = || world.kv.borrow().keys().filter(|name| name.starts_with("s1:")).count();
    let refresh = |tokens: &Value| {
        let token = &tokens["refresh_token"];
        world.token(&json!({ "client_id": "wx2", "grant_type": "refresh_token", "refresh_token": token }))
    };
    let tokens = redeem(&world, &code).unwrap();
    assert!(redeem(&world, &code).is_ok(), "a retry after a lost answer");
    assert_eq!(sessions(), 1);
    let next = refresh(&tokens).unwrap();
    assert_eq!(redeem(&world, &code).err(), Some("code_used"));
    assert!(refresh(&next).is_ok(), "the session stays alive");
    assert_eq!(sessions(), 1);
}

#[test]
fn a_code_stays_valid_if_its_session_cannot_be_stored() {
    let world = world();
    let code = redirect_query(&come_back(&world, &begin(&world, "wx2", "", None), "code")).remove("code").unwrap();
    world.puts_fail.set(true);
    assert_eq!(redeem(&world, &code).err(), Some("storage_unavailable"));
    world.puts_fail.set(false);
    assert!(redeem(&world, &code).is_ok());
}

#[test]
fn an_error_of_the_authorization_endpoint_is_sent_to_redirect_uri() {
    let world = world();
    for (client_id, more, error, code) in [
        ("wx1", "", "unauthorized_client", "client_unauthorized"),
        ("wx2", "&scope=openid", "invalid_scope", "scope_unsupported"),
        ("wx2", "&scope=snsapi_base", "invalid_scope", "scope_unsupported"),
        ("wx2", "&state=a&state=b", "invalid_request", "parameter_malformed"),
        ("wx2", "&scope=snsapi_login&scope=snsapi_login", "invalid_request", "parameter_malformed"),
        ("wx2", "&response_type=token", "invalid_request", "parameter_malformed"),
    ] {
        let answer = begin(&world, client_id, more, None);
        let query = redirect_query(&answer);
        let says =
            (answer.status, query.get("error").map_or("", String::as_str), query.get("error_description").unwrap());
        assert_eq!(says, (302, error, &code.to_owned()), "{more}");
        assert_eq!(query.get("iss").unwrap(), "https://auth.example.com");
    }
    for more in ["&client_id=wx2", "&redirect_uri=https://shop.example/after"] {
        let answer = begin(&world, "wx2", more, None);
        assert_eq!(
            (answer.status / 100, headers(&answer, "location")),
            (4, vec![]),
            "client or redirect_uri are ambiguous"
        );
    }
}

#[test]
fn a_login_that_the_user_refuses_costs_no_call_to_wechat() {
    for code in ["authdeny", ""] {
        let world = world();
        let back = redirect_query(&come_back(&world, &begin(&world, "wx2", "&state=mine", None), code));
        let says = ["error", "error_description", "state"].map(|name| back.get(name).unwrap().as_str());
        assert_eq!(says, ["access_denied", "login_refused", "mine"]);
        assert!(world.urls.borrow().is_empty());
    }
}

#[test]
fn a_browser_keeps_the_cookies_of_at_most_five_logins() {
    let world = world();
    let mut kept: Vec<String> = vec!["theme=dark".into(), "__Host-wxauth-other=x".into()];
    for _ in 0..8 {
        let login = begin(&world, "wx2", "", Some(kept.join("; ")));
        let set = headers(&login, "set-cookie");
        for expired in set.iter().filter(|cookie| cookie.contains("Max-Age=0")) {
            let name = expired.split('=').next().unwrap();
            kept.retain(|cookie| !cookie.starts_with(&format!("{name}=")));
        }
        kept.push(cookie(&login));
        assert!(kept.len() <= 2 + 5, "{kept:?}");
    }
    assert_eq!(kept.len(), 2 + 5);
    assert!(kept.starts_with(&["theme=dark".to_owned(), "__Host-wxauth-other=x".to_owned()]));
}
