//! Session: one login in flight whoever asks, generations, and every waiter settled once.
//!
//! A *flight* is the way to a session: renewal where a refresh token is held, else `wx.login` and
//! an exchange, with a few tries and rests between. Callers park until it lands, then are sent
//! off or told why not.

mod attempt;
mod callers;
mod key;
mod phone;
mod replies;
mod revoker;
mod shared;
mod storage;
mod waiters;

use super::clock::{Cooldown, Instant};
use super::context::Context;
use super::effect::{Effect, ErrorCode, Outcome, SessionState};
use super::event::{EdgeFailure, OpId, WaiterId};
use super::tokens::{AccessToken, Generation, LoginCode, PhoneCode, RefreshToken, Tokens};
use crate::edge_code::EdgeCode;
use crate::machine::stored::record::Record;
use crate::machine::stored::status::Status;
use crate::wechat::Failure;
use attempt::{Flight, Setback};
use key::Key;
use phone::{HandedIn, PhoneCodes};
use replies::Answer;
use revoker::Debts;
use storage::Storage;
use waiters::{Waiters, Wants};

pub(crate) use replies::of_tap;

const SESSION_KEY_STALE: &str = EdgeCode::SessionKeyStale.as_str();
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
    /// What was asked before the launch has been taken in.
    launched: bool,
    /// Storage has answered for the first time, or will not.
    has_read: bool,
    /// The login of the launch has begun, or was not needed.
    started: bool,
    /// The user may be logged out: storage cannot be read, or not be understood.
    is_unsure: bool,
    record: Record,
    status: Status,
    storage: Storage,
    /// The tokens held have been in storage, where other contexts see them.
    held_is_stored: bool,
    /// The lock that is held or asked for.
    lock: Option<OpId>,
    debts: Debts,
    /// The access token was refused by a server.
    access_refused: bool,
    /// The refresh token that the edge refused last.
    refused: Option<RefreshToken>,
    flight: Flight,
    tries: u8,
    /// The phone's clock when a caller last asked for a login.
    login_asked: u64,
    /// The phone's clock when `wx.login` was called.
    login_called: u64,
    /// The epoch of that call.
    issued_here: u32,
    key: Key,
    phone_codes: PhoneCodes,
    /// Codes in a reply's body that mean "expired", beside status 401.
    expiry_codes: Vec<String>,
    /// The edge asked us to stay away.
    closed: Option<Cooldown>,
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
            has_read: false,
            started: false,
            is_unsure: false,
            record: Record::default(),
            status: Status::default(),
            storage: Storage::default(),
            held_is_stored: false,
            lock: None,
            debts: Debts::default(),
            access_refused: false,
            refused: None,
            flight: Flight::Landed,
            tries: 0,
            login_asked: 0,
            login_called: 0,
            issued_here: 0,
            key: Key::Unchecked,
            phone_codes: PhoneCodes::default(),
            expiry_codes,
            closed: None,
            waiters: Waiters::default(),
            handed_over: None,
            rng: 1,
        }
    }

    pub(crate) fn state(&self, cx: &Context) -> SessionState {
        match self.flight {
            _ if !self.launched => SessionState::Starting,
            _ if self.status.logged_out => SessionState::LoggedOut,
            _ if self.is_live(cx) => SessionState::LoggedIn,
            Flight::Landed if self.record.held.is_some() && !self.refresh_is_refused() => SessionState::LoggedIn,
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

    pub(crate) fn has_read(&self) -> bool {
        self.has_read
    }

    pub(crate) fn is_degraded(&self) -> bool {
        self.storage.is_degraded()
    }

    // --- what callers ask

    pub(crate) fn launched(&mut self, cx: &mut Context, seed: u32) {
        self.rng = seed.max(1);
        self.storage.look(cx);
    }

    pub(crate) fn ready(&mut self, cx: &mut Context, waiter: WaiterId) {
        self.park(cx, waiter, Wants::Ready);
    }

    pub(crate) fn login(&mut self, cx: &mut Context, waiter: WaiterId) {
        self.login_asked = cx.clock.now();
        if self.closed_to_callers().is_some() {
            self.status.logged_out = false;
            self.is_unsure = false;
            self.started = true;
            let stamp = self.next_stamp(cx);
            self.set_stamp(stamp);
            self.save();
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
        self.status.logged_out = true;
        self.is_unsure = false;
        self.overtake_flight(everywhere);
        if let Some(held) = self.record.held.take() {
            self.owe(held.refresh_token, everywhere);
        }
        let stamp = self.next_stamp(cx);
        self.set_stamp(stamp);
        if everywhere {
            self.owe_everywhere();
        }
        self.save();
        self.pay_debts(cx);
        self.fail_parked(cx, &Outcome::failed(ErrorCode::LoggedOut));
        cx.settle(waiter, Outcome::Done);
    }

    // --- what the host answers

    pub(crate) fn code_issued(&mut self, cx: &mut Context, op: OpId, code: LoginCode) {
        // A code of an abandoned login is left to expire: it was never sent, and never will be.
        if !self.flight.awaits_code(op) {
            return;
        }
        if self.status.logged_out {
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
        self.flight = Flight::Exchange(pending, self.record.generation);
    }

    pub(crate) fn login_failed(&mut self, cx: &mut Context, op: OpId, failure: Failure) {
        if self.flight.awaits_code(op) {
            self.suffer(cx, Setback::of_login(failure));
        }
    }

    pub(crate) fn tokens_arrived(&mut self, cx: &mut Context, op: OpId, tokens: Tokens, server_now: Option<u64>) {
        match self.flight {
            Flight::Exchange(pending, from) | Flight::Refresh(pending, from) if pending.op == op => {
                if let Some(server_now) = server_now {
                    cx.clock.learn(server_now);
                }
                if matches!(self.flight, Flight::Exchange(..)) {
                    let epochs = &mut self.record.epochs;
                    epochs.acknowledged = epochs.acknowledged.max(self.issued_here);
                    self.key = Key::Alive;
                }
                self.hold(cx, tokens, from);
                // Whatever life it has left, a token just given is used: asking for another at once
                // would go round in circles at the end of a session.
                self.serve_parked_as(cx, true);
            }
            // The user logged out while they were on their way.
            Flight::Doomed(pending, everywhere) if pending.op == op => {
                self.owe(tokens.refresh_token, everywhere);
                self.doom_is_over(cx);
            }
            // They are of a try that was given up; a newer one decides.
            _ => {}
        }
    }

    pub(crate) fn edge_failed(&mut self, cx: &mut Context, op: OpId, failure: &EdgeFailure) {
        match self.flight {
            Flight::Exchange(pending, _) if pending.op == op => self.suffer(cx, Setback::of_exchange(failure)),
            Flight::Refresh(pending, _) if pending.op == op => self.suffer(cx, Setback::of_refresh(failure)),
            Flight::Doomed(pending, _) if pending.op == op => self.doom_is_over(cx),
            _ if self.debts.is_revoking(op) => self.revoke_failed(cx, failure),
            _ => {}
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
            (None, Wants::Phone) => self.settle_as(cx, id, replies::of_phone(id, reply), status != TOO_MANY_REQUESTS),
            (None, _) => self.settle(cx, id, Outcome::Deliver { of: id }),
        }
    }

    fn open_data_answered(&mut self, cx: &mut Context, id: WaiterId, epoch: Option<u32>, reply: Answer<'_>) {
        if reply.code == SESSION_KEY_STALE {
            self.key = Key::Dead;
            self.waiters.park_again(id, Wants::TapAgain);
            self.serve_parked_one(cx, id);
        } else {
            let same_key = epoch == Some(self.record.epochs.issued);
            self.settle(cx, id, replies::of_open_data(id, reply, same_key));
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

    // --- time

    /// The app is shown again.
    pub(crate) fn shown(&mut self, cx: &mut Context) {
        self.allow_after_shown(cx);
        if let Flight::Resting(until) = &mut self.flight {
            // What failed in the background says nothing about now.
            *until = cx.clock.elapsed();
            self.tries = 0;
        }
        self.debts.hurry();
        self.look_after_shown(cx);
    }

    /// JavaScript was stopped: answers that came meanwhile are still to be delivered.
    pub(crate) fn allow_after_shown(&mut self, cx: &Context) {
        self.flight.allow_after_shown(cx);
        self.debts.allow_after_shown(cx);
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
            Flight::Locking(pending) if pending.is_overdue(cx) => self.lock_is_late(cx),
            Flight::Reading(pending) if pending.is_overdue(cx) => self.record_unreadable(cx, pending.op),
            Flight::Exchange(pending, _) | Flight::Refresh(pending, _) | Flight::Doomed(pending, _)
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
        self.tick_storage(cx);
        self.tick_debts(cx);
        // WeChat is silent; the edge will say whether its key is dead.
        match self.key {
            Key::Checking(pending) if pending.is_overdue(cx) => self.session_checked(cx, pending.op, true),
            _ => {}
        }
        self.end_overdue(cx);
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let checking = match self.key {
            Key::Checking(pending) => Some(pending.deadline),
            _ => None,
        };
        self.flight
            .next_deadline()
            .into_iter()
            .chain(self.debts_deadline())
            .chain(self.storage.deadlines())
            .chain(checking)
            .chain(self.waiters.next_deadline().filter(|_| self.launched))
            .min()
    }

    /// What is done at the end of every event.
    pub(crate) fn finish(&mut self, cx: &mut Context) {
        self.begin_saving(cx);
        self.release_lock_after_flight(cx);
        self.pay_debts(cx);
    }

    /// xorshift32: spreads retries of many phones; nothing secret depends on it.
    fn random(&mut self) -> u32 {
        self.rng ^= self.rng << 13;
        self.rng ^= self.rng >> 17;
        self.rng ^= self.rng << 5;
        self.rng
    }
}
