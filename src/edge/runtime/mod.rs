//! workerd: where the ports are real. Converts and carries; what is answered is decided in
//! [`routes`](super::routes).

mod body;
mod crypto;
mod fetch;
mod kv;

use super::config::{Config, Misconfigured};
use super::http::{self, Body, MAX_BODY};
use super::ports::{Clock, Random, Store};
use super::routes;
use js_sys::{Date, Object, Reflect};
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use worker::{Context, Env, Request, Response, event};

/// The KV namespace's binding in wrangler.toml.
const SESSIONS: &str = "SESSIONS";

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(bytes: &mut [u8]);

    #[wasm_bindgen(js_namespace = console, js_name = log)]
    fn log(line: &str);
}

thread_local! {
    /// Parsed once an isolate: bindings do not change under it.
    static CONFIG: std::cell::OnceCell<Rc<Result<Config, Misconfigured>>> = const { std::cell::OnceCell::new() };
}

/// The real ports.
pub(super) struct Workerd {
    sessions: kv::KvNamespace,
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

#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> worker::Result<Response> {
    let ports = Rc::new(Workerd { sessions: binding(&env, SESSIONS).unchecked_into() });
    let config = CONFIG.with(|config| config.get_or_init(|| Rc::new(configure(&env))).clone());
    let request = read(request).await?;
    let request_id = request_id(&ports);

    let answer = routes::route(&*ports, &config, &request).await;
    log_line(&request_id, &request, &answer);
    let response = answer.unwrap_or_else(|error| error.response(&request_id));

    if let Some(put) = response.later.clone() {
        let ports = Rc::clone(&ports);
        context.wait_until(async move {
            if let Err(failure) = ports.put(&put).await {
                log(&serde_json::json!({ "level": "error", "late_put": failure.0 }).to_string());
            }
        });
    }
    write(response)
}

fn binding(env: &Env, name: &str) -> JsValue {
    Reflect::get(env, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// Every text among the bindings; a missing KV namespace is a mistake like any other.
fn configure(env: &Env) -> Result<Config, Misconfigured> {
    let names = Object::keys(env.unchecked_ref::<Object>());
    let vars: BTreeMap<String, String> = names
        .iter()
        .filter_map(|name| name.as_string())
        .filter_map(|name| binding(env, &name).as_string().map(|value| (name, value)))
        .collect();
    if binding(env, SESSIONS).is_undefined() {
        let problem = "has no KV namespace bound to it; see [[kv_namespaces]] in wrangler.toml".to_owned();
        return Err(Misconfigured { variable: SESSIONS.to_owned(), problem });
    }
    Config::parse(&vars)
}

async fn read(request: Request) -> worker::Result<http::Request> {
    let header = |name: &str| request.headers().get(name).ok().flatten();
    let stream: JsValue = Reflect::get(request.inner(), &"body".into()).unwrap_or(JsValue::NULL);
    let body = match body::read(stream, MAX_BODY).await {
        Ok(bytes) => Body::Bytes(bytes),
        Err(_) => Body::TooLarge,
    };
    Ok(http::Request {
        method: request.inner().method(),
        path: request.path(),
        content_type: header("content-type").map(|value| value.to_ascii_lowercase()),
        authorization: header("authorization"),
        body,
    })
}

fn write(response: http::Response) -> worker::Result<Response> {
    let mut builder = Response::builder()
        .with_status(response.status)
        .with_header("content-type", "application/json")?
        .with_header("x-content-type-options", "nosniff")?
        // Phones learn the server's time from it.
        .with_header("date", &String::from(Date::new_0().to_utc_string()))?;
    for (name, value) in &response.headers {
        builder = builder.with_header(name, value)?;
    }
    Ok(builder.fixed(response.body.into_bytes()))
}

fn request_id(ports: &Workerd) -> String {
    super::ports::random::<8>(ports).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One line a request. The types it is made of hold no secret and no personal data; the path of
/// an unknown endpoint is the caller's text and stays out.
fn log_line(request_id: &str, request: &http::Request, answer: &Result<http::Response, super::error::Error>) {
    let line = match answer {
        Ok(response) => serde_json::json!({
            "level": "info", "request_id": request_id, "method": request.method, "path": request.path,
            "status": response.status,
        }),
        Err(error) => {
            let response = error.response(request_id);
            let path = if response.status == 404 { "-" } else { &request.path };
            let level = if response.status >= 500 { "error" } else { "info" };
            serde_json::json!({
                "level": level, "request_id": request_id, "method": request.method, "path": path,
                "status": response.status, "code": error.code(), "detail": error.detail(),
            })
        }
    };
    log(&line.to_string());
}
