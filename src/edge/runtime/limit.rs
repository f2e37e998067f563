//! The rate-limit bindings. Permissive by their nature (counters are per location), and asked, not
//! trusted: without one, requests pass and each line of the log says so.

use super::Workerd;
use crate::edge::ports::{Limit, RateLimit};
use js_sys::{Object, Promise};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    pub(super) type RateLimiter;
    #[wasm_bindgen(method, catch)]
    fn limit(this: &RateLimiter, options: &Options) -> Result<Promise, JsValue>;

    type Options;
    #[wasm_bindgen(method, setter)]
    fn set_key(this: &Options, key: &str);

    type Outcome;
    #[wasm_bindgen(method, getter)]
    fn success(this: &Outcome) -> bool;
}

impl RateLimit for Workerd {
    async fn allows(&self, limit: Limit, key: &str) -> bool {
        let limiter = match limit {
            Limit::Address => &self.address_limit,
            Limit::User => &self.user_limit,
        };
        let Some(limiter) = limiter else { return self.open_for("absent") };
        let options = Object::new().unchecked_into::<Options>();
        options.set_key(key);
        let Ok(asked) = limiter.limit(&options) else { return self.open_for("failed") };
        match self.deadline.race(asked).await {
            Ok(outcome) => outcome.unchecked_into::<Outcome>().success(),
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
