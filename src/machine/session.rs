//! Session: one login in flight whoever asks, generations, and every waiter settled once.
//!
//! A *flight* is the way to a session: renewal where a refresh token is held, else `wx.login` and
//! an exchange, with a few tries and rests between. Callers park until it lands, then are sent
//! off or told why not.

use super::clock::Instant;
use super::context::{Context, Pending, after_shown};
use super::effect::{Effect, ErrorCode, Outcome, SessionState};
use super::event::{EdgeFailure, OpId, WaiterId};
use super::journal::{Held, Record};
use super::tokens::{Generation, LoginCode, Tokens};
use crate::wechat::Failure;

const LOGIN_TIMEOUT_MS: u32 = 10_000;
const EDGE_TIMEOUT_MS: u32 = 10_000;
/// WeChat's own default for a request is 60 s (§1.8); past that nobody will call back.
const REQUEST_TIMEOUT_MS: Instant = 65_000;
/// Tries of one flight before its callers are told.
const MAX_TRIES: u8 = 3;
/// The first rest between tries; doubled by each, and as much again at random.
const REST_MS: u32 = 400;
/// A token this close to its end is renewed first: it has to survive the way to the server.
const LEEWAY_MS: u64 = 30_000;
/// How often one request is sent again after an expiry reply.
const MAX_REPLAYS: u8 = 2;

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
    waiters: Vec<Waiter>,
    rng: u32,
}

#[derive(Debug, Clone, Copy)]
enum Flight {
    Landed,
    Login(Pending),
    Exchange(Pending),
    Refresh(Pending),
    Resting(Instant),
}

#[derive(Debug)]
struct Waiter {
    id: WaiterId,
    wants: Wants,
    stage: Stage,
    replays: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wants {
    Ready,
    Login,
    Token,
    Request { guest: bool },
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    /// Waits for the flight.
    Parked,
    /// The request is out, with the token of this generation.
    Sent { generation: Option<Generation>, deadline: Instant },
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
            waiters: Vec::new(),
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
        let Some(at) = self.waiters.iter().position(|other| other.id == waiter) else {
            return false;
        };
        self.waiters.remove(at);
        cx.settle(waiter, Outcome::failed(ErrorCode::Cancelled));
        true
    }

    /// Ends the session here at once, and at the edge as soon as it can be told.
    pub(crate) fn logout(&mut self, cx: &mut Context, waiter: WaiterId) {
        self.flight = Flight::Landed;
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
        match self.flight {
            Flight::Login(pending) if pending.op == op => {
                let pending = cx.begin(EDGE_TIMEOUT_MS);
                let refresh_token = self.record.held.as_ref().map(|held| held.refresh_token.clone());
                cx.emit(Effect::Exchange { op: pending.op, code, refresh_token, timeout: EDGE_TIMEOUT_MS });
                self.flight = Flight::Exchange(pending);
            }
            // A code of an abandoned login is left to expire: it was never sent, and never will be.
            _ => {}
        }
    }

    pub(crate) fn login_failed(&mut self, cx: &mut Context, op: OpId, failure: Failure) {
        match self.flight {
            Flight::Login(pending) if pending.op == op => match failure {
                Failure::Blocked => self.give_up(cx, Outcome::failed(ErrorCode::LoginBlocked)),
                _ => self.try_again(cx, ErrorCode::WechatLoginFailed),
            },
            _ => {}
        }
    }

    pub(crate) fn tokens_arrived(&mut self, cx: &mut Context, op: OpId, tokens: Tokens, server_now: Option<u64>) {
        match self.flight {
            Flight::Exchange(pending) | Flight::Refresh(pending) if pending.op == op => {
                if let Some(server_now) = server_now {
                    cx.clock.learn(server_now);
                }
                self.hold(cx, tokens);
                // Whatever life it has left, a token just given is used: asking for another at
                // once would go round in circles at the end of a session.
                self.serve_parked_as(cx, true);
            }
            // The user logged out while they were on their way.
            _ if self.record.logged_out => {
                self.record.owe(tokens.refresh_token);
                self.save(cx);
                self.revoke_owed(cx);
            }
            // Of a try that was given up; a newer one decides.
            _ => {}
        }
    }

    pub(crate) fn edge_failed(&mut self, cx: &mut Context, op: OpId, failure: &EdgeFailure) {
        match self.flight {
            Flight::Exchange(pending) if pending.op == op => self.exchange_failed(cx, failure),
            Flight::Refresh(pending) if pending.op == op => self.refresh_failed(cx, failure),
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
        let Some(waiter) = self.waiters.iter_mut().find(|waiter| waiter.id == id) else { return };
        match waiter.stage {
            Stage::Parked => {}
            Stage::Sent { generation: Some(used), .. } if status == UNAUTHORIZED && waiter.replays < MAX_REPLAYS => {
                waiter.replays += 1;
                waiter.stage = Stage::Parked;
                self.expired(used);
                self.serve_parked(cx);
            }
            Stage::Sent { .. } => self.settle(cx, id, Outcome::Deliver),
        }
    }

    pub(crate) fn request_failed(&mut self, cx: &mut Context, id: WaiterId, failure: Failure) {
        if self.waiters.iter().any(|waiter| waiter.id == id && matches!(waiter.stage, Stage::Sent { .. })) {
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
        match &mut self.flight {
            Flight::Login(pending) | Flight::Exchange(pending) | Flight::Refresh(pending) => {
                pending.allow_after_shown(cx);
            }
            Flight::Resting(_) | Flight::Landed => {}
        }
        if let Some(pending) = &mut self.revoking {
            pending.allow_after_shown(cx);
        }
        for waiter in &mut self.waiters {
            if let Stage::Sent { deadline, .. } = &mut waiter.stage {
                *deadline = after_shown(*deadline, cx);
            }
        }
        if self.launched {
            self.revoke_owed(cx);
        }
    }

    pub(crate) fn tick(&mut self, cx: &mut Context) {
        match self.flight {
            Flight::Login(pending) if pending.is_overdue(cx) => self.try_again(cx, ErrorCode::WechatLoginTimeout),
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
        let now = cx.clock.elapsed();
        let overdue = |waiter: &Waiter| matches!(waiter.stage, Stage::Sent { deadline, .. } if deadline <= now);
        while let Some(id) = self.waiters.iter().find(|waiter| overdue(waiter)).map(|waiter| waiter.id) {
            self.settle(cx, id, Outcome::failed(ErrorCode::Network));
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let flight = match self.flight {
            Flight::Login(pending) | Flight::Exchange(pending) | Flight::Refresh(pending) => pending.deadline,
            Flight::Resting(until) => Some(until),
            Flight::Landed => None,
        };
        let sent = self.waiters.iter().filter_map(|waiter| match waiter.stage {
            Stage::Sent { deadline, .. } => Some(deadline),
            Stage::Parked => None,
        });
        let revoking = self.revoking.and_then(|pending| pending.deadline);
        flight.into_iter().chain(revoking).chain(sent).min()
    }

    // --- the flight

    /// Whether the access token can be used as it is.
    fn is_live(&self, cx: &Context) -> bool {
        let in_time = |held: &Held| cx.clock.server_now().saturating_add(LEEWAY_MS) < held.expires_at;
        !self.access_refused && self.record.held.as_ref().is_some_and(in_time)
    }

    fn take_off(&mut self, cx: &mut Context) {
        if !matches!(self.flight, Flight::Landed) {
            return;
        }
        if let Some(wait) =
            self.closed_until.and_then(|until| until.checked_sub(cx.clock.elapsed())).filter(|wait| *wait > 0)
        {
            let retry_after = u32::try_from(wait.div_ceil(1000)).ok();
            let outcome = Outcome::Failed { code: ErrorCode::RateLimited, retryable: true, retry_after };
            return self.give_up(cx, outcome);
        }
        match &self.record.held {
            Some(held) if !self.refresh_refused => {
                let refresh_token = held.refresh_token.clone();
                let pending = cx.begin(EDGE_TIMEOUT_MS);
                cx.emit(Effect::Refresh { op: pending.op, refresh_token, timeout: EDGE_TIMEOUT_MS });
                self.flight = Flight::Refresh(pending);
            }
            _ if self.mode == LoginMode::Never => self.give_up(cx, Outcome::failed(ErrorCode::LoginRequired)),
            _ => {
                let pending = cx.begin(LOGIN_TIMEOUT_MS);
                cx.emit(Effect::CallLogin { op: pending.op, timeout: LOGIN_TIMEOUT_MS });
                self.flight = Flight::Login(pending);
            }
        }
    }

    fn exchange_failed(&mut self, cx: &mut Context, failure: &EdgeFailure) {
        match failure {
            // Nobody knows whether the code is spent, so the next try takes a fresh one.
            EdgeFailure::Unreachable => self.try_again(cx, ErrorCode::EdgeUnreachable),
            EdgeFailure::Refused { status: 429, retry_after_s, .. } => self.stay_away(cx, *retry_after_s),
            EdgeFailure::Refused { code, .. } if code == "user_blocked" => {
                self.give_up(cx, Outcome::failed(ErrorCode::LoginBlocked));
            }
            EdgeFailure::Refused { code, .. } if code == "misconfigured" || code == "client_unknown" => {
                self.give_up(cx, Outcome::failed(ErrorCode::Misconfigured));
            }
            EdgeFailure::Refused { .. } => self.try_again(cx, ErrorCode::EdgeFailed),
        }
    }

    fn refresh_failed(&mut self, cx: &mut Context, failure: &EdgeFailure) {
        match failure {
            // The edge answers a rotated token again for a while, so the same one may be sent.
            EdgeFailure::Unreachable => self.try_again(cx, ErrorCode::EdgeUnreachable),
            EdgeFailure::Refused { status: 429, retry_after_s, .. } => self.stay_away(cx, *retry_after_s),
            EdgeFailure::Refused { status: 400 | 401, .. } => {
                self.refresh_refused = true;
                if self.mode == LoginMode::Never {
                    self.record.held = None;
                    self.save(cx);
                }
                self.flight = Flight::Landed;
                self.take_off(cx);
            }
            EdgeFailure::Refused { .. } => self.try_again(cx, ErrorCode::EdgeFailed),
        }
    }

    fn stay_away(&mut self, cx: &mut Context, retry_after_s: Option<u32>) {
        let wait_s = retry_after_s.unwrap_or(60);
        self.closed_until = Some(cx.clock.elapsed() + Instant::from(wait_s) * 1000);
        let retry_after = Some(wait_s);
        self.give_up(cx, Outcome::Failed { code: ErrorCode::RateLimited, retryable: true, retry_after });
    }

    fn try_again(&mut self, cx: &mut Context, code: ErrorCode) {
        self.tries += 1;
        if self.tries >= MAX_TRIES {
            return self.give_up(cx, Outcome::failed(code));
        }
        let rest = REST_MS << self.tries.saturating_sub(1);
        let jitter = self.random() % rest;
        self.flight = Flight::Resting(cx.clock.elapsed() + Instant::from(rest + jitter));
    }

    fn give_up(&mut self, cx: &mut Context, outcome: Outcome) {
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
        self.waiters.push(Waiter { id, wants, stage: Stage::Parked, replays: 0 });
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
        let landed = matches!(self.flight, Flight::Landed);
        let no_session = landed && self.record.held.is_none();
        let guest_is_fine = logged_out || (no_session && self.mode != LoginMode::Silent);
        let mut left = false;
        let mut ids = Vec::new();
        for waiter in self.waiters.iter().filter(|waiter| matches!(waiter.stage, Stage::Parked)) {
            match waiter.wants {
                _ if live || logged_out => ids.push(waiter.id),
                Wants::Ready if guest_is_fine => ids.push(waiter.id),
                Wants::Request { guest: true } if self.record.held.is_none() => ids.push(waiter.id),
                _ => left = true,
            }
        }
        for id in ids {
            self.serve_one(cx, id, live);
        }
        if left {
            self.take_off(cx);
        }
    }

    fn serve_one(&mut self, cx: &mut Context, id: WaiterId, live: bool) {
        let Some(waiter) = self.waiters.iter_mut().find(|waiter| waiter.id == id) else { return };
        let held = self.record.held.as_ref().filter(|_| live);
        match (waiter.wants, held) {
            (Wants::Request { guest }, held) if guest || held.is_some() => {
                let generation = held.map(|_| self.record.generation);
                waiter.stage = Stage::Sent { generation, deadline: cx.clock.elapsed() + REQUEST_TIMEOUT_MS };
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
        let parked: Vec<_> = self
            .waiters
            .iter()
            .filter(|waiter| matches!(waiter.stage, Stage::Parked))
            .map(|waiter| (waiter.id, waiter.wants))
            .collect();
        for (id, wants) in parked {
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
        self.waiters.retain(|waiter| waiter.id != id);
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
