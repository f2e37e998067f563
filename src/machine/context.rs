//! What the parts of the machine share while they handle an event: the clock, the effects so far,
//! and the numbering of operations.

use super::clock::{Clock, Instant};
use super::effect::{Effect, ErrorCode, Outcome};
use super::event::{OpId, WaiterId};
use std::collections::VecDeque;

/// WeChat allows one user four calls a second of those it rates (§1.1).
const RATED_CALLS: usize = 4;
const RATED_WINDOW_MS: Instant = 1_000;
/// Effects beside those of many callers: what is stored, the state, a wake-up.
const FEW_MORE: usize = 8;

#[derive(Debug, Clone, Default)]
pub(crate) struct Context {
    pub(crate) clock: Clock,
    effects: Vec<Effect>,
    last_op: OpId,
    /// When the last rated calls were made.
    rated: VecDeque<Instant>,
    /// Rated calls that have to wait for their turn.
    delayed: VecDeque<Effect>,
    /// Callers that were let in and are not settled.
    open: usize,
}

impl Context {
    /// Makes room for so many effects and a few more: a list that grows by doubling needs half as much
    /// memory again.
    pub(crate) fn expect(&mut self, effects: usize) {
        self.effects.reserve(effects + FEW_MORE);
    }

    pub(crate) fn emit(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// For `login`, `checkSession` and `getSetting`: at most four in any second, the rest later.
    pub(crate) fn emit_rated(&mut self, effect: Effect) {
        self.delayed.push_back(effect);
        self.release_delayed();
    }

    pub(crate) fn release_delayed(&mut self) {
        let now = self.clock.elapsed();
        while self.next_turn().is_some_and(|turn| turn <= now) {
            self.effects.extend(self.delayed.pop_front());
            self.rated.push_back(now);
            if self.rated.len() > RATED_CALLS {
                self.rated.pop_front();
            }
        }
    }

    /// When the next delayed call may be made; `None` where none waits.
    pub(crate) fn next_turn(&self) -> Option<Instant> {
        self.delayed.front()?;
        let oldest = self.rated.front().filter(|_| self.rated.len() == RATED_CALLS);
        Some(oldest.map_or(0, |called| called + RATED_WINDOW_MS))
    }

    /// Lets a caller in; the return value says whether there is room for one of so many.
    pub(crate) fn admit(&mut self, most: usize) -> bool {
        self.open += 1;
        self.open <= most
    }

    pub(crate) fn settle(&mut self, waiter: WaiterId, outcome: Outcome) {
        self.open = self.open.saturating_sub(1);
        self.emit(Effect::Settle { waiter, outcome });
    }

    pub(crate) fn take_effects(&mut self) -> Vec<Effect> {
        core::mem::take(&mut self.effects)
    }

    /// Numbers a new operation that is given `timeout_ms`.
    pub(crate) fn begin(&mut self, timeout_ms: u32) -> Pending {
        self.last_op = self.last_op.wrapping_add(1);
        Pending { op: self.last_op, deadline: self.clock.elapsed() + Instant::from(timeout_ms) }
    }
}

/// How long an effect that was outstanding while the app was hidden has left after it is shown.
const GRACE_AFTER_SHOWN_MS: Instant = 3_000;

/// An effect whose answer is awaited.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pending {
    pub(crate) op: OpId,
    pub(crate) deadline: Instant,
}

impl Pending {
    pub(crate) fn is_overdue(&self, cx: &Context) -> bool {
        self.deadline <= cx.clock.elapsed()
    }

    pub(crate) fn allow_after_shown(&mut self, cx: &Context) {
        self.deadline = after_shown(self.deadline, cx);
    }
}

/// A deadline, moved so that at least the grace after `Shown` remains.
pub(crate) fn after_shown(deadline: Instant, cx: &Context) -> Instant {
    deadline.max(cx.clock.elapsed() + GRACE_AFTER_SHOWN_MS)
}

impl Outcome {
    pub(crate) fn failed(code: ErrorCode) -> Self {
        Self::Failed { code, retryable: code.is_retryable(), retry_after: None }
    }
}

impl ErrorCode {
    pub(crate) fn is_retryable(self) -> bool {
        use ErrorCode as E;
        match self {
            E::WechatLoginFailed | E::WechatLoginTimeout | E::EdgeUnreachable | E::EdgeFailed => true,
            E::RateLimited | E::Network | E::PermissionFailed | E::TapAgain | E::TooManyWaiting => true,
            E::LoginBlocked | E::Misconfigured | E::LoggedOut | E::LoginRequired | E::Cancelled => false,
            E::DataInvalid | E::UserRefused | E::PrivacyRefused | E::PhoneCodeUsed | E::NoQuota => false,
            E::Blocked | E::NotInTap | E::Unsupported => false,
        }
    }
}
