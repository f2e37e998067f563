//! Two contexts on one storage, and an edge that rotates refresh tokens, with as much of each as decides something.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use wxauth::machine::{
    AccessToken, EdgeFailure, Effect, Entry, Event, LoginCode, LoginMode, Machine, OpId, PrivacyMode, RefreshToken,
    SessionState, Tokens, WaiterId,
};

/// As the edge has it: within this a token may be presented again.
const GRACE_MS: u64 = 120_000;
const TOKEN_LIFE_S: u32 = 60;
/// A wait that outlasts access tokens and the grace, in steps that are not taken for a clock that is set.
const STEPS: u64 = 3;
const STEP_MS: u64 = 65_000;

/// What the platform is like, and which of the client's precautions it defeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Platform {
    /// A browser: a lock, storage that answers at once, events about other tabs. Otherwise WeChat: none of them.
    pub(crate) browser: bool,
    /// Every read after the launch gives what the launch read: the client of before, which read once.
    pub(crate) reads_once: bool,
    /// Where storage cannot be read it is taken for empty: the client of before.
    pub(crate) unreadable_is_empty: bool,
    /// Writes are acknowledged at once and land in any order: the client of before, which did not wait.
    pub(crate) unordered_writes: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Context {
    machine: Machine,
    pub(crate) state: SessionState,
    /// What was asked and is not yet answered, and what the edge answers.
    pub(crate) outstanding: Vec<(Effect, Option<Answer>)>,
    pub(crate) open: BTreeSet<WaiterId>,
    /// Another context has written, and this one was not told yet.
    pub(crate) news: bool,
    /// What the launch read.
    first_read: Option<[String; 2]>,
}

#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// Of session and number.
    Tokens(u32, u32),
    Refused,
    Revoked,
}

#[derive(Debug, Clone)]
struct Session {
    /// Highest number presented, and when first.
    presented: Option<(u32, u64)>,
    over: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) platform: Platform,
    now: u64,
    pub(crate) contexts: Vec<Option<Context>>,
    stored: [String; 2],
    /// Writes that were acknowledged and have not landed, where they are unordered.
    pub(crate) landing: Vec<(Entry, Option<String>)>,
    /// Who holds the lock and who waits, first in first out.
    lock: VecDeque<(usize, OpId)>,
    granted: Option<(usize, OpId)>,
    sessions: Vec<Session>,
    /// How often each token was presented.
    presented: BTreeMap<(u32, u32), u32>,
    /// The user's last word; `None` after a crash that may have lost it.
    pub(crate) wants_out: Option<bool>,
    /// Storage has acknowledged the last log-out.
    out_is_stored: bool,
    /// A crash has lost an answer of the edge: the next use of the token is taken for a theft, after the grace.
    answer_lost: bool,
    pub(crate) storage_fails: bool,
    last_waiter: WaiterId,
    minted: u32,
    pub(crate) budget: Budget,
    pub(crate) broken: Option<&'static str>,
}

/// What may still happen.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    pub(crate) requests: u8,
    pub(crate) waits: u8,
    pub(crate) logouts: u8,
    pub(crate) logins: u8,
    pub(crate) crashes: u8,
    pub(crate) failures: u8,
}

impl Shared {
    /// One user, logged in in both contexts.
    pub(crate) fn new(platform: Platform, budget: Budget) -> Self {
        let mut world = Self {
            platform,
            now: 1_790_000_000_000,
            contexts: vec![None, None],
            stored: Default::default(),
            landing: Vec::new(),
            lock: VecDeque::new(),
            granted: None,
            sessions: Vec::new(),
            presented: BTreeMap::new(),
            wants_out: Some(false),
            out_is_stored: false,
            answer_lost: false,
            storage_fails: false,
            last_waiter: 0,
            minted: 0,
            budget,
            broken: None,
        };
        for context in 0..2 {
            world.launch(context);
            world.settle_down();
        }
        world
    }

    pub(crate) fn launch(&mut self, context: usize) {
        self.contexts[context] = Some(Context {
            machine: Machine::new(LoginMode::Silent, PrivacyMode::Official, Vec::new()),
            state: SessionState::Starting,
            outstanding: Vec::new(),
            open: BTreeSet::new(),
            news: false,
            first_read: None,
        });
        self.tell(context, Event::Launched { seed: 7 });
    }

    fn must(&mut self, holds: bool, else_broken: &'static str) {
        if !holds {
            self.broken.get_or_insert(else_broken);
        }
    }

    pub(crate) fn tell(&mut self, context: usize, event: Event) {
        let mut events = VecDeque::from([(context, event)]);
        while let Some((context, event)) = events.pop_front() {
            let Some(one) = &mut self.contexts[context] else { continue };
            for effect in one.machine.handle(self.now, event) {
                self.take(context, effect, &mut events);
            }
            self.grant_lock(&mut events);
        }
    }

    fn take(&mut self, context: usize, effect: Effect, events: &mut VecDeque<(usize, Event)>) {
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
                let is_out = self.wants_out == Some(true) && self.out_is_stored;
                self.must(!is_out, "a login by itself after a log-out");
                self.minted += 1;
                let code = LoginCode::parse(format!("code{}", self.minted)).expect("a code");
                events.push_back((context, Event::CodeIssued { op: *op, code }));
                return;
            }
            Effect::Settle { waiter, .. } => {
                let was_open = self.contexts[context].as_mut().is_some_and(|one| one.open.remove(waiter));
                self.must(was_open, "a caller was settled twice");
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
                    session.over = true;
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
        // The first in the queue holds it, and is told once.
        let first = self.lock.front().copied();
        if let Some((context, op)) = first.filter(|_| first != self.granted) {
            events.push_back((context, Event::LockAcquired { op, exclusive: true }));
        }
        self.granted = first;
    }

    /// What storage does about an effect, and answers.
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
                    self.landing.push((*entry, value.clone()));
                } else {
                    self.land(*entry, value.clone());
                }
                for (other, one) in self.contexts.iter_mut().enumerate() {
                    if let Some(one) = one.as_mut().filter(|_| other != context && self.platform.browser) {
                        one.news = true;
                    }
                }
                // Removed, it means the same.
                let says_out = value.as_ref().is_none_or(|value| value.contains(" out "));
                self.out_is_stored |= *entry == Entry::Status && says_out;
                Some(Event::Stored { op: *op })
            }
            _ => None,
        }
    }

    fn land(&mut self, entry: Entry, value: Option<String>) {
        let [record, status] = &mut self.stored;
        *(if entry == Entry::Record { record } else { status }) = value.unwrap_or_default();
    }

    pub(crate) fn land_nth(&mut self, nth: usize) {
        let (entry, value) = self.landing.remove(nth);
        self.land(entry, value);
    }

    // --- the edge

    fn edge_refresh(&mut self, context: usize, token: &RefreshToken) -> Answer {
        let (sid, number) = parse(token);
        let others = |(other, one): (usize, &Option<Context>)| {
            let out = |(effect, _): &(Effect, _)| matches!(effect, Effect::Refresh { refresh_token, .. } if parse(refresh_token) == (sid, number));
            other != context && one.as_ref().is_some_and(|one| one.outstanding.iter().any(out))
        };
        let both = self.contexts.iter().enumerate().any(others);
        self.must(!(both && self.platform.browser), "two renewals of one generation in spite of the lock");
        let count = self.presented.entry((sid, number)).or_insert(0);
        *count += 1;
        let extra = *count > 2;
        self.must(!extra || self.answer_lost, "more than one extra renewal");
        let now = self.now;
        let Some(session) = self.sessions.get_mut(sid as usize).filter(|session| !session.over) else {
            return Answer::Refused;
        };
        let (highest, first) = session.presented.unwrap_or((0, 0));
        if session.presented.is_none() || number > highest {
            session.presented = Some((number, now));
        } else if number + 1 < highest || now - first > GRACE_MS {
            session.over = true;
            let excused = self.answer_lost;
            self.must(excused, "a session was buried by its own contexts");
            return Answer::Refused;
        }
        Answer::Tokens(sid, number + 1)
    }

    /// A login goes on where the old session was, as one more rotation, unless that is over.
    fn edge_exchange(&mut self, token: Option<&RefreshToken>) -> Answer {
        let old = token.map(parse).filter(|(sid, _)| self.sessions.get(*sid as usize).is_some_and(|old| !old.over));
        match old {
            Some((sid, number)) => {
                if let Some(session) = self.sessions.get_mut(sid as usize) {
                    session.presented = Some((number, self.now));
                }
                Answer::Tokens(sid, number + 1)
            }
            None => {
                self.sessions.push(Session { presented: None, over: false });
                Answer::Tokens(u32::try_from(self.sessions.len()).expect("few") - 1, 1)
            }
        }
    }

    // --- what happens

    /// The nth thing that a context waits for is answered.
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
            self.tell(context, event);
        }
    }

    pub(crate) fn call(&mut self, context: usize, event: impl FnOnce(WaiterId) -> Event) {
        // A user does one thing at a time.
        self.now += 1;
        self.last_waiter += 1;
        let waiter = self.last_waiter;
        if let Some(one) = &mut self.contexts[context] {
            one.open.insert(waiter);
        }
        self.tell(context, event(waiter));
    }

    pub(crate) fn log_out(&mut self, context: usize) {
        self.wants_out = Some(true);
        self.out_is_stored = false;
        self.call(context, |waiter| Event::Logout { waiter, everywhere: false });
    }

    /// The user logs in, if logged out; otherwise it changes nothing about that.
    pub(crate) fn log_in(&mut self, context: usize) {
        self.wants_out = self.wants_out.map(|_| false);
        self.call(context, Event::Login);
    }

    pub(crate) fn deliver_news(&mut self, context: usize) {
        if let Some(one) = &mut self.contexts[context] {
            one.news = false;
        }
        self.tell(context, Event::StorageChanged);
    }

    /// The context vanishes, with all it had not stored.
    pub(crate) fn crash(&mut self, context: usize) {
        let Some(one) = self.contexts[context].take() else { return };
        self.lock.retain(|(holder, _)| *holder != context);
        let lost = |(effect, answer): &(Effect, Option<Answer>)| {
            matches!(effect, Effect::Save { .. } | Effect::ReadRecord { .. })
                || matches!(answer, Some(Answer::Tokens(..)))
        };
        self.answer_lost |= one.outstanding.iter().any(lost);
        // A log-out that could not be stored yet is lost, and so is a login that was not finished.
        let is_known = self.contexts.iter().flatten().any(|one| one.state == SessionState::LoggedOut);
        if self.wants_out == Some(false) || !(self.out_is_stored || is_known) {
            self.wants_out = None;
        }
        let mut events = VecDeque::new();
        self.grant_lock(&mut events);
        for (other, event) in events {
            self.tell(other, event);
        }
    }

    /// Nothing that answers within seconds is outstanding: only then does the long wait begin.
    pub(crate) fn is_quiet(&self) -> bool {
        self.landing.is_empty() && self.contexts.iter().flatten().all(|one| one.outstanding.is_empty())
    }

    pub(crate) fn wait(&mut self) {
        for _ in 0..STEPS {
            self.now += STEP_MS;
            for context in 0..2 {
                self.tell(context, Event::Tick);
                self.settle_down();
            }
        }
    }

    /// Everything outstanding is answered, until nothing is.
    pub(crate) fn settle_down(&mut self) {
        for _ in 0..200 {
            let waiting = |one: &Option<Context>| one.as_ref().is_some_and(|one| !one.outstanding.is_empty());
            if let Some(context) = self.contexts.iter().position(waiting) {
                self.answer(context, 0);
            } else if !self.landing.is_empty() {
                self.land_nth(0);
            } else {
                return;
            }
        }
        self.must(false, "it goes on for ever");
    }

    /// Faults stop, time goes on, the application is looked at again. Are all callers settled, and does every context,
    /// also a new one, know whether the user is logged out?
    pub(crate) fn ends_well(&self) -> Result<(), &'static str> {
        let mut world = self.clone();
        world.storage_fails = false;
        world.settle_down();
        for context in [0, 1, 0, 1] {
            world.tell(context, Event::Shown);
            world.settle_down();
        }
        for _ in 0..4 {
            world.now += 20_000;
            for context in 0..2 {
                world.tell(context, Event::Tick);
                world.settle_down();
            }
        }
        if let Some(broken) = world.broken {
            return Err(broken);
        }
        if world.contexts.iter().flatten().any(|one| !one.open.is_empty()) {
            return Err("a caller is never settled");
        }
        let Some(out) = world.wants_out else { return Ok(()) };
        world.contexts.push(None);
        world.launch(2);
        world.settle_down();
        let known = world.contexts.iter().flatten().all(|one| (one.state == SessionState::LoggedOut) == out);
        if known { Ok(()) } else { Err("a log-out was undone, or a log-in") }
    }
}

/// `r{session}x{number}x{unique}`.
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
