//! The deadline of a request. Every wait (for the store, WeChat or the caller's body) is raced with one timer per request:
//! KV has no time limit of its own, and a caller may stop in the middle of a body.

use super::externs::wait;
use js_sys::{Array, Date, Promise};
use std::cell::OnceCell;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// The deadline of one request.
pub(super) struct Deadline {
    /// ms since 1970.
    at: f64,
    after_ms: u32,
    /// Resolves to `undefined`. Created by the first wait, because many requests never wait.
    timer: OnceCell<Promise>,
}

/// A promise has no value.
pub(super) enum Missed {
    /// It was rejected with this.
    Failed(JsValue),
    /// The deadline passed before.
    Overdue,
}

impl Deadline {
    /// A deadline that many milliseconds from now.
    pub(super) fn after(milliseconds: u32) -> Self {
        Self { at: Date::now() + f64::from(milliseconds), after_ms: milliseconds, timer: OnceCell::new() }
    }

    /// Milliseconds left; 0 after the deadline.
    pub(super) fn left_ms(&self) -> u32 {
        // A negative float becomes 0. The clock may have been set back, which must not extend the deadline.
        ((self.at - Date::now()) as u32).min(self.after_ms)
    }

    /// The value of a promise, which must not be `undefined`.
    pub(super) async fn race(&self, promise: Promise) -> Result<JsValue, Missed> {
        let timer = self.timer.get_or_init(|| wait(self.left_ms()));
        let first = Promise::race(&Array::of2(&promise, timer));
        let value = JsFuture::from(first).await.map_err(Missed::Failed)?;
        if value.is_undefined() { Err(Missed::Overdue) } else { Ok(value) }
    }

    /// Waits for that many milliseconds, or until the deadline.
    pub(super) async fn pause(&self, milliseconds: u32) {
        let _ = JsFuture::from(wait(milliseconds.min(self.left_ms()))).await;
    }
}
