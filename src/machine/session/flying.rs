//! The flight: taking off, setbacks, rests, landing.

use super::super::clock::{Cooldown, Instant};
use super::super::context::Context;
use super::super::effect::{Effect, ErrorCode, Outcome};
use super::super::journal::Held;
use super::super::tokens::{Generation, Tokens};
use super::flight::{Flight, Setback};
use super::waiters::Wants;
use super::{EDGE_TIMEOUT_MS, LEEWAY_MS, LoginMode, Session};

const LOGIN_TIMEOUT_MS: u32 = 10_000;
/// Tries of one flight before its callers are told.
const MAX_TRIES: u8 = 3;
/// The first rest between tries; doubled by each, and as much again at random.
const REST_MS: u32 = 400;
/// The longest that a Retry-After keeps callers away: a mistake in a server must not close an app.
const LONGEST_CLOSED_S: u32 = 3_600;

impl Session {
    /// Whether the access token can be used as it is.
    pub(crate) fn is_live(&self, cx: &Context) -> bool {
        let in_time = |held: &Held| cx.clock.server_now().saturating_add(LEEWAY_MS) < held.expires_at;
        !self.access_refused && self.record.held.as_ref().is_some_and(in_time)
    }

    pub(crate) fn take_off(&mut self, cx: &mut Context) {
        if !self.flight.is_landed() {
            return;
        }
        if let Some(wait) = self.closed.and_then(|closed| closed.left(&cx.clock)) {
            let retry_after = u32::try_from(wait.div_ceil(1000)).ok();
            return self.give_up(cx, &rate_limited(retry_after));
        }
        // A renewal brings no key: whoever needs one waits for a login.
        let for_the_key = self.key_is_known_dead() && self.waiters.any_parked(Wants::needs_key);
        match &self.record.held {
            Some(held) if !self.refresh_refused && !for_the_key => {
                let refresh_token = held.refresh_token.clone();
                let pending = cx.begin(EDGE_TIMEOUT_MS);
                cx.emit(Effect::Refresh { op: pending.op, refresh_token, timeout: EDGE_TIMEOUT_MS });
                self.flight = Flight::Refresh(pending);
            }
            _ if !self.may_log_in() => self.give_up(cx, &Outcome::failed(ErrorCode::LoginRequired)),
            _ => {
                let pending = cx.begin(LOGIN_TIMEOUT_MS);
                // Noted before the call: should the app be gone before the answer, its next
                // launch knows that WeChat's key may have turned.
                self.record.epochs.issued = self.record.epochs.issued.wrapping_add(1);
                self.save(cx);
                cx.emit_rated(Effect::CallLogin { op: pending.op, timeout: LOGIN_TIMEOUT_MS });
                self.login_called = cx.clock.now();
                self.flight = Flight::Login(pending);
            }
        }
    }

    /// Whether a login may begin for the callers that wait now.
    fn may_log_in(&self) -> bool {
        match self.mode {
            LoginMode::Silent | LoginMode::OnDemand => true,
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
        if self.record.logged_out {
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
                self.refresh_refused = true;
                if matches!(self.mode, LoginMode::Never | LoginMode::Explicit) {
                    self.record.held = None;
                    self.save(cx);
                }
                self.flight = Flight::Landed;
                self.take_off(cx);
            }
        }
    }

    fn try_again(&mut self, cx: &mut Context, code: ErrorCode, retry_after: Option<u32>) {
        self.tries += 1;
        if self.tries >= MAX_TRIES {
            return self.give_up(cx, &Outcome::Failed { code, retryable: true, retry_after });
        }
        let rest = REST_MS << self.tries.saturating_sub(1);
        let jitter = self.random() % rest;
        self.flight = Flight::Resting(cx.clock.elapsed() + Instant::from(rest + jitter));
    }

    fn give_up(&mut self, cx: &mut Context, outcome: &Outcome) {
        self.flight = Flight::Landed;
        self.tries = 0;
        // A guest-allowed request goes without; where no login begins by itself, `ready` means guest.
        let stays_guest = matches!(self.mode, LoginMode::Never | LoginMode::Explicit);
        self.serve(cx, |wants| match wants {
            Wants::Request { guest: true } => None,
            Wants::Ready if stays_guest => Some(Outcome::Done),
            _ => Some(outcome.clone()),
        });
    }

    pub(crate) fn hold(&mut self, cx: &mut Context, tokens: Tokens) {
        let expires_at = cx.clock.server_now().saturating_add(u64::from(tokens.expires_in_s) * 1000);
        let Tokens { access_token, refresh_token, .. } = tokens;
        self.record.held = Some(Held { access_token, refresh_token, expires_at });
        self.record.generation = Generation(self.record.generation.0.wrapping_add(1));
        self.record.offset = cx.clock.offset();
        self.access_refused = false;
        self.refresh_refused = false;
        self.closed = None;
        self.tries = 0;
        self.flight = Flight::Landed;
        self.save(cx);
    }
}

fn rate_limited(retry_after: Option<u32>) -> Outcome {
    Outcome::Failed { code: ErrorCode::RateLimited, retryable: true, retry_after }
}
