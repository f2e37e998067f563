//! Session: one login in flight whoever asks, generations, and every waiter settled once.
//!
//! A *flight* is the way to a session: renewal where a refresh token is held, else `wx.login` and
//! an exchange, with a few tries and rests between. Callers park until it lands, then are sent
//! off or told why not.

mod flight;
mod flying;
mod key;
mod phone;
mod serving;
mod verdict;
mod waiters;

use super::clock::{Cooldown, Instant};
use super::context::{Context, Pending};
use super::effect::{Effect, ErrorCode, Outcome, SessionState};
use super::event::{EdgeFailure, OpId, WaiterId};
use super::journal::{Debt, Record};
use super::tokens::{AccessToken, Generation, LoginCode, PhoneCode, Tokens};
use crate::wechat::Failure;
use flight::{Flight, Setback};
use key::Key;
use phone::{HandedIn, PhoneCodes};
use verdict::Answer;
use waiters::{Waiters, Wants};

pub(crate) use verdict::of_tap;

const EDGE_TIMEOUT_MS: u32 = 10_000;
const TOO_MANY_REQUESTS: u16 = 429;
/// The life of a code (§1.1).
const CODE_LIFE_MS: u64 = 300_000;
/// A token this close to its end is renewed first: it has to survive the way to the server.
const LEEWAY_MS: u64 = 30_000;

/// Whether a login happens by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginMode {
    /// At launch, without the user noticing (§6.2 allows it: no dialog is shown).
    Silent,
    /// When the first request needs it.
    OnDemand,
    /// Only for a caller of `login()`: where a login leads the user away from the page.
    Explicit,
    /// Never: the host has no `wx.login`.
    Never,
}

#[derive(Debug, Clone)]
pub(crate) struct Session {
    mode: LoginMode,
    launched: bool,
    record: Record,
    /// The access token was refused by a server.
    access_refused: bool,
    /// The refresh token was refused by the edge; it still names the session a login continues.
    refresh_refused: bool,
    degraded: bool,
    flight: Flight,
    tries: u8,
    /// The phone's clock when `wx.login` was called.
    login_called: u64,
    key: Key,
    phone_codes: PhoneCodes,
    /// Codes in a reply's body that mean "expired", beside status 401.
    expiry_codes: Vec<String>,
    /// The edge asked us to stay away.
    closed: Option<Cooldown>,
    revoking: Option<Pending>,
    waiters: Waiters,
    /// The access token that the host has.
    handed_over: Option<AccessToken>,
    rng: u32,
}

impl Session {
    pub(crate) fn new(mode: LoginMode, expiry_codes: Vec<String>) -> Self {
        Self {
            mode,
            launched: false,
            record: Record::default(),
            access_refused: false,
            refresh_refused: false,
            degraded: false,
            flight: Flight::Landed,
            tries: 0,
            login_called: 0,
            key: Key::Unchecked,
            phone_codes: PhoneCodes::default(),
            expiry_codes,
            closed: None,
            revoking: None,
            waiters: Waiters::default(),
            handed_over: None,
            rng: 1,
        }
    }

    pub(crate) fn state(&self, cx: &Context) -> SessionState {
        match self.flight {
            _ if !self.launched => SessionState::Starting,
            _ if self.record.logged_out => SessionState::LoggedOut,
            _ if self.is_live(cx) => SessionState::LoggedIn,
            Flight::Landed if self.record.held.is_some() && !self.refresh_refused => SessionState::LoggedIn,
            Flight::Landed => SessionState::Guest,
            _ => SessionState::LoggingIn,
        }
    }

    pub(crate) fn generation(&self) -> Generation {
        self.record.generation
    }

    pub(crate) fn is_launched(&self) -> bool {
        self.launched
    }

    pub(crate) fn is_degraded(&self) -> bool {
        self.degraded
    }

    // --- what callers ask

    pub(crate) fn launched(&mut self, cx: &mut Context, record: Option<&str>, seed: u32) {
        if self.launched {
            return;
        }
        self.rng = seed.max(1);
        match record.map(Record::read) {
            Some(Some(record)) => {
                cx.clock.restore_offset(record.offset);
                self.record = record;
            }
            // Cut short, somebody else's, or of another version: all it held is lost.
            Some(None) => self.degraded = true,
            None => {}
        }
    }

    /// What was asked before the launch has been taken in.
    pub(crate) fn start(&mut self, cx: &mut Context) {
        self.launched = true;
        self.revoke_owed(cx);
        if self.mode == LoginMode::Silent && !self.record.logged_out && !self.is_live(cx) {
            self.take_off(cx);
        }
        self.serve_parked(cx);
    }

    pub(crate) fn ready(&mut self, cx: &mut Context, waiter: WaiterId) {
        self.park(cx, waiter, Wants::Ready);
    }

    pub(crate) fn login(&mut self, cx: &mut Context, waiter: WaiterId) {
        if self.record.logged_out {
            self.record.logged_out = false;
            self.save(cx);
        }
        self.park(cx, waiter, Wants::Login);
    }

    pub(crate) fn token(&mut self, cx: &mut Context, waiter: WaiterId) {
        self.park(cx, waiter, Wants::Token);
    }

    pub(crate) fn request(&mut self, cx: &mut Context, waiter: WaiterId, guest: bool) {
        self.park(cx, waiter, Wants::Request { guest });
    }

    pub(crate) fn key_ready(&mut self, cx: &mut Context, waiter: WaiterId) {
        self.park(cx, waiter, Wants::Key);
    }

    pub(crate) fn open_data(&mut self, cx: &mut Context, waiter: WaiterId) {
        let epoch = self.epoch();
        self.park(cx, waiter, Wants::OpenData { epoch });
    }

    pub(crate) fn phone(&mut self, cx: &mut Context, waiter: WaiterId, code: PhoneCode) {
        match self.phone_codes.hand_in(waiter, code) {
            HandedIn::New => self.park(cx, waiter, Wants::Phone),
            HandedIn::Joined => {}
            HandedIn::Used => cx.settle(waiter, Outcome::failed(ErrorCode::PhoneCodeUsed)),
            HandedIn::TooMany => cx.settle(waiter, Outcome::failed(ErrorCode::TooManyWaiting)),
        }
    }

    /// A reply elsewhere said "expired". An older generation's says nothing about this one.
    pub(crate) fn expired(&mut self, generation: Generation) {
        if generation == self.record.generation {
            self.access_refused = true;
        }
    }

    pub(crate) fn cancel(&mut self, cx: &mut Context, waiter: WaiterId) -> bool {
        if self.phone_codes.has(waiter) {
            return true;
        }
        let known = self.waiters.remove(waiter);
        if known {
            cx.settle(waiter, Outcome::failed(ErrorCode::Cancelled));
        }
        known
    }

    /// Ends the session here at once, and at the edge as soon as it can be told.
    pub(crate) fn logout(&mut self, cx: &mut Context, waiter: WaiterId, everywhere: bool) {
        self.flight = match self.flight {
            // `wx.login` cannot be called back. Its code is for whoever logs in before it comes.
            Flight::Login(pending) => Flight::Login(pending),
            Flight::Exchange(pending) | Flight::Refresh(pending) | Flight::Doomed(pending) => Flight::Doomed(pending),
            Flight::Landed | Flight::Resting(_) => Flight::Landed,
        };
        self.tries = 0;
        self.record.logged_out = true;
        if let Some(held) = self.record.held.take() {
            self.record.owe(held.refresh_token, everywhere);
        }
        self.save(cx);
        self.revoke_owed(cx);
        self.fail_parked(cx, &Outcome::failed(ErrorCode::LoggedOut));
        cx.settle(waiter, Outcome::Done);
    }

    // --- what the host answers

    pub(crate) fn code_issued(&mut self, cx: &mut Context, op: OpId, code: LoginCode) {
        // A code of an abandoned login is left to expire: it was never sent, and never will be.
        if !self.flight.awaits_code(op) {
            return;
        }
        if self.record.logged_out {
            self.flight = Flight::Landed;
            return;
        }
        // The phone was asleep, or its clock was set: the code may be dead on arrival.
        if cx.clock.now().checked_sub(self.login_called).is_none_or(|age| age > CODE_LIFE_MS) {
            return self.suffer(cx, Setback::TryAgain(ErrorCode::WechatLoginTimeout, None));
        }
        let pending = cx.begin(EDGE_TIMEOUT_MS);
        let refresh_token = self.record.held.as_ref().map(|held| held.refresh_token.clone());
        cx.emit(Effect::Exchange { op: pending.op, code, refresh_token, timeout: EDGE_TIMEOUT_MS });
        self.flight = Flight::Exchange(pending);
    }

    pub(crate) fn login_failed(&mut self, cx: &mut Context, op: OpId, failure: Failure) {
        if self.flight.awaits_code(op) {
            self.suffer(cx, Setback::of_login(failure));
        }
    }

    pub(crate) fn tokens_arrived(&mut self, cx: &mut Context, op: OpId, tokens: Tokens, server_now: Option<u64>) {
        match self.flight {
            Flight::Exchange(pending) | Flight::Refresh(pending) if pending.op == op => {
                if let Some(server_now) = server_now {
                    cx.clock.learn(server_now);
                }
                if matches!(self.flight, Flight::Exchange(_)) {
                    self.record.epochs.acknowledged = self.record.epochs.issued;
                    self.key = Key::Alive;
                }
                self.hold(cx, tokens);
                // Whatever life it has left, a token just given is used: asking for another at once
                // would go round in circles at the end of a session.
                self.serve_parked_as(cx, true);
            }
            // The user logged out while they were on their way.
            Flight::Doomed(pending) if pending.op == op => {
                self.record.owe(tokens.refresh_token, false);
                self.save(cx);
                self.revoke_owed(cx);
                self.doom_is_over(cx);
            }
            // They are of a try that was given up; a newer one decides.
            _ => {}
        }
    }

    pub(crate) fn edge_failed(&mut self, cx: &mut Context, op: OpId, failure: &EdgeFailure) {
        match self.flight {
            Flight::Exchange(pending) if pending.op == op => self.suffer(cx, Setback::of_exchange(failure)),
            Flight::Refresh(pending) if pending.op == op => self.suffer(cx, Setback::of_refresh(failure)),
            Flight::Doomed(pending) if pending.op == op => self.doom_is_over(cx),
            _ if self.revoking.is_some_and(|pending| pending.op == op) => match failure {
                EdgeFailure::Refused { status: 400..=428 | 430..=499, .. } => self.revoked(cx, op),
                _ => self.revoking = None,
            },
            _ => {}
        }
    }

    pub(crate) fn revoked(&mut self, cx: &mut Context, op: OpId) {
        if self.revoking.is_some_and(|pending| pending.op == op) {
            self.revoking = None;
            if !self.record.owed.is_empty() {
                self.record.owed.remove(0);
            }
            self.save(cx);
            self.revoke_owed(cx);
        }
    }

    pub(crate) fn reply_arrived(
        &mut self,
        cx: &mut Context,
        id: WaiterId,
        status: u16,
        code: &str,
        retry_after_s: Option<u32>,
    ) {
        const UNAUTHORIZED: u16 = 401;
        let Some(wants) = self.waiters.sent(id) else { return };
        let own_code = matches!(wants, Wants::Request { .. }) && self.expiry_codes.iter().any(|known| known == code);
        let expired = own_code || status == UNAUTHORIZED;
        let used = if expired { self.waiters.take_back(cx, id) } else { None };
        let reply = Answer { status, code, retry_after_s };
        match (used, wants) {
            (Some(used), _) => {
                self.expired(used);
                self.serve_parked_one(cx, id);
            }
            (None, Wants::OpenData { epoch }) => self.open_data_answered(cx, id, epoch, reply),
            // The edge turns away before it redeems, so the code is as good as before.
            (None, Wants::Phone) => self.settle_as(cx, id, verdict::of_phone(id, reply), status != TOO_MANY_REQUESTS),
            (None, _) => self.settle(cx, id, Outcome::Deliver { of: id }),
        }
    }

    fn open_data_answered(&mut self, cx: &mut Context, id: WaiterId, epoch: Option<u32>, reply: Answer<'_>) {
        if reply.code == "session_key_stale" {
            self.key = Key::Dead;
            self.waiters.park_again(id, Wants::TapAgain);
            self.serve_parked_one(cx, id);
        } else {
            let same_key = epoch == Some(self.record.epochs.issued);
            self.settle(cx, id, verdict::of_open_data(id, reply, same_key));
        }
    }

    pub(crate) fn request_failed(&mut self, cx: &mut Context, id: WaiterId, failure: Failure) {
        match self.waiters.sent(id) {
            // The code may be spent; it is not sent again.
            Some(Wants::Phone) => self.settle(cx, id, Outcome::failed(ErrorCode::TapAgain)),
            Some(_) => {
                let code = match failure {
                    Failure::Misconfigured(_) | Failure::Bug => ErrorCode::Misconfigured,
                    _ => ErrorCode::Network,
                };
                self.settle(cx, id, Outcome::failed(code));
            }
            None => {}
        }
    }

    pub(crate) fn stored(&mut self) {
        self.degraded = false;
    }

    pub(crate) fn storage_failed(&mut self) {
        self.degraded = true;
    }

    // --- time

    /// The app is shown again.
    pub(crate) fn shown(&mut self, cx: &mut Context) {
        self.allow_after_shown(cx);
        if self.launched {
            self.revoke_owed(cx);
        }
    }

    /// JavaScript was stopped: answers that came meanwhile are still to be delivered.
    pub(crate) fn allow_after_shown(&mut self, cx: &Context) {
        self.flight.allow_after_shown(cx);
        if let Some(pending) = &mut self.revoking {
            pending.allow_after_shown(cx);
        }
        if let Key::Checking(pending) = &mut self.key {
            pending.allow_after_shown(cx);
        }
        self.waiters.allow_after_shown(cx);
    }

    pub(crate) fn tick(&mut self, cx: &mut Context) {
        match self.flight {
            Flight::Login(pending) if pending.is_overdue(cx) => {
                self.suffer(cx, Setback::TryAgain(ErrorCode::WechatLoginTimeout, None));
            }
            Flight::Exchange(pending) | Flight::Refresh(pending) | Flight::Doomed(pending)
                if pending.is_overdue(cx) =>
            {
                self.edge_failed(cx, pending.op, &EdgeFailure::Unreachable);
            }
            Flight::Resting(until) if until <= cx.clock.elapsed() => {
                self.flight = Flight::Landed;
                self.take_off(cx);
            }
            _ => {}
        }
        if self.revoking.is_some_and(|pending| pending.is_overdue(cx)) {
            self.revoking = None;
        }
        // WeChat is silent; the edge will say whether its key is dead.
        match self.key {
            Key::Checking(pending) if pending.is_overdue(cx) => self.session_checked(cx, pending.op, true),
            _ => {}
        }
        self.end_overdue(cx);
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let revoking = self.revoking.map(|pending| pending.deadline);
        let checking = match self.key {
            Key::Checking(pending) => Some(pending.deadline),
            _ => None,
        };
        self.flight
            .next_deadline()
            .into_iter()
            .chain(revoking)
            .chain(checking)
            .chain(self.waiters.next_deadline().filter(|_| self.launched))
            .min()
    }

    // --- storage, revoking, randomness

    fn save(&mut self, cx: &mut Context) {
        cx.emit(Effect::Save { record: self.record.write() });
    }

    fn revoke_owed(&mut self, cx: &mut Context) {
        let Some(Debt { refresh_token, everywhere }) = self.record.owed.first().cloned() else { return };
        if self.revoking.is_none() {
            let pending = cx.begin(EDGE_TIMEOUT_MS);
            cx.emit(Effect::Revoke { op: pending.op, refresh_token, everywhere, timeout: EDGE_TIMEOUT_MS });
            self.revoking = Some(pending);
        }
    }

    /// xorshift32: spreads retries of many phones; nothing secret depends on it.
    fn random(&mut self) -> u32 {
        self.rng ^= self.rng << 13;
        self.rng ^= self.rng >> 17;
        self.rng ^= self.rng << 5;
        self.rng
    }
}
