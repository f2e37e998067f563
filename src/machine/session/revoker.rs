//! Sends pending revocations to the edge. Only the edge's own answer settles one; until then it is
//! sent again, with pauses that grow.

use crate::machine::clock::Instant;
use crate::machine::context::{Context, Pending};
use crate::machine::effect::Effect;
use crate::machine::event::{EdgeFailure, OpId};
use crate::machine::stored::{PendingRevocation, PendingRevocations};
use crate::machine::tokens::RefreshToken;

const REVOKE_TIMEOUT_MS: u32 = 10_000;
/// Pause after a failure; each further failure doubles it.
const PAUSE_MS: Instant = 2_000;
const LONGEST_PAUSE_MS: Instant = 300_000;
/// Time that the context of the log-out has to revoke, before another context sends it too.
const OTHER_CONTEXT_MS: Instant = 20_000;
/// Settled revocations that are remembered, since an entry that is read late may still contain them.
const REMEMBERED: usize = 32;

#[derive(Debug, Clone, Default)]
pub(super) struct Revoker {
    sent: Option<(Pending, PendingRevocation)>,
    /// Earliest time of the next request.
    next_try: Instant,
    pause_ms: Instant,
    /// Index of the next revocation, so that one that fails does not delay the others.
    turn: usize,
    settled: Vec<RefreshToken>,
}

impl Revoker {
    pub(super) fn is_settled(&self, refresh_token: &RefreshToken) -> bool {
        self.settled.iter().any(|settled| settled.reveal() == refresh_token.reveal())
    }

    /// Ends the pause.
    pub(super) fn end_pause(&mut self) {
        self.next_try = 0;
        self.pause_ms = 0;
    }

    pub(super) fn add(&mut self, pending: &mut PendingRevocations, refresh_token: RefreshToken, everywhere: bool) {
        pending.add(PendingRevocation { refresh_token, everywhere, own: true });
        self.turn = pending.as_slice().len().saturating_sub(1);
        self.end_pause();
    }

    /// Extends all revocations to the user's other sessions, including the one under way.
    pub(super) fn end_all_sessions(&mut self, pending: &mut PendingRevocations) {
        pending.end_all_sessions();
        self.end_pause();
    }

    /// Takes over the revocations of another context, which may be closed by now. A revocation that is
    /// missing in storage was settled there, unless this context added it.
    pub(super) fn adopt(
        &mut self,
        cx: &Context,
        pending: &mut PendingRevocations,
        theirs: &PendingRevocations,
        is_launched: bool,
    ) {
        pending.retain(|known| known.own || theirs.contains(&known.refresh_token));
        for revocation in theirs.as_slice() {
            if self.is_settled(&revocation.refresh_token) {
                continue;
            }
            if is_launched && !pending.contains(&revocation.refresh_token) {
                self.next_try = self.next_try.max(cx.clock.elapsed() + OTHER_CONTEXT_MS);
            }
            pending.add(revocation.clone());
        }
    }

    /// Sends the next revocation, if it is due.
    pub(super) fn send_next(&mut self, cx: &mut Context, pending: &PendingRevocations) {
        if self.sent.is_some() || self.next_try > cx.clock.elapsed() {
            return;
        }
        let pending = pending.as_slice();
        let Some(revocation) = pending.get(self.turn).or_else(|| pending.first()) else { return };
        let sent = cx.begin(REVOKE_TIMEOUT_MS);
        cx.emit(Effect::Revoke {
            op: sent.op,
            refresh_token: revocation.refresh_token.clone(),
            everywhere: revocation.everywhere,
            timeout: REVOKE_TIMEOUT_MS,
        });
        self.sent = Some((sent, revocation.clone()));
    }

    /// Applies the edge's answer; returns whether it was outstanding.
    pub(super) fn revoked(&mut self, pending: &mut PendingRevocations, op: OpId) -> bool {
        let Some((_, sent)) = self.sent.take_if(|(sent, _)| sent.op == op) else { return false };
        // If the user has meanwhile ended all sessions, that is still to be sent.
        let is_extended = |known: &PendingRevocation| known.everywhere && !sent.everywhere;
        if pending.retain(|known| !known.is_of(&sent.refresh_token) || is_extended(known)) {
            if self.settled.len() >= REMEMBERED {
                self.settled.remove(0);
            }
            self.settled.push(sent.refresh_token);
        }
        self.end_pause();
        true
    }

    /// Keeps the revocation and pauses, if it is the one that failed.
    pub(super) fn failed(&mut self, pending: &PendingRevocations, cx: &Context, op: OpId, failure: &EdgeFailure) {
        if self.sent.take_if(|(sent, _)| sent.op == op).is_none() {
            return;
        }
        let retry_after_ms = match failure {
            EdgeFailure::Refused { retry_after_s: Some(seconds), .. } => Instant::from(*seconds) * 1000,
            _ => 0,
        };
        self.turn = if self.turn + 1 < pending.as_slice().len() { self.turn + 1 } else { 0 };
        self.pause_ms = (self.pause_ms * 2).clamp(PAUSE_MS, LONGEST_PAUSE_MS);
        self.next_try = cx.clock.elapsed() + self.pause_ms.max(retry_after_ms.min(LONGEST_PAUSE_MS));
    }

    // --- time

    pub(super) fn extend_deadlines(&mut self, cx: &Context) {
        if let Some((sent, _)) = &mut self.sent {
            sent.extend(cx);
        }
    }

    pub(super) fn end_overdue(&mut self, cx: &Context, pending: &PendingRevocations) {
        let overdue = self.sent.as_ref().filter(|(sent, _)| sent.is_overdue(cx)).map(|(sent, _)| sent.op);
        if let Some(op) = overdue {
            self.failed(pending, cx, op, &EdgeFailure::Unreachable);
        }
    }

    pub(super) fn deadline(&self, pending: &PendingRevocations) -> Option<Instant> {
        match &self.sent {
            Some((sent, _)) => Some(sent.deadline),
            None => pending.as_slice().first().map(|_| self.next_try),
        }
    }
}
