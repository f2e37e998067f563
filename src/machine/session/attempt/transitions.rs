//! How the session reacts to a login attempt: start, decision after the read, answers, failures, end.

use super::failure::AttemptFailure;
use super::{Step, is_code_alive};
use crate::machine::context::Context;
use crate::machine::event::{EdgeFailure, OpId};
use crate::machine::outcome::{ErrorCode, Outcome};
use crate::machine::session::waiters::Waiting;
use crate::machine::session::{LoginMode, Session};
use crate::machine::tokens::{LoginCode, Tokens};
use crate::wechat::Failure;

impl Session {
    /// Starts an attempt, unless one is under way.
    pub(in crate::machine::session) fn start_attempt(&mut self, cx: &mut Context) {
        if let Err(wait_ms) = self.attempt.start(cx) {
            self.give_up(cx, &rate_limited(u32::try_from(wait_ms.div_ceil(1000)).ok()));
        }
    }

    pub(in crate::machine) fn lock_acquired(&mut self, cx: &mut Context, op: OpId, exclusive: bool) {
        self.attempt.lock_acquired(cx, op, exclusive);
    }

    /// Decides after the read: use the session of another context, renew, or log in.
    pub(in crate::machine::session) fn decide(&mut self, cx: &mut Context) {
        // A renewal does not bring a session_key: a caller that needs one waits for a login.
        let needs_login = self.is_key_dead() && self.waiters.any_queued(Waiting::needs_key);
        if self.error_until_login().is_some() || (self.credentials.is_live(&cx.clock) && !needs_login) {
            self.attempt.end();
            return self.resolve_all(cx);
        }
        let is_refused = self.credentials.is_refresh_refused();
        match &self.credentials.record.held {
            Some(held) if !is_refused && !needs_login => {
                self.attempt.refresh(cx, held.refresh_token.clone(), self.credentials.record.generation);
            }
            // The refusal may follow a log-out in another context, which cannot be read.
            _ if is_refused
                && self.storage.is_unreadable()
                && !self.waiters.any_queued(|waiting| waiting == Waiting::Login) =>
            {
                self.may_be_logged_out = true;
                self.attempt.end();
                self.resolve_all(cx);
            }
            _ if !self.may_log_in() => {
                self.drop_session();
                self.give_up(cx, &Outcome::failed(ErrorCode::LoginRequired));
            }
            _ => {
                // Saved before the answer: if the app is closed meanwhile, its next launch knows that
                // WeChat's session_key may have changed.
                let epochs = &mut self.credentials.record.epochs;
                epochs.issued = epochs.issued.wrapping_add(1);
                self.attempt.call_login(cx, epochs.issued);
                self.save();
            }
        }
    }

    /// Whether the login mode allows a login for the callers that wait now.
    fn may_log_in(&self) -> bool {
        match self.mode {
            LoginMode::Silent => true,
            LoginMode::OnDemand => {
                self.waiters.any_queued(|waiting| !matches!(waiting, Waiting::Ready | Waiting::Request { guest: true }))
            }
            LoginMode::Explicit => self.waiters.any_queued(|waiting| waiting == Waiting::Login),
            LoginMode::Never => false,
        }
    }

    // --- answers

    pub(in crate::machine) fn code_issued(&mut self, cx: &mut Context, op: OpId, code: LoginCode) {
        // A code of an abandoned call is left to expire.
        let Step::Login { called_at, epoch, .. } = *self.attempt.awaiting(op) else { return };
        if self.status.logged_out {
            return self.attempt.end();
        }
        if !is_code_alive(called_at, cx.clock.now()) {
            return self.on_failure(cx, AttemptFailure::TryAgain(ErrorCode::WechatLoginTimeout, None));
        }
        let refresh_token = self.credentials.refresh_token();
        self.attempt.exchange(cx, code, refresh_token, self.credentials.record.generation, epoch);
    }

    pub(in crate::machine) fn login_failed(&mut self, cx: &mut Context, op: OpId, failure: Failure) {
        if let Step::Login { .. } = self.attempt.awaiting(op) {
            self.on_failure(cx, AttemptFailure::of_login(failure));
        }
    }

    pub(in crate::machine) fn tokens_arrived(
        &mut self,
        cx: &mut Context,
        op: OpId,
        tokens: Tokens,
        server_now: Option<u64>,
    ) {
        let from = match *self.attempt.awaiting(op) {
            Step::Exchange { from, epoch, .. } => {
                let epochs = &mut self.credentials.record.epochs;
                epochs.acknowledged = epochs.acknowledged.max(epoch);
                self.key.confirm();
                from
            }
            Step::Refresh { from, .. } => from,
            // The user logged out meanwhile.
            Step::Superseded { everywhere, .. } => {
                self.revoke(tokens.refresh_token, everywhere);
                self.attempt.end();
                return self.resolve_all(cx);
            }
            // The tokens belong to an abandoned try.
            _ => return,
        };
        if let Some(server_now) = server_now {
            cx.clock.learn_offset(server_now);
        }
        self.credentials.store_tokens(&cx.clock, self.status.stamp, tokens, from);
        self.attempt.succeeded();
        self.save();
        // A new token is used even if it expires soon: near the end of a session every token does,
        // and another renewal would loop.
        self.resolve_all_as(cx, true);
    }

    pub(in crate::machine) fn edge_failed(&mut self, cx: &mut Context, op: OpId, failure: &EdgeFailure) {
        match *self.attempt.awaiting(op) {
            Step::Exchange { .. } => self.on_failure(cx, AttemptFailure::of_exchange(failure)),
            Step::Refresh { .. } => self.on_failure(cx, AttemptFailure::of_refresh(failure)),
            Step::Superseded { .. } => {
                self.attempt.end();
                self.resolve_all(cx);
            }
            _ => self.revoker.failed(&self.status.pending_revocations, cx, op, failure),
        }
    }

    pub(in crate::machine::session) fn end_overdue_step(&mut self, cx: &mut Context) {
        match *self.attempt.overdue(cx) {
            Step::Idle => {}
            Step::Login { .. } => {
                self.on_failure(cx, AttemptFailure::TryAgain(ErrorCode::WechatLoginTimeout, None));
            }
            Step::Locking(_) => self.attempt.lock_timed_out(cx),
            Step::Reading(pending) => self.record_unreadable(cx, pending.op),
            Step::Exchange { pending, .. } | Step::Refresh { pending, .. } | Step::Superseded { pending, .. } => {
                self.edge_failed(cx, pending.op, &EdgeFailure::Unreachable);
            }
            Step::BackingOff(_) => {
                self.attempt.step = Step::Idle;
                self.start_attempt(cx);
            }
        }
    }

    fn on_failure(&mut self, cx: &mut Context, failure: AttemptFailure) {
        if self.status.logged_out {
            return self.attempt.end();
        }
        match failure {
            AttemptFailure::TryAgain(code, retry_after) => {
                if !self.attempt.back_off(cx) {
                    self.give_up(cx, &Outcome::Failed { code, retryable: true, retry_after });
                }
            }
            AttemptFailure::GiveUp(code) => self.give_up(cx, &Outcome::failed(code)),
            AttemptFailure::RetryAfter(wait_s) => {
                let wait_s = self.attempt.wait(cx, wait_s);
                self.give_up(cx, &rate_limited(Some(wait_s)));
            }
            AttemptFailure::SessionEnded => {
                self.credentials.refuse_refresh();
                // Another context may have stored a newer token.
                self.attempt.read(cx);
            }
        }
    }

    /// Ends the attempt and rejects the callers that wait for a session.
    fn give_up(&mut self, cx: &mut Context, outcome: &Outcome) {
        self.attempt.end();
        // If a login needs a call of `login()`, a user without one is a guest.
        let is_guest = matches!(self.mode, LoginMode::Never | LoginMode::Explicit)
            || matches!(outcome, Outcome::Failed { code: ErrorCode::LoginRequired, .. });
        self.settle_queued(cx, |waiting| match waiting {
            Waiting::Request { guest: true } => None,
            Waiting::Ready if is_guest => Some(Outcome::Done),
            _ => Some(outcome.clone()),
        });
    }
}

fn rate_limited(retry_after: Option<u32>) -> Outcome {
    Outcome::Failed { code: ErrorCode::RateLimited, retryable: true, retry_after }
}
