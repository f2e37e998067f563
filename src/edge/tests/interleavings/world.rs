//! The store, the clock and WeChat as a scheduler sees them: each operation of a request waits until the
//! scheduler lets it take effect. The requests are the futures of the real routes, polled by hand.

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

/// What the store holds.
pub(super) type Stored = BTreeMap<String, Vec<u8>>;

/// What a request waits for.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    Get(Vec<String>),
    Put(Vec<Put>),
    Delete(Vec<String>),
    List(String),
    /// WeChat's answer.
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

/// How an operation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum How {
    Well,
    /// A read of what was there before the model began, for the keys of this kind: within S any of them may be old.
    Stale(&'static str),
    /// An error, and nothing was done.
    Refused,
    /// An error, and it was done.
    Ambiguous,
}

#[derive(Debug, Clone, Hash)]
enum Outcome {
    Values(Vec<Option<Vec<u8>>>),
    Names(Vec<String>),
    Done,
    Failed,
}

/// What a client got.
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

/// A request, or the write behind its answer.
#[derive(Default)]
struct Task {
    future: Option<Pin<Box<dyn Future<Output = Option<Answer>>>>>,
    waits: Option<(u64, Operation)>,
    outcome: Option<Outcome>,
    /// A digest of what it has seen: with the store and the clock this is its whole state.
    seen: u64,
    random: u8,
}

pub(super) struct Shared {
    pub(super) config: Rc<Result<Config, Misconfigured>>,
    pub(super) kv: RefCell<Stored>,
    /// What a stale read may still see.
    old: RefCell<Stored>,
    pub(super) now: Cell<u64>,
    tasks: RefCell<Vec<Task>>,
    issued: Cell<u64>,
    pub(super) reused: Cell<bool>,
}

thread_local! {
    static CONFIG: Rc<Result<Config, Misconfigured>> = Rc::new(Config::parse(&variables()));
}

/// The world of some requests.
#[derive(Clone)]
pub(super) struct World(pub(super) Rc<Shared>);

impl World {
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
        let ports = Ports { world: self.clone(), task: index };
        self.spawn(async move {
            let config = Rc::clone(&ports.world.0.config);
            let answer = route(&ports, &config, &request, "id").await;
            if let Some(record) = answer.after {
                let late = Ports { task: ports.world.0.tasks.borrow().len(), ..ports.clone() };
                ports.world.spawn(async move {
                    let _ = write_deferred(&late, &late.world.0.config, &record).await;
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

    /// One request from its arrival to the end of the write behind its answer.
    pub(super) fn run(&self, request: Request) -> Answer {
        let first = self.add(request);
        let mut answer = None;
        while let Some(task) = (first..self.len()).find(|task| self.is_running(*task)) {
            answer = self.step(task, How::Well).or(answer);
        }
        answer.unwrap()
    }

    pub(super) fn len(&self) -> usize {
        self.0.tasks.borrow().len()
    }

    pub(super) fn is_running(&self, task: usize) -> bool {
        self.0.tasks.borrow()[task].future.is_some()
    }

    /// What a task waits for; none where it has not begun.
    pub(super) fn waits(&self, task: usize) -> Option<Operation> {
        self.0.tasks.borrow()[task].waits.as_ref().map(|(_, operation)| operation.clone())
    }

    /// When a task sent its operation, by count.
    pub(super) fn issued(&self, task: usize) -> u64 {
        self.0.tasks.borrow()[task].waits.as_ref().map_or(0, |(issued, _)| *issued)
    }

    /// The isolate dies: the task ends where it is.
    pub(super) fn lose(&self, task: usize) {
        let task = &mut self.0.tasks.borrow_mut()[task];
        task.future = None;
        task.waits = None;
    }

    /// The task's operation takes effect, or the task begins; then it runs until it waits again.
    pub(super) fn step(&self, task: usize, how: How) -> Option<Answer> {
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

    fn perform(&self, operation: &Operation, how: How) -> Outcome {
        let Shared { kv, old, .. } = &*self.0;
        let stale = |name: &str| matches!(how, How::Stale(kind) if name.starts_with(kind));
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
            _ if how == How::Refused => Outcome::Failed,
            Operation::Put(puts) => {
                kv.borrow_mut().extend(puts.iter().map(|put| (put.key.clone(), put.value.clone())));
                if how == How::Ambiguous { Outcome::Failed } else { Outcome::Done }
            }
            Operation::Delete(names) => {
                kv.borrow_mut().retain(|name, _| !names.contains(name));
                if how == How::Ambiguous { Outcome::Failed } else { Outcome::Done }
            }
        }
    }

    /// Whether a read of this kind of key may see something else than the store has.
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

    /// All that decides what happens from here on.
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
    world: World,
    task: usize,
}

impl Ports {
    async fn wait(&self, operation: Operation) -> Outcome {
        let mut operation = Some(operation);
        poll_fn(|_| {
            let issued = self.world.0.issued.get();
            let task = &mut self.world.0.tasks.borrow_mut()[self.task];
            match (operation.take(), task.outcome.take()) {
                (Some(operation), _) => {
                    self.world.0.issued.set(issued + 1);
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
        self.world.0.now.get()
    }
}

/// Different in each task, and the same in each run.
impl Random for Ports {
    fn fill(&self, bytes: &mut [u8]) {
        let task = &mut self.world.0.tasks.borrow_mut()[self.task];
        task.random = task.random.wrapping_add(1);
        let now = self.world.0.now.get().to_le_bytes();
        let random = Sha256::digest([&[self.task as u8, task.random], &now[..]].concat());
        bytes.copy_from_slice(&random[..bytes.len()]);
    }
}

impl AuditLog for Ports {
    fn audit(&self, audit: &Audit<'_>) {
        if matches!(audit, Audit::RefreshReused { .. }) {
            self.world.0.reused.set(true);
        }
    }
}
