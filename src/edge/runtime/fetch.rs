//! Calls to WeChat, through `fetch`. A thin extern: `worker::RequestInit` builds a whole `cf`
//! object for every call.

use super::Workerd;
use super::body::{self, Unread};
use crate::edge::ports::{Call, Fetch, FetchFailure, Reply};
use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;

/// For the whole of a call, its body included.
const DEADLINE_MS: u32 = 5_000;
/// More than any reply of WeChat's.
const MAX_REPLY: usize = 64 * 1024;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch, catch)]
    async fn global_fetch(url: &str, init: &Object) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_namespace = AbortSignal, js_name = timeout)]
    fn abort_after(milliseconds: u32) -> JsValue;
}

impl Fetch for Workerd {
    async fn fetch(&self, call: &Call) -> Result<Reply, FetchFailure> {
        let init = Object::new();
        // A redirect would carry the AppSecret to whoever it names.
        let options = [("redirect", "manual".into()), ("signal", abort_after(DEADLINE_MS))];
        for (name, value) in options {
            let _ = Reflect::set(&init, &name.into(), &value);
        }
        let set = |name: &str, value: JsValue| {
            let _ = Reflect::set(&init, &name.into(), &value);
        };
        if let Some(body) = &call.body {
            set("method", "POST".into());
            set("body", body.into());
        }
        let headers = Object::new();
        let bearer = call.bearer.as_ref().map(|bearer| format!("Bearer {bearer}"));
        for (name, value) in [("authorization", &bearer), ("content-type", &call.content_type)] {
            if let Some(value) = value {
                let _ = Reflect::set(&headers, &name.into(), &value.into());
            }
        }
        set("headers", headers.into());
        let response = global_fetch(&call.url, &init).await.map_err(|error| failure(&error))?;
        let field = |name: &str| Reflect::get(&response, &name.into()).unwrap_or(JsValue::UNDEFINED);
        let status = field("status").as_f64().unwrap_or_default() as u16;
        match body::read(&response, None, MAX_REPLY).await {
            Ok(body) => Ok(Reply { status, body }),
            Err(Unread::TooLarge) => Err(FetchFailure::TooLarge),
            Err(Unread::Failed(error)) => Err(match failure(&error) {
                FetchFailure::TimedOut => FetchFailure::TimedOut,
                _ => FetchFailure::BrokenOff,
            }),
        }
    }
}

/// The error's text may quote the url, so only its name is looked at.
fn failure(error: &JsValue) -> FetchFailure {
    let name = Reflect::get(error, &"name".into()).ok().and_then(|name| name.as_string());
    match name.as_deref() {
        Some("TimeoutError" | "AbortError") => FetchFailure::TimedOut,
        _ => FetchFailure::Unreachable,
    }
}
