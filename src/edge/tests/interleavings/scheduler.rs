//! A scheduler with a store, a clock and a WeChat. Each operation of a request waits until the scheduler performs it. The
//! requests are the futures of the real routes.

use crate::edge::audit::Audit;
use crate::edge::config::{Config, Misconfigured};
use crate::edge::error::StoreFailure;
use crate::edge::http::Request;
use crate::edge::ports::{AuditLog, Clock, Page, Put, Random, Store};
use crate::edge::routes::{route, write_deferred};

use crate::edge::testing::fakes::{NOW, variables};
use crate::edge::testing::simulation::Simulation;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// The records of the store.
pub(super) type Stored = BTreeMap<String, Vec<u8>>;

/// An operation that a request waits for.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    Get(Vec<String>),
    Put(Vec<Put>),
    Delete(Vec<String>),
    List(String),
    /// A call to WeChat.
    Fetch,
}

impl Operation {
    pub(super) fn describe(&self) -> String {
        let kinds = |names: &mut dyn Iterator<Item = &String>| {
            names.map(|name| name.split(':').next().unwrap_or_default()).collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::Get(names) => format!("reads {}", kinds(&mut names.iter())),
            Self::Put(puts) => format!("writes {}", kinds(&mut puts.iter().map(|put| &put.key))),
            Self::Delete(names) => format!("deletes {}", kinds(&mut names.iter())),
            Self::List(prefix) => format!("lists {}", kinds(&mut core::iter::once(prefix))),
            Self::Fetch => "asks WeChat".to_owned(),
        }
    }
}

/// The effect of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Effect {
    Done,
    /// Keys of this kind are read as they were at the start: before convergence any of them may be old.
    Stale(&'static str),
    /// An error; the operation had no effect.
    Refused,
    /// An error; the operation took effect.
    Ambiguous,
}

#[derive(Debug, Clone, Hash)]
enum Outcome {
    Values(Vec<Option<Vec<u8>>>),
    Names(Vec<String>),
    Done,
    Failed,
}

/// The response that a client got.
#[derive(Debug, Clone, Hash)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// A request, or the write that follows its answer.
#[derive(Default)]
struct Task {
    future: Option<Pin<Box<dyn Future<Output = Option<Answer>>>>>,
    waits: Option<(u64, Operation)>,
    outcome: Option<Outcome>,
    /// A digest of its reads. With the store and the clock it determines the state of the task.
    seen: u64,
    random: u8,
}

pub(super) struct Shared {
    pub(super) config: Rc<Result<Config, Misconfigured>>,
    pub(super) kv: RefCell<Stored>,
    /// The records that a stale read sees.
    old: RefCell<Stored>,
    pub(super) now: Cell<u64>,
    tasks: RefCell<Vec<Task>>,
    issued: Cell<u64>,
    pub(super) reused: Cell<bool>,
}

thread_local! {
    static CONFIG: Rc<Result<Config, Misconfigured>> = Rc::new(Config::parse(&variables()));
}

/// Runs requests, one operation at a time.
#[derive(Clone)]
pub(super) struct Scheduler(pub(super) Rc<Shared>);

impl Scheduler {
    pub(super) fn new(kv: Stored, now: u64) -> Self {
        Self(Rc::new(Shared {
            config: CONFIG.with(Rc::clone),
            old: RefCell::new(kv.clone()),
            kv: RefCell::new(kv),
            now: Cell::new(now),
            tasks: RefCell::default(),
            issued: Cell::new(0),
            reused: Cell::new(false),
        }))
    }

    pub(super) fn empty() -> Self {
        Self::new(Stored::new(), NOW)
    }

    /// Adds a request that has not arrived yet.
    pub(super) fn add(&self, request: Request) -> usize {
        let index = self.0.tasks.borrow().len();
        let ports = Ports { scheduler: self.clone(), task: index };
        self.spawn(async move {
            let config = Rc::clone(&ports.scheduler.0.config);
            let answer = route(&ports, &config, &request, "id").await;
            if let Some(record) = answer.after {
                let late = Ports { task: ports.scheduler.0.tasks.borrow().len(), ..ports.clone() };
                ports.scheduler.spawn(async move {
                    let _ = write_deferred(&late, &late.scheduler.0.config, &record).await;
                    None
                });
            }
            Some(Answer { status: answer.response.status, body: answer.response.body })
        });
        index
    }

    fn spawn(&self, future: impl Future<Output = Option<Answer>> + 'static) {
        self.0.tasks.borrow_mut().push(Task { future: Some(Box::pin(future)), ..Task::default() });
    }

    /// Runs one request and the write that follows its answer.
    pub(super) fn run(&self, request: Request) -> Answer {
        let first = self.add(request);
        let mut answer = None;
        while let Some(task) = (first..self.len()).find(|task| self.is_running(*task)) {
            answer = self.step(task, Effect::Done).or(answer);
        }
        answer.unwrap()
    }

    pub(super) fn len(&self) -> usize {
        self.0.tasks.borrow().len()
    }

    pub(super) fn is_running(&self, task: usize) -> bool {
        self.0.tasks.borrow()[task].future.is_some()
    }

    /// The operation that a task waits for; `None` before its first step.
    pub(super) fn waits_for(&self, task: usize) -> Option<Operation> {
        self.0.tasks.borrow()[task].waits.as_ref().map(|(_, operation)| operation.clone())
    }

    /// The number of the operation that a task waits for, in the order of sending.
    pub(super) fn issued(&self, task: usize) -> u64 {
        self.0.tasks.borrow()[task].waits.as_ref().map_or(0, |(issued, _)| *issued)
    }

    /// Ends a task at its current operation, as the end of an isolate does.
    pub(super) fn lose(&self, task: usize) {
        let task = &mut self.0.tasks.borrow_mut()[task];
        task.future = None;
        task.waits = None;
    }

    /// Performs the operation of a task, or starts the task, and runs it until its next operation.
    pub(super) fn step(&self, task: usize, how: Effect) -> Option<Answer> {
        let waits = self.0.tasks.borrow_mut()[task].waits.take();
        if let Some((_, operation)) = waits {
            let outcome = self.perform(&operation, how);
            let task = &mut self.0.tasks.borrow_mut()[task];
            task.seen = digest(&(task.seen, &outcome));
            task.outcome = Some(outcome);
        }
        let mut future = self.0.tasks.borrow_mut()[task].future.take().unwrap();
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => answer,
            Poll::Pending => {
                self.0.tasks.borrow_mut()[task].future = Some(future);
                None
            }
        }
    }

    fn perform(&self, operation: &Operation, how: Effect) -> Outcome {
        let Shared { kv, old, .. } = &*self.0;
        let stale = |name: &str| matches!(how, Effect::Stale(kind) if name.starts_with(kind));
        match operation {
            Operation::Get(names) => {
                let read = |name: &String| if stale(name) { old } else { kv }.borrow().get(name).cloned();
                Outcome::Values(names.iter().map(read).collect())
            }
            Operation::List(prefix) => {
                let from = if stale(prefix) { old } else { kv }.borrow();
                Outcome::Names(from.keys().filter(|name| name.starts_with(prefix)).cloned().collect())
            }
            Operation::Fetch => Outcome::Done,
            _ if how == Effect::Refused => Outcome::Failed,
            Operation::Put(puts) => {
                kv.borrow_mut().extend(puts.iter().map(|put| (put.key.clone(), put.value.clone())));
                if how == Effect::Ambiguous { Outcome::Failed } else { Outcome::Done }
            }
            Operation::Delete(names) => {
                kv.borrow_mut().retain(|name, _| !names.contains(name));
                if how == Effect::Ambiguous { Outcome::Failed } else { Outcome::Done }
            }
        }
    }

    /// Whether a stale read of this kind of key differs from a current one.
    pub(super) fn is_stale(&self, kind: &str, operation: &Operation) -> bool {
        let Shared { kv, old, .. } = &*self.0;
        let (kv, old) = (kv.borrow(), old.borrow());
        match operation {
            Operation::Get(names) => names.iter().any(|name| name.starts_with(kind) && kv.get(name) != old.get(name)),
            Operation::List(prefix) => {
                prefix.starts_with(kind) && {
                    let names = |from: &Stored| {
                        from.keys().filter(|name| name.starts_with(prefix)).cloned().collect::<Vec<_>>()
                    };
                    names(&kv) != names(&old)
                }
            }
            _ => false,
        }
    }

    /// A digest of the state that determines all further steps.
    pub(super) fn digest(&self) -> u64 {
        let tasks = self.0.tasks.borrow();
        let tasks: Vec<_> = tasks
            .iter()
            .map(|task| (task.future.is_some(), task.seen, task.waits.as_ref().map(|(_, op)| format!("{op:?}"))))
            .collect();
        digest(&(&*self.0.kv.borrow(), self.0.now.get(), tasks, self.0.reused.get()))
    }
}

pub(super) fn digest(value: &impl std::hash::Hash) -> u64 {
    use std::hash::Hasher as _;
    let mut hasher = std::hash::DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The ports of one task.
#[derive(Clone)]
struct Ports {
    scheduler: Scheduler,
    task: usize,
}

impl Ports {
    async fn wait(&self, operation: Operation) -> Outcome {
        let mut operation = Some(operation);
        poll_fn(|_| {
            let issued = self.scheduler.0.issued.get();
            let task = &mut self.scheduler.0.tasks.borrow_mut()[self.task];
            match (operation.take(), task.outcome.take()) {
                (Some(operation), _) => {
                    self.scheduler.0.issued.set(issued + 1);
                    task.waits = Some((issued, operation));
                    Poll::Pending
                }
                (None, Some(outcome)) => Poll::Ready(outcome),
                (None, None) => Poll::Pending,
            }
        })
        .await
    }

    async fn write(&self, operation: Operation) -> Result<(), StoreFailure> {
        match self.wait(operation).await {
            Outcome::Failed => Err(StoreFailure("refused".into())),
            _ => Ok(()),
        }
    }
}

impl Store for Ports {
    async fn get(&self, names: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreFailure> {
        match self.wait(Operation::Get(names.to_vec())).await {
            Outcome::Values(values) => Ok(values),
            _ => Err(StoreFailure("unreachable".into())),
        }
    }

    async fn put(&self, puts: &[Put]) -> Result<(), StoreFailure> {
        self.write(Operation::Put(puts.to_vec())).await
    }

    async fn delete(&self, names: &[String]) -> Result<(), StoreFailure> {
        self.write(Operation::Delete(names.to_vec())).await
    }

    async fn list(&self, prefix: &str, _: Option<&str>) -> Result<Page, StoreFailure> {
        match self.wait(Operation::List(prefix.to_owned())).await {
            Outcome::Names(names) => Ok(Page { names, next: None }),
            _ => Err(StoreFailure("unreachable".into())),
        }
    }
}

impl Simulation for Ports {
    async fn wechat_replies(&self) {
        self.wait(Operation::Fetch).await;
    }
}

impl Clock for Ports {
    fn now_ms(&self) -> u64 {
        self.scheduler.0.now.get()
    }
}

/// Different for each task and equal in each run.
impl Random for Ports {
    fn fill(&self, bytes: &mut [u8]) {
        let task = &mut self.scheduler.0.tasks.borrow_mut()[self.task];
        task.random = task.random.wrapping_add(1);
        let now = self.scheduler.0.now.get().to_le_bytes();
        let random = Sha256::digest([&[self.task as u8, task.random], &now[..]].concat());
        bytes.copy_from_slice(&random[..bytes.len()]);
    }
}

impl AuditLog for Ports {
    fn audit(&self, audit: &Audit<'_>) {
        if matches!(audit, Audit::RefreshReused { .. }) {
            self.scheduler.0.reused.set(true);
        }
    }
}
