//! Outgoing calls through `fetch`.

use super::body::{self, Unread};
use super::externs::{FetchInit, abort_after, global_fetch, object, property};
use super::workerd::Workerd;
use crate::edge::error::FetchFailure;
use crate::edge::ports::{CALL_MS, Call, Fetch, Reply};
use js_sys::Object;
use wasm_bindgen::prelude::*;

/// Maximum size of a reply, bytes; WeChat's are far smaller.
const MAX_REPLY: usize = 64 * 1024;

impl Fetch for Workerd {
    async fn fetch(&self, call: &Call) -> Result<Reply, FetchFailure> {
        let left_ms = self.deadline.left_ms();
        if left_ms == 0 {
            return Err(FetchFailure::TimedOut);
        }
        let init = Object::new().unchecked_into::<FetchInit>();
        // A redirect would send the AppSecret in the query to another host.
        init.set_redirect("manual");
        // The time limit covers the body of the reply, too.
        init.set_signal(&abort_after(left_ms.min(CALL_MS)));
        if let Some(body) = &call.body {
            init.set_method("POST");
            init.set_body(body);
        }
        let bearer = call.bearer.as_ref().map(|bearer| format!("Bearer {bearer}"));
        let headers = [("authorization", bearer.as_deref()), ("content-type", call.content_type.as_deref())];
        init.set_headers(&object(headers.into_iter().filter_map(|(name, value)| Some((name, value?)))));
        let reply = global_fetch(&call.url, &init).await.map_err(|error| failure(&error))?;
        let announced = body::announced_length(&reply.headers());
        match body::read(reply.as_ref(), announced, MAX_REPLY, &self.deadline).await {
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

/// Classifies an error by its name only: its message may quote the URL.
fn failure(error: &JsValue) -> FetchFailure {
    match property(error, "name").as_string().as_deref() {
        Some("TimeoutError" | "AbortError") => FetchFailure::TimedOut,
        _ => FetchFailure::Unreachable,
    }
}
