//! The edge at one location: its real routes and flows on simulated ports.

use super::store::Kv;
use crate::edge::audit::Audit;
use crate::edge::config::{Config, Misconfigured};
use crate::edge::error::StoreFailure;
use crate::edge::ports::{AuditLog, Clock, Page, Put, Random, Store};
use crate::edge::routes::{route, write_deferred};
use crate::edge::testing::fakes::{NOW, json_request};
use crate::edge::testing::simulation::Simulation;
use serde_json::Value;
use std::cell::RefCell;
use std::rc::Rc;

#[derive(Clone)]
pub(super) struct Edge {
    pub(super) kv: Kv,
    pub(super) location: usize,
    pub(super) config: Rc<Result<Config, Misconfigured>>,
    /// When reuse was detected, ms.
    pub(super) found: Rc<RefCell<Vec<u64>>>,
}

/// The response that a client gets.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Edge {
    pub(super) fn at(&self, location: usize) -> Self {
        Self { location, ..self.clone() }
    }

    /// Sends a request with the latency of a mobile network; `None` if the request or its answer is lost.
    pub(super) async fn ask(&self, method: &str, path: &str, bearer: &str, body: &Value) -> Option<Answer> {
        let lost = self.kv.faults.network;
        self.kv.time.sleep(self.kv.between(5, 80)).await;
        if self.kv.chance(lost) {
            return None;
        }
        let request = json_request(method, path, Some(bearer.to_owned()), body);
        let answer = route(self, &self.config, &request, "id").await;
        if let Some(late) = answer.after {
            let edge = self.clone();
            // As in `waitUntil`: after the answer, with its error ignored.
            self.kv.time.spawn(async move {
                let _ = write_deferred(&edge, &edge.config, &late).await;
            });
        }
        self.kv.time.sleep(self.kv.between(5, 80)).await;
        let body = serde_json::from_str(&answer.response.body).unwrap_or_default();
        (!self.kv.chance(lost)).then_some(Answer { status: answer.response.status, body })
    }
}

impl Clock for Edge {
    fn now_ms(&self) -> u64 {
        NOW + self.kv.time.now()
    }
}

impl Random for Edge {
    fn fill(&self, bytes: &mut [u8]) {
        self.kv.rng.borrow_mut().fill(bytes);
    }
}

impl Store for Edge {
    async fn get(&self, names: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreFailure> {
        self.kv.time.sleep(self.kv.between(1, 60)).await;
        Ok(names.iter().map(|name| self.kv.read(self.location, name)).collect())
    }

    async fn put(&self, puts: &[Put]) -> Result<(), StoreFailure> {
        self.kv.time.sleep(self.kv.between(10, 250)).await;
        let done = puts.iter().filter(|put| self.kv.write(self.location, &put.key, Some(put.value.clone()))).count();
        if done == puts.len() { Ok(()) } else { Err(StoreFailure("429".into())) }
    }

    async fn delete(&self, names: &[String]) -> Result<(), StoreFailure> {
        self.kv.time.sleep(self.kv.between(10, 250)).await;
        let done = names.iter().all(|name| self.kv.write(self.location, name, None));
        if done { Ok(()) } else { Err(StoreFailure("500".into())) }
    }

    async fn list(&self, prefix: &str, _: Option<&str>) -> Result<Page, StoreFailure> {
        self.kv.time.sleep(self.kv.between(1, 60)).await;
        Ok(Page { names: self.kv.names(self.location, prefix), next: None })
    }
}

impl Simulation for Edge {
    async fn wechat_replies(&self) {
        self.kv.time.sleep(self.kv.between(50, 300)).await;
    }

    async fn sleep(&self, ms: u32) {
        self.kv.time.sleep(ms.into()).await;
    }
}

impl AuditLog for Edge {
    fn audit(&self, audit: &Audit<'_>) {
        if matches!(audit, Audit::RefreshReused { .. }) {
            self.found.borrow_mut().push(self.kv.time.now());
        }
    }
}
