//! Is the edge's session_key the one that WeChat encrypts with?
//!
//! `wx.checkSession` speaks of the last code *issued*. Where the edge never acknowledged that code,
//! "alive" is about a key the edge does not have, and believing it is how decryption comes to
//! "work the second time". So the journal's epochs are looked at first.

use super::Session;
use super::attempt::Flight;
use crate::machine::context::{Context, Pending};
use crate::machine::effect::Effect;
use crate::machine::event::OpId;

const CHECK_TIMEOUT_MS: u32 = 5_000;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Key {
    /// Not asked in this launch. WeChat's answer holds for one (§1.1).
    Unchecked,
    Checking(Pending),
    Alive,
    Dead,
}

impl Session {
    /// The epoch of a payload that came just now.
    pub(crate) fn epoch(&self) -> Option<u32> {
        (!matches!(self.flight, Flight::Login(_))).then_some(self.record.epochs.issued)
    }

    pub(crate) fn key_is_known_dead(&self) -> bool {
        let epochs = self.record.epochs;
        !self.has_no_key() && (epochs.issued != epochs.acknowledged || matches!(self.key, Key::Dead))
    }

    pub(crate) fn key_is_alive(&self) -> bool {
        self.has_no_key() || (!self.key_is_known_dead() && matches!(self.key, Key::Alive))
    }

    /// A host without `wx.login` has no key to ask about; the edge says what it can decrypt.
    fn has_no_key(&self) -> bool {
        self.mode == super::LoginMode::Never
    }

    /// Asks WeChat, once in a launch.
    pub(crate) fn check_key(&mut self, cx: &mut Context) {
        if matches!(self.key, Key::Unchecked) {
            let pending = cx.begin(CHECK_TIMEOUT_MS);
            cx.emit_rated(Effect::CheckSession { op: pending.op });
            self.key = Key::Checking(pending);
        }
    }

    pub(crate) fn session_checked(&mut self, cx: &mut Context, op: OpId, alive: bool) {
        if matches!(self.key, Key::Checking(pending) if pending.op == op) {
            self.key = if alive { Key::Alive } else { Key::Dead };
            self.serve_parked(cx);
        }
    }
}
