//! The ports of one request on workerd: clock, randomness, memory of the isolate and audit log. The modules `kv`, `fetch`,
//! `crypto` and `limit` implement the others.

use super::deadline::Deadline;
use super::externs::{Bindings, KvNamespace, RateLimiter, console_log, get_random_values};
use crate::edge::audit::Audit;
use crate::edge::error::Overdue;
use crate::edge::isolate::{Guesses, TokenSlot, VerifiedClaims};
use crate::edge::ports::{AuditLog, Clock, Isolate, Random};
use js_sys::Date;
use serde::Serialize;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use wasm_bindgen::prelude::*;

thread_local! {
    static VERIFIED_CLAIMS: RefCell<VerifiedClaims> = RefCell::default();
    static GUESSES: RefCell<Guesses> = RefCell::default();
    /// Slots by the name of the token. The names come from the configuration, so their number is bounded.
    static TOKEN_SLOTS: RefCell<BTreeMap<String, TokenSlot>> = const { RefCell::new(BTreeMap::new()) };
}

/// The ports of one request.
pub(super) struct Workerd {
    pub(super) sessions: KvNamespace,
    pub(super) address_limit: Option<RateLimiter>,
    pub(super) user_limit: Option<RateLimiter>,
    /// Why the rate limit was not asked: `absent` or `failed`.
    pub(super) rate_limit_open: Cell<Option<&'static str>>,
    pub(super) request_id: String,
    pub(super) deadline: Deadline,
}

impl Workerd {
    /// The ports of a request with this deadline, ms.
    pub(super) fn new(env: &JsValue, request_id: String, deadline_ms: u32) -> Self {
        let bindings = env.unchecked_ref::<Bindings>();
        Self {
            sessions: bindings.sessions(),
            address_limit: bindings.address_limit(),
            user_limit: bindings.user_limit(),
            rate_limit_open: Cell::new(None),
            request_id,
            deadline: Deadline::after(deadline_ms),
        }
    }
}

impl Clock for Workerd {
    fn now_ms(&self) -> u64 {
        Date::now() as u64
    }
}

impl Random for Workerd {
    fn fill(&self, bytes: &mut [u8]) {
        get_random_values(bytes);
    }
}

impl Isolate for Workerd {
    fn token_slot<T>(&self, name: &str, act: impl FnOnce(&mut TokenSlot) -> T) -> T {
        TOKEN_SLOTS.with_borrow_mut(|slots| act(slots.entry(name.to_owned()).or_default()))
    }

    fn verified_claims<T>(&self, act: impl FnOnce(&mut VerifiedClaims) -> T) -> T {
        VERIFIED_CLAIMS.with_borrow_mut(act)
    }

    fn guesses<T>(&self, act: impl FnOnce(&mut Guesses) -> T) -> T {
        GUESSES.with_borrow_mut(act)
    }

    async fn pause(&self, ms: u32) -> Result<(), Overdue> {
        self.deadline.pause(ms).await;
        if self.deadline.left_ms() == 0 { Err(Overdue) } else { Ok(()) }
    }
}

impl AuditLog for Workerd {
    fn audit(&self, audit: &Audit<'_>) {
        #[derive(Serialize)]
        struct AuditLine<'a> {
            level: &'static str,
            request_id: &'a str,
            #[serde(flatten)]
            audit: &'a Audit<'a>,
        }
        print(&AuditLine { level: "warn", request_id: &self.request_id, audit });
    }
}

/// Writes one line of JSON to the log.
pub(super) fn print(line: &impl Serialize) {
    console_log(&serde_json::to_string(line).unwrap_or_default());
}
