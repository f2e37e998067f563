//! The rate-limit bindings. Their counters are per location, so they are approximate. If a binding is missing or fails,
//! requests pass and the log line says so.

use super::externs::{LimitOptions, LimitOutcome};
use super::workerd::Workerd;
use crate::edge::ports::{Limit, RateLimit};
use js_sys::Object;
use wasm_bindgen::prelude::*;

impl RateLimit for Workerd {
    async fn allows(&self, limit: Limit, key: &str) -> bool {
        let limiter = match limit {
            Limit::Address => &self.address_limit,
            Limit::User => &self.user_limit,
        };
        let Some(limiter) = limiter else { return pass(self, "absent") };
        let options = Object::new().unchecked_into::<LimitOptions>();
        options.set_key(key);
        let Ok(asked) = limiter.limit(&options) else { return pass(self, "failed") };
        match self.deadline.race(asked).await {
            Ok(outcome) => outcome.unchecked_into::<LimitOutcome>().success(),
            Err(_) => pass(self, "failed"),
        }
    }
}

/// Lets a request pass without a limit, for this reason.
fn pass(ports: &Workerd, reason: &'static str) -> bool {
    ports.rate_limit_open.set(Some(reason));
    true
}
