//! Whether the edge's session_key is the one that WeChat encrypts with.
//!
//! `wx.checkSession` answers for the last code *issued*. If the edge has not acknowledged that code,
//! "alive" is about a key that the edge does not have, and the next decryption fails. So the
//! epochs are compared first.

use crate::machine::context::{Context, Pending};
use crate::machine::effect::Effect;
use crate::machine::event::OpId;
use crate::machine::stored::Epochs;

const CHECK_TIMEOUT_MS: u32 = 5_000;

#[derive(Debug, Clone, Copy, Default)]
pub(super) enum KeyState {
    /// The host has no `wx.login`, so there is no key to check; the edge reports data that it cannot decrypt.
    Absent,
    /// Not asked in this launch. WeChat's answer holds for one launch (§1.1).
    #[default]
    Unchecked,
    Checking(Pending),
    Alive,
    Dead,
}

impl KeyState {
    pub(super) fn is_dead(self, epochs: Epochs) -> bool {
        match self {
            Self::Absent => false,
            Self::Dead => true,
            Self::Unchecked | Self::Checking(_) | Self::Alive => epochs.issued != epochs.acknowledged,
        }
    }

    pub(super) fn is_alive(self, epochs: Epochs) -> bool {
        match self {
            Self::Absent => true,
            Self::Alive => epochs.issued == epochs.acknowledged,
            Self::Unchecked | Self::Checking(_) | Self::Dead => false,
        }
    }

    /// The edge has exchanged the last code.
    pub(super) fn confirm(&mut self) {
        *self = Self::Alive;
    }

    /// The edge says that the key is dead.
    pub(super) fn expire(&mut self) {
        if !matches!(self, Self::Absent) {
            *self = Self::Dead;
        }
    }

    /// Asks WeChat, once in a launch.
    pub(super) fn check(&mut self, cx: &mut Context) {
        if matches!(self, Self::Unchecked) {
            let pending = cx.begin(CHECK_TIMEOUT_MS);
            cx.emit_rated(Effect::CheckSession { op: pending.op });
            *self = Self::Checking(pending);
        }
    }

    /// Applies WeChat's answer; returns whether it was outstanding.
    pub(super) fn checked(&mut self, op: OpId, alive: bool) -> bool {
        let is_outstanding = matches!(self, Self::Checking(pending) if pending.op == op);
        if is_outstanding {
            *self = if alive { Self::Alive } else { Self::Dead };
        }
        is_outstanding
    }

    pub(super) fn pending(&self) -> Option<Pending> {
        match self {
            Self::Checking(pending) => Some(*pending),
            _ => None,
        }
    }

    pub(super) fn extend_deadlines(&mut self, cx: &Context) {
        if let Self::Checking(pending) = self {
            pending.extend(cx);
        }
    }
}
