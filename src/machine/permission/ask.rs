//! A request for a scope, and the steps of the one whose turn it is.

use crate::machine::context::{Context, Pending};
use crate::machine::event::WaiterId;
use crate::machine::outcome::Outcome;
use crate::wechat::Scope;

/// Callers that need the same scope.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) scope: Scope,
    pub(super) waiters: Vec<WaiterId>,
}

impl Ask {
    /// Removes a caller; returns whether it was one of these.
    pub(super) fn remove(&mut self, waiter: WaiterId) -> bool {
        let at = self.waiters.iter().position(|other| *other == waiter);
        if let Some(at) = at {
            self.waiters.swap_remove(at);
        }
        at.is_some()
    }

    pub(super) fn settle(self, cx: &mut Context, outcome: &Outcome) {
        for waiter in self.waiters {
            cx.settle(waiter, outcome.clone());
        }
    }
}

/// The answer or event for which the front of the queue waits.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// Nothing, or the grants.
    Idle,
    ReadPrivacy(Pending),
    ShowPrivacy(Pending),
    Authorize(Pending),
}

impl Step {
    pub(super) fn pending(self) -> Option<Pending> {
        match self {
            Self::Idle => None,
            Self::ReadPrivacy(pending) | Self::ShowPrivacy(pending) | Self::Authorize(pending) => Some(pending),
        }
    }

    pub(super) fn pending_mut(&mut self) -> Option<&mut Pending> {
        match self {
            Self::Idle => None,
            Self::ReadPrivacy(pending) | Self::ShowPrivacy(pending) | Self::Authorize(pending) => Some(pending),
        }
    }
}
