//! Conversion of workerd's requests and responses. Names of headers that every request needs are interned: each string that
//! crosses into wasm costs about 1 µs.

use super::body::{self, Unread, announced_length};
use super::deadline::Deadline;
use super::externs::{Incoming, Outgoing};
use crate::edge::http::{Body, MAX_BODY, Request, Response};
use js_sys::{Date, JSON, JsString};
use serde::Serialize;
use std::thread::LocalKey;
use wasm_bindgen::prelude::*;
use worker::worker_sys::web_sys;

thread_local! {
    static AUTHORIZATION: JsString = "authorization".into();
    static CONNECTING_IP: JsString = "cf-connecting-ip".into();
    static CONTENT_TYPE: JsString = "content-type".into();
    static COOKIE: JsString = "cookie".into();
    static ORIGIN: JsString = "origin".into();
    static USER_AGENT: JsString = "user-agent".into();
}

/// The request without its body.
pub(super) fn head(request: &web_sys::Request) -> Request {
    let request: &JsValue = request.as_ref();
    let incoming = request.unchecked_ref::<Incoming>();
    let headers = incoming.headers();
    let header = |name: &'static LocalKey<JsString>| name.with(|name| headers.value(name));
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

/// Reads the body of the request.
pub(super) async fn body(request: &web_sys::Request, deadline: &Deadline) -> Body {
    let request: &JsValue = request.as_ref();
    let announced = announced_length(&request.unchecked_ref::<Incoming>().headers());
    match body::read(request, announced, MAX_BODY, deadline).await {
        Ok(bytes) => Body::Bytes(bytes),
        Err(Unread::TooLarge) => Body::TooLarge,
        Err(Unread::Failed(_)) => Body::Incomplete("the stream failed"),
        Err(Unread::Overdue) => Body::Incomplete("the deadline passed before its end"),
    }
}

/// Path and query of a URL that the platform has normalized.
fn address(url: &str) -> (String, String) {
    let url = url.split_once('#').map_or(url, |(url, _)| url);
    let (url, query) = url.split_once('?').unwrap_or((url, ""));
    let path = url.split_once("://").and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)));
    (path.unwrap_or("/").to_owned(), query.to_owned())
}

/// The second argument of `new Response`. It crosses into JavaScript as one string of JSON.
#[derive(Serialize)]
struct Init<'a> {
    status: u16,
    /// Pairs, because there may be several `set-cookie` headers.
    headers: Vec<(&'a str, &'a str)>,
}

/// The response for workerd, with the headers that all responses have.
pub(super) fn write(response: Response, https: bool) -> Result<web_sys::Response, JsValue> {
    let date = String::from(Date::new_0().to_utc_string());
    let mut headers = vec![
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ("referrer-policy", "no-referrer"),
        // Phones learn the server's time from this header.
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
