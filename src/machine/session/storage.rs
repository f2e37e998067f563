//! Reading and writing the two entries: one write under way at a time, each after a read that it
//! merges with, and the newest state is what is written.
//!
//! Where the status of a log-out cannot be written, its entry is removed: that needs no space,
//! and a record without a status means logged out.

use super::Session;
use crate::machine::clock::Instant;
use crate::machine::context::{Context, Pending};
use crate::machine::effect::{Effect, Entry};
use crate::machine::event::OpId;

/// How long storage may take. After that, memory is all there is.
pub(crate) const STORAGE_TIMEOUT_MS: u32 = 3_000;
/// The first rest after a failure; doubled by each.
const REST_MS: Instant = 1_000;
const LONGEST_REST_MS: Instant = 60_000;

#[derive(Debug, Clone, Default)]
pub(crate) struct Storage {
    phase: Phase,
    /// Memory may hold what storage does not.
    changed: bool,
    /// What the entries held when last seen; `None` where that is not known.
    record: Option<String>,
    status: Option<String>,
    read_failed: bool,
    write_failed: bool,
    /// An entry held something that cannot be used, and still does.
    damaged: bool,
    /// When to try again after a failure, and how long the next rest is.
    retry_at: Option<Instant>,
    rest_ms: Instant,
    /// A read for its own sake: at launch, when the app is shown, at a storage event.
    looking: Option<Pending>,
}

#[derive(Debug, Clone, Default)]
enum Phase {
    #[default]
    Idle,
    Reading(Pending),
    /// `None`: the status is being removed.
    Writing(Pending, Entry, Option<String>),
}

impl Storage {
    pub(crate) fn is_degraded(&self) -> bool {
        self.read_failed || self.write_failed || self.damaged
    }

    pub(crate) fn is_unreadable(&self) -> bool {
        self.read_failed
    }

    /// Nothing is being written, nor will be before the next try.
    pub(crate) fn is_at_rest(&self) -> bool {
        matches!(self.phase, Phase::Idle) && (!self.changed || self.retry_at.is_some())
    }

    pub(crate) fn answered(&mut self, record: &str, status: &str, damaged: bool) {
        self.record = Some(record.to_owned());
        self.status = Some(status.to_owned());
        self.damaged = damaged;
        self.read_failed = false;
        if !self.write_failed {
            self.retry_at = None;
            self.rest_ms = 0;
        }
    }

    pub(crate) fn unreadable(&mut self, cx: &Context) {
        self.read_failed = true;
        self.retry_later(cx);
    }

    fn retry_later(&mut self, cx: &Context) {
        self.rest_ms = (self.rest_ms * 2).clamp(REST_MS, LONGEST_REST_MS);
        self.retry_at = Some(cx.clock.elapsed() + self.rest_ms);
    }

    fn is_due(&self, cx: &Context) -> bool {
        self.retry_at.is_none_or(|at| at <= cx.clock.elapsed())
    }

    /// Reads both entries for their own sake.
    pub(crate) fn look(&mut self, cx: &mut Context) {
        let mut pending = read_entries(cx);
        // A caller that waits for a read does not wait longer because of the next one.
        if let Some(earlier) = self.looking {
            pending.deadline = pending.deadline.min(earlier.deadline);
        }
        self.looking = Some(pending);
    }

    pub(crate) fn is_looking(&self) -> bool {
        self.looking.is_some()
    }

    pub(crate) fn allow_after_shown(&mut self, cx: &Context) {
        if let Phase::Reading(pending) | Phase::Writing(pending, ..) = &mut self.phase {
            pending.allow_after_shown(cx);
        }
        if let Some(pending) = &mut self.looking {
            pending.allow_after_shown(cx);
        }
    }

    fn pending(&self) -> Option<Pending> {
        match self.phase {
            Phase::Idle => None,
            Phase::Reading(pending) | Phase::Writing(pending, ..) => Some(pending),
        }
    }

    pub(crate) fn deadlines(&self) -> impl Iterator<Item = Instant> {
        let pending = [self.pending(), self.looking].into_iter().flatten().map(|pending| pending.deadline);
        pending.chain(self.retry_at.filter(|_| matches!(self.phase, Phase::Idle)))
    }
}

/// Begins a read of both entries.
pub(crate) fn read_entries(cx: &mut Context) -> Pending {
    let pending = cx.begin(STORAGE_TIMEOUT_MS);
    cx.emit(Effect::ReadRecord { op: pending.op, timeout: STORAGE_TIMEOUT_MS });
    pending
}

impl Session {
    /// Memory holds what storage may not: it is saved at the end of this event.
    pub(crate) fn save(&mut self) {
        self.storage.changed = true;
        if !self.is_unsure {
            self.storage.retry_at = None;
        }
    }

    /// Storage was read: what it lacks is saved, after the rest that a failure began.
    pub(crate) fn save_what_is_missing(&mut self) {
        self.storage.changed = true;
    }

    /// Called at the end of every event.
    pub(crate) fn begin_saving(&mut self, cx: &mut Context) {
        if !self.launched || !matches!(self.storage.phase, Phase::Idle) || !self.storage.is_due(cx) {
            return;
        }
        let is_retry = self.storage.retry_at.take().is_some();
        // What cannot be understood is not overwritten before the user says what is true now.
        if self.storage.changed && !self.is_unsure {
            self.storage.phase = Phase::Reading(read_entries(cx));
        } else if self.storage.read_failed && is_retry {
            self.storage.look(cx);
        }
    }

    /// The read `op` has ended.
    pub(crate) fn go_on_saving(&mut self, cx: &mut Context, op: OpId) {
        if self.storage.looking.is_some_and(|pending| pending.op == op) {
            self.storage.looking = None;
        }
        match self.storage.phase {
            Phase::Reading(pending) if pending.op == op => {
                self.storage.phase = Phase::Idle;
                if !self.storage.read_failed {
                    self.begin_writing(cx);
                } else if self.status.logged_out && !self.status_is_stored() {
                    // A log-out is stored also where nothing can be read first.
                    self.write(cx, Entry::Status, Some(self.status.write()));
                }
            }
            // A read for another purpose has shown that there is nothing to write.
            Phase::Idle if !self.storage.read_failed && self.is_all_stored() => self.storage.changed = false,
            _ => {}
        }
    }

    fn status_is_stored(&self) -> bool {
        self.storage.status.as_deref() == Some(self.status.write().as_str())
    }

    fn record_is_stored(&self) -> bool {
        self.storage.record.as_deref() == Some(self.record.write().as_str())
    }

    /// A user who never logged in needs no entries.
    fn is_all_stored(&self) -> bool {
        let nothing = |seen: &Option<String>| seen.as_deref() == Some("");
        let fresh = self.status.stamp == 0 && self.record.held.is_none() && self.record.epochs.issued == 0;
        (self.status_is_stored() && self.record_is_stored())
            || (fresh && nothing(&self.storage.status) && nothing(&self.storage.record))
    }

    /// Writes the entries that differ, the status first.
    fn begin_writing(&mut self, cx: &mut Context) {
        self.storage.changed = !self.is_all_stored();
        if self.storage.changed && !self.status_is_stored() {
            self.write(cx, Entry::Status, Some(self.status.write()));
        } else if self.storage.changed {
            self.write(cx, Entry::Record, Some(self.record.write()));
        }
    }

    fn write(&mut self, cx: &mut Context, entry: Entry, value: Option<String>) {
        let pending = cx.begin(STORAGE_TIMEOUT_MS);
        cx.emit(Effect::Save { op: pending.op, entry, value: value.clone() });
        self.storage.phase = Phase::Writing(pending, entry, value);
    }

    pub(crate) fn stored(&mut self, cx: &mut Context, op: OpId) {
        match core::mem::take(&mut self.storage.phase) {
            Phase::Writing(pending, entry, value) if pending.op == op => {
                match (entry, value) {
                    // The removal stands for the log-out; the entries are tried again later.
                    (_, None) => {
                        self.storage.status = Some(String::new());
                        self.storage.retry_later(cx);
                    }
                    (Entry::Status, status) => {
                        self.storage.status = status;
                        // After a log-out that could not read, the record is left as it is.
                        if !self.storage.read_failed && !self.record_is_stored() {
                            self.write(cx, Entry::Record, Some(self.record.write()));
                        } else {
                            self.end_writing();
                        }
                    }
                    (Entry::Record, record) => {
                        self.storage.record = record;
                        self.held_is_stored |= self.record_is_stored();
                        self.storage.damaged = false;
                        self.end_writing();
                    }
                }
            }
            other => self.storage.phase = other,
        }
    }

    fn end_writing(&mut self) {
        self.storage.write_failed = false;
        self.storage.rest_ms = 0;
        self.storage.changed = !self.is_all_stored();
    }

    pub(crate) fn storage_failed(&mut self, cx: &mut Context, op: OpId) {
        match core::mem::take(&mut self.storage.phase) {
            Phase::Writing(pending, entry, value) if pending.op == op => {
                self.storage.write_failed = true;
                // A record may be stored where the status could not be, if any status stands.
                let has_status = self.storage.status.as_ref().is_some_and(|status| !status.is_empty());
                match (entry, value) {
                    (Entry::Status, Some(_)) if self.status.logged_out => self.write(cx, Entry::Status, None),
                    (Entry::Status, Some(_)) if has_status && !self.record_is_stored() => {
                        self.write(cx, Entry::Record, Some(self.record.write()));
                    }
                    _ => self.storage.retry_later(cx),
                }
            }
            other => self.storage.phase = other,
        }
    }

    pub(crate) fn tick_storage(&mut self, cx: &mut Context) {
        if let Some(pending) = self.storage.looking.filter(|pending| pending.is_overdue(cx)) {
            self.record_unreadable(cx, pending.op);
        }
        match self.storage.phase {
            Phase::Reading(pending) if pending.is_overdue(cx) => self.record_unreadable(cx, pending.op),
            Phase::Writing(pending, ..) if pending.is_overdue(cx) => self.storage_failed(cx, pending.op),
            _ => {}
        }
    }

    pub(crate) fn storage_changed(&mut self, cx: &mut Context) {
        if self.launched {
            self.storage.look(cx);
        }
    }

    /// Storage may work again, and other contexts may have used it.
    pub(crate) fn look_after_shown(&mut self, cx: &mut Context) {
        self.storage.allow_after_shown(cx);
        if self.launched {
            self.storage.retry_at = None;
            self.storage.look(cx);
        }
    }
}
