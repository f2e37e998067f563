//! The session: one login attempt for all callers, generations of tokens, and every caller settled
//! once.
//!
//! A [`LoginAttempt`] is the way to a session. Callers wait in a queue until it ends; then their
//! requests are sent, or they are rejected.
//!
//! | module | content |
//! |---|---|
//! | `attempt` | the attempt's steps, tries and deadlines; `transitions`: how the session reacts to them |
//! | `callers`, `waiters` | the callers and their requests |
//! | `reply`, `replies` | replies to callers' requests: their meaning; how the session handles them |
//! | `credentials` | the tokens |
//! | `key` | whether the edge's session_key is alive |
//! | `phone` | phone codes under way |
//! | `revoker` | pending revocations |
//! | `time` | deadlines, `Shown`, and the work at the end of every event |
//! | `shared`, `storage` | merging with, and saving to, the storage that contexts share |

mod attempt;
mod callers;
mod credentials;
mod key;
mod phone;
mod replies;
mod reply;
mod revoker;
mod shared;
mod storage;
mod time;
mod waiters;

use super::context::Context;
use super::event::{OpId, WaiterId};
use super::outcome::{ErrorCode, Outcome};
use super::state::SessionState;
use super::stored::Status;
use super::tokens::{Generation, PhoneCode, RefreshToken};
use attempt::LoginAttempt;
use credentials::Credentials;
use key::KeyState;
use phone::{PhoneCodes, Submission};
use revoker::Revoker;
use storage::Storage;
use waiters::{Waiters, Waiting};

/// When the machine may begin a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LoginMode {
    /// At launch, and when a caller needs a session. Shows no dialog (§6.2).
    #[default]
    Silent,
    /// When a caller needs a session.
    OnDemand,
    /// When a caller calls `login()`: for a host whose login leaves the page.
    Explicit,
    /// Never: the host has no login.
    Never,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Session {
    mode: LoginMode,
    /// Codes in a reply's body that mean "expired", beside status 401.
    expiry_codes: Vec<String>,
    launch: Launch,
    /// The login of the launch has begun, or is not needed.
    launch_login_decided: bool,
    /// Storage cannot be read or parsed, so it is unknown whether the user is logged out.
    may_be_logged_out: bool,
    status: Status,
    credentials: Credentials,
    storage: Storage,
    revoker: Revoker,
    attempt: LoginAttempt,
    /// The phone's clock at the last call of `login()`, in milliseconds.
    login_requested_at: u64,
    key: KeyState,
    phone_codes: PhoneCodes,
    waiters: Waiters,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Launch {
    /// Storage has neither answered nor failed yet.
    #[default]
    Reading,
    /// Calls from before the launch are still to be handled.
    Read,
    Done,
}

impl Session {
    #[expect(
        clippy::field_reassign_with_default,
        reason = "a struct update would take 400 bytes more in the phone's wasm"
    )]
    pub(super) fn new(mode: LoginMode, expiry_codes: Vec<String>) -> Self {
        let mut session = Self::default();
        session.mode = mode;
        session.expiry_codes = expiry_codes;
        if mode == LoginMode::Never {
            session.key = KeyState::Absent;
        }
        session
    }

    pub(super) fn state(&self, cx: &Context) -> SessionState {
        let is_held = self.credentials.record.held.is_some() && !self.credentials.is_refresh_refused();
        match self.attempt.is_idle() {
            _ if !self.is_launched() => SessionState::Starting,
            _ if self.status.logged_out => SessionState::LoggedOut,
            _ if self.credentials.is_live(&cx.clock) => SessionState::LoggedIn,
            true if is_held => SessionState::LoggedIn,
            true => SessionState::Guest,
            false => SessionState::LoggingIn,
        }
    }

    pub(super) fn generation(&self) -> Generation {
        self.credentials.record.generation
    }

    pub(super) fn is_launched(&self) -> bool {
        self.launch == Launch::Done
    }

    /// Whether storage has answered or failed and the launch is still to be completed.
    pub(super) fn is_ready_to_start(&self) -> bool {
        self.launch == Launch::Read
    }

    pub(super) fn is_degraded(&self) -> bool {
        self.storage.is_degraded()
    }

    // --- calls

    pub(super) fn launched(&mut self, cx: &mut Context, seed: u32) {
        self.attempt.seed(seed);
        self.storage.reload(cx);
    }

    pub(super) fn ready(&mut self, cx: &mut Context, waiter: WaiterId) {
        self.enqueue(cx, waiter, Waiting::Ready);
    }

    pub(super) fn login(&mut self, cx: &mut Context, waiter: WaiterId) {
        self.login_requested_at = cx.clock.now();
        if self.error_until_login().is_some() {
            self.status.logged_out = false;
            self.may_be_logged_out = false;
            self.launch_login_decided = true;
            self.set_stamp(self.next_stamp(cx));
            self.save();
        }
        self.enqueue(cx, waiter, Waiting::Login);
    }

    pub(super) fn token(&mut self, cx: &mut Context, waiter: WaiterId) {
        self.enqueue(cx, waiter, Waiting::Token);
    }

    pub(super) fn request(&mut self, cx: &mut Context, waiter: WaiterId, guest: bool) {
        self.enqueue(cx, waiter, Waiting::Request { guest });
    }

    pub(super) fn key_ready(&mut self, cx: &mut Context, waiter: WaiterId) {
        self.enqueue(cx, waiter, Waiting::Key);
    }

    pub(super) fn open_data(&mut self, cx: &mut Context, waiter: WaiterId) {
        let issued = self.credentials.record.epochs.issued;
        let epoch = (!self.attempt.is_calling_login()).then_some(issued);
        self.enqueue(cx, waiter, Waiting::OpenData { epoch });
    }

    pub(super) fn phone(&mut self, cx: &mut Context, waiter: WaiterId, code: PhoneCode) {
        match self.phone_codes.submit(waiter, code) {
            Submission::New => self.enqueue(cx, waiter, Waiting::Phone),
            Submission::Joined => {}
            Submission::Used => cx.settle(waiter, Outcome::failed(ErrorCode::PhoneCodeUsed)),
            Submission::TooMany => cx.settle(waiter, Outcome::failed(ErrorCode::TooManyWaiting)),
        }
    }

    pub(super) fn expired(&mut self, generation: Generation) {
        self.credentials.refuse_access(generation);
    }

    /// Cancels a caller; returns whether it is one of the session's.
    pub(super) fn cancel(&mut self, cx: &mut Context, waiter: WaiterId) -> bool {
        if self.phone_codes.is_awaited_by(waiter) {
            return true;
        }
        let known = self.waiters.remove(waiter);
        if known {
            cx.settle(waiter, Outcome::failed(ErrorCode::Cancelled));
        }
        known
    }

    /// Ends the session here now, and at the edge as soon as the revocation succeeds.
    pub(super) fn logout(&mut self, cx: &mut Context, waiter: WaiterId, everywhere: bool) {
        self.status.logged_out = true;
        self.may_be_logged_out = false;
        self.attempt.supersede(true, everywhere);
        if let Some(held) = self.credentials.record.held.take() {
            self.revoke(held.refresh_token, everywhere);
        }
        self.set_stamp(self.next_stamp(cx));
        if everywhere {
            self.revoker.end_all_sessions(&mut self.status.pending_revocations);
        }
        self.save();
        self.send_revocations(cx);
        self.settle_queued(cx, |waiting| match waiting {
            Waiting::Request { guest: true } => None,
            Waiting::Ready => Some(Outcome::Done),
            _ => Some(Outcome::failed(ErrorCode::LoggedOut)),
        });
        cx.settle(waiter, Outcome::Done);
    }

    // --- answers

    pub(super) fn session_checked(&mut self, cx: &mut Context, op: OpId, alive: bool) {
        if self.key.checked(op, alive) {
            self.resolve_all(cx);
        }
    }

    pub(super) fn revoked(&mut self, op: OpId) {
        if self.revoker.revoked(&mut self.status.pending_revocations, op) {
            self.save();
        }
    }

    pub(super) fn stored(&mut self, cx: &mut Context, op: OpId) {
        let memory = self.credentials.memory(&self.status);
        let is_stored = self.storage.stored(cx, op, memory);
        self.credentials.is_stored |= is_stored;
    }

    pub(super) fn storage_failed(&mut self, cx: &mut Context, op: OpId) {
        let memory = self.credentials.memory(&self.status);
        self.storage.failed(cx, op, memory);
    }

    pub(super) fn storage_changed(&mut self, cx: &mut Context) {
        if self.is_launched() {
            self.storage.reload(cx);
        }
    }

    // --- shared steps

    fn is_key_dead(&self) -> bool {
        self.key.is_dead(self.credentials.record.epochs)
    }

    fn is_key_alive(&self) -> bool {
        self.key.is_alive(self.credentials.record.epochs)
    }

    /// Requests a save at the end of this event.
    fn save(&mut self) {
        self.storage.request_save(!self.may_be_logged_out);
    }

    fn revoke(&mut self, refresh_token: RefreshToken, everywhere: bool) {
        self.revoker.add(&mut self.status.pending_revocations, refresh_token, everywhere);
        self.save();
    }

    fn send_revocations(&mut self, cx: &mut Context) {
        if self.is_launched() {
            self.revoker.send_next(cx, &self.status.pending_revocations);
        }
    }
}
