//! The host of one machine, reduced to the state that affects decisions: outstanding effects, the state of WeChat and
//! the edge, and broken promises.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use wxauth::machine::{
    AccessToken, AuthSetting, EdgeFailure, Effect, Entry, ErrorCode, Event, LoginCode, Machine, OpId, Outcome,
    RefreshToken, SessionState, Tokens, WaiterId,
};
use wxauth::wechat::Failure;

/// The caller of `ready()`.
pub(crate) const READY: WaiterId = 8;
/// Life of an access token, in seconds.
const TOKEN_LIFE_S: u32 = 600;

#[derive(Debug, Clone)]
pub(crate) struct Host {
    pub(crate) machine: Machine,
    /// The phone's clock, in milliseconds since 1970; it may be changed.
    pub(crate) now: u64,
    /// Time in the foreground, in milliseconds, independent of the clock.
    elapsed: u64,
    pub(crate) hidden: bool,
    /// Effects without an answer, oldest first, with the elapsed time at their start.
    pub(crate) outstanding: Vec<(Effect, u64)>,
    /// Callers that are not settled, with the generation that their request used.
    pub(crate) waiting: BTreeMap<WaiterId, Option<u32>>,
    pub(crate) settled: BTreeSet<WaiterId>,
    codes_sent: BTreeSet<String>,
    issued: u32,
    wake: Option<u64>,
    pub(crate) state: SessionState,
    generation: u32,
    /// Generation of the access token that the machine handed over.
    token_of: Option<u32>,
    /// The last tokens are valid: no event since then may have invalidated them.
    tokens_good: bool,
    /// The user has not agreed to the privacy contract.
    pub(crate) consent_needed: bool,
    /// WeChat has reported that the user denied the scope. No tap follows in this model.
    pub(crate) denied: bool,
    /// A request was sent again, with a newer generation than before.
    pub(crate) replayed: bool,
    /// The first broken promise.
    pub(crate) broken: Option<&'static str>,
    // Remaining faults.
    pub(crate) faults: u8,
    pub(crate) hides: u8,
    pub(crate) jumps: u8,
    pub(crate) sleeps: u8,
    /// While hidden, the last step was longer than the requested wake-up.
    late: bool,
    /// End of the wait of a 429, by the phone's clock.
    closed_until: Option<u64>,
    pub(crate) storage_failures: u8,
    /// The calls made so far, one bit each.
    pub(crate) called: u8,
    stored: [String; 2],
    /// Storage fails from now on, until the faults end.
    pub(crate) storage_fails: bool,
    pub(crate) pages_open: [bool; 2],
}

impl Host {
    pub(crate) fn new(machine: Machine) -> Self {
        Self {
            machine,
            now: 1_790_000_000_000,
            elapsed: 0,
            hidden: false,
            outstanding: Vec::new(),
            waiting: BTreeMap::new(),
            settled: BTreeSet::new(),
            codes_sent: BTreeSet::new(),
            issued: 0,
            wake: None,
            state: SessionState::Starting,
            generation: 0,
            token_of: None,
            tokens_good: false,
            consent_needed: true,
            denied: false,
            replayed: false,
            broken: None,
            faults: 2,
            hides: 1,
            jumps: 1,
            sleeps: 1,
            late: false,
            closed_until: None,
            storage_failures: 1,
            called: 0,
            stored: Default::default(),
            storage_fails: false,
            pages_open: [true, true],
        }
    }

    /// The host after the launch.
    pub(crate) fn launched(mut self) -> Self {
        self.launch();
        self
    }

    pub(crate) fn launch(&mut self) {
        self.dispatch(Event::Launched { seed: 7 });
    }

    /// The host with a session, so that later events are within the search depth.
    pub(crate) fn logged_in(mut self) -> Self {
        const LAUNCH: WaiterId = 100;
        self.call(LAUNCH, Event::Login(LAUNCH));
        while !self.outstanding.is_empty() {
            self.answer(0, true);
        }
        self
    }

    /// The host after the user has agreed to the privacy contract.
    pub(crate) fn consented(mut self) -> Self {
        self.consent_needed = false;
        self
    }

    fn expect(&mut self, holds: bool, promise: &'static str) {
        if !holds {
            self.broken.get_or_insert(promise);
        }
    }

    /// Number of outstanding effects of a kind that are younger than `patience_ms`.
    fn count(&self, kind: impl Fn(&Effect) -> bool, patience_ms: u64) -> usize {
        self.outstanding.iter().filter(|(effect, at)| kind(effect) && self.elapsed < at + patience_ms).count()
    }

    pub(crate) fn dispatch(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for effect in self.machine.handle(self.now, event) {
                events.extend(self.storage_answer(&effect));
                self.perform(effect);
            }
        }
        let logins = self.count(|effect| matches!(effect, Effect::CallLogin { .. }), 10_000);
        self.expect(logins <= 1, "two wx.login calls at the same time");
        let exchanges = self.count(|effect| matches!(effect, Effect::Exchange { .. }), 10_000);
        self.expect(exchanges <= 1, "two exchanges at the same time");
    }

    /// The immediate answer of storage or the lock. `tests/model/shared.rs` models every order of these answers.
    fn storage_answer(&mut self, effect: &Effect) -> Option<Event> {
        let [record, status] = self.stored.clone();
        match effect {
            Effect::AcquireLock { op, .. } => Some(Event::LockAcquired { op: *op, exclusive: true }),
            Effect::ReadRecord { op, .. } if self.storage_fails => {
                Some(Event::RecordRead { op: *op, record: None, status: None })
            }
            Effect::ReadRecord { op, .. } => {
                Some(Event::RecordRead { op: *op, record: Some(record), status: Some(status) })
            }
            Effect::Save { op, .. } if self.storage_fails => Some(Event::StorageFailed { op: *op }),
            Effect::Save { op, entry, value } => {
                let [record, status] = &mut self.stored;
                let written = if *entry == Entry::Record { record } else { status };
                *written = value.clone().unwrap_or_default();
                Some(Event::Stored { op: *op })
            }
            _ => None,
        }
    }

    fn perform(&mut self, effect: Effect) {
        match &effect {
            Effect::Exchange { code, .. } => {
                let first = self.codes_sent.insert(code.reveal().to_owned());
                self.expect(first, "a code was sent twice");
            }
            Effect::SetToken { generation, token } => {
                self.token_of = token.is_some().then_some(generation.0);
            }
            Effect::Send { waiter, generation } => {
                let named = generation.map(|generation| generation.0);
                self.expect(
                    named.is_none() || named == self.token_of,
                    "a request with a token that the host does not have",
                );
                if let Some(used) = self.waiting.get_mut(waiter) {
                    self.replayed |= used.is_some() && *used < named;
                    *used = named;
                }
            }
            Effect::Settle { waiter, outcome } => {
                let waiting = self.waiting.remove(waiter).is_some();
                let first = self.settled.insert(*waiter);
                self.expect(waiting && first, "a caller was settled twice");
                let named = !matches!(self.state, SessionState::LoggingIn | SessionState::Starting);
                self.expect(*waiter != READY || !matches!(outcome, Outcome::Done) || named, "ready() during a login");
                let turned_away = matches!(outcome, Outcome::Failed { code: ErrorCode::RateLimited, .. });
                let waited = self.closed_until.is_some_and(|until| self.now >= until);
                self.expect(!(turned_away && waited), "a caller was rejected after the end of Retry-After");
            }
            Effect::Wake { after } => self.wake = Some(self.elapsed + u64::from(*after)),
            Effect::State { state } => {
                self.state = state.session;
                self.generation = state.generation.0;
            }
            Effect::Authorize { .. } => {
                self.expect(!self.denied, "a prompt after a denial without a tap");
                self.expect(!self.consent_needed, "a scope prompt while consent was needed");
            }
            _ => {}
        }
        let by_storage = matches!(
            effect,
            Effect::ReadRecord { .. } | Effect::Save { .. } | Effect::AcquireLock { .. } | Effect::ReleaseLock { .. }
        );
        if effect.op().is_some() && !by_storage {
            self.outstanding.push((effect, self.elapsed));
        }
    }

    pub(crate) fn call(&mut self, waiter: WaiterId, event: Event) {
        self.waiting.insert(waiter, None);
        self.dispatch(event);
    }

    /// Answers the nth outstanding effect.
    pub(crate) fn answer(&mut self, nth: usize, succeeds: bool) {
        let (effect, _) = self.outstanding.remove(nth);
        let refused = EdgeFailure::Refused { status: 400, code: "session_ended".into(), retry_after_s: None };
        let event = match (effect, succeeds) {
            (Effect::CallLogin { op, .. }, true) => {
                self.issued += 1;
                let code = LoginCode::parse(format!("code{}", self.issued));
                code.map_or(Event::Tick, |code| Event::CodeIssued { op, code })
            }
            (Effect::CallLogin { op, .. }, false) => Event::LoginFailed { op, failure: Failure::Transient },
            (Effect::Exchange { op, .. } | Effect::Refresh { op, .. }, true) => {
                self.tokens_good = true;
                tokens(op, self.now)
            }
            (Effect::Refresh { op, .. }, false) => {
                self.tokens_good = false;
                Event::EdgeFailed { op, failure: refused }
            }
            // In turn: no answer, 429 with five minutes, 429 with an absurd wait.
            (Effect::Exchange { op, .. }, false) if op % 2 == 0 => {
                let retry_after_s = if self.issued.is_multiple_of(2) { 300 } else { u32::MAX };
                self.closed_until = Some(self.now + u64::from(retry_after_s.min(3_600)) * 1_000);
                let code = "rate_limited".into();
                let failure = EdgeFailure::Refused { status: 429, code, retry_after_s: Some(retry_after_s) };
                Event::EdgeFailed { op, failure }
            }
            (Effect::Exchange { op, .. }, false) => Event::EdgeFailed { op, failure: EdgeFailure::Unreachable },
            (Effect::Revoke { op, .. }, true) => Event::Revoked { op },
            (Effect::Revoke { op, .. }, false) => Event::EdgeFailed { op, failure: EdgeFailure::Unreachable },
            (Effect::CheckSession { op }, alive) => Event::SessionChecked { op, alive },
            (Effect::ReadSetting { op }, true) => {
                let camera = |listed: bool| if listed { vec!["scope.camera".to_owned()] } else { Vec::new() };
                Event::SettingRead { op, setting: AuthSetting { granted: Vec::new(), denied: camera(self.denied) } }
            }
            (Effect::ReadPrivacy { op }, true) => Event::PrivacyRead { op, needed: self.consent_needed },
            (Effect::ShowPrivacy { op }, agreed) => {
                self.consent_needed &= !agreed;
                Event::PrivacyAnswered { op, agreed }
            }
            (Effect::ReadSystem { op }, true) => Event::SystemRead { op, denied: Vec::new(), off: Vec::new() },
            (Effect::Authorize { op, .. }, true) => Event::Authorized { op },
            (Effect::Authorize { op, .. }, false) => {
                self.denied = true;
                Event::PermissionFailed { op, failure: Failure::Denied }
            }
            (Effect::ReadSetting { op } | Effect::ReadPrivacy { op } | Effect::ReadSystem { op }, false) => {
                Event::PermissionFailed { op, failure: Failure::Transient }
            }
            _ => Event::Tick,
        };
        self.dispatch(event);
    }

    /// Answers a request.
    pub(crate) fn reply(&mut self, waiter: WaiterId, status: u16) {
        let used = self.waiting.get(&waiter).copied().flatten();
        let calls = |host: &Self| {
            let logs_in =
                |(effect, _): &&(Effect, u64)| matches!(effect, Effect::CallLogin { .. } | Effect::Refresh { .. });
            host.outstanding.iter().filter(logs_in).count()
        };
        let before = calls(self);
        let stale = used.is_some_and(|used| used < self.generation) && self.tokens_good;
        if status == 401 && used == Some(self.generation) {
            self.tokens_good = false;
        }
        self.dispatch(Event::ReplyArrived { waiter, status, code: String::new(), retry_after_s: None });
        let after = calls(self);
        self.expect(status != 401 || !stale || after <= before, "an older generation caused a login");
    }

    pub(crate) fn jump(&mut self, ms: i64) {
        self.now = self.now.saturating_add_signed(ms);
        if ms > 0 {
            self.overslept();
        }
        self.tokens_good = false;
        self.dispatch(Event::Tick);
    }

    /// Loses the answer to an effect.
    pub(crate) fn lose(&mut self, nth: usize) {
        self.outstanding.remove(nth);
    }

    pub(crate) fn lose_reply(&mut self, waiter: WaiterId) {
        self.waiting.insert(waiter, None);
    }

    /// Advances to the requested wake-up; returns `false` if there is none, so that nothing else will happen.
    pub(crate) fn tick(&mut self) -> bool {
        let Some(at) = self.wake.take() else { return false };
        let step = at.saturating_sub(self.elapsed).max(1);
        self.now += step;
        self.elapsed += step;
        self.late = false;
        self.dispatch(Event::Tick);
        true
    }

    /// Stops JavaScript for ten minutes; then the machine gets the event `first`.
    pub(crate) fn sleep(&mut self, first: Event) {
        self.now += 600_000;
        self.overslept();
        self.dispatch(first);
    }

    /// Applies the machine's rule for a step that is too long: the second one in a row of a hidden app counts as the
    /// requested wait.
    fn overslept(&mut self) {
        if self.late {
            self.elapsed = self.wake.map_or(self.elapsed, |at| at.max(self.elapsed));
        }
        self.late = self.hidden;
    }

    /// Number of wake-ups, at most `ticks`, until every caller is settled and nothing is outstanding, if there are no
    /// further faults: effects succeed, requests get replies, time passes. `None` if it takes longer. A hidden app
    /// stays hidden: it continues in the background, or its `Shown` was lost.
    pub(crate) fn ticks_to_rest(mut self, ticks: usize) -> Option<usize> {
        self.storage_fails = false;
        if self.state == SessionState::Starting {
            self.launch();
        }
        for tick in 0..=ticks {
            while !self.outstanding.is_empty() {
                // The user refuses the dialog, which has to settle callers, too.
                let dialog = matches!(self.outstanding.first(), Some((Effect::Authorize { .. }, _)));
                self.answer(0, !dialog);
            }
            let waiting: Vec<WaiterId> = self.waiting.iter().filter_map(|(id, used)| used.map(|_| *id)).collect();
            for waiter in waiting {
                self.reply(waiter, 200);
            }
            let named = matches!(self.state, SessionState::LoggedIn | SessionState::LoggedOut | SessionState::Guest);
            if self.broken.is_some() {
                return None;
            }
            if self.waiting.is_empty() && self.outstanding.is_empty() && named && self.needs_no_wake_up() {
                return Some(tick);
            }
            if !self.tick() {
                return None;
            }
        }
        None
    }

    /// Whether a much later tick requests no further wake-up.
    fn needs_no_wake_up(&self) -> bool {
        let mut later = self.clone();
        later.now += 60_000;
        later.machine.handle(later.now, Event::Tick).iter().all(|effect| !matches!(effect, Effect::Wake { .. }))
    }
}

fn tokens(op: OpId, now: u64) -> Event {
    let access_token = AccessToken::parse(format!("access{op}"));
    let refresh_token = RefreshToken::parse(format!("refresh{op}"));
    match (access_token, refresh_token) {
        (Some(access_token), Some(refresh_token)) => Event::TokensArrived {
            op,
            tokens: Tokens { access_token, refresh_token, expires_in_s: TOKEN_LIFE_S },
            server_now: Some(now),
        },
        _ => Event::Tick,
    }
}
