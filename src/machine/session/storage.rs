//! Reading and writing the two entries. One write is under way at a time; each follows a read that is
//! merged first, and writes the newest state.
//!
//! If the status of a log-out cannot be written, its entry is removed: removal needs no space, and
//! a record without a status means logged out.

use crate::machine::clock::Instant;
use crate::machine::context::{Context, Pending};
use crate::machine::effect::{Effect, Entry};
use crate::machine::event::OpId;
use crate::machine::stored::{Record, Status};

/// Time that storage has to answer. After that, the session lives in memory only.
const STORAGE_TIMEOUT_MS: u32 = 3_000;
/// Pause after a failure; each further failure doubles it.
const PAUSE_MS: Instant = 1_000;
const LONGEST_PAUSE_MS: Instant = 60_000;

#[derive(Debug, Clone, Default)]
pub(super) struct Storage {
    phase: Phase,
    /// Memory may differ from storage.
    changed: bool,
    /// The entries as last seen; `None` if unknown.
    record: Option<String>,
    status: Option<String>,
    read_failed: bool,
    write_failed: bool,
    /// The record's entry has unusable text.
    damaged: bool,
    /// Time of the next try after a failure.
    retry_at: Option<Instant>,
    pause_ms: Instant,
    /// A read that belongs to no save: at launch, after `Shown`, at a storage event.
    reloading: Option<Pending>,
}

#[derive(Debug, Clone, Default)]
enum Phase {
    #[default]
    Idle,
    Reading(Pending),
    /// The text is `None` while the status is being removed.
    Writing(Pending, Entry, Option<String>),
}

/// The entries as memory has them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Memory<'a> {
    pub(super) record: &'a Record,
    pub(super) status: &'a Status,
}

impl Memory<'_> {
    /// Whether the user never logged in, and so needs no entries.
    fn is_fresh(self) -> bool {
        self.status.stamp == 0 && self.record.held.is_none() && self.record.epochs.issued == 0
    }
}

/// Begins a read of both entries.
pub(super) fn read_entries(cx: &mut Context) -> Pending {
    let pending = cx.begin(STORAGE_TIMEOUT_MS);
    cx.emit(Effect::ReadRecord { op: pending.op, timeout: STORAGE_TIMEOUT_MS });
    pending
}

impl Storage {
    pub(super) fn is_degraded(&self) -> bool {
        self.read_failed || self.write_failed || self.damaged
    }

    pub(super) fn is_unreadable(&self) -> bool {
        self.read_failed
    }

    /// Whether no write is under way or will begin before the next try.
    pub(super) fn is_at_rest(&self) -> bool {
        matches!(self.phase, Phase::Idle) && (!self.changed || self.retry_at.is_some())
    }

    // --- reading

    /// Reads both entries without a save.
    pub(super) fn reload(&mut self, cx: &mut Context) {
        let mut pending = read_entries(cx);
        // A further read must not extend the wait of a caller for the first one.
        if let Some(earlier) = self.reloading {
            pending.deadline = pending.deadline.min(earlier.deadline);
        }
        self.reloading = Some(pending);
    }

    pub(super) fn is_reloading(&self) -> bool {
        self.reloading.is_some()
    }

    /// Reads again after `Shown`: storage may work again, and other contexts may have used it.
    pub(super) fn reload_after_shown(&mut self, cx: &mut Context) {
        self.retry_at = None;
        self.reload(cx);
    }

    /// Stores the entries' text. Memory is saved if it differs, after the pause of an earlier failure.
    pub(super) fn was_read(&mut self, record: &str, status: &str, is_damaged: bool) {
        self.record = Some(record.to_owned());
        self.status = Some(status.to_owned());
        self.damaged = is_damaged;
        self.read_failed = false;
        if !self.write_failed {
            self.retry_at = None;
            self.pause_ms = 0;
        }
        self.changed = true;
    }

    pub(super) fn fail_read(&mut self, cx: &Context) {
        self.read_failed = true;
        self.retry_later(cx);
    }

    /// Continues a save after the read `op`.
    pub(super) fn read_ended(&mut self, cx: &mut Context, op: OpId, memory: Memory<'_>) {
        if self.reloading.is_some_and(|pending| pending.op == op) {
            self.reloading = None;
        }
        match self.phase {
            Phase::Reading(pending) if pending.op == op => {
                self.phase = Phase::Idle;
                if !self.read_failed {
                    self.begin_writing(cx, memory);
                } else if memory.status.logged_out && !self.has_status(memory) {
                    // A log-out is stored even if nothing can be read first.
                    self.write(cx, Entry::Status, Some(memory.status.write()));
                }
            }
            // The read shows that there is nothing to write.
            Phase::Idle if !self.read_failed && self.has_all(memory) => self.changed = false,
            _ => {}
        }
    }

    // --- writing

    /// Requests a save at the end of this event. `is_immediate` ends the pause of an earlier failure.
    pub(super) fn request_save(&mut self, is_immediate: bool) {
        self.changed = true;
        if is_immediate {
            self.retry_at = None;
        }
    }

    /// Begins a requested save. `may_write` is false while the entries may have a log-out that
    /// cannot be parsed: they are not overwritten before the next call of `login()` or `logout()`.
    pub(super) fn begin_saving(&mut self, cx: &mut Context, may_write: bool) {
        if !matches!(self.phase, Phase::Idle) || self.retry_at.is_some_and(|at| at > cx.clock.elapsed()) {
            return;
        }
        let is_retry = self.retry_at.take().is_some();
        if self.changed && may_write {
            self.phase = Phase::Reading(read_entries(cx));
        } else if self.read_failed && is_retry {
            self.reload(cx);
        }
    }

    fn has_status(&self, memory: Memory<'_>) -> bool {
        self.status.as_deref() == Some(memory.status.write().as_str())
    }

    fn has_record(&self, memory: Memory<'_>) -> bool {
        self.record.as_deref() == Some(memory.record.write().as_str())
    }

    fn has_all(&self, memory: Memory<'_>) -> bool {
        let is_empty = |entry: &Option<String>| entry.as_deref() == Some("");
        (self.has_status(memory) && self.has_record(memory))
            || (memory.is_fresh() && is_empty(&self.status) && is_empty(&self.record))
    }

    /// Writes the entries that differ, the status first.
    fn begin_writing(&mut self, cx: &mut Context, memory: Memory<'_>) {
        self.changed = !self.has_all(memory);
        if self.changed && !self.has_status(memory) {
            self.write(cx, Entry::Status, Some(memory.status.write()));
        } else if self.changed {
            self.write(cx, Entry::Record, Some(memory.record.write()));
        }
    }

    fn write(&mut self, cx: &mut Context, entry: Entry, value: Option<String>) {
        let pending = cx.begin(STORAGE_TIMEOUT_MS);
        cx.emit(Effect::Save { op: pending.op, entry, value: value.clone() });
        self.phase = Phase::Writing(pending, entry, value);
    }

    /// Takes the write that `op` began.
    fn take_write(&mut self, op: OpId) -> Option<(Entry, Option<String>)> {
        match core::mem::take(&mut self.phase) {
            Phase::Writing(pending, entry, value) if pending.op == op => Some((entry, value)),
            other => {
                self.phase = other;
                None
            }
        }
    }

    /// Continues after a successful write; returns whether memory's record is now in storage.
    pub(super) fn stored(&mut self, cx: &mut Context, op: OpId, memory: Memory<'_>) -> bool {
        match self.take_write(op) {
            // The removal stands for the log-out; the entries are written later.
            Some((_, None)) => {
                self.status = Some(String::new());
                self.retry_later(cx);
                false
            }
            Some((Entry::Status, status)) => {
                self.status = status;
                // After a log-out that could not read, the record stays as it is.
                if !self.read_failed && !self.has_record(memory) {
                    self.write(cx, Entry::Record, Some(memory.record.write()));
                } else {
                    self.end_writing(memory);
                }
                false
            }
            Some((Entry::Record, record)) => {
                self.record = record;
                self.damaged = false;
                self.end_writing(memory);
                self.has_record(memory)
            }
            None => false,
        }
    }

    fn end_writing(&mut self, memory: Memory<'_>) {
        self.write_failed = false;
        self.pause_ms = 0;
        self.changed = !self.has_all(memory);
    }

    /// Continues after a failed write.
    pub(super) fn failed(&mut self, cx: &mut Context, op: OpId, memory: Memory<'_>) {
        let Some(write) = self.take_write(op) else { return };
        self.write_failed = true;
        // A record may be stored without the newest status, but not without any.
        let has_any_status = self.status.as_ref().is_some_and(|status| !status.is_empty());
        match write {
            (Entry::Status, Some(_)) if memory.status.logged_out => self.write(cx, Entry::Status, None),
            (Entry::Status, Some(_)) if has_any_status && !self.has_record(memory) => {
                self.write(cx, Entry::Record, Some(memory.record.write()));
            }
            _ => self.retry_later(cx),
        }
    }

    fn retry_later(&mut self, cx: &Context) {
        self.pause_ms = (self.pause_ms * 2).clamp(PAUSE_MS, LONGEST_PAUSE_MS);
        self.retry_at = Some(cx.clock.elapsed() + self.pause_ms);
    }

    // --- time

    fn pending(&self) -> Option<Pending> {
        match self.phase {
            Phase::Idle => None,
            Phase::Reading(pending) | Phase::Writing(pending, ..) => Some(pending),
        }
    }

    pub(super) fn overdue_reload(&self, cx: &Context) -> Option<OpId> {
        self.reloading.filter(|pending| pending.is_overdue(cx)).map(|pending| pending.op)
    }

    pub(super) fn overdue_read(&self, cx: &Context) -> Option<OpId> {
        let reading = self.pending().filter(|_| matches!(self.phase, Phase::Reading(_)));
        reading.filter(|pending| pending.is_overdue(cx)).map(|pending| pending.op)
    }

    pub(super) fn overdue_write(&self, cx: &Context) -> Option<OpId> {
        let writing = self.pending().filter(|_| matches!(self.phase, Phase::Writing(..)));
        writing.filter(|pending| pending.is_overdue(cx)).map(|pending| pending.op)
    }

    pub(super) fn extend_deadlines(&mut self, cx: &Context) {
        if let Phase::Reading(pending) | Phase::Writing(pending, ..) = &mut self.phase {
            pending.extend(cx);
        }
        if let Some(pending) = &mut self.reloading {
            pending.extend(cx);
        }
    }

    pub(super) fn deadlines(&self) -> impl Iterator<Item = Instant> {
        let pending = [self.pending(), self.reloading].into_iter().flatten().map(|pending| pending.deadline);
        pending.chain(self.retry_at.filter(|_| matches!(self.phase, Phase::Idle)))
    }
}
