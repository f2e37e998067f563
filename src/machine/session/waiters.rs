//! Callers whose promises are open: what each wants, and where its request stands.
//!
//! Thousands may wait at once, so nothing here looks through all of them for the sake of one.

use crate::machine::clock::Instant;
use crate::machine::context::{Context, after_shown};
use crate::machine::event::WaiterId;
use crate::machine::tokens::Generation;

/// WeChat's own default for a request is 60 s (§1.8); past that nobody will call back.
const REQUEST_TIMEOUT_MS: Instant = 65_000;
/// How long a request that may go without a session waits for one that is being renewed.
const GUEST_PATIENCE_MS: Instant = 2_000;
/// How often one request is sent again after an expiry reply.
const MAX_REPLAYS: u8 = 2;
/// Deadlines are counted in steps of this many milliseconds: they take less memory, and many callers
/// share one look through all of them.
const STEP_MS: Instant = 500;
/// Callers that have gone stay in the list until there are this many more of them than of others.
const MOST_GONE: usize = 32;

#[derive(Debug, Clone)]
pub(crate) struct Waiters {
    /// In ascending order of their ids: the host counts upwards, so a new caller goes to the end.
    all: Vec<Waiter>,
    /// How many of `all` have gone.
    gone: usize,
    /// No caller's deadline is before this.
    next_deadline: Deadline,
}

/// In steps since launch.
type Deadline = u32;
const NEVER: Deadline = Deadline::MAX;

#[derive(Debug, Clone)]
struct Waiter {
    id: WaiterId,
    wants: Wants,
    stage: Stage,
    replays: u8,
    /// Of a request that is out, and of one that may go as a guest's.
    deadline: Deadline,
}

/// What a caller waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    Ready,
    Login,
    Token,
    Request {
        guest: bool,
    },
    /// A session whose key at the edge is the one WeChat encrypts with.
    Key,
    /// To send data encrypted with the key of this epoch; `None`: of one or the next, a login
    /// was under way.
    OpenData {
        epoch: Option<u32>,
    },
    /// A good key again, to be told that the payload is lost.
    TapAgain,
    /// To send a phone number's code.
    Phone,
}

impl Wants {
    /// Whether the edge's session_key matters.
    pub(crate) fn needs_key(self) -> bool {
        matches!(self, Self::Key | Self::OpenData { .. } | Self::TapAgain)
    }

    /// Whether a request of the caller's is to be sent.
    pub(crate) fn is_sendable(self) -> bool {
        matches!(self, Self::Request { .. } | Self::OpenData { .. } | Self::Phone)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Waits for a session.
    Parked,
    /// The request is out, with the token of this generation.
    Sent(Option<Generation>),
    /// Settled; the list has not been tidied since.
    Gone,
}

impl Default for Waiters {
    fn default() -> Self {
        Self { all: Vec::new(), gone: 0, next_deadline: NEVER }
    }
}

impl Waiters {
    pub(crate) fn park(&mut self, cx: &Context, id: WaiterId, wants: Wants) {
        let guest = wants == Wants::Request { guest: true };
        let deadline = if guest { self.deadline_in(cx, GUEST_PATIENCE_MS) } else { NEVER };
        let waiter = Waiter { id, wants, stage: Stage::Parked, replays: 0, deadline };
        match self.all.binary_search_by_key(&id, |known| known.id) {
            Ok(at) => {
                self.gone -= usize::from(self.all.get(at).is_some_and(|known| known.stage == Stage::Gone));
                if let Some(known) = self.all.get_mut(at) {
                    *known = waiter;
                }
            }
            Err(at) => self.all.insert(at, waiter),
        }
    }

    /// The request has had its answer, and the caller now waits for something else.
    pub(crate) fn park_again(&mut self, id: WaiterId, wants: Wants) {
        if let Some(waiter) = self.find_mut(id) {
            waiter.wants = wants;
            waiter.stage = Stage::Parked;
            waiter.deadline = NEVER;
        }
    }

    /// Lets a caller go; whether there was one.
    pub(crate) fn remove(&mut self, id: WaiterId) -> bool {
        let Some(waiter) = self.find_mut(id) else { return false };
        waiter.stage = Stage::Gone;
        self.gone += 1;
        if self.gone == self.all.len() {
            self.all.clear();
            self.gone = 0;
            self.next_deadline = NEVER;
        } else if self.gone > self.all.len() / 2 + MOST_GONE {
            self.all.retain(|waiter| waiter.stage != Stage::Gone);
            self.gone = 0;
        }
        true
    }

    /// Who waits for a session, in the order they came.
    pub(crate) fn parked(&self) -> Vec<WaiterId> {
        let mut parked = Vec::with_capacity(self.all.len());
        parked.extend(self.all.iter().filter(|waiter| waiter.stage == Stage::Parked).map(|waiter| waiter.id));
        parked
    }

    /// What the caller of this id waits for a session for.
    pub(crate) fn parked_for(&self, id: WaiterId) -> Option<Wants> {
        self.find(id).filter(|waiter| waiter.stage == Stage::Parked).map(|waiter| waiter.wants)
    }

    /// Whether a caller waits for a session for such a purpose.
    pub(crate) fn any_parked(&self, is: impl Fn(Wants) -> bool) -> bool {
        self.all.iter().any(|waiter| waiter.stage == Stage::Parked && is(waiter.wants))
    }

    /// What is wanted by the caller of a request that is out.
    pub(crate) fn sent(&self, id: WaiterId) -> Option<Wants> {
        self.find(id).filter(|waiter| matches!(waiter.stage, Stage::Sent(_))).map(|waiter| waiter.wants)
    }

    /// The request goes out, with this generation's token or as a guest's.
    pub(crate) fn send(&mut self, cx: &Context, id: WaiterId, generation: Option<Generation>) {
        let deadline = self.deadline_in(cx, REQUEST_TIMEOUT_MS);
        if let Some(waiter) = self.find_mut(id) {
            waiter.stage = Stage::Sent(generation);
            waiter.deadline = deadline;
        }
    }

    /// The reply said "expired": parks the request again and tells which generation it had used.
    /// `None` where it used none, or was sent again often enough.
    pub(crate) fn take_back(&mut self, cx: &Context, id: WaiterId) -> Option<Generation> {
        let patience = self.deadline_in(cx, GUEST_PATIENCE_MS);
        let waiter = self.find_mut(id)?;
        match waiter.stage {
            Stage::Sent(Some(used)) if waiter.replays < MAX_REPLAYS => {
                waiter.replays += 1;
                waiter.stage = Stage::Parked;
                waiter.deadline = if waiter.wants == (Wants::Request { guest: true }) { patience } else { NEVER };
                Some(used)
            }
            _ => None,
        }
    }

    /// After JavaScript was stopped: replies that came meanwhile are still to be delivered.
    pub(crate) fn allow_after_shown(&mut self, cx: &Context) {
        let earliest = steps(after_shown(0, cx));
        for waiter in &mut self.all {
            waiter.deadline = waiter.deadline.max(earliest);
        }
        self.find_next_deadline();
    }

    /// Callers whose time is over, each once.
    pub(crate) fn overdue(&mut self, cx: &Context) -> Vec<WaiterId> {
        let mut overdue = Vec::new();
        if Instant::from(self.next_deadline) * STEP_MS <= cx.clock.elapsed() {
            for waiter in &mut self.all {
                if Instant::from(waiter.deadline) * STEP_MS <= cx.clock.elapsed() {
                    waiter.deadline = NEVER;
                    if waiter.stage != Stage::Gone {
                        overdue.push(waiter.id);
                    }
                }
            }
            self.find_next_deadline();
        }
        overdue
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        (self.next_deadline != NEVER).then_some(Instant::from(self.next_deadline) * STEP_MS)
    }

    fn find_next_deadline(&mut self) {
        let open = self.all.iter().filter(|waiter| waiter.stage != Stage::Gone);
        self.next_deadline = open.map(|waiter| waiter.deadline).min().unwrap_or(NEVER);
    }

    fn deadline_in(&mut self, cx: &Context, wait_ms: Instant) -> Deadline {
        let deadline = steps(cx.clock.elapsed() + wait_ms);
        self.next_deadline = self.next_deadline.min(deadline);
        deadline
    }

    fn find(&self, id: WaiterId) -> Option<&Waiter> {
        let at = self.all.binary_search_by_key(&id, |waiter| waiter.id).ok()?;
        self.all.get(at).filter(|waiter| waiter.stage != Stage::Gone)
    }

    fn find_mut(&mut self, id: WaiterId) -> Option<&mut Waiter> {
        let at = self.all.binary_search_by_key(&id, |waiter| waiter.id).ok()?;
        self.all.get_mut(at).filter(|waiter| waiter.stage != Stage::Gone)
    }
}

fn steps(instant: Instant) -> Deadline {
    Deadline::try_from(instant.div_ceil(STEP_MS)).unwrap_or(NEVER)
}
