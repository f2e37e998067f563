//! Callers: which can be resolved now, which wait for a session, and which are rejected.

use super::waiters::Waiting;
use super::{LoginMode, Session};
use crate::machine::context::Context;
use crate::machine::effect::Effect;
use crate::machine::event::WaiterId;
use crate::machine::outcome::{ErrorCode, Outcome};
use crate::wechat::Failure;

impl Session {
    pub(super) fn enqueue(&mut self, cx: &mut Context, id: WaiterId, waiting: Waiting) {
        self.waiters.enqueue(cx, id, waiting);
        // Storage may work by now, or hold a readable entry.
        if self.may_be_logged_out && self.is_launched() && !self.storage.is_reloading() {
            self.storage.reload(cx);
        }
        self.resolve_one(cx, id);
    }

    /// Resolves the callers that can be resolved now, and starts an attempt for the others.
    pub(super) fn resolve_all(&mut self, cx: &mut Context) {
        let live = self.credentials.is_live(&cx.clock);
        self.resolve_all_as(cx, live);
    }

    /// Like [`resolve_all`](Self::resolve_all); `live` is whether the access token can be used.
    pub(super) fn resolve_all_as(&mut self, cx: &mut Context, live: bool) {
        let queued = self.waiters.queued();
        cx.reserve(queued.len());
        self.resolve(cx, live, &queued);
    }

    /// Like [`resolve_all`](Self::resolve_all), for one caller: nothing changed for the others.
    pub(super) fn resolve_one(&mut self, cx: &mut Context, id: WaiterId) {
        let live = self.credentials.is_live(&cx.clock);
        self.resolve(cx, live, &[id]);
    }

    fn resolve(&mut self, cx: &mut Context, live: bool, ids: &[WaiterId]) {
        if !self.is_launched() || (self.may_be_logged_out && self.storage.is_reloading()) {
            return;
        }
        let closed = self.error_until_login().is_some();
        let mut some_left = false;
        for &id in ids {
            let Some(waiting) = self.waiters.queued_for(id).filter(|waiting| *waiting != Waiting::Ready) else {
                continue;
            };
            let has_all = live && (!waiting.needs_key() || self.is_key_alive());
            let guest = waiting == Waiting::Request { guest: true } && self.credentials.record.held.is_none();
            if has_all || closed || guest {
                self.answer(cx, id, live);
            } else {
                some_left = true;
            }
        }
        self.pursue(cx, live, some_left);
        // Last, since the other callers may start a login, and `ready` waits for its end.
        let is_guest =
            self.attempt.is_idle() && self.credentials.record.held.is_none() && self.mode != LoginMode::Silent;
        let mut some_left = false;
        for &id in ids {
            match self.waiters.queued_for(id) {
                Some(Waiting::Ready) if live || closed || is_guest => self.answer(cx, id, live),
                Some(Waiting::Ready) => some_left = true,
                _ => {}
            }
        }
        self.pursue(cx, live, some_left);
    }

    /// Starts the missing step, if callers are left that could not be resolved.
    fn pursue(&mut self, cx: &mut Context, live: bool, some_left: bool) {
        match some_left {
            true if live && !self.is_key_dead() => self.key.check(cx),
            true => self.start_attempt(cx),
            false => {}
        }
    }

    /// Sends the request of a queued caller, or settles the caller.
    fn answer(&mut self, cx: &mut Context, id: WaiterId, live: bool) {
        let Some(waiting) = self.waiters.queued_for(id) else { return };
        let record = &self.credentials.record;
        let generation = record.held.as_ref().filter(|_| live).map(|_| record.generation);
        match (waiting, generation) {
            (waiting, generation)
                if waiting.is_sendable() && (generation.is_some() || waiting == Waiting::Request { guest: true }) =>
            {
                self.waiters.send(cx, id, generation);
                if generation.is_some() {
                    self.credentials.hand_over_token(cx);
                }
                cx.emit(Effect::Send { waiter: id, generation });
            }
            (Waiting::Token, Some(generation)) => {
                self.credentials.hand_over_token(cx);
                self.settle(cx, id, Outcome::Token { generation });
            }
            (Waiting::TapAgain, Some(_)) => self.settle(cx, id, Outcome::failed(ErrorCode::TapAgain)),
            (Waiting::Ready, _) | (Waiting::Login | Waiting::Key, Some(_)) => self.settle(cx, id, Outcome::Done),
            _ => {
                let code = self.error_until_login().unwrap_or(ErrorCode::LoggedOut);
                self.settle(cx, id, Outcome::failed(code));
            }
        }
    }

    /// The error of every caller that needs a session, while only `login()` may start one.
    pub(super) fn error_until_login(&self) -> Option<ErrorCode> {
        match self {
            _ if self.status.logged_out => Some(ErrorCode::LoggedOut),
            _ if self.may_be_logged_out => Some(ErrorCode::LoginRequired),
            _ => None,
        }
    }

    /// Settles queued callers with `outcome`; `None` sends the request without a token.
    pub(super) fn settle_queued(&mut self, cx: &mut Context, outcome: impl Fn(Waiting) -> Option<Outcome>) {
        let queued = self.waiters.queued();
        cx.reserve(queued.len());
        for id in queued {
            // `ready` waits for the launch, even if `logout` is called before.
            let waiting =
                self.waiters.queued_for(id).filter(|waiting| self.is_launched() || *waiting != Waiting::Ready);
            match waiting.map(&outcome) {
                Some(Some(outcome)) => self.settle(cx, id, outcome),
                Some(None) => self.answer(cx, id, false),
                None => {}
            }
        }
    }

    /// Ends the wait of callers past their deadline. A sent request counts as failed; a queued request
    /// that guests may make is sent without a session.
    pub(super) fn end_overdue_callers(&mut self, cx: &mut Context) {
        if !self.is_launched() {
            return;
        }
        for id in self.waiters.overdue(cx) {
            match self.waiters.queued_for(id) {
                Some(_) => self.answer(cx, id, false),
                None => self.request_failed(cx, id, Failure::Transient),
            }
        }
    }

    pub(super) fn settle(&mut self, cx: &mut Context, id: WaiterId, outcome: Outcome) {
        let was_sent = self.waiters.sent(id).is_some();
        self.settle_as(cx, id, outcome, was_sent);
    }

    /// Settles a caller and those that share its phone code. `is_code_spent`: the code may have been
    /// redeemed.
    pub(super) fn settle_as(&mut self, cx: &mut Context, id: WaiterId, outcome: Outcome, is_code_spent: bool) {
        self.waiters.remove(id);
        // The others first: the host drops the shared reply when it settles this caller.
        for other in self.phone_codes.settle(id, is_code_spent) {
            cx.settle(other, outcome.clone());
        }
        cx.settle(id, outcome);
    }
}
