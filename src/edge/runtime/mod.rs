//! workerd: where the ports are real. Converts and carries; what is answered is decided in
//! [`routes`].

mod body;
mod crypto;
mod deadline;
mod fetch;
mod kv;
mod limit;
mod message;

use crate::edge::audit::{Audit, Line};
use crate::edge::config::{Config, Misconfigured};
use crate::edge::guesses::Guesses;
use crate::edge::http::endpoint::DEADLINE_MS;
use crate::edge::isolate::Verified;
use crate::edge::ports::{AuditLog, Clock, Isolate, Overdue, Random, StoreFailure};
use crate::edge::routes;
use crate::edge::upstream::access_token::Slot;
use deadline::Deadline;
use js_sys::{Date, Object, Reflect};
use serde::Serialize;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use worker::worker_sys::web_sys;
use worker::{Context, Env, event};

#[wasm_bindgen]
extern "C" {
    /// What wrangler.toml binds.
    type Bindings;
    /// `undefined` where it is missing; [`configure`] says so.
    #[wasm_bindgen(method, getter, js_name = SESSIONS)]
    fn sessions(this: &Bindings) -> kv::KvNamespace;
    #[wasm_bindgen(method, getter, js_name = ADDRESS_LIMIT)]
    fn address_limit(this: &Bindings) -> Option<limit::RateLimiter>;
    #[wasm_bindgen(method, getter, js_name = USER_LIMIT)]
    fn user_limit(this: &Bindings) -> Option<limit::RateLimiter>;

    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(bytes: &mut [u8]);

    #[wasm_bindgen(js_namespace = console, js_name = log)]
    fn log(line: &str);
}

thread_local! {
    static NEXT_ID: Cell<u64> = Cell::new(random_id());
    static VERIFIED: RefCell<Verified> = RefCell::default();
    static GUESSES: RefCell<Guesses> = RefCell::default();
    /// WeChat's access tokens; the names are from the configuration, so there is an end to them.
    static SLOTS: RefCell<BTreeMap<String, Slot>> = const { RefCell::new(BTreeMap::new()) };
    /// Parsed once an isolate: bindings do not change under it.
    static CONFIG: OnceCell<Rc<Result<Config, Misconfigured>>> = const { OnceCell::new() };
    /// The same, once its signing keys were checked.
    static CHECKED: OnceCell<Rc<Result<Config, Misconfigured>>> = const { OnceCell::new() };
}

/// The real ports, for one request.
pub(super) struct Workerd {
    sessions: kv::KvNamespace,
    address_limit: Option<limit::RateLimiter>,
    user_limit: Option<limit::RateLimiter>,
    /// Why the rate limit let this request pass unasked.
    rate_limit_open: Cell<Option<&'static str>>,
    request_id: String,
    deadline: Deadline,
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
    fn slot<T>(&self, name: &str, act: impl FnOnce(&mut Slot) -> T) -> T {
        SLOTS.with_borrow_mut(|slots| match slots.get_mut(name) {
            Some(slot) => act(slot),
            None => act(slots.entry(name.to_owned()).or_default()),
        })
    }

    fn verified<T>(&self, act: impl FnOnce(&mut Verified) -> T) -> T {
        VERIFIED.with_borrow_mut(act)
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
        struct Line<'a> {
            level: &'static str,
            request_id: &'a str,
            #[serde(flatten)]
            audit: &'a Audit<'a>,
        }
        print(&Line { level: "warn", request_id: &self.request_id, audit });
    }
}

impl Workerd {
    fn new(env: &Env, request_id: String, deadline_ms: u32) -> Self {
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

#[event(fetch)]
async fn fetch(request: web_sys::Request, env: Env, context: Context) -> worker::Result<web_sys::Response> {
    let mut head = message::head(&request);
    let ports = Workerd::new(&env, request_id(), routes::deadline_ms(&head));
    head.body = message::body(&request, &ports.deadline).await;
    let config = configuration(&env, &ports).await;
    let answer = routes::route(&ports, &config, &head, &ports.request_id).await;
    print(&Line::new(&ports.request_id, &head.method, &answer, ports.rate_limit_open.get()));

    if let Some(late) = answer.response.later.clone() {
        // It has time of its own: the request may have used up its.
        let ports = Workerd::new(&env, ports.request_id, DEADLINE_MS);
        let config = Rc::clone(&config);
        context.wait_until(async move {
            if let Err(StoreFailure(reason)) = routes::write_late(&ports, &config, &late).await {
                let request_id = &ports.request_id;
                print(&serde_json::json!({ "level": "error", "request_id": request_id, "late_put": reason }));
            }
        });
    }
    let https = config.as_ref().as_ref().is_ok_and(|config| config.issuer.starts_with("https://"));
    message::write(answer.response, https).map_err(worker::Error::from)
}

/// Of the isolate. Requests that arrive during the check make it, too: that costs less than waiting would.
async fn configuration(env: &Env, ports: &Workerd) -> Rc<Result<Config, Misconfigured>> {
    if let Some(checked) = CHECKED.with(|checked| checked.get().cloned()) {
        return checked;
    }
    let parsed = CONFIG.with(|config| config.get_or_init(|| Rc::new(configure(env))).clone());
    let checked = match &*parsed {
        Ok(config) => match config.check_signing_keys(ports).await {
            Ok(()) => parsed,
            Err(misconfigured) => Rc::new(Err(misconfigured)),
        },
        Err(_) => parsed,
    };
    CHECKED.with(|cell| cell.get_or_init(|| checked).clone())
}

/// Every text among the bindings; a missing KV namespace is a mistake like any other.
fn configure(env: &Env) -> Result<Config, Misconfigured> {
    let names = Object::keys(env.unchecked_ref::<Object>());
    let mut vars = BTreeMap::new();
    for name in names.iter() {
        let value = Reflect::get(env, &name).ok().and_then(|value| value.as_string());
        if let (Some(name), Some(value)) = (name.as_string(), value) {
            vars.insert(name, value);
        }
    }
    if env.unchecked_ref::<Bindings>().sessions().is_undefined() {
        let problem = "has no KV namespace bound to it; see [[kv_namespaces]] in wrangler.toml".to_owned();
        return Err(Misconfigured { variable: "SESSIONS".to_owned(), problem });
    }
    Config::parse(&vars)
}

/// From a random start in each isolate, by a step that visits every number: unique, and no secret.
fn request_id() -> String {
    let next = NEXT_ID.get();
    NEXT_ID.set(next.wrapping_add(0x9e37_79b9_7f4a_7c15));
    format!("{next:016x}")
}

fn random_id() -> u64 {
    let mut bytes = [0; 8];
    get_random_values(&mut bytes);
    u64::from_ne_bytes(bytes)
}

fn print(line: &impl Serialize) {
    log(&serde_json::to_string(line).unwrap_or_default());
}
