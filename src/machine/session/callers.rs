//! Serving callers: who can go now, who waits, who is told why not.

use super::waiters::Wants;
use super::{LoginMode, Session};
use crate::machine::context::Context;
use crate::machine::effect::{Effect, ErrorCode, Outcome};
use crate::machine::event::WaiterId;
use crate::wechat::Failure;

impl Session {
    pub(crate) fn park(&mut self, cx: &mut Context, id: WaiterId, wants: Wants) {
        self.waiters.park(cx, id, wants);
        // Storage may answer by now, or hold what can be understood.
        if self.is_unsure && self.launched && !self.storage.is_looking() {
            self.storage.look(cx);
        }
        self.serve_parked_one(cx, id);
    }

    /// Serves who can be served now, and takes off for the rest.
    pub(crate) fn serve_parked(&mut self, cx: &mut Context) {
        let live = self.is_live(cx);
        self.serve_parked_as(cx, live);
    }

    pub(crate) fn serve_parked_as(&mut self, cx: &mut Context, live: bool) {
        let parked = self.waiters.parked();
        cx.expect(parked.len());
        self.serve_these(cx, live, &parked);
    }

    /// The same for one caller: nothing has changed for the others.
    pub(crate) fn serve_parked_one(&mut self, cx: &mut Context, id: WaiterId) {
        let live = self.is_live(cx);
        self.serve_these(cx, live, &[id]);
    }

    fn serve_these(&mut self, cx: &mut Context, live: bool, ids: &[WaiterId]) {
        if !self.launched || (self.is_unsure && self.storage.is_looking()) {
            return;
        }
        let closed = self.closed_to_callers().is_some();
        let mut left = false;
        for &id in ids {
            let Some(wants) = self.waiters.parked_for(id).filter(|wants| *wants != Wants::Ready) else { continue };
            let has_all = live && (!wants.needs_key() || self.key_is_alive());
            let guest = wants == Wants::Request { guest: true } && self.record.held.is_none();
            if has_all || closed || guest {
                self.serve_one(cx, id, live);
            } else {
                left = true;
            }
        }
        self.go_for(cx, live, left);
        // Last, since what the others want may begin a login, and `ready` tells how that ends.
        let guest_is_fine = self.flight.is_landed() && self.record.held.is_none() && self.mode != LoginMode::Silent;
        let mut left = false;
        for &id in ids {
            match self.waiters.parked_for(id) {
                Some(Wants::Ready) if live || closed || guest_is_fine => self.serve_one(cx, id, live),
                Some(Wants::Ready) => left = true,
                _ => {}
            }
        }
        self.go_for(cx, live, left);
    }

    /// Callers are left who could not be served.
    fn go_for(&mut self, cx: &mut Context, live: bool, left: bool) {
        match left {
            true if live && !self.key_is_known_dead() => self.check_key(cx),
            true => self.take_off(cx),
            false => {}
        }
    }

    fn serve_one(&mut self, cx: &mut Context, id: WaiterId, live: bool) {
        let Some(wants) = self.waiters.parked_for(id) else { return };
        let generation = self.record.held.as_ref().filter(|_| live).map(|_| self.record.generation);
        match (wants, generation) {
            (wants, generation)
                if wants.is_sendable() && (generation.is_some() || wants == Wants::Request { guest: true }) =>
            {
                self.waiters.send(cx, id, generation);
                if generation.is_some() {
                    self.hand_over_token(cx);
                }
                cx.emit(Effect::Send { waiter: id, generation });
            }
            (Wants::Token, Some(generation)) => {
                self.hand_over_token(cx);
                self.settle(cx, id, Outcome::Token { generation });
            }
            (Wants::TapAgain, Some(_)) => self.settle(cx, id, Outcome::failed(ErrorCode::TapAgain)),
            (Wants::Ready, _) | (Wants::Login | Wants::Key, Some(_)) => self.settle(cx, id, Outcome::Done),
            _ => {
                let code = self.closed_to_callers().unwrap_or(ErrorCode::LoggedOut);
                self.settle(cx, id, Outcome::failed(code));
            }
        }
    }

    /// The error of every caller that needs a session, until `login()` is called.
    pub(crate) fn closed_to_callers(&self) -> Option<ErrorCode> {
        match self {
            _ if self.status.logged_out => Some(ErrorCode::LoggedOut),
            _ if self.is_unsure => Some(ErrorCode::LoginRequired),
            _ => None,
        }
    }

    /// Gives the host the token that it is about to use, unless it has it.
    fn hand_over_token(&mut self, cx: &mut Context) {
        let token = self.record.held.as_ref().map(|held| &held.access_token);
        if self.handed_over.as_ref().map(|token| token.reveal()) != token.map(|token| token.reveal()) {
            self.handed_over = token.cloned();
            cx.emit(Effect::SetToken { generation: self.record.generation, token: token.cloned() });
        }
    }

    /// Takes the token back from the host where the session has ended.
    pub(crate) fn forget_token(&mut self, cx: &mut Context) {
        if self.record.held.is_none() {
            self.hand_over_token(cx);
        }
    }

    /// Settles parked callers as `outcome` says; `None` sends the request without a token.
    pub(crate) fn serve(&mut self, cx: &mut Context, outcome: impl Fn(Wants) -> Option<Outcome>) {
        let parked = self.waiters.parked();
        cx.expect(parked.len());
        for id in parked {
            // `ready` waits for the launch, whatever is asked before it.
            let wants = self.waiters.parked_for(id).filter(|wants| self.launched || *wants != Wants::Ready);
            match wants.map(&outcome) {
                Some(Some(outcome)) => self.settle(cx, id, outcome),
                Some(None) => self.serve_one(cx, id, false),
                None => {}
            }
        }
    }

    pub(crate) fn fail_parked(&mut self, cx: &mut Context, outcome: &Outcome) {
        self.serve(cx, |wants| match wants {
            Wants::Request { guest: true } => None,
            Wants::Ready => Some(Outcome::Done),
            _ => Some(outcome.clone()),
        });
    }

    /// Callers whose time is over: a request that is out will not be answered any more, and a
    /// guest's request that still waits for a session goes without one.
    pub(crate) fn end_overdue(&mut self, cx: &mut Context) {
        if !self.launched {
            return;
        }
        for id in self.waiters.overdue(cx) {
            match self.waiters.parked_for(id) {
                Some(_) => self.serve_one(cx, id, false),
                None => self.request_failed(cx, id, Failure::Transient),
            }
        }
    }

    pub(crate) fn settle(&mut self, cx: &mut Context, id: WaiterId, outcome: Outcome) {
        let was_sent = self.waiters.sent(id).is_some();
        self.settle_as(cx, id, outcome, was_sent);
    }

    /// `code_is_spent`: a phone code that this caller had may have been redeemed.
    pub(crate) fn settle_as(&mut self, cx: &mut Context, id: WaiterId, outcome: Outcome, code_is_spent: bool) {
        self.waiters.remove(id);
        // First: they share the reply that the host holds for this one.
        for other in self.phone_codes.settle(id, code_is_spent) {
            cx.settle(other, outcome.clone());
        }
        cx.settle(id, outcome);
    }
}
