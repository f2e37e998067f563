//! All contexts on one storage (browser tabs, WeChat's AI skills) share one session.
//!
//! Storage has two entries. The *record* is the session: tokens, generation, epochs. The *status*
//! says whether the user is logged out, and has the pending revocations. Both merge: of two records,
//! the later login wins, and within it the later renewal; of two statuses, the higher stamp. Merging
//! is commutative and idempotent, so contexts that read each other's entries converge, even if
//! entries are read late or overwritten.
//!
//! 1. An attempt acquires the lock, if the platform has one, then reads both entries, and only then
//!    decides: use the session of another context, present the refresh token, or log in. It releases
//!    the lock when the result is stored. If the lock is not granted in time, it continues without;
//!    the edge accepts two renewals of the same token within 120 s.
//! 2. After the edge refuses a refresh token, storage is read again before the session is dropped:
//!    another context may have a newer token.
//! 3. A save reads, merges and writes, one at a time ([`Storage`](super::storage::Storage)).
//! 4. A log-out changes the status and its stamp. A renewal never writes the status, so it cannot
//!    undo a log-out; tokens of an earlier stamp are dropped when they are read. The status is
//!    written before the record. A record without a status means that storage was full at a log-out
//!    and the status was removed: the user is logged out.
//! 5. Storage events and `Shown` read both entries again.
//! 6. While storage does not answer, or its content is unreadable, the user may be logged out: no
//!    login begins until storage answers or the application calls `login()`.

use super::{Launch, LoginMode, Session};
use crate::machine::context::Context;
use crate::machine::event::OpId;
use crate::machine::stored::{ParsedRecord, PendingRevocation, PendingRevocations, Record, Status};
use crate::machine::tokens::{Generation, RefreshToken};
use core::cmp::Ordering;

impl Session {
    /// Merges both entries. `None` is an entry that could not be read; empty text is an absent one. A
    /// late answer is used, too.
    pub(in crate::machine) fn record_read(
        &mut self,
        cx: &mut Context,
        op: OpId,
        record: Option<String>,
        status: Option<String>,
    ) {
        let (Some(record), Some(status)) = (record, status) else { return self.record_unreadable(cx, op) };
        let parsed = Record::parse(&record);
        let is_damaged = match parsed {
            ParsedRecord::Unreadable => true,
            ParsedRecord::Absent => !record.is_empty(),
            ParsedRecord::Current(_) | ParsedRecord::Old(..) => false,
        };
        self.storage.was_read(&record, &status, is_damaged);
        match (merged_status(&parsed, &status), parsed) {
            (Some(status), parsed) => {
                self.may_be_logged_out = false;
                self.adopt_status(cx, &status);
                if let ParsedRecord::Current(record) | ParsedRecord::Old(record, _) = parsed {
                    self.adopt_record(cx, record);
                }
            }
            // Unreadable text does not cast doubt on a status that is already known.
            (None, _) => self.may_be_logged_out |= self.launch == Launch::Reading,
        }
        self.after_read(cx, op);
    }

    /// Continues in memory: storage fails or does not answer.
    pub(super) fn record_unreadable(&mut self, cx: &mut Context, op: OpId) {
        self.may_be_logged_out |= self.launch == Launch::Reading;
        self.storage.fail_read(cx);
        self.after_read(cx, op);
    }

    fn after_read(&mut self, cx: &mut Context, op: OpId) {
        let memory = self.credentials.memory(&self.status);
        self.storage.read_ended(cx, op, memory);
        if self.launch == Launch::Reading {
            self.launch = Launch::Read;
        }
        if self.attempt.is_reading(op) {
            self.decide(cx);
        } else if self.is_launched() {
            self.start(cx);
        }
    }

    /// Resolves callers with the stored session. As soon as it is known whether the user is logged
    /// out, begins the login of the launch.
    pub(in crate::machine) fn start(&mut self, cx: &mut Context) {
        self.launch = Launch::Done;
        if !self.may_be_logged_out && !core::mem::replace(&mut self.launch_login_decided, true) {
            let logs_in = self.mode == LoginMode::Silent && !self.status.logged_out;
            if logs_in && !self.credentials.is_live(&cx.clock) {
                self.start_attempt(cx);
            }
        }
        self.resolve_all(cx);
    }

    fn adopt_status(&mut self, cx: &mut Context, theirs: &Status) {
        let is_launched = self.is_launched();
        let pending = &mut self.status.pending_revocations;
        self.revoker.adopt(cx, pending, &theirs.pending_revocations, is_launched);
        if !theirs.is_later_than(&self.status) {
            return;
        }
        self.status.logged_out = theirs.logged_out;
        self.set_stamp(theirs.stamp);
        // A login was requested here after the log-out there.
        if theirs.logged_out && theirs.stamp <= self.login_requested_at {
            self.status.logged_out = false;
            self.set_stamp(theirs.stamp.saturating_add(1));
        }
        self.attempt.supersede(self.status.logged_out, false);
    }

    /// Sets the status's stamp, and ends a session of an earlier stamp or of a user who is logged out.
    pub(super) fn set_stamp(&mut self, stamp: u64) {
        self.status.stamp = stamp;
        let is_stored = self.credentials.is_stored;
        let record = &mut self.credentials.record;
        if record.stamp < stamp || self.status.logged_out {
            record.stamp = stamp;
            // Another context that ended the session cannot revoke tokens that were never in storage.
            if let Some(held) = record.held.take().filter(|_| !is_stored) {
                let revocation = PendingRevocation { refresh_token: held.refresh_token, everywhere: false, own: true };
                self.status.pending_revocations.add(revocation);
            }
        }
    }

    fn adopt_record(&mut self, cx: &mut Context, theirs: Record) {
        let record = &mut self.credentials.record;
        record.epochs = record.epochs.join(theirs.epochs);
        if theirs.stamp < self.status.stamp || (theirs.stamp == self.status.stamp && self.status.logged_out) {
            // These tokens were stored after a log-out, or it could not remove them.
            let pending = &self.status.pending_revocations;
            let is_new = |token: &RefreshToken| !self.revoker.is_settled(token) && !pending.contains(token);
            if let Some(held) = theirs.held.filter(|held| is_new(&held.refresh_token)) {
                self.revoke(held.refresh_token, false);
            }
            return;
        }
        match theirs.compare(&self.credentials.record) {
            // The record of a log-out whose status was read before it changed.
            Ordering::Greater if theirs.stamp > self.status.stamp && theirs.held.is_none() => {}
            Ordering::Less => {}
            Ordering::Equal => self.credentials.is_stored = true,
            Ordering::Greater => {
                if theirs.stamp > self.status.stamp {
                    // The status of that login could not be written.
                    self.status.logged_out = false;
                    self.set_stamp(theirs.stamp);
                }
                cx.clock.restore_offset(theirs.offset);
                let epochs = self.credentials.record.epochs;
                self.credentials.replace(Record { epochs, ..theirs }, true);
            }
        }
    }

    /// A stamp later than all that were seen, also on clocks of other contexts.
    pub(super) fn next_stamp(&self, cx: &Context) -> u64 {
        let seen = self.status.stamp.max(self.credentials.record.stamp);
        cx.clock.now().max(seen.saturating_add(1))
    }

    /// Drops tokens that the edge refused. Counts a new generation, so that other contexts prefer this
    /// record to one with the dropped tokens.
    pub(super) fn drop_session(&mut self) {
        let record = &mut self.credentials.record;
        if record.held.take().is_some() {
            record.generation = Generation(record.generation.0.saturating_add(1));
            self.save();
        }
    }
}

/// The status according to both entries; `None` if it is unknown.
fn merged_status(parsed: &ParsedRecord, status: &str) -> Option<Status> {
    match (Status::parse(status), parsed) {
        (Some(status), _) => Some(status),
        (None, _) if !status.is_empty() => None,
        (None, ParsedRecord::Absent) => Some(Status::default()),
        (None, ParsedRecord::Old(_, status)) => Some(status.clone()),
        // A log-out removed the status, since storage was full.
        (None, ParsedRecord::Current(record)) => Some(Status {
            stamp: record.stamp.saturating_add(1),
            logged_out: true,
            pending_revocations: PendingRevocations::default(),
        }),
        (None, ParsedRecord::Unreadable) => None,
    }
}
