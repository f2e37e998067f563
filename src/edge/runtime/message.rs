//! Requests in, answers out. Thin externs: `worker`'s own types parse the address, build a `cf` object
//! and convert each header, for what a third of a small request takes; and each string that crosses is
//! decoded, for a microsecond: those of every request are kept.

use super::body::{self, Headers, Unread};
use super::deadline::Deadline;
use crate::edge::http::{Body, MAX_BODY, Request, Response};
use js_sys::{Date, JSON, JsString};
use serde::Serialize;
use std::thread::LocalKey;
use wasm_bindgen::prelude::*;
use worker::worker_sys::web_sys;

#[wasm_bindgen]
extern "C" {
    type Incoming;
    #[wasm_bindgen(method, getter)]
    fn method(this: &Incoming) -> String;
    #[wasm_bindgen(method, getter)]
    fn url(this: &Incoming) -> String;
    #[wasm_bindgen(method, getter)]
    fn headers(this: &Incoming) -> Headers;

    #[wasm_bindgen(js_name = Response)]
    type Outgoing;
    #[wasm_bindgen(constructor, catch, js_class = "Response")]
    fn new(body: Option<&str>, init: &JsValue) -> Result<Outgoing, JsValue>;
}

thread_local! {
    static AUTHORIZATION: JsString = "authorization".into();
    static CONNECTING_IP: JsString = "cf-connecting-ip".into();
    static CONTENT_TYPE: JsString = "content-type".into();
    static COOKIE: JsString = "cookie".into();
    static ORIGIN: JsString = "origin".into();
    static USER_AGENT: JsString = "user-agent".into();
}

/// A request whose body is still to be read.
pub(super) fn head(request: &web_sys::Request) -> Request {
    let request: &JsValue = request.as_ref();
    let incoming = request.unchecked_ref::<Incoming>();
    let headers = incoming.headers();
    let header = |name: &'static LocalKey<JsString>| name.with(|name| headers.get(name));
    let (path, query) = address(&incoming.url());
    Request {
        method: incoming.method(),
        path,
        query,
        content_type: header(&CONTENT_TYPE).map(|value| value.to_ascii_lowercase()),
        authorization: header(&AUTHORIZATION),
        origin: header(&ORIGIN),
        user_agent: header(&USER_AGENT),
        cookies: header(&COOKIE),
        address: header(&CONNECTING_IP),
        body: Body::default(),
    }
}

pub(super) async fn body(request: &web_sys::Request, deadline: &Deadline) -> Body {
    let request: &JsValue = request.as_ref();
    let announced = request.unchecked_ref::<Incoming>().headers().announced();
    match body::read(request, announced, MAX_BODY, deadline).await {
        Ok(bytes) => Body::Bytes(bytes),
        Err(Unread::TooLarge) => Body::TooLarge,
        Err(Unread::Failed(_)) => Body::Incomplete("the stream failed"),
        Err(Unread::Overdue) => Body::Incomplete("it stopped before its end"),
    }
}

/// Path and query of an address that the platform has normalised.
fn address(url: &str) -> (String, String) {
    let url = url.split_once('#').map_or(url, |(url, _)| url);
    let (url, query) = url.split_once('?').unwrap_or((url, ""));
    let path = url.split_once("://").and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)));
    (path.unwrap_or("/").to_owned(), query.to_owned())
}

/// What `new Response` takes beside the body; as JSON, it crosses as one string.
#[derive(Serialize)]
struct Init<'a> {
    status: u16,
    /// Pairs, since `set-cookie` may come more than once.
    headers: Vec<(&'a str, &'a str)>,
}

pub(super) fn write(response: Response, https: bool) -> Result<web_sys::Response, JsValue> {
    let date = String::from(Date::new_0().to_utc_string());
    let mut headers = vec![
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ("referrer-policy", "no-referrer"),
        // Phones learn the server's time from it.
        ("date", date.as_str()),
    ];
    if https {
        headers.push(("strict-transport-security", "max-age=31536000"));
    }
    headers.extend(response.headers.iter().map(|(name, value)| (*name, value.as_str())));
    let body = Some(response.body.as_str()).filter(|body| !body.is_empty());
    if body.is_some() {
        headers.push(("content-type", if response.plain { "text/plain; charset=utf-8" } else { "application/json" }));
    }
    let init = serde_json::to_string(&Init { status: response.status, headers }).unwrap_or_default();
    Ok(Outgoing::new(body, &JSON::parse(&init)?)?.unchecked_into())
}
