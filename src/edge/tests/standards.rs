//! Answers as RFC 6749, 6750, 8693 and 9110 require them.

use crate::edge::error::Error;
use crate::edge::http::endpoint::{Access, Endpoint, ROUTES};
use crate::edge::http::{Request, Response};
use crate::edge::routes::route;
use crate::edge::testing::fakes::{World, poll_once};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JS_CODE: &str = "urn:wechat:params:oauth:token-type:js-code";

/// The response, also of an error.
fn send(world: &World, request: &Request) -> Response {
    poll_once(route(world, &world.config, request, "id")).response
}

fn header(response: &Response, name: &str) -> Option<String> {
    response.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
}

fn json_of(response: &Response) -> Value {
    serde_json::from_str(&response.body).unwrap()
}

fn error_of(response: &Response) -> (u16, String, String) {
    let body = json_of(response);
    (response.status, body["error"].as_str().unwrap().to_owned(), body["code"].as_str().unwrap().to_owned())
}

fn basic(id: &str, secret: &str) -> Option<String> {
    Some(format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))))
}

#[test]
fn every_refusal_of_a_subject_token_is_invalid_request() {
    let grant = |more: Value| {
        let mut body = json!({ "client_id": "wx1", "grant_type": EXCHANGE });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let code = |code: &str| grant(json!({ "subject_token": code, "subject_token_type": JS_CODE }));
    let cases = [
        (code("wrong"), r#"{"errcode":40029,"errmsg":"invalid code"}"#, "code_invalid"),
        (code("used"), r#"{"errcode":40163,"errmsg":"code been used"}"#, "code_used"),
        (code("a&b"), "", "code_malformed"),
        (code(""), "", "code_missing"),
        (grant(json!({ "subject_token": "x" })), "", "parameter_missing"),
        (grant(json!({ "subject_token": "x", "subject_token_type": "urn:x" })), "", "parameter_malformed"),
    ];
    for (body, wechat, code) in cases {
        let world = World::new();
        world.wechat_says(wechat);
        let answer = send(&world, &World::request("POST", "/oauth/token", &body));
        assert_eq!(error_of(&answer), (400, "invalid_request".to_owned(), code.to_owned()));
    }
}

#[test]
fn every_401_names_a_scheme_and_names_an_error_only_if_a_token_was_sent() {
    let world = World::new();
    let challenge = |request: &Request| {
        let answer = send(&world, request);
        (answer.status, header(&answer, "www-authenticate").unwrap_or_default())
    };
    let token = World::request("GET", "/account", &json!({ "bearer": "wrong" }));
    assert_eq!(challenge(&token), (401, r#"Bearer realm="wxauth", error="invalid_token""#.to_owned()));
    let mut with_basic = World::request("GET", "/account", &json!({}));
    with_basic.authorization = basic("a", "b");
    for request in [World::request("GET", "/account", &json!({})), with_basic] {
        assert_eq!(challenge(&request), (401, r#"Bearer realm="wxauth""#.to_owned()));
    }
    for (path, body) in [
        ("/oauth/introspect", json!({ "token": "x" })),
        ("/oauth/introspect", json!({ "token": "x", "basic": "api:wrong" })),
        ("/oauth/token", json!({ "grant_type": "refresh_token", "client_id": "wx0" })),
        ("/oauth/revoke", json!({ "token": "x", "client_id": "wx0" })),
    ] {
        let (status, challenge) = challenge(&World::request("POST", path, &body));
        assert_eq!((status, challenge.starts_with("Basic ")), (401, true), "{path}");
    }
}

/// A browser shows a password dialog for a Basic challenge.
#[test]
fn a_navigation_is_never_answered_with_a_basic_challenge() {
    let request = Request { method: "GET".into(), path: "/web/login".into(), ..Request::default() };
    let answer = send(&World::new(), &request);
    assert_eq!(error_of(&answer), (401, "invalid_client".to_owned(), "client_unknown".to_owned()));
    assert_eq!(header(&answer, "www-authenticate").as_deref(), Some(r#"Bearer realm="wxauth""#));
}

#[test]
fn basic_with_an_empty_secret_names_a_client() {
    let world = World::new();
    let tokens = world.log_in().unwrap();
    let ask = |path: &str, authorization: Option<String>, client_id: &str| {
        let grant = json!({
            "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "token": "x", "client_id": client_id,
        });
        send(&world, &Request { authorization, ..World::request("POST", path, &grant) })
    };
    for path in ["/oauth/token", "/oauth/revoke"] {
        for client_id in ["", "wx1"] {
            assert_eq!(ask(path, basic("wx1", ""), client_id).status, 200, "{path} {client_id}");
        }
        for (authorization, client_id) in [
            (basic("wx1", "secret"), ""),
            (basic("wx1", "secret"), "wx1"),
            (basic("wx2", ""), "wx1"),
            (basic("wx0", ""), ""),
            (basic("", ""), ""),
        ] {
            let answer = ask(path, authorization, client_id);
            assert_eq!(error_of(&answer), (401, "invalid_client".to_owned(), "client_unknown".to_owned()), "{path}");
            assert!(header(&answer, "www-authenticate").is_some_and(|scheme| scheme.starts_with("Basic ")));
        }
    }
}

#[test]
fn a_token_reply_forbids_caching_and_names_the_empty_scope_if_one_was_requested() {
    let world = World::new();
    let tokens = world.log_in().unwrap();
    let refresh = |more: Value| {
        let mut body =
            json!({ "client_id": "wx1", "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"] });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        send(&world, &World::request("POST", "/oauth/token", &body))
    };
    let answer = refresh(json!({}));
    assert_eq!(header(&answer, "pragma").as_deref(), Some("no-cache"));
    assert_eq!(header(&answer, "cache-control").as_deref(), Some("no-store"));
    assert_eq!(json_of(&answer).get("scope"), None);
    assert_eq!(json_of(&refresh(json!({ "scope": "openid" })))["scope"], "");
    world.wechat_says(r#"{"openid":"oMei","session_key":"tiihtNczf5v6AKRyjwEUhQ=="}"#);
    let exchanged = world
        .token(&json!({
            "grant_type": EXCHANGE, "subject_token": "code", "subject_token_type": JS_CODE, "scope": "openid",
        }))
        .unwrap();
    assert_eq!(exchanged["scope"], "");
}

/// The platform removes the body; status and headers are those of GET.
#[test]
fn head_is_answered_like_get_and_listed_in_allow() {
    let world = World::new();
    let tokens = world.log_in().unwrap();
    let body = json!({ "bearer": tokens["access_token"] });
    let mut seen = 0;
    for (path, methods) in ROUTES {
        let by = |method: &str| send(&world, &World::request(method, &path.replace("{appid}", "wx1"), &body));
        let (Some((_, endpoint)), head) = (methods.iter().find(|(name, _)| *name == "GET"), by("HEAD")) else {
            let refused = by("HEAD");
            assert_eq!(refused.status, 405, "{path}");
            assert!(!header(&refused, "allow").unwrap().contains("HEAD"));
            continue;
        };
        seen += 1;
        assert!(
            header(&by("PATCH"), "allow").unwrap().contains("GET")
                && header(&by("PATCH"), "allow").unwrap().contains("HEAD")
        );
        // HEAD is safe (RFC 9110 §9.2.1), and the callback would use up WeChat's code.
        if *endpoint == Endpoint::WebCallback {
            assert_eq!(head.status, 204);
            continue;
        }
        let get = by("GET");
        assert_eq!(head.status, get.status, "{path}");
        if endpoint.access() == Access::Public {
            assert_eq!((head.headers, head.body), (get.headers, get.body), "{path}");
        }
    }
    assert!(seen >= 9);
}

#[test]
fn openid_configuration_adds_only_subject_types_and_id_token_algorithms() {
    let world = World::new();
    let at = |path: &str| json_of(&send(&world, &World::request("GET", path, &json!({}))));
    let mut openid = at("/.well-known/openid-configuration");
    let fields = openid.as_object_mut().unwrap();
    assert_eq!(fields.remove("subject_types_supported"), Some(json!(["pairwise"])));
    assert_eq!(fields.remove("id_token_signing_alg_values_supported"), Some(json!([])));
    assert_eq!(openid, at("/.well-known/oauth-authorization-server"));
}

#[test]
fn a_wrong_user_info_signature_is_400() {
    let world = World::new();
    let tokens = world.log_in().unwrap();
    let body = json!({ "bearer": tokens["access_token"], "raw_data": "{}", "signature": "x" });
    let answer = send(&world, &World::request("POST", "/wechat/user-info/verify", &body));
    assert_eq!(error_of(&answer), (400, "invalid_request".to_owned(), "signature_mismatch".to_owned()));
}

#[test]
fn a_401_of_credentials_carries_a_challenge() {
    use crate::edge::error::Caller as C;
    use crate::edge::http::problem::{self, Sent};
    for error in [C::SessionInvalid, C::BackendUnknown, C::ClientUnknown] {
        let answer = problem::response(&Error::Caller(error.clone()), "id", Sent::Otherwise);
        assert_eq!((answer.status, header(&answer, "www-authenticate").is_some()), (401, true), "{error:?}");
    }
}
