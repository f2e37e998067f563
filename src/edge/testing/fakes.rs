//! Fakes of the ports for one request at a time: a clock that the test sets, a store that fails on demand, a WeChat that
//! replies with what the test queued. Signatures are hashes; those of WebCrypto are tested in workerd.
#![allow(clippy::unwrap_used, clippy::panic, dead_code, reason = "for tests and fuzzing only")]

use crate::edge::audit::Audit;
use crate::edge::config::Config;
use crate::edge::config::keys::{PublicKey, SigningKey};
use crate::edge::error::Error;
use crate::edge::error::{FetchFailure, Overdue, StoreFailure};
use crate::edge::http::problem;
use crate::edge::http::{Body, Request, Response};
use crate::edge::isolate::{Guesses, TokenSlot, VerifiedClaims};
use crate::edge::ports::{
    AuditLog, Call, Clock, Es256, Fetch, Isolate, Limit, Page, Put, Random, RateLimit, Reply, Store,
};
use crate::edge::routes::{route, write_deferred};
use crate::edge::testing::simulation::{CODE_SESSION, hash};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// When tests begin, ms since 1970.
pub(crate) const NOW: u64 = 1_790_000_000_000;

/// Names on a page, as KV has them.
const PAGE: usize = 1000;

/// The P-256 example of RFC 7517, appendix A.2.
pub(crate) const JWK: &str = r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"}"#;

/// A configuration of two apps.
pub(crate) fn variables() -> BTreeMap<String, String> {
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    let app = r#"{"wx1":{"secret":"s","backends":{"api":"secret"},"allowed_origins":["https://app.example.com"]}}"#;
    [
        ("ISSUER", "https://auth.example.com/".to_owned()),
        ("WECHAT_APPS", app.to_owned()),
        ("WECHAT_APPS_MORE", r#"{"wx2":{"secret":"s","kind":"website","open_data_max_age_s":0}}"#.to_owned()),
        ("SIGNING_KEYS", format!(r#"{{"keys":[{JWK}]}}"#)),
        ("SEALING_KEYS", format!(r#"{{"keys":[{{"kty":"oct","k":"{key}"}}]}}"#)),
        ("NAME_KEY", key.to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

pub(crate) struct World {
    pub(crate) now: Cell<u64>,
    pub(crate) kv: RefCell<BTreeMap<String, Vec<u8>>>,
    pub(crate) ttls: RefCell<BTreeMap<String, u64>>,
    pub(crate) reads: Cell<u32>,
    pub(crate) writes: Cell<u32>,
    /// The most names in one operation.
    pub(crate) widest: Cell<usize>,
    pub(crate) puts_fail: Cell<bool>,
    pub(crate) gets_fail: Cell<bool>,
    /// Lists that have not converged show nothing.
    pub(crate) hide_lists: Cell<bool>,
    /// Whether each operation of the store is pending once, as a real one is, before it is done.
    pub(crate) suspends: Cell<bool>,
    pub(crate) upstream: RefCell<VecDeque<Result<Reply, FetchFailure>>>,
    pub(crate) urls: RefCell<Vec<String>>,
    /// Each call, as (body, content type, bearer); parallel to `urls`.
    pub(crate) calls: RefCell<Vec<[Option<String>; 3]>>,
    /// Whether calls of WeChat wait before they are answered.
    pub(crate) wechat_hangs: Cell<bool>,
    /// Keys that are over their limit.
    pub(crate) limited: RefCell<Vec<String>>,
    pub(crate) audits: RefCell<Vec<String>>,
    slots: RefCell<BTreeMap<String, TokenSlot>>,
    known: RefCell<VerifiedClaims>,
    guesses: RefCell<Guesses>,
    random: Cell<u8>,
    /// Signatures that were verified.
    pub(crate) verifications: Cell<u32>,
    /// Whether every signature is wrong.
    pub(crate) no_signature: Cell<bool>,
    /// Whether every signature is right.
    pub(crate) any_signature: Cell<bool>,
    pub(crate) config: Result<Config, crate::edge::config::Misconfigured>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            now: Cell::new(NOW),
            kv: RefCell::default(),
            ttls: RefCell::default(),
            reads: Cell::default(),
            writes: Cell::default(),
            widest: Cell::default(),
            puts_fail: Cell::default(),
            gets_fail: Cell::default(),
            hide_lists: Cell::default(),
            suspends: Cell::default(),
            upstream: RefCell::default(),
            urls: RefCell::default(),
            calls: RefCell::default(),
            wechat_hangs: Cell::default(),
            limited: RefCell::default(),
            audits: RefCell::default(),
            slots: RefCell::default(),
            known: RefCell::default(),
            guesses: RefCell::default(),
            random: Cell::default(),
            verifications: Cell::default(),
            no_signature: Cell::default(),
            any_signature: Cell::default(),
            config: Config::parse(&variables()),
        }
    }

    pub(crate) fn wechat_says(&self, body: &str) {
        self.upstream.borrow_mut().push_back(Ok(Reply { status: 200, body: body.as_bytes().to_vec() }));
    }

    /// A request with a JSON body. `bearer`, `basic`, `origin` and `address` in the body are also sent as headers.
    pub(crate) fn request(method: &str, path: &str, body: &Value) -> Request {
        let authorization = match (body["bearer"].as_str(), body["basic"].as_str()) {
            (Some(token), _) => Some(format!("Bearer {token}")),
            (None, Some(pair)) => Some(format!("Basic {}", STANDARD.encode(pair))),
            (None, None) => None,
        };
        Request {
            origin: body["origin"].as_str().map(str::to_owned),
            address: body["address"].as_str().map(str::to_owned),
            ..json_request(method, path, authorization, body)
        }
    }

    /// Runs one request, and the write it left for later, if that is to succeed.
    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) -> Result<Response, Error> {
        let request = Self::request(method, path, body);
        let answer = poll_once(route(self, &self.config, &request, "id"));
        if let Some(error) = answer.error {
            return Err(error);
        }
        if let Some(late) = &answer.after {
            let _ = poll_once(write_deferred(self, &self.config, late));
        }
        Ok(answer.response)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Response, Error> {
        self.send("POST", path, body)
    }

    /// Posts to the token endpoint, as `wx1` if `more` names no client.
    pub(crate) fn token(&self, more: &Value) -> Result<Value, Error> {
        let mut body = json!({ "client_id": "wx1" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.post("/oauth/token", &body).map(|response| serde_json::from_str(&response.body).unwrap())
    }

    /// Logs in the user of [`CODE_SESSION`].
    pub(crate) fn log_in(&self) -> Result<Value, Error> {
        self.log_in_as(CODE_SESSION, &json!({}))
    }

    /// Logs in the user whom WeChat replies with; `more` is added to the grant.
    pub(crate) fn log_in_as(&self, code_session: &str, more: &Value) -> Result<Value, Error> {
        self.wechat_says(code_session);
        let mut grant = exchange();
        grant.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.token(&grant)
    }

    pub(crate) fn refresh(&self, token: &Value) -> Result<Value, Error> {
        self.token(&json!({ "grant_type": "refresh_token", "refresh_token": token }))
    }
}

/// The grant of a code of `wx.login` (RFC 8693).
pub(crate) fn exchange() -> Value {
    json!({
        "client_id": "wx1",
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": "code",
        "subject_token_type": "urn:wechat:params:oauth:token-type:js-code",
    })
}

/// A request with a JSON body.
pub(crate) fn json_request(method: &str, path: &str, authorization: Option<String>, body: &Value) -> Request {
    Request {
        method: method.into(),
        path: path.into(),
        content_type: Some("application/json".into()),
        authorization,
        body: Body::Bytes(body.to_string().into_bytes()),
        ..Request::default()
    }
}

/// The stable code of an error, or `success`.
pub(crate) fn code_of<T>(result: Result<T, Error>) -> &'static str {
    result.err().map_or("success", |error| problem::code(&error))
}

/// The output of a future that is ready at its first poll, as those of [`World`] are.
pub(crate) fn poll_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a fake waited"),
    }
}

/// Is ready at the second poll.
async fn yield_once() {
    let mut polled = false;
    poll_fn(|_| if core::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

impl Clock for World {
    fn now_ms(&self) -> u64 {
        self.now.get()
    }
}

impl Random for World {
    fn fill(&self, bytes: &mut [u8]) {
        self.random.set(self.random.get().wrapping_add(1));
        bytes.fill(self.random.get());
    }
}

impl World {
    async fn suspend(&self) {
        if self.suspends.get() {
            yield_once().await;
        }
    }

    fn read(&self) -> Result<(), StoreFailure> {
        self.reads.set(self.reads.get() + 1);
        if self.gets_fail.get() { Err(StoreFailure("kv get: unreachable".into())) } else { Ok(()) }
    }

    fn write(&self, operations: usize) -> Result<(), StoreFailure> {
        self.widest.set(self.widest.get().max(operations));
        self.writes.set(self.writes.get() + u32::try_from(operations).unwrap());
        if self.puts_fail.get() { Err(StoreFailure("kv put: 429 Too Many Requests".into())) } else { Ok(()) }
    }
}

impl Store for World {
    async fn get(&self, names: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreFailure> {
        self.suspend().await;
        self.widest.set(self.widest.get().max(names.len()));
        let mut values = Vec::new();
        for name in names {
            self.read()?;
            values.push(self.kv.borrow().get(name).cloned());
        }
        Ok(values)
    }

    async fn put(&self, puts: &[Put]) -> Result<(), StoreFailure> {
        self.suspend().await;
        self.write(puts.len())?;
        for put in puts {
            self.kv.borrow_mut().insert(put.key.clone(), put.value.clone());
            self.ttls.borrow_mut().insert(put.key.clone(), put.ttl_s);
        }
        Ok(())
    }

    async fn delete(&self, names: &[String]) -> Result<(), StoreFailure> {
        self.suspend().await;
        self.write(names.len())?;
        self.kv.borrow_mut().retain(|name, _| !names.contains(name));
        Ok(())
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page, StoreFailure> {
        self.suspend().await;
        self.read()?;
        if self.hide_lists.get() {
            return Ok(Page::default());
        }
        let kv = self.kv.borrow();
        let behind = |name: &&String| after.is_none_or(|after| name.as_str() > after);
        let mut names = kv.keys().filter(|name| name.starts_with(prefix)).filter(behind).cloned();
        let page: Vec<String> = names.by_ref().take(PAGE).collect();
        let next = names.next().and(page.last().cloned());
        Ok(Page { names: page, next })
    }
}

impl RateLimit for World {
    async fn allows(&self, limit: Limit, key: &str) -> bool {
        !self.limited.borrow().contains(&format!("{limit:?}:{key}"))
    }
}

impl Isolate for World {
    fn token_slot<T>(&self, name: &str, act: impl FnOnce(&mut TokenSlot) -> T) -> T {
        act(self.slots.borrow_mut().entry(name.to_owned()).or_default())
    }
    fn verified_claims<T>(&self, act: impl FnOnce(&mut VerifiedClaims) -> T) -> T {
        act(&mut self.known.borrow_mut())
    }
    fn guesses<T>(&self, act: impl FnOnce(&mut Guesses) -> T) -> T {
        act(&mut self.guesses.borrow_mut())
    }
    /// Is pending once: a request that waits although no other runs fails in [`poll_once`].
    async fn pause(&self, _: u32) -> Result<(), Overdue> {
        yield_once().await;
        Ok(())
    }
}

impl AuditLog for World {
    fn audit(&self, audit: &Audit<'_>) {
        self.audits.borrow_mut().push(serde_json::to_string(audit).unwrap());
    }
}

impl Fetch for World {
    async fn fetch(&self, call: &Call) -> Result<Reply, FetchFailure> {
        self.urls.borrow_mut().push(call.url.clone());
        self.calls.borrow_mut().push([call.body.clone(), call.content_type.clone(), call.bearer.clone()]);
        while self.wechat_hangs.get() {
            yield_once().await;
        }
        self.upstream.borrow_mut().pop_front().unwrap_or(Err(FetchFailure::Unreachable))
    }
}

impl Es256 for World {
    async fn sign(&self, key: &SigningKey, message: &[u8]) -> Option<Vec<u8>> {
        Some(hash(&key.public, message))
    }
    async fn verify(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        self.verifications.set(self.verifications.get() + 1);
        !self.no_signature.get() && (self.any_signature.get() || hash(key, message) == signature)
    }
}
