//! The client's decisions, sans-IO: an [`Event`] goes in with the time, [`Effect`]s come out.
//!
//! The machine never calls `wx`, reads a clock or draws a random number. Its host keeps the payloads
//! of requests, by [`WaiterId`], and reports the result of each effect. The machine settles every
//! waiter exactly once, whatever the host reports.
//!
//! | module | content |
//! |---|---|
//! | `event`, `effect` | the machine's input and output |
//! | `outcome`, `state` | results of callers' promises; the published state |
//! | `tokens` | tokens, codes, generations |
//! | `clock`, `context` | time, operations, and the effects of one event |
//! | `stored` | the format of the entries in storage |
//! | `session` | login, renewal, log-out, callers' requests |
//! | `permission` | privacy contract, scopes, settings |

mod clock;
mod context;
mod effect;
mod event;
#[cfg(any(test, fuzzing))]
#[allow(unreachable_pub, reason = "fuzz/ imports it")]
pub mod fuzz;
mod outcome;
mod permission;
mod session;
mod state;
mod stored;
mod tokens;

pub use effect::{Effect, Entry};
pub use event::{AuthSetting, EdgeFailure, Event, OpId, WaiterId};
pub use outcome::{ErrorCode, OsFix, Outcome, Permission, Tap};
pub use permission::PrivacyMode;
pub use session::LoginMode;
pub use state::{ScopeGrant, SessionState, State};
pub use tokens::{AccessToken, Generation, LoginCode, PhoneCode, RefreshToken, Tokens};

use clock::Instant;
use context::Context;
use permission::Permissions;
use session::Session;

/// Longest wake-up that is requested while anything is outstanding, in milliseconds. A longer step
/// of the phone's clock is then known to be a jump.
const LONGEST_WAKE_MS: Instant = 60_000;
/// Most callers that may wait together: the core has a fixed memory, of which each takes about
/// 150 bytes.
const MOST_WAITING: usize = 4_096;
/// Most log-outs that may wait in addition, so that a busy application can always log out.
const MOST_LOGOUTS: usize = 16;

/// The client's complete state.
#[derive(Debug, Clone)]
pub struct Machine {
    cx: Context,
    session: Session,
    permissions: Permissions,
    /// Calls from before the launch that depend on the stored record.
    early: Vec<Event>,
    published: Option<State>,
    wake_at: Option<Instant>,
}

impl Machine {
    /// Creates a machine before its launch. Calls may come before
    /// [`Launched`](Event::Launched); they wait for it. `expiry_codes` are values of the configured
    /// field of a reply's body that mean "token expired", like status 401.
    pub fn new(login: LoginMode, privacy: PrivacyMode, expiry_codes: Vec<String>) -> Self {
        Self {
            cx: Context::default(),
            session: Session::new(login, expiry_codes),
            permissions: Permissions::new(privacy),
            early: Vec::new(),
            published: None,
            wake_at: None,
        }
    }

    /// Handles an event at `now` (the phone's clock, milliseconds since 1970). Returns the effects to
    /// perform, in this order.
    pub fn handle(&mut self, now: u64, event: Event) -> Vec<Effect> {
        if self.cx.clock.advance(now, self.wake_at) {
            self.session.extend_deadlines(&self.cx);
            self.permissions.extend_deadlines(&self.cx);
        }
        let limit = if matches!(event, Event::Logout { .. }) { MOST_WAITING + MOST_LOGOUTS } else { MOST_WAITING };
        match event.caller() {
            Some(caller) if !self.cx.admit(limit) => {
                self.cx.settle(caller, Outcome::failed(ErrorCode::TooManyWaiting));
            }
            _ if self.session.is_launched() => self.dispatch(event),
            _ => self.before_launch(event),
        }
        self.session.tick(&mut self.cx);
        if self.session.is_ready_to_start() {
            for event in core::mem::take(&mut self.early) {
                self.dispatch(event);
            }
            self.session.start(&mut self.cx);
        }
        self.permissions.tick(&mut self.cx);
        self.cx.release_delayed();
        self.session.finish(&mut self.cx);
        self.request_wake_up();
        let mut effects = self.cx.take_effects();
        // First, so that a settled caller sees the state that belongs to its result.
        if let Some(state) = self.changed_state() {
            effects.insert(0, state);
        }
        effects
    }

    /// Keeps the calls that depend on the stored record until the launch.
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

    /// Removes the secrets from an entry of [`Save`](Effect::Save), for the flight recorder.
    pub fn redacted_record(line: &str) -> String {
        stored::redacted(line)
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
            Event::TapFailed { waiter, failure } => cx.settle(waiter, Outcome::failed(ErrorCode::of_tap(failure))),
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
            Event::RecordRead { op, record, status } => session.record_read(cx, op, record, status),
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
            scopes: self.permissions.answered(),
        };
        let has_changed = self.published.as_ref() != Some(&state);
        self.published = Some(state.clone());
        has_changed.then_some(Effect::State { state })
    }

    fn request_wake_up(&mut self) {
        let now = self.cx.clock.elapsed();
        let deadlines = [self.session.next_deadline(), self.permissions.next_deadline(), self.cx.next_release()];
        let deadline = deadlines.into_iter().flatten().min();
        let Some(at) = deadline.map(|deadline| deadline.clamp(now, now + LONGEST_WAKE_MS)) else { return };
        if self.wake_at.is_none_or(|earlier| at < earlier || earlier <= now) {
            self.wake_at = Some(at);
            self.cx.emit(Effect::Wake { after: u32::try_from(at - now).unwrap_or(u32::MAX) });
        }
    }
}
