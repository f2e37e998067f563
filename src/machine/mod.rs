//! The client's decisions, sans IO: an [`Event`] goes in with the time, [`Effect`]s come out.
//!
//! The machine never calls `wx`, reads a clock or draws a random number. Whoever hosts it keeps
//! the payloads of requests, by [`WaiterId`], and promises to report what became of each effect;
//! the machine promises that every waiter is settled exactly once, whatever the host reports.

mod clock;
mod context;
mod effect;
mod event;
#[cfg(any(test, fuzzing))]
#[allow(unreachable_pub, reason = "fuzz/ imports it")]
pub mod fuzz;
mod permission;
mod session;
mod stored;
mod tokens;

pub use effect::{Effect, Entry, ErrorCode, OsFix, Outcome, Permission, ScopeGrant, SessionState, State, Tap};
pub use event::{AuthSetting, EdgeFailure, Event, OpId, WaiterId};
pub use permission::PrivacyMode;
pub use session::LoginMode;
pub use tokens::{AccessToken, Generation, LoginCode, PhoneCode, RefreshToken, Tokens};

use clock::Instant;
use context::Context;
use permission::Permissions;
use session::Session;

/// A wake-up is asked for at least this often while anything is outstanding, so that a longer
/// step of the phone's clock is known to be a jump.
const LONGEST_WAKE_MS: Instant = 60_000;
/// Callers that may wait at once: the core has a fixed memory, in which each takes about 150 bytes
/// while it is served.
const MOST_WAITING: usize = 4_096;
/// Log-outs that may wait beside them, so that a busy app can always log out.
const MOST_LOGOUTS: usize = 16;

/// The client's whole state.
#[derive(Debug, Clone)]
pub struct Machine {
    cx: Context,
    session: Session,
    permissions: Permissions,
    /// What was asked before the launch and depends on the record it brings.
    early: Vec<Event>,
    shown_state: Option<State>,
    wake_at: Option<Instant>,
}

impl Machine {
    /// A machine that has not been launched. Callers may come before
    /// [`Launched`](Event::Launched); they wait for it. `expiry_codes` in a reply's body mean
    /// "expired" as status 401 does.
    pub fn new(login: LoginMode, privacy: PrivacyMode, expiry_codes: Vec<String>) -> Self {
        Self {
            cx: Context::default(),
            session: Session::new(login, expiry_codes),
            permissions: Permissions::new(privacy),
            early: Vec::new(),
            shown_state: None,
            wake_at: None,
        }
    }

    /// Takes in what happened at `now` (the phone's clock, milliseconds since 1970) and says what
    /// to do, in this order.
    pub fn handle(&mut self, now: u64, event: Event) -> Vec<Effect> {
        if self.cx.clock.advance(now, self.wake_at) {
            self.session.allow_after_shown(&self.cx);
            self.permissions.allow_after_shown(&self.cx);
        }
        let most = if matches!(event, Event::Logout { .. }) { MOST_WAITING + MOST_LOGOUTS } else { MOST_WAITING };
        match event.caller() {
            Some(caller) if !self.cx.admit(most) => {
                self.cx.settle(caller, Outcome::failed(ErrorCode::TooManyWaiting));
            }
            _ if self.session.is_launched() => self.dispatch(event),
            _ => self.before_launch(event),
        }
        self.session.tick(&mut self.cx);
        if !self.session.is_launched() && self.session.has_read() {
            for event in core::mem::take(&mut self.early) {
                self.dispatch(event);
            }
            self.session.start(&mut self.cx);
        }
        self.permissions.tick(&mut self.cx);
        self.cx.release_delayed();
        self.session.forget_token(&mut self.cx);
        self.session.finish(&mut self.cx);
        self.ask_to_be_woken();
        let mut effects = self.cx.take_effects();
        // First, so that whoever is settled finds the state it was settled with.
        if let Some(state) = self.changed_state() {
            effects.insert(0, state);
        }
        effects
    }

    /// What depends on the stored record waits for it.
    fn before_launch(&mut self, event: Event) {
        match event {
            Event::Login(_) | Event::Logout { .. } | Event::OpenData(_) => self.early.push(event),
            Event::Cancelled(waiter) => {
                let before = self.early.len();
                self.early.retain(|early| matches!(early, Event::Logout { .. }) || early.caller() != Some(waiter));
                if self.early.len() < before {
                    self.cx.settle(waiter, Outcome::failed(ErrorCode::Cancelled));
                } else {
                    self.dispatch(event);
                }
            }
            _ => self.dispatch(event),
        }
    }

    /// An entry of [`Save`](Effect::Save) without its secrets, for the flight recorder.
    pub fn redacted_record(line: &str) -> String {
        stored::record::redacted(line)
    }

    fn dispatch(&mut self, event: Event) {
        let Self { cx, session, permissions, .. } = self;
        match event {
            Event::Launched { seed } => session.launched(cx, seed),
            Event::Tick => self.wake_at = None,
            Event::Hidden => cx.clock.hide(),
            Event::Shown => {
                cx.clock.show();
                self.wake_at = None;
                session.shown(cx);
                permissions.shown(cx);
            }
            Event::Ready(waiter) => session.ready(cx, waiter),
            Event::Login(waiter) => session.login(cx, waiter),
            Event::Request { waiter, guest } => session.request(cx, waiter, guest),
            Event::Token(waiter) => session.token(cx, waiter),
            Event::Expired(generation) => session.expired(generation),
            Event::Cancelled(waiter) => {
                let _ = session.cancel(cx, waiter) || permissions.cancel(cx, waiter);
            }
            Event::Logout { waiter, everywhere } => session.logout(cx, waiter, everywhere),
            Event::KeyReady(waiter) => session.key_ready(cx, waiter),
            Event::OpenData(waiter) => session.open_data(cx, waiter),
            Event::Phone { waiter, code } => session.phone(cx, waiter, code),
            Event::TapFailed { waiter, failure } => cx.settle(waiter, session::of_tap(failure)),
            Event::Ensure { waiter, scope } => permissions.ensure(cx, waiter, &scope),
            Event::Scopes(waiter) => permissions.read(cx, waiter),
            Event::UseFailed { waiter, scope, failure } => permissions.use_failed(cx, waiter, &scope, failure),
            Event::SettingOpening(waiter) => permissions.setting_opening(cx, waiter),
            Event::CodeIssued { op, code } => session.code_issued(cx, op, code),
            Event::LoginFailed { op, failure } => session.login_failed(cx, op, failure),
            Event::TokensArrived { op, tokens, server_now } => session.tokens_arrived(cx, op, tokens, server_now),
            Event::EdgeFailed { op, failure } => session.edge_failed(cx, op, &failure),
            Event::Revoked { op } => session.revoked(op),
            Event::SessionChecked { op, alive } => session.session_checked(cx, op, alive),
            Event::ReplyArrived { waiter, status, code, retry_after_s } => {
                session.reply_arrived(cx, waiter, status, &code, retry_after_s);
            }
            Event::RequestFailed { waiter, failure } => session.request_failed(cx, waiter, failure),
            Event::RecordRead { op, record, status } => session.record_read(cx, op, [record, status]),
            Event::Stored { op } => session.stored(cx, op),
            Event::StorageFailed { op } => session.storage_failed(cx, op),
            Event::StorageChanged => session.storage_changed(cx),
            Event::LockAcquired { op, exclusive } => session.lock_acquired(cx, op, exclusive),
            Event::SettingRead { op, setting } => permissions.setting_read(cx, op, &setting),
            Event::PrivacyRead { op, needed } => permissions.privacy_read(cx, op, needed),
            Event::PrivacyAnswered { op, agreed } => permissions.privacy_answered(cx, op, agreed),
            Event::Authorized { op } => permissions.authorized(cx, op),
            Event::PermissionFailed { op, failure } => permissions.failed(cx, op, failure),
            Event::SystemRead { op, denied, off } => permissions.system_read(cx, op, &denied, &off),
            Event::SettingOpened { waiter, setting } => permissions.setting_opened(cx, waiter, &setting),
            Event::SettingFailed { waiter, failure } => permissions.setting_failed(cx, waiter, failure),
        }
    }

    fn changed_state(&mut self) -> Option<Effect> {
        let state = State {
            session: self.session.state(&self.cx),
            generation: self.session.generation(),
            degraded: self.session.is_degraded(),
            scopes: self.permissions.grants(),
        };
        let changed = self.shown_state.as_ref() != Some(&state);
        self.shown_state = Some(state.clone());
        changed.then_some(Effect::State { state })
    }

    fn ask_to_be_woken(&mut self) {
        let now = self.cx.clock.elapsed();
        let deadlines = [self.session.next_deadline(), self.permissions.next_deadline(), self.cx.next_turn()];
        let deadline = deadlines.into_iter().flatten().min();
        let Some(at) = deadline.map(|deadline| deadline.clamp(now, now + LONGEST_WAKE_MS)) else { return };
        if self.wake_at.is_none_or(|earlier| at < earlier || earlier <= now) {
            self.wake_at = Some(at);
            self.cx.emit(Effect::Wake { after: u32::try_from(at - now).unwrap_or(u32::MAX) });
        }
    }
}
