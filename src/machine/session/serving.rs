//! Serving callers: who can go now, who waits, who is told why not.

use super::super::context::Context;
use super::super::effect::{Effect, ErrorCode, Outcome};
use super::super::event::WaiterId;
use super::waiters::Wants;
use super::{LoginMode, Session};

impl Session {
    pub(crate) fn park(&mut self, cx: &mut Context, id: WaiterId, wants: Wants) {
        self.waiters.park(id, wants);
        self.serve_parked(cx);
    }

    /// Serves who can be served now, and takes off for the rest.
    pub(crate) fn serve_parked(&mut self, cx: &mut Context) {
        let live = self.is_live(cx);
        self.serve_parked_as(cx, live);
    }

    pub(crate) fn serve_parked_as(&mut self, cx: &mut Context, live: bool) {
        if !self.launched {
            return;
        }
        let logged_out = self.record.logged_out;
        let no_session = self.flight.is_landed() && self.record.held.is_none();
        let guest_is_fine = logged_out || (no_session && self.mode != LoginMode::Silent);
        let mut left = false;
        for (id, wants) in self.waiters.parked() {
            let has_all = live && (!wants.needs_key() || self.key_is_alive());
            match wants {
                _ if has_all || logged_out => self.serve_one(cx, id, live),
                Wants::Ready if guest_is_fine => self.serve_one(cx, id, live),
                Wants::Request { guest: true } if self.record.held.is_none() => self.serve_one(cx, id, live),
                _ => left = true,
            }
        }
        match left {
            true if live && !self.key_is_known_dead() => self.check_key(cx),
            true => self.take_off(cx),
            false => {}
        }
    }

    fn serve_one(&mut self, cx: &mut Context, id: WaiterId, live: bool) {
        let Some(wants) = self.waiters.wants(id) else { return };
        let held = self.record.held.as_ref().filter(|_| live);
        match (wants, held) {
            (wants, held) if wants.is_sendable() && (held.is_some() || wants == Wants::Request { guest: true }) => {
                let generation = held.map(|_| self.record.generation);
                self.waiters.send(cx, id, generation);
                cx.emit(Effect::Send { waiter: id, token: held.map(|held| held.access_token.clone()) });
            }
            (Wants::Token, Some(held)) => {
                let outcome = Outcome::Token { token: held.access_token.clone(), generation: self.record.generation };
                self.settle(cx, id, outcome);
            }
            (Wants::TapAgain, Some(_)) => self.settle(cx, id, Outcome::failed(ErrorCode::TapAgain)),
            (Wants::Ready, _) | (Wants::Login | Wants::Key, Some(_)) => self.settle(cx, id, Outcome::Done),
            _ => self.settle(cx, id, Outcome::failed(ErrorCode::LoggedOut)),
        }
    }

    /// Settles parked callers as `outcome` says; `None` sends the request without a token.
    pub(crate) fn serve(&mut self, cx: &mut Context, outcome: impl Fn(Wants) -> Option<Outcome>) {
        for (id, wants) in self.waiters.parked() {
            match outcome(wants) {
                Some(outcome) => self.settle(cx, id, outcome),
                None => self.serve_one(cx, id, false),
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

    pub(crate) fn settle(&mut self, cx: &mut Context, id: WaiterId, outcome: Outcome) {
        let was_sent = self.waiters.sent(id).is_some();
        self.waiters.remove(id);
        // First: they share the reply that the host holds for this one.
        for other in self.phone_codes.settle(id, was_sent) {
            cx.settle(other, outcome.clone());
        }
        cx.settle(id, outcome);
    }
}
