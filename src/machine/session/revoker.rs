//! Revocations that are still to reach the edge. One is settled only when the edge itself says so;
//! until then it is tried again, in the foreground, with rests that grow.

use super::{EDGE_TIMEOUT_MS, Session};
use crate::machine::clock::Instant;
use crate::machine::context::{Context, Pending};
use crate::machine::effect::Effect;
use crate::machine::event::{EdgeFailure, OpId};
use crate::machine::stored::status::Debt;
use crate::machine::tokens::RefreshToken;

const REST_MS: Instant = 2_000;
const LONGEST_REST_MS: Instant = 300_000;
/// How long the context that logged out has for its revocation, before another sends it too.
const COURTESY_MS: Instant = 20_000;
/// Settled ones that are remembered, since an entry that is read late may still name them.
const REMEMBERED: usize = 32;

#[derive(Debug, Clone, Default)]
pub(crate) struct Debts {
    revoking: Option<(Pending, Debt)>,
    /// Not before this.
    next_try: Instant,
    rest_ms: Instant,
    /// Which of them is tried next, so that one that the edge does not take holds up no other.
    turn: usize,
    settled: Vec<RefreshToken>,
}

impl Debts {
    pub(crate) fn is_settled(&self, refresh_token: &RefreshToken) -> bool {
        self.settled.iter().any(|settled| settled.reveal() == refresh_token.reveal())
    }

    pub(crate) fn is_revoking(&self, op: OpId) -> bool {
        self.revoking.as_ref().is_some_and(|(pending, _)| pending.op == op)
    }

    /// Tries at once, whatever rest was begun.
    pub(crate) fn hurry(&mut self) {
        self.next_try = 0;
        self.rest_ms = 0;
    }

    pub(crate) fn allow_after_shown(&mut self, cx: &Context) {
        if let Some((pending, _)) = &mut self.revoking {
            pending.allow_after_shown(cx);
        }
    }
}

impl Session {
    pub(crate) fn owe(&mut self, refresh_token: RefreshToken, everywhere: bool) {
        self.status.owe(Debt { refresh_token, everywhere, own: true });
        self.debts.turn = self.status.owed.len().saturating_sub(1);
        self.debts.hurry();
        self.save();
    }

    /// The user ended all sessions, those too whose revocation is still under way.
    pub(crate) fn owe_everywhere(&mut self) {
        for debt in &mut self.status.owed {
            debt.everywhere = true;
        }
        self.debts.hurry();
    }

    /// Takes over what another context owes: it may not be there any more. What is gone from
    /// storage was settled there, unless this context added it.
    pub(crate) fn adopt_debts(&mut self, cx: &Context, theirs: &[Debt]) {
        let named =
            |debt: &Debt| theirs.iter().any(|other| other.refresh_token.reveal() == debt.refresh_token.reveal());
        self.status.owed.retain(|debt| debt.own || named(debt));
        for debt in theirs {
            if self.debts.is_settled(&debt.refresh_token) {
                continue;
            }
            if self.launched && !self.status.owes(&debt.refresh_token) {
                self.debts.next_try = self.debts.next_try.max(cx.clock.elapsed() + COURTESY_MS);
            }
            self.status.owe(debt.clone());
        }
    }

    /// Called at the end of every event.
    pub(crate) fn pay_debts(&mut self, cx: &mut Context) {
        if !self.launched || self.debts.revoking.is_some() || self.debts.next_try > cx.clock.elapsed() {
            return;
        }
        let owed = &self.status.owed;
        let Some(debt) = owed.get(self.debts.turn).or_else(|| owed.first()) else { return };
        let pending = cx.begin(EDGE_TIMEOUT_MS);
        self.debts.revoking = Some((pending, debt.clone()));
        let Debt { refresh_token, everywhere, .. } = debt.clone();
        cx.emit(Effect::Revoke { op: pending.op, refresh_token, everywhere, timeout: EDGE_TIMEOUT_MS });
    }

    pub(crate) fn revoked(&mut self, op: OpId) {
        if !self.debts.is_revoking(op) {
            return;
        }
        let Some((_, sent)) = self.debts.revoking.take() else { return };
        let token = sent.refresh_token;
        // What was asked for meanwhile, to end the user's other sessions too, is still owed.
        let grown = |debt: &Debt| debt.everywhere && !sent.everywhere;
        let before = self.status.owed.len();
        self.status.owed.retain(|debt| debt.refresh_token.reveal() != token.reveal() || grown(debt));
        if self.status.owed.len() < before {
            if self.debts.settled.len() >= REMEMBERED {
                self.debts.settled.remove(0);
            }
            self.debts.settled.push(token);
        }
        self.debts.hurry();
        self.save();
    }

    /// Anything but the edge's own word leaves the debt where it is.
    pub(crate) fn revoke_failed(&mut self, cx: &Context, failure: &EdgeFailure) {
        let asked_ms = match failure {
            EdgeFailure::Refused { retry_after_s: Some(seconds), .. } => Instant::from(*seconds) * 1000,
            _ => 0,
        };
        let debts = &mut self.debts;
        debts.revoking = None;
        debts.turn = if debts.turn + 1 < self.status.owed.len() { debts.turn + 1 } else { 0 };
        debts.rest_ms = (debts.rest_ms * 2).clamp(REST_MS, LONGEST_REST_MS);
        debts.next_try = cx.clock.elapsed() + debts.rest_ms.max(asked_ms.min(LONGEST_REST_MS));
    }

    pub(crate) fn tick_debts(&mut self, cx: &Context) {
        if self.debts.revoking.as_ref().is_some_and(|(pending, _)| pending.is_overdue(cx)) {
            self.revoke_failed(cx, &EdgeFailure::Unreachable);
        }
    }

    pub(crate) fn debts_deadline(&self) -> Option<Instant> {
        match &self.debts.revoking {
            Some((pending, _)) => Some(pending.deadline),
            None => self.status.owed.first().map(|_| self.debts.next_try),
        }
    }
}
