//! Requests in, answers out. Thin externs: `worker`'s own types parse the address, build a `cf` object
//! and convert each header, for what a third of a small request takes.

use super::body;
use crate::edge::http::{Body, MAX_BODY, Request, Response};
use js_sys::{Date, Object, Reflect};
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

    type Headers;
    #[wasm_bindgen(method)]
    fn get(this: &Headers, name: &str) -> Option<String>;

    #[wasm_bindgen(js_name = Response)]
    type Outgoing;
    #[wasm_bindgen(constructor, catch, js_class = "Response")]
    fn new(body: Option<&str>, init: &Object) -> Result<Outgoing, JsValue>;
}

pub(super) async fn read(request: &web_sys::Request) -> Request {
    let request: &JsValue = request.as_ref();
    let incoming = request.unchecked_ref::<Incoming>();
    let headers = incoming.headers();
    let length = headers.get("content-length").and_then(|length| length.parse().ok());
    let body = match body::read(request, length, MAX_BODY).await {
        Ok(bytes) => Body::Bytes(bytes),
        Err(_) => Body::TooLarge,
    };
    let (path, query) = address(&incoming.url());
    Request {
        method: incoming.method(),
        path,
        query,
        content_type: headers.get("content-type").map(|value| value.to_ascii_lowercase()),
        authorization: headers.get("authorization"),
        origin: headers.get("origin"),
        user_agent: headers.get("user-agent"),
        cookies: headers.get("cookie"),
        address: headers.get("cf-connecting-ip"),
        body,
    }
}

/// Path and query of an address that the platform has normalised.
fn address(url: &str) -> (String, String) {
    let url = url.split_once('#').map_or(url, |(url, _)| url);
    let (url, query) = url.split_once('?').unwrap_or((url, ""));
    let path = url.split_once("://").and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)));
    (path.unwrap_or("/").to_owned(), query.to_owned())
}

pub(super) fn write(response: Response, https: bool) -> Result<web_sys::Response, JsValue> {
    let headers = Object::new();
    let set = |name: &str, value: &str| {
        let _ = Reflect::set(&headers, &name.into(), &value.into());
    };
    set("x-content-type-options", "nosniff");
    set("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
    set("referrer-policy", "no-referrer");
    // Phones learn the server's time from it.
    set("date", &String::from(Date::new_0().to_utc_string()));
    if https {
        set("strict-transport-security", "max-age=31536000");
    }
    for (name, value) in &response.headers {
        set(name, value);
    }
    let body = Some(response.body.as_str()).filter(|body| !body.is_empty());
    if body.is_some() {
        set("content-type", if response.plain { "text/plain; charset=utf-8" } else { "application/json" });
    }
    let init = Object::new();
    let _ = Reflect::set(&init, &"status".into(), &response.status.into());
    let _ = Reflect::set(&init, &"headers".into(), &headers);
    Ok(Outgoing::new(body, &init)?.unchecked_into())
}
