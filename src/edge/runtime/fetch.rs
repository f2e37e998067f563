//! Calls to WeChat, through `fetch`. A thin extern: `worker::RequestInit` builds a whole `cf`
//! object for every call.

use super::Workerd;
use super::body::{self, Headers, Unread};
use crate::edge::ports::{CALL_MS, Call, Fetch, FetchFailure, Reply};
use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;

/// More than any reply of WeChat's.
const MAX_REPLY: usize = 64 * 1024;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch, catch)]
    async fn global_fetch(url: &str, init: &Init) -> Result<Outcome, JsValue>;

    #[wasm_bindgen(js_namespace = AbortSignal, js_name = timeout)]
    fn abort_after(milliseconds: u32) -> JsValue;

    type Init;
    #[wasm_bindgen(method, setter)]
    fn set_redirect(this: &Init, mode: &str);
    #[wasm_bindgen(method, setter)]
    fn set_signal(this: &Init, signal: &JsValue);
    #[wasm_bindgen(method, setter)]
    fn set_method(this: &Init, method: &str);
    #[wasm_bindgen(method, setter)]
    fn set_body(this: &Init, body: &str);
    #[wasm_bindgen(method, setter)]
    fn set_headers(this: &Init, headers: &Object);

    type Outcome;
    #[wasm_bindgen(method, getter)]
    fn status(this: &Outcome) -> u16;
    #[wasm_bindgen(method, getter)]
    fn headers(this: &Outcome) -> Headers;
}

impl Fetch for Workerd {
    async fn fetch(&self, call: &Call) -> Result<Reply, FetchFailure> {
        let left_ms = self.deadline.left_ms();
        if left_ms == 0 {
            return Err(FetchFailure::TimedOut);
        }
        let init = Object::new().unchecked_into::<Init>();
        // A redirect would carry the AppSecret to whoever it names.
        init.set_redirect("manual");
        // For the whole of the call, the reply's body included.
        init.set_signal(&abort_after(left_ms.min(CALL_MS)));
        if let Some(body) = &call.body {
            init.set_method("POST");
            init.set_body(body);
        }
        let bearer = call.bearer.as_ref().map(|bearer| format!("Bearer {bearer}"));
        let headers = Object::new();
        for (name, value) in [("authorization", &bearer), ("content-type", &call.content_type)] {
            if let Some(value) = value {
                let _ = Reflect::set(&headers, &name.into(), &value.into());
            }
        }
        init.set_headers(&headers);
        let reply = global_fetch(&call.url, &init).await.map_err(|error| failure(&error))?;
        match body::read(reply.as_ref(), reply.headers().announced(), MAX_REPLY, &self.deadline).await {
            Ok(body) => Ok(Reply { status: reply.status(), body }),
            Err(Unread::TooLarge) => Err(FetchFailure::TooLarge),
            Err(Unread::Overdue) => Err(FetchFailure::TimedOut),
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
