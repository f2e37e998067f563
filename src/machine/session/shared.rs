//! Any number of contexts on one storage (browser tabs, WeChat's AI skills) are one session.
//!
//! Storage has two entries. The *record* is the session: tokens, generation, epochs. The *status*
//! is whether the user is logged out, and what is still to be revoked. Both merge: of two records
//! the later log-in counts and in it the later renewal, of two statuses the one with the higher
//! stamp. Merging is the same in any order and repeated, so contexts that read each other's
//! entries agree, whatever was read late or overwritten.
//!
//! 1. A flight acquires the lock where the platform has one, reads both entries, and only then
//!    decides: serve with what another context stored, present the refresh token, or log in. The
//!    lock is released when the result is stored. Where it is not granted in time, the flight goes
//!    on without it; the edge's grace (120 s) covers two renewals of the same token.
//! 2. A refresh token that the edge refused is given up only after storage was read once more:
//!    another context may have a newer one.
//! 3. A save reads, merges and writes, one at a time ([`Storage`](super::storage::Storage)).
//! 4. A log-out changes the status and its stamp. A renewal never writes the status, so it cannot
//!    undo a log-out; tokens of an earlier stamp are dropped when they are read. The status is
//!    written before any record: where a record stands without it, storage was full at a log-out
//!    and the status was removed, which means logged out.
//! 5. Storage events, and `Shown`, read both entries again.
//! 6. Where storage does not answer, or what it holds cannot be understood, the user may be logged
//!    out: no login begins by itself until storage answers or `login()` is called.

use super::attempt::Flight;
use super::{LoginMode, Session};
use crate::machine::context::Context;
use crate::machine::event::OpId;
use crate::machine::stored::record::{Found, Record};
use crate::machine::stored::status::{Debt, Status};
use crate::machine::tokens::{Generation, RefreshToken};
use core::cmp::Ordering;

impl Session {
    /// Storage has answered; `None` for an entry that could not be read, empty text for one that
    /// is not there. An answer that comes late is as good as any other.
    pub(crate) fn record_read(&mut self, cx: &mut Context, op: OpId, entries: [Option<String>; 2]) {
        let [Some(record), Some(status)] = entries else { return self.record_unreadable(cx, op) };
        let found = Record::read(&record);
        let damaged = matches!(found, Found::Unreadable) || (matches!(found, Found::Nothing) && !record.is_empty());
        self.storage.answered(&record, &status, damaged);
        match (status_of(&found, &status), found) {
            (Some(status), found) => {
                self.is_unsure = false;
                self.adopt_status(cx, status);
                if let Found::Record(record) | Found::Old(record, _) = found {
                    self.adopt_record(cx, record);
                }
            }
            // What this context knows is not put into doubt by what cannot be understood now.
            (None, _) => self.is_unsure |= !self.has_read,
        }
        self.save_what_is_missing();
        self.after_read(cx, op);
    }

    /// Storage fails or is silent: memory is all there is.
    pub(crate) fn record_unreadable(&mut self, cx: &mut Context, op: OpId) {
        self.is_unsure |= !self.has_read;
        self.storage.unreadable(cx);
        self.after_read(cx, op);
    }

    fn after_read(&mut self, cx: &mut Context, op: OpId) {
        self.go_on_saving(cx, op);
        self.has_read = true;
        match self.flight {
            Flight::Reading(pending) if pending.op == op => self.depart(cx),
            _ if self.launched => self.start(cx),
            // What was asked before the launch is taken in first.
            _ => {}
        }
    }

    /// Serves callers with what storage held. The first time that it is known whether the user has
    /// logged out, this begins the login of the launch.
    pub(crate) fn start(&mut self, cx: &mut Context) {
        self.launched = true;
        if !self.is_unsure && !core::mem::replace(&mut self.started, true) {
            let logs_in = self.mode == LoginMode::Silent && !self.status.logged_out;
            if logs_in && !self.is_live(cx) {
                self.take_off(cx);
            }
        }
        self.serve_parked(cx);
    }

    fn adopt_status(&mut self, cx: &mut Context, theirs: Status) {
        self.adopt_debts(cx, &theirs.owed);
        if !theirs.is_later_than(&self.status) {
            return;
        }
        self.status.logged_out = theirs.logged_out;
        self.set_stamp(theirs.stamp);
        // The user asked for a login here after logging out there.
        if theirs.logged_out && theirs.stamp <= self.login_asked {
            self.status.logged_out = false;
            self.set_stamp(theirs.stamp.saturating_add(1));
        }
        self.overtake_flight(false);
    }

    /// Ends what was begun under an earlier stamp, and whatever a log-out ends.
    pub(crate) fn set_stamp(&mut self, stamp: u64) {
        self.status.stamp = stamp;
        if self.record.stamp < stamp || self.status.logged_out {
            self.record.stamp = stamp;
            if let Some(held) = self.record.held.take().filter(|_| !self.held_is_stored) {
                // The context that ended the session has not seen these tokens.
                self.status.owe(Debt { refresh_token: held.refresh_token, everywhere: false, own: true });
            }
        }
    }

    /// A log-out overtakes the flight. An exchange or renewal that is out cannot be called back.
    pub(crate) fn overtake_flight(&mut self, everywhere: bool) {
        self.tries = 0;
        self.flight = match self.flight {
            // `wx.login` cannot be called back. Its code serves a login that is asked for before it comes.
            Flight::Login(pending) => Flight::Login(pending),
            Flight::Exchange(pending, _) | Flight::Refresh(pending, _) => Flight::Doomed(pending, everywhere),
            Flight::Doomed(pending, before) => Flight::Doomed(pending, before || everywhere),
            Flight::Locking(pending) if !self.status.logged_out => Flight::Locking(pending),
            Flight::Reading(pending) if !self.status.logged_out => Flight::Reading(pending),
            Flight::Landed | Flight::Resting(_) | Flight::Locking(_) | Flight::Reading(_) => Flight::Landed,
        };
    }

    fn adopt_record(&mut self, cx: &mut Context, theirs: Record) {
        self.record.epochs = self.record.epochs.join(theirs.epochs);
        if theirs.stamp < self.status.stamp || (theirs.stamp == self.status.stamp && self.status.logged_out) {
            // A log-out overtook the save of these tokens, or could not remove them.
            let is_new = |token: &RefreshToken| !self.debts.is_settled(token) && !self.status.owes(token);
            if let Some(held) = theirs.held.filter(|held| is_new(&held.refresh_token)) {
                self.owe(held.refresh_token, false);
            }
            return;
        }
        match theirs.compare(&self.record) {
            // Of a log-out whose status was read too early, or of no consequence.
            Ordering::Greater if theirs.stamp > self.status.stamp && theirs.held.is_none() => {}
            Ordering::Less => {}
            Ordering::Equal => self.held_is_stored = true,
            Ordering::Greater => {
                if theirs.stamp > self.status.stamp {
                    // The status of that log-in could not be written.
                    self.status.logged_out = false;
                    self.set_stamp(theirs.stamp);
                }
                cx.clock.restore_offset(theirs.offset);
                self.record = Record { epochs: self.record.epochs, ..theirs };
                self.held_is_stored = true;
                self.access_refused = false;
            }
        }
    }

    /// A stamp later than all that were seen, on any clock.
    pub(crate) fn next_stamp(&self, cx: &Context) -> u64 {
        cx.clock.now().max(self.status.stamp.saturating_add(1)).max(self.record.stamp.saturating_add(1))
    }

    /// Forgets tokens that the edge refused. A generation of its own, so that no context takes
    /// the forgotten tokens for newer.
    pub(crate) fn drop_session(&mut self) {
        if self.record.held.take().is_some() {
            self.record.generation = Generation(self.record.generation.0.saturating_add(1));
            self.save();
        }
    }
}

/// What both entries say about the user; `None` where that cannot be told.
fn status_of(found: &Found, status: &str) -> Option<Status> {
    match (Status::read(status), found) {
        (Some(status), _) => Some(status),
        (None, _) if !status.is_empty() => None,
        (None, Found::Nothing) => Some(Status::default()),
        (None, Found::Old(_, status)) => Some(status.clone()),
        // Removed by a log-out that found storage full.
        (None, Found::Record(record)) => {
            Some(Status { stamp: record.stamp.saturating_add(1), logged_out: true, owed: Vec::new() })
        }
        (None, Found::Unreadable) => None,
    }
}
