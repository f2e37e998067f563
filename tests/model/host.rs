//! The world around the machine, with as much of it as decides something: what is outstanding, what WeChat and the
//! edge know, and which promises were broken.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use wxauth::machine::{
    AccessToken, AuthSetting, EdgeFailure, Effect, Entry, ErrorCode, Event, LoginCode, Machine, OpId, Outcome,
    RefreshToken, SessionState, Tokens, WaiterId,
};
use wxauth::wechat::Failure;

/// Who calls `ready()`.
pub(crate) const READY: WaiterId = 8;
/// The life of an access token, seconds.
const TOKEN_LIFE_S: u32 = 600;

#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) machine: Machine,
    /// The phone's clock, which may be set.
    pub(crate) now: u64,
    /// Time in the foreground, which passes whatever the clock says.
    elapsed: u64,
    pub(crate) hidden: bool,
    /// Effects that wait for an answer, oldest first, with when they were asked.
    pub(crate) outstanding: Vec<(Effect, u64)>,
    /// Callers that were let in and not settled, and the generation their request carried.
    pub(crate) open: BTreeMap<WaiterId, Option<u32>>,
    pub(crate) settled: BTreeSet<WaiterId>,
    codes_sent: BTreeSet<String>,
    issued: u32,
    wake: Option<u64>,
    pub(crate) state: SessionState,
    generation: u32,
    /// The generation of the token that the host was given to keep.
    token_of: Option<u32>,
    /// Nothing has happened since the last tokens that could make them bad.
    tokens_good: bool,
    /// The user has not agreed to the privacy contract.
    pub(crate) consent_needed: bool,
    /// The machine was told that the user denies the scope, and no tap came since.
    pub(crate) denied: bool,
    /// A request was sent again with a newer generation than before.
    pub(crate) replayed: bool,
    /// The first promise that was broken.
    pub(crate) broken: Option<&'static str>,
    // What may still go wrong.
    pub(crate) faults: u8,
    pub(crate) hides: u8,
    pub(crate) jumps: u8,
    pub(crate) sleeps: u8,
    /// The last step of the hidden app was longer than it had asked for.
    late: bool,
    /// Until when a 429 keeps callers away, by the phone's clock.
    closed_until: Option<u64>,
    pub(crate) storage_failures: u8,
    /// Which calls were made, a bit each.
    pub(crate) called: u8,
    stored: [String; 2],
    /// From now on, until faults stop.
    pub(crate) storage_fails: bool,
    pub(crate) pages_open: [bool; 2],
}

impl World {
    pub(crate) fn new(machine: Machine) -> Self {
        Self {
            machine,
            now: 1_790_000_000_000,
            elapsed: 0,
            hidden: false,
            outstanding: Vec::new(),
            open: BTreeMap::new(),
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

    /// The app is up and its storage read.
    pub(crate) fn launched(mut self) -> Self {
        self.launch();
        self
    }

    pub(crate) fn launch(&mut self) {
        self.tell(Event::Launched { seed: 7 });
    }

    /// The same phone with a session: what comes later is within the depth from here.
    pub(crate) fn logged_in(mut self) -> Self {
        const LAUNCH: WaiterId = 100;
        self.call(LAUNCH, Event::Login(LAUNCH));
        while !self.outstanding.is_empty() {
            self.answer(0, true);
        }
        self
    }

    /// The same user after agreeing to the privacy contract.
    pub(crate) fn consented(mut self) -> Self {
        self.consent_needed = false;
        self
    }

    fn must(&mut self, holds: bool, else_broken: &'static str) {
        if !holds {
            self.broken.get_or_insert(else_broken);
        }
    }

    /// Of those that are asked and neither answered nor given up.
    fn count(&self, kind: impl Fn(&Effect) -> bool, patience_ms: u64) -> usize {
        self.outstanding.iter().filter(|(effect, at)| kind(effect) && self.elapsed < at + patience_ms).count()
    }

    pub(crate) fn tell(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for effect in self.machine.handle(self.now, event) {
                events.extend(self.storage_answer(&effect));
                self.take(effect);
            }
        }
        let logins = self.count(|effect| matches!(effect, Effect::CallLogin { .. }), 10_000);
        self.must(logins <= 1, "two wx.login at once");
        let exchanges = self.count(|effect| matches!(effect, Effect::Exchange { .. }), 10_000);
        self.must(exchanges <= 1, "two exchanges at once");
    }

    /// Storage and the lock answer at once here; `tests/model/shared.rs` has every order of theirs.
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

    fn take(&mut self, effect: Effect) {
        match &effect {
            Effect::Exchange { code, .. } => {
                let first = self.codes_sent.insert(code.reveal().to_owned());
                self.must(first, "a code was sent twice");
            }
            Effect::SetToken { generation, token } => {
                self.token_of = token.is_some().then_some(generation.0);
            }
            Effect::Send { waiter, generation } => {
                let named = generation.map(|generation| generation.0);
                self.must(named.is_none() || named == self.token_of, "a request with a token that the host has not");
                if let Some(used) = self.open.get_mut(waiter) {
                    self.replayed |= used.is_some() && *used < named;
                    *used = named;
                }
            }
            Effect::Settle { waiter, outcome } => {
                let open = self.open.remove(waiter).is_some();
                let first = self.settled.insert(*waiter);
                self.must(open && first, "a waiter was settled twice");
                let named = !matches!(self.state, SessionState::LoggingIn | SessionState::Starting);
                self.must(*waiter != READY || !matches!(outcome, Outcome::Done) || named, "ready() during a login");
                let turned_away = matches!(outcome, Outcome::Failed { code: ErrorCode::RateLimited, .. });
                let waited = self.closed_until.is_some_and(|until| self.now >= until);
                self.must(!(turned_away && waited), "a caller who waited as told was turned away");
            }
            Effect::Wake { after } => self.wake = Some(self.elapsed + u64::from(*after)),
            Effect::State { state } => {
                self.state = state.session;
                self.generation = state.generation.0;
            }
            Effect::Authorize { .. } => {
                self.must(!self.denied, "a prompt after a denial without a tap");
                self.must(!self.consent_needed, "a scope prompt while consent was needed");
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
        self.open.insert(waiter, None);
        self.tell(event);
    }

    /// The nth outstanding effect is answered.
    pub(crate) fn answer(&mut self, nth: usize, well: bool) {
        let (effect, _) = self.outstanding.remove(nth);
        let refused = EdgeFailure::Refused { status: 400, code: "session_ended".into(), retry_after_s: None };
        let event = match (effect, well) {
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
            // No answer, 429 with five minutes, 429 with a number that no server means.
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
                let named = |yes: bool| if yes { vec!["scope.camera".to_owned()] } else { Vec::new() };
                Event::SettingRead { op, setting: AuthSetting { granted: Vec::new(), denied: named(self.denied) } }
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
        self.tell(event);
    }

    /// A request is answered.
    pub(crate) fn reply(&mut self, waiter: WaiterId, status: u16) {
        let used = self.open.get(&waiter).copied().flatten();
        let calls = |world: &Self| {
            let logs_in =
                |(effect, _): &&(Effect, u64)| matches!(effect, Effect::CallLogin { .. } | Effect::Refresh { .. });
            world.outstanding.iter().filter(logs_in).count()
        };
        let before = calls(self);
        let stale = used.is_some_and(|used| used < self.generation) && self.tokens_good;
        if status == 401 && used == Some(self.generation) {
            self.tokens_good = false;
        }
        self.tell(Event::ReplyArrived { waiter, status, code: String::new(), retry_after_s: None });
        let after = calls(self);
        self.must(status != 401 || !stale || after <= before, "an older generation caused a login");
    }

    pub(crate) fn jump(&mut self, ms: i64) {
        self.now = self.now.saturating_add_signed(ms);
        if ms > 0 {
            self.overslept();
        }
        self.tokens_good = false;
        self.tell(Event::Tick);
    }

    /// An effect that WeChat or the edge never answers, or a reply that never comes.
    pub(crate) fn lose(&mut self, nth: usize) {
        self.outstanding.remove(nth);
    }

    pub(crate) fn lose_reply(&mut self, waiter: WaiterId) {
        self.open.insert(waiter, None);
    }

    /// Time goes on to the wake-up that was asked for; `false` where none was: nothing will ever happen by itself.
    pub(crate) fn tick(&mut self) -> bool {
        let Some(at) = self.wake.take() else { return false };
        let step = at.saturating_sub(self.elapsed).max(1);
        self.now += step;
        self.elapsed += step;
        self.late = false;
        self.tell(Event::Tick);
        true
    }

    /// JavaScript was stopped for ten minutes, or time passed with nothing outstanding. `first` is
    /// what the machine hears then.
    pub(crate) fn sleep(&mut self, first: Event) {
        self.now += 600_000;
        self.overslept();
        self.tell(first);
    }

    /// The clock went on without the machine. Where that happens to a hidden app twice in a row,
    /// its timers are slow rather than stopped, and the wait that was asked for has passed.
    fn overslept(&mut self) {
        if self.late {
            self.elapsed = self.wake.map_or(self.elapsed, |at| at.max(self.elapsed));
        }
        self.late = self.hidden;
    }

    /// Faults have stopped: everything outstanding is answered well, requests get their replies, time goes on.
    /// Within how many ticks is nothing left? `None`: not within `ticks`.
    /// A hidden app stays hidden: it runs on in the background, or its `Shown` was lost.
    pub(crate) fn comes_to_rest_within(mut self, ticks: usize) -> Option<usize> {
        self.storage_fails = false;
        if self.state == SessionState::Starting {
            self.launch();
        }
        for tick in 0..=ticks {
            while !self.outstanding.is_empty() {
                // The user says no, which settles as well as yes does.
                let dialog = matches!(self.outstanding.first(), Some((Effect::Authorize { .. }, _)));
                self.answer(0, !dialog);
            }
            let waiting: Vec<WaiterId> = self.open.iter().filter_map(|(id, used)| used.map(|_| *id)).collect();
            for waiter in waiting {
                self.reply(waiter, 200);
            }
            let named = matches!(self.state, SessionState::LoggedIn | SessionState::LoggedOut | SessionState::Guest);
            if self.broken.is_some() {
                return None;
            }
            if self.open.is_empty() && self.outstanding.is_empty() && named && self.nothing_awaited() {
                return Some(tick);
            }
            if !self.tick() {
                return None;
            }
        }
        None
    }

    /// No timer of the machine's is running: a tick much later asks for nothing.
    fn nothing_awaited(&self) -> bool {
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
