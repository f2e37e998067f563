//! Two contexts on one storage, and an edge that rotates refresh tokens, reduced to the state that affects decisions.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use wxauth::machine::{
    AccessToken, EdgeFailure, Effect, Entry, Event, LoginCode, LoginMode, Machine, OpId, PrivacyMode, RefreshToken,
    SessionState, Tokens, WaiterId,
};

/// Time in which the edge accepts a rotated refresh token again, in milliseconds.
const GRACE_MS: u64 = 120_000;
const TOKEN_LIFE_S: u32 = 60;
/// A wait longer than access tokens and the grace, in steps that do not count as a change of the clock.
const STEPS: u64 = 3;
const STEP_MS: u64 = 65_000;

/// Properties of the platform, and defects of earlier clients that it reproduces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Platform {
    /// A browser: it has a lock, immediate storage, and events about other tabs. WeChat has none of them.
    pub(crate) browser: bool,
    /// Every read returns the entries of the launch, as for an earlier client that read once.
    pub(crate) reads_once: bool,
    /// Unreadable storage counts as empty, as for an earlier client.
    pub(crate) unreadable_is_empty: bool,
    /// Writes are acknowledged at once and applied in any order, as for an earlier client that did not wait.
    pub(crate) unordered_writes: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Context {
    machine: Machine,
    pub(crate) state: SessionState,
    /// Effects without an answer, with the edge's answer.
    pub(crate) outstanding: Vec<(Effect, Option<Answer>)>,
    pub(crate) waiting: BTreeSet<WaiterId>,
    /// Another context has written, and the storage event is not delivered yet.
    pub(crate) unseen_write: bool,
    /// The entries that the launch read.
    first_read: Option<[String; 2]>,
}

#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// Tokens of a session, with the number of the rotation.
    Tokens(u32, u32),
    Refused,
    Revoked,
}

#[derive(Debug, Clone)]
struct Session {
    /// The highest number presented, with the time of its first use.
    presented: Option<(u32, u64)>,
    ended: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Contexts {
    pub(crate) platform: Platform,
    now: u64,
    pub(crate) contexts: Vec<Option<Context>>,
    stored: [String; 2],
    /// Writes that are acknowledged and not applied yet, if they are unordered.
    pub(crate) unapplied_writes: Vec<(Entry, Option<String>)>,
    /// The holder of the lock, then the contexts that wait for it.
    lock: VecDeque<(usize, OpId)>,
    granted: Option<(usize, OpId)>,
    sessions: Vec<Session>,
    /// Uses of each refresh token.
    presented: BTreeMap<(u32, u32), u32>,
    /// Whether the user's last call was a log-out; `None` after a crash that may have lost it.
    pub(crate) wants_logged_out: Option<bool>,
    /// Storage has acknowledged the last log-out.
    log_out_is_stored: bool,
    /// A crash has lost an answer of the edge, so that after the grace the edge treats the token's next use as a theft.
    answer_lost: bool,
    pub(crate) storage_fails: bool,
    last_waiter: WaiterId,
    minted: u32,
    pub(crate) budget: Budget,
    pub(crate) broken: Option<&'static str>,
}

/// Remaining events of each kind.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    pub(crate) requests: u8,
    pub(crate) waits: u8,
    pub(crate) logouts: u8,
    pub(crate) logins: u8,
    pub(crate) crashes: u8,
    pub(crate) failures: u8,
}

impl Contexts {
    /// One user, logged in, with two contexts.
    pub(crate) fn new(platform: Platform, budget: Budget) -> Self {
        let mut world = Self {
            platform,
            now: 1_790_000_000_000,
            contexts: vec![None, None],
            stored: Default::default(),
            unapplied_writes: Vec::new(),
            lock: VecDeque::new(),
            granted: None,
            sessions: Vec::new(),
            presented: BTreeMap::new(),
            wants_logged_out: Some(false),
            log_out_is_stored: false,
            answer_lost: false,
            storage_fails: false,
            last_waiter: 0,
            minted: 0,
            budget,
            broken: None,
        };
        for context in 0..2 {
            world.launch(context);
            world.settle_all();
        }
        world
    }

    pub(crate) fn launch(&mut self, context: usize) {
        self.contexts[context] = Some(Context {
            machine: Machine::new(LoginMode::Silent, PrivacyMode::Official, Vec::new()),
            state: SessionState::Starting,
            outstanding: Vec::new(),
            waiting: BTreeSet::new(),
            unseen_write: false,
            first_read: None,
        });
        self.dispatch(context, Event::Launched { seed: 7 });
    }

    fn expect(&mut self, holds: bool, promise: &'static str) {
        if !holds {
            self.broken.get_or_insert(promise);
        }
    }

    pub(crate) fn dispatch(&mut self, context: usize, event: Event) {
        let mut events = VecDeque::from([(context, event)]);
        while let Some((context, event)) = events.pop_front() {
            let Some(one) = &mut self.contexts[context] else { continue };
            for effect in one.machine.handle(self.now, event) {
                self.perform(context, effect, &mut events);
            }
            self.grant_lock(&mut events);
        }
    }

    fn perform(&mut self, context: usize, effect: Effect, events: &mut VecDeque<(usize, Event)>) {
        let answer = match &effect {
            Effect::AcquireLock { op, .. } if !self.platform.browser => {
                events.push_back((context, Event::LockAcquired { op: *op, exclusive: false }));
                return;
            }
            Effect::AcquireLock { op, .. } => {
                self.lock.push_back((context, *op));
                return;
            }
            Effect::ReleaseLock { op } => {
                self.lock.retain(|asked| *asked != (context, *op));
                return;
            }
            Effect::ReadRecord { .. } | Effect::Save { .. } if self.platform.browser => {
                let answer = self.storage_answer(context, &effect);
                events.extend(answer.map(|event| (context, event)));
                return;
            }
            Effect::CallLogin { op, .. } => {
                let is_logged_out = self.wants_logged_out == Some(true) && self.log_out_is_stored;
                self.expect(!is_logged_out, "a login after a log-out without a call of login()");
                self.minted += 1;
                let code = LoginCode::parse(format!("code{}", self.minted)).expect("a code");
                events.push_back((context, Event::CodeIssued { op: *op, code }));
                return;
            }
            Effect::Settle { waiter, .. } => {
                let was_open = self.contexts[context].as_mut().is_some_and(|one| one.waiting.remove(waiter));
                self.expect(was_open, "a caller was settled twice");
                return;
            }
            Effect::Send { waiter, .. } => {
                let reply =
                    Event::ReplyArrived { waiter: *waiter, status: 200, code: String::new(), retry_after_s: None };
                events.push_back((context, reply));
                return;
            }
            Effect::State { state } => {
                if let Some(one) = &mut self.contexts[context] {
                    one.state = state.session;
                }
                return;
            }
            Effect::Refresh { refresh_token, .. } => Some(self.edge_refresh(context, refresh_token)),
            Effect::Exchange { refresh_token, .. } => Some(self.edge_exchange(refresh_token.as_ref())),
            Effect::Revoke { refresh_token, .. } => {
                if let Some(session) = self.sessions.get_mut(parse(refresh_token).0 as usize) {
                    session.ended = true;
                }
                Some(Answer::Revoked)
            }
            Effect::ReadRecord { .. } | Effect::Save { .. } => None,
            _ => return,
        };
        if let Some(one) = &mut self.contexts[context] {
            one.outstanding.push((effect, answer));
        }
    }

    fn grant_lock(&mut self, events: &mut VecDeque<(usize, Event)>) {
        // The first in the queue holds it; the event is sent once.
        let first = self.lock.front().copied();
        if let Some((context, op)) = first.filter(|_| first != self.granted) {
            events.push_back((context, Event::LockAcquired { op, exclusive: true }));
        }
        self.granted = first;
    }

    /// Applies an effect to storage; returns the answer.
    fn storage_answer(&mut self, context: usize, effect: &Effect) -> Option<Event> {
        match effect {
            Effect::ReadRecord { op, .. } if self.storage_fails && !self.platform.unreadable_is_empty => {
                Some(Event::RecordRead { op: *op, record: None, status: None })
            }
            Effect::ReadRecord { op, .. } => {
                let found = if self.storage_fails { Default::default() } else { self.stored.clone() };
                let one = self.contexts[context].as_mut()?;
                let first = one.first_read.get_or_insert_with(|| found.clone()).clone();
                let [record, status] = if self.platform.reads_once { first } else { found };
                Some(Event::RecordRead { op: *op, record: Some(record), status: Some(status) })
            }
            Effect::Save { op, .. } if self.storage_fails => Some(Event::StorageFailed { op: *op }),
            Effect::Save { op, entry, value } => {
                if self.platform.unordered_writes {
                    self.unapplied_writes.push((*entry, value.clone()));
                } else {
                    self.apply_write(*entry, value.clone());
                }
                for (other, one) in self.contexts.iter_mut().enumerate() {
                    if let Some(one) = one.as_mut().filter(|_| other != context && self.platform.browser) {
                        one.unseen_write = true;
                    }
                }
                // A removed status means a log-out, too.
                let says_logged_out = value.as_ref().is_none_or(|value| value.contains(" out "));
                self.log_out_is_stored |= *entry == Entry::Status && says_logged_out;
                Some(Event::Stored { op: *op })
            }
            _ => None,
        }
    }

    fn apply_write(&mut self, entry: Entry, value: Option<String>) {
        let [record, status] = &mut self.stored;
        *(if entry == Entry::Record { record } else { status }) = value.unwrap_or_default();
    }

    pub(crate) fn apply_nth_write(&mut self, nth: usize) {
        let (entry, value) = self.unapplied_writes.remove(nth);
        self.apply_write(entry, value);
    }

    // --- the edge

    fn edge_refresh(&mut self, context: usize, token: &RefreshToken) -> Answer {
        let (sid, number) = parse(token);
        let others = |(other, one): (usize, &Option<Context>)| {
            let out = |(effect, _): &(Effect, _)| matches!(effect, Effect::Refresh { refresh_token, .. } if parse(refresh_token) == (sid, number));
            other != context && one.as_ref().is_some_and(|one| one.outstanding.iter().any(out))
        };
        let both = self.contexts.iter().enumerate().any(others);
        self.expect(!(both && self.platform.browser), "two renewals of one generation despite the lock");
        let count = self.presented.entry((sid, number)).or_insert(0);
        *count += 1;
        let extra = *count > 2;
        self.expect(!extra || self.answer_lost, "a refresh token was presented more than twice");
        let now = self.now;
        let Some(session) = self.sessions.get_mut(sid as usize).filter(|session| !session.ended) else {
            return Answer::Refused;
        };
        let (highest, first) = session.presented.unwrap_or((0, 0));
        if session.presented.is_none() || number > highest {
            session.presented = Some((number, now));
        } else if number + 1 < highest || now - first > GRACE_MS {
            session.ended = true;
            let excused = self.answer_lost;
            self.expect(excused, "the edge revoked a session because of its own contexts");
            return Answer::Refused;
        }
        Answer::Tokens(sid, number + 1)
    }

    /// A login continues the old session with one more rotation, unless that session has ended.
    fn edge_exchange(&mut self, token: Option<&RefreshToken>) -> Answer {
        let old = token.map(parse).filter(|(sid, _)| self.sessions.get(*sid as usize).is_some_and(|old| !old.ended));
        match old {
            Some((sid, number)) => {
                if let Some(session) = self.sessions.get_mut(sid as usize) {
                    session.presented = Some((number, self.now));
                }
                Answer::Tokens(sid, number + 1)
            }
            None => {
                self.sessions.push(Session { presented: None, ended: false });
                Answer::Tokens(u32::try_from(self.sessions.len()).expect("a small number") - 1, 1)
            }
        }
    }

    // --- events

    /// Answers the nth outstanding effect of a context.
    pub(crate) fn answer(&mut self, context: usize, nth: usize) {
        let Some(one) = &mut self.contexts[context] else { return };
        let (effect, answer) = one.outstanding.remove(nth);
        let Some(op) = effect.op() else { return };
        let event = match answer {
            None => self.storage_answer(context, &effect),
            Some(Answer::Tokens(sid, number)) => {
                self.minted += 1;
                Some(tokens(op, sid, number, self.minted, self.now))
            }
            Some(Answer::Refused) => {
                let failure = EdgeFailure::Refused { status: 400, code: "session_ended".into(), retry_after_s: None };
                Some(Event::EdgeFailed { op, failure })
            }
            Some(Answer::Revoked) => Some(Event::Revoked { op }),
        };
        if let Some(event) = event {
            self.dispatch(context, event);
        }
    }

    pub(crate) fn call(&mut self, context: usize, event: impl FnOnce(WaiterId) -> Event) {
        // No two calls of the user have the same time.
        self.now += 1;
        self.last_waiter += 1;
        let waiter = self.last_waiter;
        if let Some(one) = &mut self.contexts[context] {
            one.waiting.insert(waiter);
        }
        self.dispatch(context, event(waiter));
    }

    pub(crate) fn log_out(&mut self, context: usize) {
        self.wants_logged_out = Some(true);
        self.log_out_is_stored = false;
        self.call(context, |waiter| Event::Logout { waiter, everywhere: false });
    }

    /// The user calls `login()`, which ends a log-out.
    pub(crate) fn log_in(&mut self, context: usize) {
        self.wants_logged_out = self.wants_logged_out.map(|_| false);
        self.call(context, Event::Login);
    }

    pub(crate) fn deliver_storage_event(&mut self, context: usize) {
        if let Some(one) = &mut self.contexts[context] {
            one.unseen_write = false;
        }
        self.dispatch(context, Event::StorageChanged);
    }

    /// Ends a context, with everything that it has not stored.
    pub(crate) fn crash(&mut self, context: usize) {
        let Some(one) = self.contexts[context].take() else { return };
        self.lock.retain(|(holder, _)| *holder != context);
        let lost = |(effect, answer): &(Effect, Option<Answer>)| {
            matches!(effect, Effect::Save { .. } | Effect::ReadRecord { .. })
                || matches!(answer, Some(Answer::Tokens(..)))
        };
        self.answer_lost |= one.outstanding.iter().any(lost);
        // A log-out that is not stored yet is lost, and so is an unfinished login.
        let is_known = self.contexts.iter().flatten().any(|one| one.state == SessionState::LoggedOut);
        if self.wants_logged_out == Some(false) || !(self.log_out_is_stored || is_known) {
            self.wants_logged_out = None;
        }
        let mut events = VecDeque::new();
        self.grant_lock(&mut events);
        for (other, event) in events {
            self.dispatch(other, event);
        }
    }

    /// Whether nothing is outstanding, so that a long wait may begin.
    pub(crate) fn is_quiet(&self) -> bool {
        self.unapplied_writes.is_empty() && self.contexts.iter().flatten().all(|one| one.outstanding.is_empty())
    }

    pub(crate) fn wait(&mut self) {
        for _ in 0..STEPS {
            self.now += STEP_MS;
            for context in 0..2 {
                self.dispatch(context, Event::Tick);
                self.settle_all();
            }
        }
    }

    /// Answers everything that is outstanding, until nothing is.
    pub(crate) fn settle_all(&mut self) {
        for _ in 0..200 {
            let waiting = |one: &Option<Context>| one.as_ref().is_some_and(|one| !one.outstanding.is_empty());
            if let Some(context) = self.contexts.iter().position(waiting) {
                self.answer(context, 0);
            } else if !self.unapplied_writes.is_empty() {
                self.apply_nth_write(0);
            } else {
                return;
            }
        }
        self.expect(false, "the contexts never settle");
    }

    /// Checks the end without further faults: time passes and the app is shown again; then every caller has to be
    /// settled, and every context, a new one included, has to know whether the user is logged out.
    pub(crate) fn ends_well(&self) -> Result<(), &'static str> {
        let mut world = self.clone();
        world.storage_fails = false;
        world.settle_all();
        for context in [0, 1, 0, 1] {
            world.dispatch(context, Event::Shown);
            world.settle_all();
        }
        for _ in 0..4 {
            world.now += 20_000;
            for context in 0..2 {
                world.dispatch(context, Event::Tick);
                world.settle_all();
            }
        }
        if let Some(broken) = world.broken {
            return Err(broken);
        }
        if world.contexts.iter().flatten().any(|one| !one.waiting.is_empty()) {
            return Err("a caller is never settled");
        }
        let Some(out) = world.wants_logged_out else { return Ok(()) };
        world.contexts.push(None);
        world.launch(2);
        world.settle_all();
        let agrees = world.contexts.iter().flatten().all(|one| (one.state == SessionState::LoggedOut) == out);
        if agrees { Ok(()) } else { Err("a log-out or a login was undone") }
    }
}

/// Parses `r{session}x{number}x{unique}`.
fn parse(token: &RefreshToken) -> (u32, u32) {
    let mut numbers = token.reveal().trim_start_matches('r').split('x').map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

fn tokens(op: OpId, sid: u32, number: u32, unique: u32, now: u64) -> Event {
    let tokens = Tokens {
        access_token: AccessToken::parse(format!("a{sid}x{number}x{unique}")).expect("a token"),
        refresh_token: RefreshToken::parse(format!("r{sid}x{number}x{unique}")).expect("a token"),
        expires_in_s: TOKEN_LIFE_S,
    };
    Event::TokensArrived { op, tokens, server_now: Some(now) }
}
