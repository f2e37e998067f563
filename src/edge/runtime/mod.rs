//! The edge on workerd. This module converts requests and responses and performs IO; decisions are made in
//! [`routes`] and the flows.
//!
//! | file | holds |
//! |---|---|
//! | `main.js` | the Worker's entry, which calls the wasm module |
//! | `workerd` | the ports of a request: clock, randomness, memory, audit log |
//! | `kv`, `fetch`, `crypto`, `limit` | the other ports, implemented for [`Workerd`] |
//! | `message`, `body` | conversion of requests and responses |
//! | `deadline` | the deadline of a request |
//! | `externs` | bindings to JavaScript |

mod body;
mod crypto;
mod deadline;
mod externs;
mod fetch;
mod kv;
mod limit;
mod message;
mod workerd;

use super::config::{Config, Misconfigured};
use super::error::StoreFailure;
use super::http::endpoint::DEADLINE_MS;
use super::log::LogLine;
use super::routes;
use externs::{Bindings, get_random_values, property};
use js_sys::Object;
use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use worker::worker_sys::web_sys;
use worker::{Context, Env, event};
use workerd::{Workerd, print};

thread_local! {
    static NEXT_ID: Cell<u64> = Cell::new(random_id());
    /// The configuration. It is parsed once, because the bindings of an isolate do not change.
    static PARSED: OnceCell<Rc<Result<Config, Misconfigured>>> = const { OnceCell::new() };
    /// The same, after the check of its signing keys.
    static CHECKED: OnceCell<Rc<Result<Config, Misconfigured>>> = const { OnceCell::new() };
}

/// Answers one request.
#[event(fetch)]
async fn fetch(request: web_sys::Request, env: Env, context: Context) -> worker::Result<web_sys::Response> {
    let mut head = message::head(&request);
    let ports = Workerd::new(&env, request_id(), routes::deadline_ms(&head));
    head.body = message::body(&request, &ports.deadline).await;
    let config = configuration(&env, &ports).await;
    let answer = routes::route(&ports, &config, &head, &ports.request_id).await;
    print(&LogLine::new(&ports.request_id, &head.method, &answer, ports.rate_limit_open.get()));

    if let Some(deferred) = answer.after {
        // The write has a deadline of its own, because the request may have used up its time.
        let ports = Workerd::new(&env, ports.request_id, DEADLINE_MS);
        let config = Rc::clone(&config);
        context.wait_until(async move {
            if let Err(StoreFailure(reason)) = routes::write_deferred(&ports, &config, &deferred).await {
                let request_id = &ports.request_id;
                print(&serde_json::json!({ "level": "error", "request_id": request_id, "late_put": reason }));
            }
        });
    }
    let https = config.as_ref().as_ref().is_ok_and(|config| config.issuer.starts_with("https://"));
    message::write(answer.response, https).map_err(worker::Error::from)
}

/// The checked configuration of the isolate. Requests that arrive during the check repeat it, which costs less than waiting
/// for it.
async fn configuration(env: &Env, ports: &Workerd) -> Rc<Result<Config, Misconfigured>> {
    if let Some(checked) = CHECKED.with(|checked| checked.get().cloned()) {
        return checked;
    }
    let parsed = PARSED.with(|parsed| parsed.get_or_init(|| Rc::new(configure(env))).clone());
    let checked = match &*parsed {
        Ok(config) => match config.check_signing_keys(ports).await {
            Ok(()) => parsed,
            Err(misconfigured) => Rc::new(Err(misconfigured)),
        },
        Err(_) => parsed,
    };
    CHECKED.with(|cell| cell.get_or_init(|| checked).clone())
}

/// Parses the text bindings and checks that the KV namespace is bound.
fn configure(env: &Env) -> Result<Config, Misconfigured> {
    let names = Object::keys(env.unchecked_ref::<Object>());
    let mut vars = BTreeMap::new();
    for name in names.iter().filter_map(|name| name.as_string()) {
        if let Some(value) = property(env, &name).as_string() {
            vars.insert(name, value);
        }
    }
    if env.unchecked_ref::<Bindings>().sessions().is_undefined() {
        let problem = "is not bound to a KV namespace; see [[kv_namespaces]] in wrangler.toml".to_owned();
        return Err(Misconfigured { variable: "SESSIONS".to_owned(), problem });
    }
    Config::parse(&vars)
}

/// A unique id, which is not secret: a random start in each isolate, then steps by an odd number, which visit all 2⁶⁴ ids.
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
