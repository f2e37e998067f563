//! Session: one login in flight whoever asks, generations, and every waiter settled once.
//!
//! A *flight* is the way to a session: renewal where a refresh token is held, else `wx.login` and
//! an exchange, with a few tries and rests between. Callers park until it lands, then are sent
//! off or told why not.

use super::clock::Instant;
use super::context::{Context, Pending};
use super::effect::{Effect, ErrorCode, Outcome, SessionState};
use super::event::{EdgeFailure, OpId, WaiterId};
use super::flight::{Flight, Setback};
use super::journal::{Held, Record};
use super::tokens::{Generation, LoginCode, Tokens};
use super::waiters::{Waiters, Wants};
use crate::wechat::Failure;

const LOGIN_TIMEOUT_MS: u32 = 10_000;
const EDGE_TIMEOUT_MS: u32 = 10_000;
/// Tries of one flight before its callers are told.
const MAX_TRIES: u8 = 3;
/// The first rest between tries; doubled by each, and as much again at random.
const REST_MS: u32 = 400;
/// A token this close to its end is renewed first: it has to survive the way to the server.
const LEEWAY_MS: u64 = 30_000;

/// Whether a login happens by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginMode {
    /// At launch, without the user noticing (§6.2 allows it: no dialog is shown).
    Silent,
    /// When the first request needs it.
    OnDemand,
    /// Never: the host has no `wx.login`.
    Never,
}

#[derive(Debug)]
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
    /// Until when the edge asked us to stay away.
    closed_until: Option<Instant>,
    revoking: Option<Pending>,
    waiters: Waiters,
    rng: u32,
}

impl Session {
    pub(crate) fn new(mode: LoginMode) -> Self {
        Self {
            mode,
            launched: false,
            record: Record::default(),
            access_refused: false,
            refresh_refused: false,
            degraded: false,
            flight: Flight::Landed,
            tries: 0,
            closed_until: None,
            revoking: None,
            waiters: Waiters::default(),
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
        self.launched = true;
        self.rng = seed.max(1);
        if let Some(record) = record.and_then(Record::read) {
            cx.clock.restore_offset(record.offset);
            self.record = record;
        }
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

    /// A reply elsewhere said "expired". An older generation's says nothing about this one.
    pub(crate) fn expired(&mut self, generation: Generation) {
        if generation == self.record.generation {
            self.access_refused = true;
        }
    }

    pub(crate) fn cancel(&mut self, cx: &mut Context, waiter: WaiterId) -> bool {
        let known = self.waiters.remove(waiter);
        if known {
            cx.settle(waiter, Outcome::failed(ErrorCode::Cancelled));
        }
        known
    }

    /// Ends the session here at once, and at the edge as soon as it can be told.
    pub(crate) fn logout(&mut self, cx: &mut Context, waiter: WaiterId) {
        self.flight = Flight::Landed;
        self.tries = 0;
        self.record.logged_out = true;
        if let Some(held) = self.record.held.take() {
            self.record.owe(held.refresh_token);
        }
        self.save(cx);
        self.revoke_owed(cx);
        self.fail_parked(cx, &Outcome::failed(ErrorCode::LoggedOut));
        cx.settle(waiter, Outcome::Done);
    }

    // --- what the host answers

    pub(crate) fn code_issued(&mut self, cx: &mut Context, op: OpId, code: LoginCode) {
        // A code of an abandoned login is left to expire: it was never sent, and never will be.
        if self.flight.awaits_code(op) {
            let pending = cx.begin(EDGE_TIMEOUT_MS);
            let refresh_token = self.record.held.as_ref().map(|held| held.refresh_token.clone());
            cx.emit(Effect::Exchange { op: pending.op, code, refresh_token, timeout: EDGE_TIMEOUT_MS });
            self.flight = Flight::Exchange(pending);
        }
    }

    pub(crate) fn login_failed(&mut self, cx: &mut Context, op: OpId, failure: Failure) {
        if self.flight.awaits_code(op) {
            self.suffer(cx, Setback::of_login(failure));
        }
    }

    pub(crate) fn tokens_arrived(&mut self, cx: &mut Context, op: OpId, tokens: Tokens, server_now: Option<u64>) {
        if self.flight.awaits_tokens(op) {
            if let Some(server_now) = server_now {
                cx.clock.learn(server_now);
            }
            self.hold(cx, tokens);
            // Whatever life it has left, a token just given is used: asking for another at once
            // would go round in circles at the end of a session.
            self.serve_parked_as(cx, true);
        } else if self.record.logged_out {
            // The user logged out while they were on their way.
            self.record.owe(tokens.refresh_token);
            self.save(cx);
            self.revoke_owed(cx);
        }
        // Else they are of a try that was given up; a newer one decides.
    }

    pub(crate) fn edge_failed(&mut self, cx: &mut Context, op: OpId, failure: &EdgeFailure) {
        match self.flight {
            Flight::Exchange(pending) if pending.op == op => self.suffer(cx, Setback::of_exchange(failure)),
            Flight::Refresh(pending) if pending.op == op => self.suffer(cx, Setback::of_refresh(failure)),
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

    pub(crate) fn reply_arrived(&mut self, cx: &mut Context, id: WaiterId, status: u16) {
        const UNAUTHORIZED: u16 = 401;
        if !self.waiters.is_sent(id) {
            return;
        }
        let used = if status == UNAUTHORIZED { self.waiters.take_back(id) } else { None };
        match used {
            Some(used) => {
                self.expired(used);
                self.serve_parked(cx);
            }
            None => self.settle(cx, id, Outcome::Deliver),
        }
    }

    pub(crate) fn request_failed(&mut self, cx: &mut Context, id: WaiterId, failure: Failure) {
        if self.waiters.is_sent(id) {
            let code = match failure {
                Failure::Misconfigured(_) | Failure::Bug => ErrorCode::Misconfigured,
                _ => ErrorCode::Network,
            };
            self.settle(cx, id, Outcome::failed(code));
        }
    }

    pub(crate) fn storage_failed(&mut self) {
        self.degraded = true;
    }

    // --- time

    pub(crate) fn shown(&mut self, cx: &mut Context) {
        self.flight.allow_after_shown(cx);
        if let Some(pending) = &mut self.revoking {
            pending.allow_after_shown(cx);
        }
        self.waiters.allow_after_shown(cx);
        if self.launched {
            self.revoke_owed(cx);
        }
    }

    pub(crate) fn tick(&mut self, cx: &mut Context) {
        match self.flight {
            Flight::Login(pending) if pending.is_overdue(cx) => {
                self.suffer(cx, Setback::TryAgain(ErrorCode::WechatLoginTimeout));
            }
            Flight::Exchange(pending) | Flight::Refresh(pending) if pending.is_overdue(cx) => {
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
        while let Some(id) = self.waiters.overdue(cx) {
            self.settle(cx, id, Outcome::failed(ErrorCode::Network));
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let revoking = self.revoking.and_then(|pending| pending.deadline);
        self.flight.next_deadline().into_iter().chain(revoking).chain(self.waiters.next_deadline()).min()
    }

    // --- the flight

    /// Whether the access token can be used as it is.
    fn is_live(&self, cx: &Context) -> bool {
        let in_time = |held: &Held| cx.clock.server_now().saturating_add(LEEWAY_MS) < held.expires_at;
        !self.access_refused && self.record.held.as_ref().is_some_and(in_time)
    }

    fn take_off(&mut self, cx: &mut Context) {
        if !self.flight.is_landed() {
            return;
        }
        if let Some(wait) =
            self.closed_until.and_then(|until| until.checked_sub(cx.clock.elapsed())).filter(|wait| *wait > 0)
        {
            let retry_after = u32::try_from(wait.div_ceil(1000)).ok();
            return self.give_up(cx, &rate_limited(retry_after));
        }
        match &self.record.held {
            Some(held) if !self.refresh_refused => {
                let refresh_token = held.refresh_token.clone();
                let pending = cx.begin(EDGE_TIMEOUT_MS);
                cx.emit(Effect::Refresh { op: pending.op, refresh_token, timeout: EDGE_TIMEOUT_MS });
                self.flight = Flight::Refresh(pending);
            }
            _ if self.mode == LoginMode::Never => self.give_up(cx, &Outcome::failed(ErrorCode::LoginRequired)),
            _ => {
                let pending = cx.begin(LOGIN_TIMEOUT_MS);
                cx.emit(Effect::CallLogin { op: pending.op, timeout: LOGIN_TIMEOUT_MS });
                self.flight = Flight::Login(pending);
            }
        }
    }

    fn suffer(&mut self, cx: &mut Context, setback: Setback) {
        match setback {
            Setback::TryAgain(code) => self.try_again(cx, code),
            Setback::GiveUp(code) => self.give_up(cx, &Outcome::failed(code)),
            Setback::StayAway(wait_s) => {
                self.closed_until = Some(cx.clock.elapsed() + Instant::from(wait_s) * 1000);
                self.give_up(cx, &rate_limited(Some(wait_s)));
            }
            Setback::SessionEnded => {
                self.refresh_refused = true;
                if self.mode == LoginMode::Never {
                    self.record.held = None;
                    self.save(cx);
                }
                self.flight = Flight::Landed;
                self.take_off(cx);
            }
        }
    }

    fn try_again(&mut self, cx: &mut Context, code: ErrorCode) {
        self.tries += 1;
        if self.tries >= MAX_TRIES {
            return self.give_up(cx, &Outcome::failed(code));
        }
        let rest = REST_MS << self.tries.saturating_sub(1);
        let jitter = self.random() % rest;
        self.flight = Flight::Resting(cx.clock.elapsed() + Instant::from(rest + jitter));
    }

    fn give_up(&mut self, cx: &mut Context, outcome: &Outcome) {
        self.flight = Flight::Landed;
        self.tries = 0;
        // A guest-allowed request goes without; on a host that cannot log in, `ready` means guest.
        let never = self.mode == LoginMode::Never;
        self.serve(cx, |wants| match wants {
            Wants::Request { guest: true } => None,
            Wants::Ready if never => Some(Outcome::Done),
            _ => Some(outcome.clone()),
        });
    }

    fn hold(&mut self, cx: &mut Context, tokens: Tokens) {
        let expires_at = cx.clock.server_now().saturating_add(u64::from(tokens.expires_in_s) * 1000);
        let Tokens { access_token, refresh_token, .. } = tokens;
        self.record.held = Some(Held { access_token, refresh_token, expires_at });
        self.record.generation = Generation(self.record.generation.0.wrapping_add(1));
        self.record.offset = cx.clock.offset();
        self.access_refused = false;
        self.refresh_refused = false;
        self.closed_until = None;
        self.tries = 0;
        self.flight = Flight::Landed;
        self.save(cx);
    }

    // --- the waiters

    fn park(&mut self, cx: &mut Context, id: WaiterId, wants: Wants) {
        self.waiters.park(id, wants);
        self.serve_parked(cx);
    }

    /// Serves who can be served now, and takes off for the rest.
    fn serve_parked(&mut self, cx: &mut Context) {
        let live = self.is_live(cx);
        self.serve_parked_as(cx, live);
    }

    fn serve_parked_as(&mut self, cx: &mut Context, live: bool) {
        if !self.launched {
            return;
        }
        let logged_out = self.record.logged_out;
        let no_session = self.flight.is_landed() && self.record.held.is_none();
        let guest_is_fine = logged_out || (no_session && self.mode != LoginMode::Silent);
        let mut left = false;
        for (id, wants) in self.waiters.parked() {
            match wants {
                _ if live || logged_out => self.serve_one(cx, id, live),
                Wants::Ready if guest_is_fine => self.serve_one(cx, id, live),
                Wants::Request { guest: true } if self.record.held.is_none() => self.serve_one(cx, id, live),
                _ => left = true,
            }
        }
        if left {
            self.take_off(cx);
        }
    }

    fn serve_one(&mut self, cx: &mut Context, id: WaiterId, live: bool) {
        let Some(wants) = self.waiters.wants(id) else { return };
        let held = self.record.held.as_ref().filter(|_| live);
        match (wants, held) {
            (Wants::Request { guest }, held) if guest || held.is_some() => {
                let generation = held.map(|_| self.record.generation);
                self.waiters.send(cx, id, generation);
                cx.emit(Effect::Send { waiter: id, token: held.map(|held| held.access_token.clone()) });
            }
            (Wants::Token, Some(held)) => {
                let outcome = Outcome::Token { token: held.access_token.clone(), generation: self.record.generation };
                self.settle(cx, id, outcome);
            }
            (Wants::Ready, _) | (Wants::Login, Some(_)) => self.settle(cx, id, Outcome::Done),
            _ => self.settle(cx, id, Outcome::failed(ErrorCode::LoggedOut)),
        }
    }

    /// Settles parked callers as `outcome` says; `None` sends the request without a token.
    fn serve(&mut self, cx: &mut Context, outcome: impl Fn(Wants) -> Option<Outcome>) {
        for (id, wants) in self.waiters.parked() {
            match outcome(wants) {
                Some(outcome) => self.settle(cx, id, outcome),
                None => self.serve_one(cx, id, false),
            }
        }
    }

    fn fail_parked(&mut self, cx: &mut Context, outcome: &Outcome) {
        self.serve(cx, |wants| match wants {
            Wants::Request { guest: true } => None,
            Wants::Ready => Some(Outcome::Done),
            _ => Some(outcome.clone()),
        });
    }

    fn settle(&mut self, cx: &mut Context, id: WaiterId, outcome: Outcome) {
        self.waiters.remove(id);
        cx.settle(id, outcome);
    }

    // --- storage, revoking, randomness

    fn save(&mut self, cx: &mut Context) {
        cx.emit(Effect::Save { record: self.record.write() });
    }

    fn revoke_owed(&mut self, cx: &mut Context) {
        let Some(refresh_token) = self.record.owed.first().cloned() else { return };
        if self.revoking.is_none() {
            let pending = cx.begin(EDGE_TIMEOUT_MS);
            cx.emit(Effect::Revoke { op: pending.op, refresh_token, timeout: EDGE_TIMEOUT_MS });
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

fn rate_limited(retry_after: Option<u32>) -> Outcome {
    Outcome::Failed { code: ErrorCode::RateLimited, retryable: true, retry_after }
}
