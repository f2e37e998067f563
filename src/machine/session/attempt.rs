//! A login attempt: the way to a session, by renewal, or by `wx.login` and an exchange, with pauses
//! between tries.
//!
//! The attempt owns its step, its tries, its back-off, its deadlines and the lock.
//! [`transitions`] decides about the session. [`shared`](super::shared) says why an attempt begins
//! with a lock and a read.

mod failure;
mod jitter;
mod transitions;

use super::storage::read_entries;
use crate::machine::clock::{Cooldown, Instant};
use crate::machine::context::{Context, Pending};
use crate::machine::effect::Effect;
use crate::machine::event::OpId;
use crate::machine::tokens::{Generation, LoginCode, RefreshToken};
use jitter::Jitter;

const LOGIN_TIMEOUT_MS: u32 = 10_000;
const EDGE_TIMEOUT_MS: u32 = 10_000;
/// More than another context needs for a request to the edge and for storing its result.
const LOCK_TIMEOUT_MS: u32 = 15_000;
/// Life of a code (§1.1).
const CODE_LIFE_MS: u64 = 300_000;
/// Tries of one attempt before its callers are rejected.
const MAX_TRIES: u8 = 3;
/// First pause between tries; each further one is twice as long. Jitter adds up to the same again.
const PAUSE_MS: u32 = 400;
/// Pause of a hidden app. WeChat fails every request of the background immediately (errno 600003, §1.8),
/// so shorter pauses would use up all tries before JavaScript is stopped, about 5 s after hide.
/// `Shown` ends this pause.
const HIDDEN_PAUSE_MS: u32 = 10_000;
/// Longest `Retry-After` that is honoured: a server's mistake must not stop logins for long.
const LONGEST_RETRY_AFTER_S: u32 = 3_600;

#[derive(Debug, Clone, Default)]
pub(super) struct LoginAttempt {
    step: Step,
    /// The lock that is held or requested.
    lock: Option<OpId>,
    /// Failed tries of this attempt.
    tries: u8,
    /// Wait that the edge requested with status 429.
    retry_after: Option<Cooldown>,
    jitter: Jitter,
}

#[derive(Debug, Clone, Copy, Default)]
enum Step {
    /// No attempt is under way.
    #[default]
    Idle,
    /// Waits for the lock that all contexts on one storage share.
    Locking(Pending),
    /// Reads the entries that other contexts may have changed.
    Reading(Pending),
    /// `wx.login` is called.
    Login {
        pending: Pending,
        /// The phone's clock at the call, in milliseconds.
        called_at: u64,
        /// The epoch of the call.
        epoch: u32,
    },
    Exchange {
        pending: Pending,
        /// Generation of the tokens that the new ones follow.
        from: Generation,
        /// The epoch of the code.
        epoch: u32,
    },
    Refresh {
        pending: Pending,
        /// Generation of the refresh token.
        from: Generation,
    },
    /// An exchange or refresh after a log-out. Its tokens belong to a session that is to be revoked.
    /// The next attempt waits for its end.
    Superseded {
        pending: Pending,
        /// The log-out also ends the user's other sessions.
        everywhere: bool,
    },
    /// Pauses until the next try.
    BackingOff(Instant),
}

impl Step {
    fn pending(&self) -> Option<Pending> {
        match *self {
            Self::Locking(pending) | Self::Reading(pending) => Some(pending),
            Self::Login { pending, .. } | Self::Exchange { pending, .. } => Some(pending),
            Self::Refresh { pending, .. } | Self::Superseded { pending, .. } => Some(pending),
            Self::Idle | Self::BackingOff(_) => None,
        }
    }

    fn pending_mut(&mut self) -> Option<&mut Pending> {
        match self {
            Self::Locking(pending) | Self::Reading(pending) => Some(pending),
            Self::Login { pending, .. } | Self::Exchange { pending, .. } => Some(pending),
            Self::Refresh { pending, .. } | Self::Superseded { pending, .. } => Some(pending),
            Self::Idle | Self::BackingOff(_) => None,
        }
    }
}

impl LoginAttempt {
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.step, Step::Idle)
    }

    /// Whether `wx.login` is called and has not answered.
    pub(super) fn is_calling_login(&self) -> bool {
        matches!(self.step, Step::Login { .. })
    }

    /// Whether the attempt waits for the read `op`.
    pub(super) fn is_reading(&self, op: OpId) -> bool {
        matches!(self.awaiting(op), Step::Reading(_))
    }

    /// The step that the answer to `op` completes; `Idle` if the attempt does not wait for it.
    fn awaiting(&self, op: OpId) -> &Step {
        if self.step.pending().is_some_and(|pending| pending.op == op) { &self.step } else { &Step::Idle }
    }

    /// Seeds the jitter of the pauses.
    pub(super) fn seed(&mut self, seed: u32) {
        self.jitter = Jitter::new(seed);
    }

    // --- steps

    /// Begins with the lock, unless an attempt is under way. `Err` has the milliseconds left of a wait
    /// that the edge requested.
    fn start(&mut self, cx: &mut Context) -> Result<(), u64> {
        if !self.is_idle() {
            return Ok(());
        }
        if let Some(wait_ms) = self.retry_after.and_then(|wait| wait.left(&cx.clock)) {
            return Err(wait_ms);
        }
        let pending = cx.begin(LOCK_TIMEOUT_MS);
        cx.emit(Effect::AcquireLock { op: pending.op, timeout: LOCK_TIMEOUT_MS });
        self.lock = Some(pending.op);
        self.step = Step::Locking(pending);
        Ok(())
    }

    /// Continues with the read; `exclusive` is false if the platform has no lock.
    fn lock_acquired(&mut self, cx: &mut Context, op: OpId, exclusive: bool) {
        if let Step::Locking(_) = self.awaiting(op) {
            if !exclusive {
                self.lock = None;
            }
            self.read(cx);
        }
    }

    /// Continues without the lock.
    fn lock_timed_out(&mut self, cx: &mut Context) {
        self.release_lock(cx);
        self.read(cx);
    }

    fn read(&mut self, cx: &mut Context) {
        self.step = Step::Reading(read_entries(cx));
    }

    fn refresh(&mut self, cx: &mut Context, refresh_token: RefreshToken, from: Generation) {
        let pending = cx.begin(EDGE_TIMEOUT_MS);
        cx.emit(Effect::Refresh { op: pending.op, refresh_token, timeout: EDGE_TIMEOUT_MS });
        self.step = Step::Refresh { pending, from };
    }

    fn call_login(&mut self, cx: &mut Context, epoch: u32) {
        let pending = cx.begin(LOGIN_TIMEOUT_MS);
        cx.emit_rated(Effect::CallLogin { op: pending.op, timeout: LOGIN_TIMEOUT_MS });
        self.step = Step::Login { pending, called_at: cx.clock.now(), epoch };
    }

    /// `refresh_token` is the last session's, which the new login continues.
    fn exchange(
        &mut self,
        cx: &mut Context,
        code: LoginCode,
        refresh_token: Option<RefreshToken>,
        from: Generation,
        epoch: u32,
    ) {
        let pending = cx.begin(EDGE_TIMEOUT_MS);
        cx.emit(Effect::Exchange { op: pending.op, code, refresh_token, timeout: EDGE_TIMEOUT_MS });
        self.step = Step::Exchange { pending, from, epoch };
    }

    /// Pauses before the next try; returns whether there is one.
    fn back_off(&mut self, cx: &Context) -> bool {
        self.tries += 1;
        if self.tries >= MAX_TRIES {
            return false;
        }
        let pause = if cx.clock.is_hidden() { HIDDEN_PAUSE_MS } else { PAUSE_MS << self.tries.saturating_sub(1) };
        let pause = pause + self.jitter.below(pause);
        self.step = Step::BackingOff(cx.clock.elapsed() + Instant::from(pause));
        true
    }

    /// Ends the pause, with all tries left: a failure in the background says nothing about the
    /// foreground.
    pub(super) fn end_pause(&mut self, cx: &Context) {
        if let Step::BackingOff(until) = &mut self.step {
            *until = cx.clock.elapsed();
            self.tries = 0;
        }
    }

    /// Keeps attempts from starting for `wait_s` seconds, or for the longest wait that is honoured.
    /// Returns the seconds.
    fn wait(&mut self, cx: &Context, wait_s: u32) -> u32 {
        let wait_s = wait_s.min(LONGEST_RETRY_AFTER_S);
        self.retry_after = Some(Cooldown::start(&cx.clock, u64::from(wait_s) * 1000));
        wait_s
    }

    fn end(&mut self) {
        self.step = Step::Idle;
        self.tries = 0;
    }

    fn succeeded(&mut self) {
        self.retry_after = None;
        self.end();
    }

    /// Applies a log-out or a login of another context. An exchange or refresh under way cannot be
    /// called back.
    pub(super) fn supersede(&mut self, is_logged_out: bool, everywhere: bool) {
        self.tries = 0;
        match &mut self.step {
            // `wx.login` cannot be called back. Its code serves a login that is requested before it comes.
            Step::Login { .. } => {}
            &mut (Step::Exchange { pending, .. } | Step::Refresh { pending, .. }) => {
                self.step = Step::Superseded { pending, everywhere };
            }
            Step::Superseded { everywhere: before, .. } => *before |= everywhere,
            Step::Locking(_) | Step::Reading(_) if !is_logged_out => {}
            Step::Idle | Step::BackingOff(_) | Step::Locking(_) | Step::Reading(_) => self.step = Step::Idle,
        }
    }

    // --- the lock

    fn release_lock(&mut self, cx: &mut Context) {
        if let Some(op) = self.lock.take() {
            cx.emit(Effect::ReleaseLock { op });
        }
    }

    /// Releases the lock after the attempt, once its result is stored.
    pub(super) fn release_lock_after_end(&mut self, cx: &mut Context, is_stored: bool) {
        if matches!(self.step, Step::Idle | Step::BackingOff(_)) && is_stored {
            self.release_lock(cx);
        }
    }

    // --- time

    pub(super) fn extend_deadlines(&mut self, cx: &Context) {
        if let Some(pending) = self.step.pending_mut() {
            pending.extend(cx);
        }
    }

    /// The step whose deadline, or pause, is over; `Idle` if there is none.
    fn overdue(&self, cx: &Context) -> &Step {
        if self.deadline().is_some_and(|deadline| deadline <= cx.clock.elapsed()) { &self.step } else { &Step::Idle }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.step {
            Step::BackingOff(until) => Some(until),
            _ => self.step.pending().map(|pending| pending.deadline),
        }
    }
}

/// Whether a code of `wx.login` is still valid at `now`. After a sleep of the phone, or a change of
/// its clock, it may be too old on arrival.
fn is_code_alive(called_at: u64, now: u64) -> bool {
    now.checked_sub(called_at).is_some_and(|age| age <= CODE_LIFE_MS)
}
