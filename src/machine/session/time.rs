//! Time: deadlines, `Shown`, and the work at the end of every event.

use super::Session;
use crate::machine::clock::Instant;
use crate::machine::context::Context;

impl Session {
    pub(in crate::machine) fn shown(&mut self, cx: &mut Context) {
        self.extend_deadlines(cx);
        self.attempt.end_pause(cx);
        self.revoker.end_pause();
        self.storage.extend_deadlines(cx);
        if self.is_launched() {
            self.storage.reload_after_shown(cx);
        }
    }

    pub(in crate::machine) fn extend_deadlines(&mut self, cx: &Context) {
        self.attempt.extend_deadlines(cx);
        self.revoker.extend_deadlines(cx);
        self.key.extend_deadlines(cx);
        self.waiters.extend_deadlines(cx);
    }

    pub(in crate::machine) fn tick(&mut self, cx: &mut Context) {
        self.end_overdue_step(cx);
        if let Some(op) = self.storage.overdue_reload(cx) {
            self.record_unreadable(cx, op);
        }
        if let Some(op) = self.storage.overdue_read(cx) {
            self.record_unreadable(cx, op);
        }
        if let Some(op) = self.storage.overdue_write(cx) {
            self.storage_failed(cx, op);
        }
        self.revoker.end_overdue(cx, &self.status.pending_revocations);
        // Without WeChat's answer the key counts as alive: the edge reports a dead one.
        if let Some(pending) = self.key.pending().filter(|pending| pending.is_overdue(cx)) {
            self.session_checked(cx, pending.op, true);
        }
        self.end_overdue_callers(cx);
    }

    pub(in crate::machine) fn next_deadline(&self) -> Option<Instant> {
        let attempt = self.attempt.deadline().into_iter();
        attempt
            .chain(self.revoker.deadline(&self.status.pending_revocations))
            .chain(self.storage.deadlines())
            .chain(self.key.pending().map(|pending| pending.deadline))
            .chain(self.waiters.next_deadline().filter(|_| self.is_launched()))
            .min()
    }

    /// Work at the end of every event.
    pub(in crate::machine) fn finish(&mut self, cx: &mut Context) {
        self.credentials.withdraw_token(cx);
        if self.is_launched() {
            self.storage.begin_saving(cx, !self.may_be_logged_out);
        }
        self.attempt.release_lock_after_end(cx, self.storage.is_at_rest() || self.may_be_logged_out);
        self.send_revocations(cx);
    }
}
