//! Simulated time: sleeping tasks are woken in the order of their wake-up times, without real waiting.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

type Task = Pin<Box<dyn Future<Output = ()>>>;

#[derive(Clone, Default)]
pub(super) struct Time(Rc<Inner>);

#[derive(Default)]
struct Inner {
    /// ms.
    now: Cell<u64>,
    running: Cell<usize>,
    tasks: RefCell<Vec<Option<Task>>>,
    /// Tasks by wake-up time and order of the call.
    sleepers: RefCell<BTreeMap<(u64, u64), usize>>,
    asked: Cell<u64>,
}

impl Time {
    pub(super) fn now(&self) -> u64 {
        self.0.now.get()
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        let mut tasks = self.0.tasks.borrow_mut();
        tasks.push(Some(Box::pin(task)));
        self.wake_at(self.now(), tasks.len() - 1);
    }

    fn wake_at(&self, at: u64, task: usize) {
        self.0.asked.set(self.0.asked.get() + 1);
        self.0.sleepers.borrow_mut().insert((at, self.0.asked.get()), task);
    }

    pub(super) async fn sleep(&self, ms: u64) {
        let mut asked = false;
        poll_fn(|_| {
            if asked {
                return Poll::Ready(());
            }
            asked = true;
            self.wake_at(self.now() + ms, self.0.running.get());
            Poll::Pending
        })
        .await;
    }

    /// Runs until no task sleeps.
    pub(super) fn run(&self) {
        loop {
            let next = self.0.sleepers.borrow_mut().pop_first();
            let Some(((at, _), index)) = next else { return };
            self.0.now.set(at);
            self.0.running.set(index);
            let task = self.0.tasks.borrow_mut()[index].take();
            let Some(mut task) = task else { continue };
            if task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
                self.0.tasks.borrow_mut()[index] = Some(task);
            }
        }
    }
}
