//! State that all parts of the machine share while they handle an event: the clock, the effects so
//! far, and the numbering of operations.

use super::clock::{Clock, Instant};
use super::effect::Effect;
use super::event::{OpId, WaiterId};
use super::outcome::Outcome;
use std::collections::VecDeque;

/// Rate limit of one user for `wx.login`, `wx.checkSession` and `wx.getSetting` together: four calls
/// a second (§1.1).
const RATED_CALLS: usize = 4;
const RATED_WINDOW_MS: Instant = 1_000;
/// Room for the effects that do not belong to a caller: saving, state, wake-up.
const OTHER_EFFECTS: usize = 8;

#[derive(Debug, Clone, Default)]
pub(super) struct Context {
    pub(super) clock: Clock,
    effects: Vec<Effect>,
    last_op: OpId,
    /// Times of the last rate-limited calls, oldest first.
    rated: VecDeque<Instant>,
    /// Rate-limited calls that are not made yet.
    delayed: VecDeque<Effect>,
    /// Number of callers that are not settled.
    waiting: usize,
}

impl Context {
    /// Reserves room for the effects of this many callers: growth by doubling would need half as much
    /// memory again.
    pub(super) fn reserve(&mut self, effects: usize) {
        self.effects.reserve(effects + OTHER_EFFECTS);
    }

    pub(super) fn emit(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Emits a call that WeChat rate-limits: at most four in any second, the rest later.
    pub(super) fn emit_rated(&mut self, effect: Effect) {
        self.delayed.push_back(effect);
        self.release_delayed();
    }

    pub(super) fn release_delayed(&mut self) {
        let now = self.clock.elapsed();
        while self.next_release().is_some_and(|at| at <= now) {
            self.effects.extend(self.delayed.pop_front());
            self.rated.push_back(now);
            if self.rated.len() > RATED_CALLS {
                self.rated.pop_front();
            }
        }
    }

    /// When the next delayed call may be made; `None` if there is none.
    pub(super) fn next_release(&self) -> Option<Instant> {
        self.delayed.front()?;
        let oldest = self.rated.front().filter(|_| self.rated.len() == RATED_CALLS);
        Some(oldest.map_or(0, |called| called + RATED_WINDOW_MS))
    }

    /// Counts a new caller; returns whether at most `limit` callers now wait.
    pub(super) fn admit(&mut self, limit: usize) -> bool {
        self.waiting += 1;
        self.waiting <= limit
    }

    pub(super) fn settle(&mut self, waiter: WaiterId, outcome: Outcome) {
        self.waiting = self.waiting.saturating_sub(1);
        self.emit(Effect::Settle { waiter, outcome });
    }

    pub(super) fn take_effects(&mut self) -> Vec<Effect> {
        core::mem::take(&mut self.effects)
    }

    /// Numbers a new operation whose answer is due in `timeout_ms`.
    pub(super) fn begin(&mut self, timeout_ms: u32) -> Pending {
        self.last_op = self.last_op.wrapping_add(1);
        Pending { op: self.last_op, deadline: self.clock.elapsed() + Instant::from(timeout_ms) }
    }
}

/// Least time that an effect, outstanding while the app was hidden, has after the app is shown.
const GRACE_AFTER_SHOWN_MS: Instant = 3_000;

/// An effect whose answer is outstanding.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pending {
    pub(super) op: OpId,
    pub(super) deadline: Instant,
}

impl Pending {
    pub(super) fn is_overdue(&self, cx: &Context) -> bool {
        self.deadline <= cx.clock.elapsed()
    }

    /// Extends the deadline after JavaScript was stopped: answers that arrived meanwhile are still to
    /// be delivered.
    pub(super) fn extend(&mut self, cx: &Context) {
        self.deadline = extended(self.deadline, cx);
    }
}

/// A deadline, moved so that at least the grace after `Shown` remains.
pub(super) fn extended(deadline: Instant, cx: &Context) -> Instant {
    deadline.max(cx.clock.elapsed() + GRACE_AFTER_SHOWN_MS)
}
