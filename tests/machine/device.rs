//! A scripted device around the machine: it performs no effects except those of storage and lock.
//!
//! A test dispatches events and inspects the effects. Time is a number that the test advances.

use std::collections::BTreeMap;
use wxauth::machine::{
    AccessToken, AuthSetting, EdgeFailure, Effect, Entry, ErrorCode, Event, LoginCode, LoginMode, Machine, OpId,
    Outcome, Permission, PhoneCode, PrivacyMode, RefreshToken, ScopeGrant, SessionState, Tokens, WaiterId,
};
use wxauth::wechat::Failure;

const START: u64 = 1_790_000_000_000;

/// Behaviour of the device's storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Storage {
    Works,
    /// Every read and write fails.
    Fails,
    /// Reads fail, writes succeed.
    Unreadable,
    /// Writes fail; entries can be removed.
    Full,
    /// No read or write is answered.
    Silent,
}

/// Stored entries: the record and the status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) record: String,
    pub(crate) status: String,
}

/// A machine with a clock, a storage and a lock. Storage and lock answer immediately; the test answers other effects.
pub(crate) struct Device {
    pub(crate) machine: Machine,
    /// The device's clock, in milliseconds since 1970.
    pub(crate) now: u64,
    /// All effects so far.
    pub(crate) effects: Vec<Effect>,
    /// Number of codes that `wx.login` has returned.
    pub(crate) codes: u32,
    /// Submitted phone codes with their callers.
    pub(crate) submitted: Vec<(WaiterId, PhoneCode)>,
    /// Times of the calls that WeChat rate-limits (§1.1).
    pub(crate) rate_limited_at: Vec<u64>,
    /// Time of the next wake-up.
    wake_at: Option<u64>,
    pub(crate) storage: Storage,
    pub(crate) stored: Stored,
    /// Another context holds the lock and does not release it.
    pub(crate) lock_is_held_elsewhere: bool,
}

impl Device {
    pub(crate) fn new(login: LoginMode, privacy: PrivacyMode) -> Self {
        Self {
            machine: Machine::new(login, privacy, vec!["40101".into()]),
            now: START,
            effects: Vec::new(),
            codes: 0,
            submitted: Vec::new(),
            rate_limited_at: Vec::new(),
            wake_at: None,
            storage: Storage::Works,
            stored: Stored::default(),
            lock_is_held_elsewhere: false,
        }
    }

    pub(crate) fn silent() -> Self {
        let mut device = Self::new(LoginMode::Silent, PrivacyMode::Official);
        device.launch(None);
        device
    }

    pub(crate) fn logged_in() -> Self {
        let mut device = Self::silent();
        device.log_in();
        device
    }

    pub(crate) fn dispatch(&mut self, event: Event) -> &mut Self {
        if let Event::Phone { waiter, code } = &event {
            self.submitted.push((*waiter, code.clone()));
        }
        let effects = self.machine.handle(self.now, event);
        let rated = |effect: &&Effect| matches!(name(effect), "CallLogin" | "CheckSession" | "ReadSetting");
        self.rate_limited_at.extend(effects.iter().filter(rated).map(|_| self.now));
        for effect in &effects {
            if let Effect::Wake { after } = effect {
                self.wake_at = Some(self.now + u64::from(*after));
            }
        }
        let answers: Vec<Event> = effects.iter().filter_map(|effect| self.storage_answer(effect)).collect();
        self.effects.extend(effects);
        for answer in answers {
            self.dispatch(answer);
        }
        self
    }

    /// Returns the answer of storage or lock to an effect, if there is one.
    fn storage_answer(&mut self, effect: &Effect) -> Option<Event> {
        let reads = matches!(self.storage, Storage::Works | Storage::Full);
        let writes = matches!(self.storage, Storage::Works | Storage::Unreadable);
        match effect {
            Effect::AcquireLock { .. } if self.lock_is_held_elsewhere => None,
            Effect::AcquireLock { op, .. } => Some(Event::LockAcquired { op: *op, exclusive: true }),
            Effect::ReadRecord { .. } | Effect::Save { .. } if self.storage == Storage::Silent => None,
            Effect::ReadRecord { op, .. } if reads => {
                let Stored { record, status } = self.stored.clone();
                Some(Event::RecordRead { op: *op, record: Some(record), status: Some(status) })
            }
            Effect::ReadRecord { op, .. } => Some(Event::RecordRead { op: *op, record: None, status: None }),
            Effect::Save { op, entry, value } if writes || (value.is_none() && self.storage == Storage::Full) => {
                let text = value.clone().unwrap_or_default();
                match entry {
                    Entry::Record => self.stored.record = text,
                    Entry::Status => self.stored.status = text,
                }
                Some(Event::Stored { op: *op })
            }
            Effect::Save { op, .. } => Some(Event::StorageFailed { op: *op }),
            _ => None,
        }
    }

    pub(crate) fn launch(&mut self, stored: Option<Stored>) -> &mut Self {
        self.stored = stored.unwrap_or_default();
        self.dispatch(Event::Launched { seed: 7 })
    }

    /// The device after a restart one minute later, with a working storage.
    pub(crate) fn restarted(&self) -> Self {
        self.restarted_with(Storage::Works)
    }

    pub(crate) fn restarted_with(&self, storage: Storage) -> Self {
        let mut device = Self::new(LoginMode::Silent, PrivacyMode::Official);
        (device.now, device.storage) = (self.now + 60_000, storage);
        device.launch(Some(self.stored.clone()));
        device
    }

    /// Lets time pass with a tick every 500 ms.
    pub(crate) fn wait(&mut self, ms: u64) -> &mut Self {
        let end = self.now + ms;
        while self.now < end {
            self.now = (self.now + 500).min(end);
            self.dispatch(Event::Tick);
        }
        self
    }

    pub(crate) fn last_op(&self, wanted: &str) -> OpId {
        self.effects.iter().rev().find_map(|effect| effect.op().filter(|_| name(effect) == wanted)).expect(wanted)
    }

    pub(crate) fn count(&self, wanted: &str) -> usize {
        self.effects.iter().filter(|effect| name(effect) == wanted).count()
    }

    pub(crate) fn code(&mut self) -> &mut Self {
        self.codes += 1;
        let code = LoginCode::parse(format!("code{}", self.codes)).unwrap();
        let op = self.last_op("CallLogin");
        self.dispatch(Event::CodeIssued { op, code })
    }

    pub(crate) fn tokens(&mut self, answered: &str) -> &mut Self {
        self.tokens_for_op(self.last_op(answered))
    }

    pub(crate) fn tokens_for_op(&mut self, op: OpId) -> &mut Self {
        let server_now = Some(self.now);
        self.dispatch(Event::TokensArrived { op, tokens: tokens(op), server_now })
    }

    pub(crate) fn log_in(&mut self) -> &mut Self {
        self.code().tokens("Exchange")
    }

    /// Logs in by `auth.login()`, after a log-out for example.
    pub(crate) fn log_in_again(&mut self) -> &mut Self {
        self.log_in_again_as(900)
    }

    /// Like [`Self::log_in_again`], for this caller.
    pub(crate) fn log_in_again_as(&mut self, waiter: WaiterId) -> &mut Self {
        self.dispatch(Event::Login(waiter)).log_in()
    }

    pub(crate) fn refused(&mut self, answered: &str, status: u16, code: &str) -> &mut Self {
        let op = self.last_op(answered);
        let failure = EdgeFailure::Refused { status, code: code.into(), retry_after_s: None };
        self.dispatch(Event::EdgeFailed { op, failure })
    }

    pub(crate) fn unreachable(&mut self, answered: &str) -> &mut Self {
        let op = self.last_op(answered);
        self.dispatch(Event::EdgeFailed { op, failure: EdgeFailure::Unreachable })
    }

    pub(crate) fn login_failed(&mut self) -> &mut Self {
        let op = self.last_op("CallLogin");
        self.dispatch(Event::LoginFailed { op, failure: Failure::Transient })
    }

    pub(crate) fn request(&mut self, waiter: WaiterId) -> &mut Self {
        self.dispatch(Event::Request { waiter, guest: false })
    }

    pub(crate) fn reply(&mut self, waiter: WaiterId, status: u16) -> &mut Self {
        self.reply_with(waiter, status, "")
    }

    pub(crate) fn reply_with(&mut self, waiter: WaiterId, status: u16, code: &str) -> &mut Self {
        self.dispatch(Event::ReplyArrived { waiter, status, code: code.into(), retry_after_s: None })
    }

    pub(crate) fn ensure(&mut self, waiter: WaiterId) -> &mut Self {
        self.dispatch(Event::Ensure { waiter, scope: "scope.camera".into() })
    }

    pub(crate) fn setting(&mut self, granted: &[&str], denied: &[&str]) -> &mut Self {
        let op = self.last_op("ReadSetting");
        self.dispatch(Event::SettingRead { op, setting: setting(granted, denied) })
    }

    /// Answers `ReadSystem` with the phone's own settings.
    pub(crate) fn system(&mut self, denied: &[&str], off: &[&str]) -> &mut Self {
        let op = self.last_op("ReadSystem");
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        self.dispatch(Event::SystemRead { op, denied: owned(denied), off: owned(off) })
    }

    pub(crate) fn outcome(&self, wanted: WaiterId) -> Option<&Outcome> {
        let mut outcomes = self.effects.iter().filter_map(|effect| match effect {
            Effect::Settle { waiter, outcome } if *waiter == wanted => Some(outcome),
            _ => None,
        });
        let outcome = outcomes.next();
        assert!(outcomes.next().is_none(), "waiter {wanted} settled twice");
        outcome
    }

    /// Outcomes of all settled callers.
    pub(crate) fn outcomes(&self) -> BTreeMap<WaiterId, &Outcome> {
        let mut outcomes = BTreeMap::new();
        for effect in &self.effects {
            if let Effect::Settle { waiter, outcome } = effect {
                assert!(outcomes.insert(*waiter, outcome).is_none(), "waiter {waiter} settled twice");
            }
        }
        outcomes
    }

    /// Callers of all sent requests, in order.
    pub(crate) fn sends(&self) -> Vec<WaiterId> {
        let sends = self.effects.iter().filter_map(|effect| match effect {
            Effect::Send { waiter, .. } => Some(*waiter),
            _ => None,
        });
        sends.collect()
    }

    pub(crate) fn failed_with(&self, waiter: WaiterId) -> ErrorCode {
        match self.outcome(waiter) {
            Some(Outcome::Failed { code, .. }) => *code,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn permission(&self, waiter: WaiterId) -> Permission {
        match self.outcome(waiter) {
            Some(Outcome::Permission { permission }) => *permission,
            other => panic!("{other:?}"),
        }
    }

    /// Tokens with which a caller's request was sent, in order.
    pub(crate) fn sent(&self, wanted: WaiterId) -> Vec<Option<String>> {
        let mut kept = None;
        let mut sent = Vec::new();
        for effect in &self.effects {
            match effect {
                Effect::SetToken { generation, token } => {
                    kept = token.as_ref().map(|token| (*generation, token.reveal().to_owned()));
                }
                Effect::Send { waiter, generation } if *waiter == wanted => sent.push(generation.map(|wanted| {
                    let (generation, token) = kept.clone().expect("a token to send with");
                    assert_eq!(generation, wanted, "sent with the token of another generation");
                    token
                })),
                _ => {}
            }
        }
        sent
    }

    /// Sets the device's clock; running timers keep their remaining time.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn set_clock(&mut self, by: i64) {
        self.now = self.now.saturating_add_signed(by);
        self.wake_at = self.wake_at.map(|at| at.saturating_add_signed(by));
    }

    /// Lets time pass with a tick only at the wake-ups that the machine requests.
    pub(crate) fn idle(&mut self, ms: u64) -> &mut Self {
        self.idle_late(ms, 0)
    }

    /// Like [`Self::idle`], with timers that fire `late_ms` late.
    pub(crate) fn idle_late(&mut self, ms: u64, late_ms: u64) -> &mut Self {
        let end = self.now + ms;
        while let Some(at) = self.wake_at.map(|at| at + late_ms).filter(|at| *at <= end) {
            self.wake_at = None;
            self.now = self.now.max(at);
            self.dispatch(Event::Tick);
        }
        self.now = end;
        self
    }

    pub(crate) fn state(&self) -> SessionState {
        self.effects
            .iter()
            .rev()
            .find_map(|effect| match effect {
                Effect::State { state } => Some(state.session),
                _ => None,
            })
            .unwrap()
    }

    pub(crate) fn degraded(&self) -> bool {
        let last = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::State { state } => Some(state.degraded),
            _ => None,
        });
        last.unwrap()
    }

    /// The scopes of the last state, as "name yes" or "name no".
    pub(crate) fn scopes(&self) -> Vec<String> {
        let scopes = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::State { state } => Some(&state.scopes),
            _ => None,
        });
        let shown = |grant: &ScopeGrant| format!("{} {}", grant.scope, if grant.granted { "yes" } else { "no" });
        scopes.unwrap().iter().map(shown).collect()
    }
}

pub(crate) fn tokens(n: u32) -> Tokens {
    Tokens {
        access_token: AccessToken::parse(format!("access{n}")).unwrap(),
        refresh_token: RefreshToken::parse(format!("refresh{n}")).unwrap(),
        expires_in_s: 600,
    }
}

pub(crate) fn setting(granted: &[&str], denied: &[&str]) -> AuthSetting {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    AuthSetting { granted: owned(granted), denied: owned(denied) }
}

pub(crate) fn name(effect: &Effect) -> &'static str {
    match effect {
        Effect::CallLogin { .. } => "CallLogin",
        Effect::Exchange { .. } => "Exchange",
        Effect::Refresh { .. } => "Refresh",
        Effect::Revoke { .. } => "Revoke",
        Effect::Send { .. } => "Send",
        Effect::SetToken { .. } => "SetToken",
        Effect::Settle { .. } => "Settle",
        Effect::Save { .. } => "Save",
        Effect::ReadRecord { .. } => "ReadRecord",
        Effect::AcquireLock { .. } => "AcquireLock",
        Effect::ReleaseLock { .. } => "ReleaseLock",
        Effect::CheckSession { .. } => "CheckSession",
        Effect::ReadSystem { .. } => "ReadSystem",
        Effect::ReadSetting { .. } => "ReadSetting",
        Effect::ReadPrivacy { .. } => "ReadPrivacy",
        Effect::ShowPrivacy { .. } => "ShowPrivacy",
        Effect::Authorize { .. } => "Authorize",
        Effect::Wake { .. } => "Wake",
        Effect::State { .. } => "State",
    }
}
