//! The rate-limit bindings. Permissive by their nature (counters are per location), and asked, not
//! trusted: without one, requests pass and each line of the log says so.

use super::Workerd;
use crate::edge::ports::{Limit, RateLimit};
use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    pub(super) type RateLimiter;
    #[wasm_bindgen(method, catch)]
    async fn limit(this: &RateLimiter, options: &Object) -> Result<JsValue, JsValue>;
}

impl RateLimit for Workerd {
    async fn allows(&self, limit: Limit, key: &str) -> bool {
        let limiter = match limit {
            Limit::Address => &self.address_limit,
            Limit::User => &self.user_limit,
        };
        let options = Object::new();
        let _ = Reflect::set(&options, &"key".into(), &key.into());
        let Some(limiter) = limiter else { return self.open_for("absent") };
        match limiter.limit(&options).await {
            Ok(outcome) => Reflect::get(&outcome, &"success".into()).is_ok_and(|success| success.is_truthy()),
            Err(_) => self.open_for("failed"),
        }
    }
}

impl Workerd {
    fn open_for(&self, reason: &'static str) -> bool {
        self.rate_limit_open.set(Some(reason));
        true
    }
}
