//! The flight: taking off, setbacks, rests, landing. [`shared`](super::super::shared) says why it begins
//! with a lock and a read.

use super::{Flight, Setback};
use crate::machine::clock::{Cooldown, Instant};
use crate::machine::context::Context;
use crate::machine::effect::{Effect, ErrorCode, Outcome};
use crate::machine::event::OpId;
use crate::machine::session::storage::read_entries;
use crate::machine::session::waiters::Wants;
use crate::machine::session::{EDGE_TIMEOUT_MS, LEEWAY_MS, LoginMode, Session};
use crate::machine::stored::record::{Held, Record};
use crate::machine::tokens::{Generation, Tokens};

const LOGIN_TIMEOUT_MS: u32 = 10_000;
/// Longer than another context needs for a request to the edge and for storing what it brought.
const LOCK_TIMEOUT_MS: u32 = 15_000;
/// Tries of one flight before its callers are told.
const MAX_TRIES: u8 = 3;
/// The first rest between tries; doubled by each, and as much again at random.
const REST_MS: u32 = 400;
/// The rest of a hidden app. WeChat fails every request of the background at once (errno 600003, §1.8), so shorter
/// rests would use up all tries before JavaScript is stopped, about 5 s after hide. `Shown` ends this rest.
const HIDDEN_REST_MS: u32 = 10_000;
/// The longest that a Retry-After keeps callers away: a mistake in a server must not close an app.
const LONGEST_CLOSED_S: u32 = 3_600;

impl Session {
    /// Whether the access token can be used as it is.
    pub(crate) fn is_live(&self, cx: &Context) -> bool {
        let in_time = |held: &Held| cx.clock.server_now().saturating_add(LEEWAY_MS) < held.expires_at;
        !self.access_refused && self.record.held.as_ref().is_some_and(in_time)
    }

    /// The edge refused the refresh token that is held. It still names the session that a login
    /// continues.
    pub(crate) fn refresh_is_refused(&self) -> bool {
        let token = |held: &Held| held.refresh_token.reveal().to_owned();
        self.refused.is_some()
            && self.record.held.as_ref().map(token) == self.refused.as_ref().map(|token| token.reveal().to_owned())
    }

    pub(crate) fn take_off(&mut self, cx: &mut Context) {
        if !self.flight.is_landed() {
            return;
        }
        if let Some(wait) = self.closed.and_then(|closed| closed.left(&cx.clock)) {
            let retry_after = u32::try_from(wait.div_ceil(1000)).ok();
            return self.give_up(cx, &rate_limited(retry_after));
        }
        let pending = cx.begin(LOCK_TIMEOUT_MS);
        cx.emit(Effect::AcquireLock { op: pending.op, timeout: LOCK_TIMEOUT_MS });
        self.lock = Some(pending.op);
        self.flight = Flight::Locking(pending);
    }

    /// The lock is granted; `exclusive` is false where the platform has none.
    pub(crate) fn lock_acquired(&mut self, cx: &mut Context, op: OpId, exclusive: bool) {
        match self.flight {
            Flight::Locking(pending) if pending.op == op => {
                if !exclusive {
                    self.lock = None;
                }
                self.flight = Flight::Reading(read_entries(cx));
            }
            _ => {}
        }
    }

    /// The lock is not granted in time: the flight goes on without.
    pub(crate) fn lock_is_late(&mut self, cx: &mut Context) {
        self.release_lock(cx);
        self.flight = Flight::Reading(read_entries(cx));
    }

    pub(crate) fn release_lock(&mut self, cx: &mut Context) {
        if let Some(op) = self.lock.take() {
            cx.emit(Effect::ReleaseLock { op });
        }
    }

    /// Called at the end of every event: the lock is held until the flight's result is stored.
    pub(crate) fn release_lock_after_flight(&mut self, cx: &mut Context) {
        if matches!(self.flight, Flight::Landed | Flight::Resting(_)) && (self.storage.is_at_rest() || self.is_unsure) {
            self.release_lock(cx);
        }
    }

    /// Storage was read: decides with what it held.
    pub(crate) fn depart(&mut self, cx: &mut Context) {
        self.flight = Flight::Landed;
        // A renewal brings no key: whoever needs one waits for a login.
        let for_the_key = self.key_is_known_dead() && self.waiters.any_parked(Wants::needs_key);
        if self.closed_to_callers().is_some() || (self.is_live(cx) && !for_the_key) {
            return self.serve_parked(cx);
        }
        match &self.record.held {
            Some(held) if !self.refresh_is_refused() && !for_the_key => {
                let refresh_token = held.refresh_token.clone();
                let pending = cx.begin(EDGE_TIMEOUT_MS);
                cx.emit(Effect::Refresh { op: pending.op, refresh_token, timeout: EDGE_TIMEOUT_MS });
                self.flight = Flight::Refresh(pending, self.record.generation);
            }
            // Refused, perhaps because of a log-out elsewhere that cannot be read.
            _ if self.refresh_is_refused()
                && self.storage.is_unreadable()
                && !self.waiters.any_parked(|wants| wants == Wants::Login) =>
            {
                self.is_unsure = true;
                self.serve_parked(cx);
            }
            _ if !self.may_log_in() => {
                self.drop_session();
                self.give_up(cx, &Outcome::failed(ErrorCode::LoginRequired));
            }
            _ => {
                let pending = cx.begin(LOGIN_TIMEOUT_MS);
                // Noted before the call: should the app be gone before the answer, its next
                // launch knows that WeChat's key may have turned.
                self.record.epochs.issued = self.record.epochs.issued.wrapping_add(1);
                self.issued_here = self.record.epochs.issued;
                self.save();
                cx.emit_rated(Effect::CallLogin { op: pending.op, timeout: LOGIN_TIMEOUT_MS });
                self.login_called = cx.clock.now();
                self.flight = Flight::Login(pending);
            }
        }
    }

    /// Whether a login may begin for the callers that wait now.
    fn may_log_in(&self) -> bool {
        match self.mode {
            LoginMode::Silent => true,
            LoginMode::OnDemand => {
                self.waiters.any_parked(|wants| !matches!(wants, Wants::Ready | Wants::Request { guest: true }))
            }
            LoginMode::Explicit => self.waiters.any_parked(|wants| wants == Wants::Login),
            LoginMode::Never => false,
        }
    }

    /// The exchange or refresh that a log-out overtook has ended.
    pub(crate) fn doom_is_over(&mut self, cx: &mut Context) {
        self.flight = Flight::Landed;
        self.serve_parked(cx);
    }

    pub(crate) fn suffer(&mut self, cx: &mut Context, setback: Setback) {
        if self.status.logged_out {
            self.flight = Flight::Landed;
            return;
        }
        match setback {
            Setback::TryAgain(code, retry_after_s) => self.try_again(cx, code, retry_after_s),
            Setback::GiveUp(code) => self.give_up(cx, &Outcome::failed(code)),
            Setback::StayAway(wait_s) => {
                let wait_s = wait_s.min(LONGEST_CLOSED_S);
                self.closed = Some(Cooldown::start(&cx.clock, u64::from(wait_s) * 1000));
                self.give_up(cx, &rate_limited(Some(wait_s)));
            }
            Setback::SessionEnded => {
                self.refused = self.record.held.as_ref().map(|held| held.refresh_token.clone());
                // Another context may have a newer token.
                self.flight = Flight::Reading(read_entries(cx));
            }
        }
    }

    fn try_again(&mut self, cx: &mut Context, code: ErrorCode, retry_after: Option<u32>) {
        self.tries += 1;
        if self.tries >= MAX_TRIES {
            return self.give_up(cx, &Outcome::Failed { code, retryable: true, retry_after });
        }
        let rest = if cx.clock.is_hidden() { HIDDEN_REST_MS } else { REST_MS << self.tries.saturating_sub(1) };
        let jitter = self.random() % rest;
        self.flight = Flight::Resting(cx.clock.elapsed() + Instant::from(rest + jitter));
    }

    fn give_up(&mut self, cx: &mut Context, outcome: &Outcome) {
        self.flight = Flight::Landed;
        self.tries = 0;
        // A guest-allowed request goes without; where no login begins by itself, `ready` means guest.
        let stays_guest = matches!(self.mode, LoginMode::Never | LoginMode::Explicit)
            || matches!(outcome, Outcome::Failed { code: ErrorCode::LoginRequired, .. });
        self.serve(cx, |wants| match wants {
            Wants::Request { guest: true } => None,
            Wants::Ready if stays_guest => Some(Outcome::Done),
            _ => Some(outcome.clone()),
        });
    }

    /// `from` is the generation that these tokens follow.
    pub(crate) fn hold(&mut self, cx: &mut Context, tokens: Tokens, from: Generation) {
        let expires_at = cx.clock.server_now().saturating_add(u64::from(tokens.expires_in_s) * 1000);
        let Tokens { access_token, refresh_token, .. } = tokens;
        let record = Record {
            stamp: self.status.stamp,
            generation: Generation(from.0.saturating_add(1)),
            offset: cx.clock.offset(),
            epochs: self.record.epochs,
            held: Some(Held { access_token, refresh_token, expires_at }),
        };
        // Another context may have gone further meanwhile.
        if record.compare(&self.record).is_gt() {
            self.record = record;
            self.held_is_stored = false;
            self.access_refused = false;
        }
        self.closed = None;
        self.tries = 0;
        self.flight = Flight::Landed;
        self.save();
    }
}

fn rate_limited(retry_after: Option<u32>) -> Outcome {
    Outcome::Failed { code: ErrorCode::RateLimited, retryable: true, retry_after }
}
