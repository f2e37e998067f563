//! CORS: which origins may call, and which may read the answer.

use crate::edge::error::Error;
use crate::edge::http::{Request, Response};
use crate::edge::routes::route;
use crate::edge::testing::fakes::{World, poll_once};
use serde_json::json;

/// Listed by `wx1`.
const APPS: &str = "https://app.example.com";
/// The edge's own.
const ISSUER: &str = "https://auth.example.com";
const FOREIGN: &str = "https://evil.example";

fn header(response: &Response, name: &str) -> Option<String> {
    response.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
}

fn send(world: &World, method: &str, path: &str, origin: Option<&str>) -> (Response, Option<Error>) {
    let body = json!({ "client_id": "wx1", "token": "x", "origin": origin });
    let answer = poll_once(route(world, &world.config, &World::request(method, path, &body), "id"));
    (answer.response, answer.error)
}

#[test]
fn a_preflight_allows_the_origins_of_all_apps_and_the_issuer() {
    let world = World::new();
    for (path, origin, allowed, methods) in [
        ("/oauth/token", Some(APPS), Some(APPS), "POST"),
        ("/oauth/token", Some(ISSUER), Some(ISSUER), "POST"),
        ("/oauth/token", Some(FOREIGN), None, ""),
        ("/oauth/token", None, None, ""),
        ("/account", Some(APPS), Some(APPS), "GET, DELETE"),
        ("/account", Some(FOREIGN), None, ""),
        ("/healthz", Some(FOREIGN), Some("*"), "GET"),
        ("/oauth/introspect", Some(APPS), None, ""),
        ("/admin/revoke", Some(APPS), None, ""),
        ("/wechat/events/wx1", Some(APPS), None, ""),
        ("/web/login", Some(APPS), None, ""),
    ] {
        let (response, error) = send(&world, "OPTIONS", path, origin);
        assert_eq!((response.status, error), (204, None), "{path}");
        let name = |name: &str| header(&response, name);
        assert_eq!(name("access-control-allow-origin").as_deref(), allowed, "{path} {origin:?}");
        let asked =
            ["access-control-allow-methods", "access-control-allow-headers", "access-control-max-age"].map(name);
        match allowed {
            Some(_) => assert_eq!(
                asked.map(Option::unwrap),
                [methods, "authorization, content-type", "7200"],
                "{path} {origin:?}"
            ),
            None => assert_eq!(asked, [None, None, None], "{path} {origin:?}"),
        }
    }
}

#[test]
fn a_request_from_an_origin_of_another_app_is_refused() {
    let world = World::new();
    for (origin, status) in [(None, 200), (Some(APPS), 200), (Some(ISSUER), 200), (Some(FOREIGN), 403)] {
        let (response, error) = send(&world, "POST", "/oauth/revoke", origin);
        assert_eq!((response.status, error.is_some()), (status, status == 403), "{origin:?}");
        let readable = header(&response, "access-control-allow-origin");
        assert_eq!(readable.as_deref(), origin.filter(|_| status == 200), "{origin:?}");
    }
    // An origin of another app passes the preflight and is refused by the request, without CORS headers.
    let body = json!({ "client_id": "wx2", "token": "x", "origin": APPS });
    let answer = poll_once(route(&world, &world.config, &World::request("POST", "/oauth/revoke", &body), "id"));
    assert_eq!(answer.response.status, 403);
    assert_eq!(header(&answer.response, "access-control-allow-origin"), None);
}

#[test]
fn an_error_carries_the_cors_headers_of_its_request() {
    let world = World::new();
    let body = json!({ "client_id": "wx1", "grant_type": "none", "origin": APPS });
    let answer = poll_once(route(&world, &world.config, &World::request("POST", "/oauth/token", &body), "id"));
    assert_eq!(answer.response.status, 400);
    let names = ["access-control-allow-origin", "access-control-expose-headers", "vary"];
    let headers = names.map(|name| header(&answer.response, name).unwrap_or_default());
    assert_eq!(headers, [APPS, "Date, Retry-After", "Origin"]);
}

#[test]
fn a_client_endpoint_varies_by_origin_even_without_one() {
    let (response, _) = send(&World::new(), "POST", "/oauth/revoke", None);
    assert_eq!(header(&response, "vary").as_deref(), Some("Origin"));
    assert_eq!(header(&response, "access-control-allow-origin"), None);
}

#[test]
fn public_endpoints_are_readable_from_any_origin() {
    for origin in [None, Some(FOREIGN)] {
        for path in ["/healthz", "/.well-known/jwks.json", "/.well-known/oauth-authorization-server", "/openapi.json"] {
            let (response, _) = send(&World::new(), "GET", path, origin);
            assert_eq!(header(&response, "access-control-allow-origin").as_deref(), Some("*"), "{path}");
            assert_eq!(header(&response, "vary"), None);
        }
    }
}

/// A preflight reads and writes nothing.
#[test]
fn options_reaches_no_flow() {
    let world = World::new();
    let request = Request { method: "OPTIONS".into(), path: "/account".into(), ..Request::default() };
    let answer = poll_once(route(&world, &world.config, &request, "id"));
    assert_eq!((answer.response.status, answer.error), (204, None));
    assert_eq!((world.reads.get(), world.writes.get()), (0, 0));
}
