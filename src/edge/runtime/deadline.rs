//! The end of a request. Whatever the edge waits for (the store, WeChat, the caller's own body) is raced
//! with one timer a request, so that no answer comes later. KV has no deadline of its own, and a caller
//! may stop in the middle of a body for ever.

use js_sys::{Array, Date, Promise};
use std::cell::OnceCell;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = scheduler, js_name = wait)]
    fn wait(milliseconds: u32) -> Promise;
}

pub(super) struct Deadline {
    /// ms since 1970.
    at: f64,
    after_ms: u32,
    /// Resolves to `undefined`. Begun with the first wait, since many requests wait for nothing.
    timer: OnceCell<Promise>,
}

/// Why there is no value.
pub(super) enum Missed {
    Failed(JsValue),
    Overdue,
}

impl Deadline {
    pub(super) fn after(milliseconds: u32) -> Self {
        Self { at: Date::now() + f64::from(milliseconds), after_ms: milliseconds, timer: OnceCell::new() }
    }

    pub(super) fn left_ms(&self) -> u32 {
        // A cast from float saturates: 0 where it has passed. The clock may have gone back, too.
        ((self.at - Date::now()) as u32).min(self.after_ms)
    }

    /// The value that a promise resolves to. It must not be `undefined`.
    pub(super) async fn race(&self, promise: Promise) -> Result<JsValue, Missed> {
        let timer = self.timer.get_or_init(|| wait(self.left_ms()));
        let first = Promise::race(&Array::of2(&promise, timer));
        let value = JsFuture::from(first).await.map_err(Missed::Failed)?;
        if value.is_undefined() { Err(Missed::Overdue) } else { Ok(value) }
    }

    /// Waits so long, or to the deadline.
    pub(super) async fn pause(&self, milliseconds: u32) {
        let _ = JsFuture::from(wait(milliseconds.min(self.left_ms()))).await;
    }
}
