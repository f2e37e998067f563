//! A phone for the machine to live in.

use std::collections::BTreeMap;
use wxauth::machine::{
    AccessToken, AuthSetting, EdgeFailure, Effect, Entry, ErrorCode, Event, LoginCode, LoginMode, Machine, OpId,
    Outcome, Permission, PhoneCode, PrivacyMode, RefreshToken, ScopeGrant, SessionState, Tokens, WaiterId,
};
use wxauth::wechat::Failure;

const START: u64 = 1_790_000_000_000;

/// How a phone's storage answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Storage {
    Works,
    /// Every read and write fails.
    Fails,
    /// Reads fail, writes succeed.
    Unreadable,
    /// Writes fail; entries can be removed.
    Full,
    /// Nothing is ever answered.
    Silent,
}

/// What is stored: the record and the status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) record: String,
    pub(crate) status: String,
}

/// A phone that does nothing by itself, but for its storage and lock, which answer at once: the test says what happens, and looks at what was asked.
pub(crate) struct Phone {
    pub(crate) machine: Machine,
    pub(crate) now: u64,
    pub(crate) asked: Vec<Effect>,
    pub(crate) codes: u32,
    /// Phone codes, and the callers who handed them in.
    pub(crate) handed_in: Vec<(WaiterId, PhoneCode)>,
    /// When the calls that WeChat rates were asked for.
    pub(crate) rated_at: Vec<u64>,
    /// When the machine asked to be woken.
    wake_at: Option<u64>,
    pub(crate) storage: Storage,
    pub(crate) stored: Stored,
    /// Another context holds the lock.
    pub(crate) holds_lock_back: bool,
}

impl Phone {
    pub(crate) fn new(login: LoginMode, privacy: PrivacyMode) -> Self {
        Self {
            machine: Machine::new(login, privacy, vec!["40101".into()]),
            now: START,
            asked: Vec::new(),
            codes: 0,
            handed_in: Vec::new(),
            rated_at: Vec::new(),
            wake_at: None,
            storage: Storage::Works,
            stored: Stored::default(),
            holds_lock_back: false,
        }
    }

    pub(crate) fn silent() -> Self {
        let mut phone = Self::new(LoginMode::Silent, PrivacyMode::Official);
        phone.launch(None);
        phone
    }

    pub(crate) fn logged_in() -> Self {
        let mut phone = Self::silent();
        phone.log_in();
        phone
    }

    pub(crate) fn tell(&mut self, event: Event) -> &mut Self {
        if let Event::Phone { waiter, code } = &event {
            self.handed_in.push((*waiter, code.clone()));
        }
        let effects = self.machine.handle(self.now, event);
        let rated = |effect: &&Effect| matches!(name(effect), "CallLogin" | "CheckSession" | "ReadSetting");
        self.rated_at.extend(effects.iter().filter(rated).map(|_| self.now));
        for effect in &effects {
            if let Effect::Wake { after } = effect {
                self.wake_at = Some(self.now + u64::from(*after));
            }
        }
        let answers: Vec<Event> = effects.iter().filter_map(|effect| self.storage_answer(effect)).collect();
        self.asked.extend(effects);
        for answer in answers {
            self.tell(answer);
        }
        self
    }

    /// What storage and lock answer, if they do.
    fn storage_answer(&mut self, effect: &Effect) -> Option<Event> {
        let reads = matches!(self.storage, Storage::Works | Storage::Full);
        let writes = matches!(self.storage, Storage::Works | Storage::Unreadable);
        match effect {
            Effect::AcquireLock { .. } if self.holds_lock_back => None,
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
        self.tell(Event::Launched { seed: 7 })
    }

    /// The same phone after a restart, with a storage that works.
    pub(crate) fn restarted(&self) -> Self {
        self.restarted_with(Storage::Works)
    }

    pub(crate) fn restarted_with(&self, storage: Storage) -> Self {
        let mut phone = Self::new(LoginMode::Silent, PrivacyMode::Official);
        (phone.now, phone.storage) = (self.now + 60_000, storage);
        phone.launch(Some(self.stored.clone()));
        phone
    }

    /// Lets time pass, with the ticks that were asked for.
    pub(crate) fn wait(&mut self, ms: u64) -> &mut Self {
        let end = self.now + ms;
        while self.now < end {
            self.now = (self.now + 500).min(end);
            self.tell(Event::Tick);
        }
        self
    }

    pub(crate) fn last_op(&self, wanted: &str) -> OpId {
        self.asked.iter().rev().find_map(|effect| effect.op().filter(|_| name(effect) == wanted)).expect(wanted)
    }

    pub(crate) fn count(&self, wanted: &str) -> usize {
        self.asked.iter().filter(|effect| name(effect) == wanted).count()
    }

    pub(crate) fn code(&mut self) -> &mut Self {
        self.codes += 1;
        let code = LoginCode::parse(format!("code{}", self.codes)).unwrap();
        let op = self.last_op("CallLogin");
        self.tell(Event::CodeIssued { op, code })
    }

    pub(crate) fn tokens(&mut self, answered: &str) -> &mut Self {
        self.tokens_for_op(self.last_op(answered))
    }

    pub(crate) fn tokens_for_op(&mut self, op: OpId) -> &mut Self {
        let server_now = Some(self.now);
        self.tell(Event::TokensArrived { op, tokens: tokens(op), server_now })
    }

    pub(crate) fn log_in(&mut self) -> &mut Self {
        self.code().tokens("Exchange")
    }

    /// After a log-out whose revocation the edge has not answered.
    pub(crate) fn log_in_again(&mut self) -> &mut Self {
        self.tell(Event::Login(900)).log_in()
    }

    pub(crate) fn refused(&mut self, answered: &str, status: u16, code: &str) -> &mut Self {
        let op = self.last_op(answered);
        let failure = EdgeFailure::Refused { status, code: code.into(), retry_after_s: None };
        self.tell(Event::EdgeFailed { op, failure })
    }

    pub(crate) fn unreachable(&mut self, answered: &str) -> &mut Self {
        let op = self.last_op(answered);
        self.tell(Event::EdgeFailed { op, failure: EdgeFailure::Unreachable })
    }

    pub(crate) fn login_failed(&mut self) -> &mut Self {
        let op = self.last_op("CallLogin");
        self.tell(Event::LoginFailed { op, failure: Failure::Transient })
    }

    pub(crate) fn request(&mut self, waiter: WaiterId) -> &mut Self {
        self.tell(Event::Request { waiter, guest: false })
    }

    pub(crate) fn reply(&mut self, waiter: WaiterId, status: u16) -> &mut Self {
        self.reply_with(waiter, status, "")
    }

    pub(crate) fn reply_with(&mut self, waiter: WaiterId, status: u16, code: &str) -> &mut Self {
        self.tell(Event::ReplyArrived { waiter, status, code: code.into(), retry_after_s: None })
    }

    pub(crate) fn ensure(&mut self, waiter: WaiterId) -> &mut Self {
        self.tell(Event::Ensure { waiter, scope: "scope.camera".into() })
    }

    pub(crate) fn setting(&mut self, granted: &[&str], denied: &[&str]) -> &mut Self {
        let op = self.last_op("ReadSetting");
        self.tell(Event::SettingRead { op, setting: setting(granted, denied) })
    }

    /// The phone's own settings, in answer to `ReadSystem`.
    pub(crate) fn system(&mut self, denied: &[&str], off: &[&str]) -> &mut Self {
        let op = self.last_op("ReadSystem");
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        self.tell(Event::SystemRead { op, denied: owned(denied), off: owned(off) })
    }

    pub(crate) fn outcome(&self, wanted: WaiterId) -> Option<&Outcome> {
        let mut outcomes = self.asked.iter().filter_map(|effect| match effect {
            Effect::Settle { waiter, outcome } if *waiter == wanted => Some(outcome),
            _ => None,
        });
        let outcome = outcomes.next();
        assert!(outcomes.next().is_none(), "waiter {wanted} settled twice");
        outcome
    }

    /// How every caller ended, each once.
    pub(crate) fn outcomes(&self) -> BTreeMap<WaiterId, &Outcome> {
        let mut outcomes = BTreeMap::new();
        for effect in &self.asked {
            if let Effect::Settle { waiter, outcome } = effect {
                assert!(outcomes.insert(*waiter, outcome).is_none(), "waiter {waiter} settled twice");
            }
        }
        outcomes
    }

    /// Whose requests went out, in order.
    pub(crate) fn sends(&self) -> Vec<WaiterId> {
        let sends = self.asked.iter().filter_map(|effect| match effect {
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

    /// The tokens a waiter's request was sent with, in order.
    pub(crate) fn sent(&self, wanted: WaiterId) -> Vec<Option<String>> {
        let mut kept = None;
        let mut sent = Vec::new();
        for effect in &self.asked {
            match effect {
                Effect::SetToken { generation, token } => {
                    kept = token.as_ref().map(|token| (*generation, token.reveal().to_owned()));
                }
                Effect::Send { waiter, generation } if *waiter == wanted => sent.push(generation.map(|wanted| {
                    let (generation, token) = kept.clone().expect("a token to send with");
                    assert_eq!(generation, wanted, "the token of another session");
                    token
                })),
                _ => {}
            }
        }
        sent
    }

    /// The phone's clock is set; timers run on.
    pub(crate) fn set_clock(&mut self, by: i64) {
        self.now = self.now.saturating_add_signed(by);
        self.wake_at = self.wake_at.map(|at| at.saturating_add_signed(by));
    }

    /// Lets time pass as a host does that only wakes the machine when it asked for that.
    pub(crate) fn idle(&mut self, ms: u64) -> &mut Self {
        self.idle_late(ms, 0)
    }

    /// The same with timers that are late.
    pub(crate) fn idle_late(&mut self, ms: u64, late_ms: u64) -> &mut Self {
        let end = self.now + ms;
        while let Some(at) = self.wake_at.map(|at| at + late_ms).filter(|at| *at <= end) {
            self.wake_at = None;
            self.now = self.now.max(at);
            self.tell(Event::Tick);
        }
        self.now = end;
        self
    }

    pub(crate) fn state(&self) -> SessionState {
        self.asked
            .iter()
            .rev()
            .find_map(|effect| match effect {
                Effect::State { state } => Some(state.session),
                _ => None,
            })
            .unwrap()
    }

    pub(crate) fn degraded(&self) -> bool {
        let last = self.asked.iter().rev().find_map(|effect| match effect {
            Effect::State { state } => Some(state.degraded),
            _ => None,
        });
        last.unwrap()
    }

    /// The scopes that `auth.state` shows.
    pub(crate) fn scopes(&self) -> Vec<String> {
        let scopes = self.asked.iter().rev().find_map(|effect| match effect {
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
