//! Callers that are not settled, with their purpose and the stage of their request.
//!
//! Thousands may wait at the same time, so no operation on one caller iterates over all.

use crate::machine::clock::Instant;
use crate::machine::context::{Context, extended};
use crate::machine::event::WaiterId;
use crate::machine::tokens::Generation;

/// Longer than the 60 s after which WeChat itself fails a request (§1.8).
const REQUEST_TIMEOUT_MS: Instant = 65_000;
/// Time that a guest-allowed request waits for a session that is being renewed.
const GUEST_WAIT_MS: Instant = 2_000;
/// Most times that one request is sent again after an expiry reply.
const MAX_REPLAYS: u8 = 2;
/// Resolution of deadlines, in milliseconds. Coarse deadlines take less memory, and many callers
/// become overdue in one pass.
const STEP_MS: Instant = 500;
/// Settled callers stay in the list until they exceed half of it by this many.
const MOST_SETTLED: usize = 32;

#[derive(Debug, Clone)]
pub(super) struct Waiters {
    /// In ascending order of ids: the host counts upwards, so a new caller is appended.
    all: Vec<Waiter>,
    /// Number of settled callers in `all`.
    settled: usize,
    /// Lower bound of the callers' deadlines.
    next_deadline: Deadline,
}

/// In units of [`STEP_MS`] since launch.
type Deadline = u32;
const NEVER: Deadline = Deadline::MAX;

#[derive(Debug, Clone)]
struct Waiter {
    id: WaiterId,
    waiting: Waiting,
    stage: Stage,
    replays: u8,
    /// Set for a request that is sent, and for a queued one that may be sent as a guest's.
    deadline: Deadline,
}

/// The purpose of a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiting {
    Ready,
    Login,
    Token,
    Request {
        guest: bool,
    },
    /// A session whose session_key at the edge is the one that WeChat encrypts with.
    Key,
    /// To send data that is encrypted with the key of this epoch. `None` if a login was under way, so
    /// that the key may be of the epoch before or after it.
    OpenData {
        epoch: Option<u32>,
    },
    /// A valid key again, after which the caller is rejected with `tap_again`: its payload is lost.
    TapAgain,
    /// To send a phone code.
    Phone,
}

impl Waiting {
    /// Whether the edge's session_key matters.
    pub(super) fn needs_key(self) -> bool {
        matches!(self, Self::Key | Self::OpenData { .. } | Self::TapAgain)
    }

    /// Whether the host holds a request to send.
    pub(super) fn is_sendable(self) -> bool {
        matches!(self, Self::Request { .. } | Self::OpenData { .. } | Self::Phone)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Waits for a session.
    Queued,
    /// The request is sent, with the token of this generation.
    Sent(Option<Generation>),
    /// Settled, and not removed from the list yet.
    Settled,
}

impl Default for Waiters {
    fn default() -> Self {
        Self { all: Vec::new(), settled: 0, next_deadline: NEVER }
    }
}

impl Waiters {
    pub(super) fn enqueue(&mut self, cx: &Context, id: WaiterId, waiting: Waiting) {
        let guest = waiting == Waiting::Request { guest: true };
        let deadline = if guest { self.deadline_in(cx, GUEST_WAIT_MS) } else { NEVER };
        let waiter = Waiter { id, waiting, stage: Stage::Queued, replays: 0, deadline };
        match self.all.binary_search_by_key(&id, |known| known.id) {
            Ok(at) => {
                self.settled -= usize::from(self.all.get(at).is_some_and(|known| known.stage == Stage::Settled));
                if let Some(known) = self.all.get_mut(at) {
                    *known = waiter;
                }
            }
            Err(at) => self.all.insert(at, waiter),
        }
    }

    /// Queues a caller for another purpose, after the answer to its request.
    pub(super) fn enqueue_again(&mut self, id: WaiterId, waiting: Waiting) {
        if let Some(waiter) = self.find_mut(id) {
            waiter.waiting = waiting;
            waiter.stage = Stage::Queued;
            waiter.deadline = NEVER;
        }
    }

    /// Removes a caller; returns whether it was not settled.
    pub(super) fn remove(&mut self, id: WaiterId) -> bool {
        let Some(waiter) = self.find_mut(id) else { return false };
        waiter.stage = Stage::Settled;
        self.settled += 1;
        if self.settled == self.all.len() {
            self.all.clear();
            self.settled = 0;
            self.next_deadline = NEVER;
        } else if self.settled > self.all.len() / 2 + MOST_SETTLED {
            self.all.retain(|waiter| waiter.stage != Stage::Settled);
            self.settled = 0;
        }
        true
    }

    /// Callers that wait for a session, in the order of their calls.
    pub(super) fn queued(&self) -> Vec<WaiterId> {
        let mut queued = Vec::with_capacity(self.all.len());
        queued.extend(self.all.iter().filter(|waiter| waiter.stage == Stage::Queued).map(|waiter| waiter.id));
        queued
    }

    /// The purpose of a caller that waits for a session.
    pub(super) fn queued_for(&self, id: WaiterId) -> Option<Waiting> {
        self.find(id).filter(|waiter| waiter.stage == Stage::Queued).map(|waiter| waiter.waiting)
    }

    /// Whether any caller waits for a session for such a purpose.
    pub(super) fn any_queued(&self, is: impl Fn(Waiting) -> bool) -> bool {
        self.all.iter().any(|waiter| waiter.stage == Stage::Queued && is(waiter.waiting))
    }

    /// The purpose of a caller whose request is sent.
    pub(super) fn sent(&self, id: WaiterId) -> Option<Waiting> {
        self.find(id).filter(|waiter| matches!(waiter.stage, Stage::Sent(_))).map(|waiter| waiter.waiting)
    }

    /// Marks a request as sent, with the token of a generation or as a guest's.
    pub(super) fn send(&mut self, cx: &Context, id: WaiterId, generation: Option<Generation>) {
        let deadline = self.deadline_in(cx, REQUEST_TIMEOUT_MS);
        if let Some(waiter) = self.find_mut(id) {
            waiter.stage = Stage::Sent(generation);
            waiter.deadline = deadline;
        }
    }

    /// Queues a request again after an expiry reply; returns the generation that it had used. `None` if
    /// it had used none, or was already sent again [`MAX_REPLAYS`] times.
    pub(super) fn replay(&mut self, cx: &Context, id: WaiterId) -> Option<Generation> {
        let guest_deadline = self.deadline_in(cx, GUEST_WAIT_MS);
        let waiter = self.find_mut(id)?;
        match waiter.stage {
            Stage::Sent(Some(used)) if waiter.replays < MAX_REPLAYS => {
                waiter.replays += 1;
                waiter.stage = Stage::Queued;
                let guest = waiter.waiting == Waiting::Request { guest: true };
                waiter.deadline = if guest { guest_deadline } else { NEVER };
                Some(used)
            }
            _ => None,
        }
    }

    pub(super) fn extend_deadlines(&mut self, cx: &Context) {
        let earliest = steps(extended(0, cx));
        for waiter in &mut self.all {
            waiter.deadline = waiter.deadline.max(earliest);
        }
        self.find_next_deadline();
    }

    /// Callers whose deadline is over, each once.
    pub(super) fn overdue(&mut self, cx: &Context) -> Vec<WaiterId> {
        let mut overdue = Vec::new();
        if Instant::from(self.next_deadline) * STEP_MS <= cx.clock.elapsed() {
            for waiter in &mut self.all {
                if Instant::from(waiter.deadline) * STEP_MS <= cx.clock.elapsed() {
                    waiter.deadline = NEVER;
                    if waiter.stage != Stage::Settled {
                        overdue.push(waiter.id);
                    }
                }
            }
            self.find_next_deadline();
        }
        overdue
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        (self.next_deadline != NEVER).then_some(Instant::from(self.next_deadline) * STEP_MS)
    }

    fn find_next_deadline(&mut self) {
        let open = self.all.iter().filter(|waiter| waiter.stage != Stage::Settled);
        self.next_deadline = open.map(|waiter| waiter.deadline).min().unwrap_or(NEVER);
    }

    fn deadline_in(&mut self, cx: &Context, wait_ms: Instant) -> Deadline {
        let deadline = steps(cx.clock.elapsed() + wait_ms);
        self.next_deadline = self.next_deadline.min(deadline);
        deadline
    }

    fn find(&self, id: WaiterId) -> Option<&Waiter> {
        let at = self.all.binary_search_by_key(&id, |waiter| waiter.id).ok()?;
        self.all.get(at).filter(|waiter| waiter.stage != Stage::Settled)
    }

    fn find_mut(&mut self, id: WaiterId) -> Option<&mut Waiter> {
        let at = self.all.binary_search_by_key(&id, |waiter| waiter.id).ok()?;
        self.all.get_mut(at).filter(|waiter| waiter.stage != Stage::Settled)
    }
}

fn steps(instant: Instant) -> Deadline {
    Deadline::try_from(instant.div_ceil(STEP_MS)).unwrap_or(NEVER)
}
