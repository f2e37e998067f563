//! The queue of asks: who needs no dialog is answered at once, the others one after the other.

use super::{DIALOG_TIMEOUT_MS, MOST_UNANSWERED, Permissions, PrivacyMode, READ_TIMEOUT_MS, Step};
use crate::machine::context::Context;
use crate::machine::effect::{Effect, ErrorCode, OsFix, Outcome, Permission, Tap};
use crate::machine::event::{OpId, WaiterId};
use crate::wechat::{Grant, Scope, failure::Declaration, scope::Consent};

/// Callers who want the same scope.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    scope: Scope,
    waiters: Vec<WaiterId>,
}

impl Permissions {
    // --- what callers ask

    pub(crate) fn ensure(&mut self, cx: &mut Context, waiter: WaiterId, scope: &str) {
        let Some(scope) = Scope::parse(scope) else {
            return cx.settle(waiter, Permission::Misconfigured { missing: Declaration::ScopeName }.into());
        };
        let checked = self.checks.iter_mut().map(|(_, ask)| ask);
        match self.queue.iter_mut().chain(checked).find(|ask| ask.scope == scope) {
            Some(ask) => ask.waiters.push(waiter),
            None => self.queue.push(Ask { scope, waiters: vec![waiter] }),
        }
        self.go_on(cx);
    }

    /// Lets one caller go. An ask that nobody waits for ends, and the next one starts; but a dialog
    /// that is open stays open, and what the user answers is to be known.
    pub(crate) fn cancel(&mut self, cx: &mut Context, waiter: WaiterId) -> bool {
        let leave = |ask: &mut Ask| match ask.waiters.iter().position(|other| *other == waiter) {
            Some(at) => {
                ask.waiters.swap_remove(at);
                true
            }
            None => false,
        };
        let checked = self.checks.iter_mut().map(|(_, ask)| ask);
        if !self.setting.cancel(waiter) && !self.queue.iter_mut().chain(checked).any(leave) {
            return false;
        }
        let open = usize::from(matches!(self.step, Step::ShowPrivacy(_) | Step::Authorize(_)));
        if open == 0 && self.is_deserted() {
            self.step = Step::Idle;
        }
        let mut at = 0;
        self.queue.retain(|ask| {
            at += 1;
            at <= open || !ask.waiters.is_empty()
        });
        self.checks.retain(|(_, ask)| !ask.waiters.is_empty());
        self.go_on(cx);
        cx.settle(waiter, Outcome::failed(ErrorCode::Cancelled));
        true
    }

    /// Whether everybody who wanted the front's scope has gone.
    pub(super) fn is_deserted(&self) -> bool {
        self.queue.first().is_some_and(|ask| ask.waiters.is_empty())
    }

    // --- one ask, step by step

    /// Answers what needs no dialog, and begins the first of the others where none is under way.
    pub(super) fn go_on(&mut self, cx: &mut Context) {
        let mut at = usize::from(!matches!(self.step, Step::Idle));
        while let Some(scope) = self.queue.get(at).map(|ask| ask.scope) {
            match self.known(cx, scope) {
                None => at += 1,
                Some(Permission::Granted) => self.granted(cx, at),
                Some(permission) => {
                    self.queue.remove(at).settle(cx, &permission.into());
                }
            }
        }
        let Some(ask) = self.queue.first().filter(|_| matches!(self.step, Step::Idle)) else { return };
        if ask.scope.consent() == Consent::Dialog && !self.setting.is_fresh() {
            self.setting.read_once(cx);
        } else if self.mode == PrivacyMode::Handler {
            let pending = cx.begin(READ_TIMEOUT_MS);
            cx.emit(Effect::ReadPrivacy { op: pending.op });
            self.step = Step::ReadPrivacy(pending);
        } else {
            self.authorize(cx);
        }
    }

    /// What can be said about a scope without a dialog; `None` where the record has to be read
    /// first, or a dialog shown.
    fn known(&self, cx: &Context, scope: Scope) -> Option<Permission> {
        // An open scope dialog of a handler's mode: consent was given before it.
        let consented = self.mode == PrivacyMode::Official || matches!(self.step, Step::Authorize(_));
        match (scope.consent(), self.setting.grant(scope)) {
            (Consent::Withdrawn, _) => Some(Permission::Unsupported),
            (Consent::Dialog, _) if !self.setting.is_fresh() => None,
            (Consent::Dialog, Grant::Granted) => Some(Permission::Granted),
            (Consent::Dialog, Grant::Denied) => Some(Permission::NeedsTap { tap: Tap::OpenSetting }),
            _ if self.mode == PrivacyMode::Official && self.is_quiet(cx) => {
                Some(Permission::NeedsTap { tap: Tap::AgreePrivacy })
            }
            (Consent::OwnPicker, _) if consented => Some(Permission::Granted),
            _ => None,
        }
    }

    /// WeChat's record says yes; the phone's own settings may differ (§1.6).
    fn granted(&mut self, cx: &mut Context, at: usize) {
        if at >= self.queue.len() {
            return;
        }
        let ask = self.queue.remove(at);
        if ask.scope.system_field().is_none() {
            return ask.settle(cx, &Permission::Granted.into());
        }
        let pending = cx.begin(READ_TIMEOUT_MS);
        cx.emit(Effect::ReadSystem { op: pending.op });
        self.checks.push((pending, ask));
    }

    pub(super) fn authorize(&mut self, cx: &mut Context) {
        let Some(scope) = self.queue.first().map(|ask| ask.scope) else { return };
        if scope.consent() != Consent::Dialog {
            return self.finish(cx, Permission::Granted.into());
        }
        let pending = cx.begin(DIALOG_TIMEOUT_MS);
        cx.emit(Effect::Authorize { op: pending.op, scope: scope.name().to_owned() });
        self.step = Step::Authorize(pending);
        self.unanswered.push((pending.op, scope));
        if self.unanswered.len() > MOST_UNANSWERED {
            self.unanswered.remove(0);
        }
        // Others that only needed to know of the consent.
        self.go_on(cx);
    }

    /// The user answered a scope dialog, in time or after it was given up.
    pub(super) fn dialog_answered(&mut self, cx: &mut Context, op: OpId, granted: bool) {
        let Some(at) = self.unanswered.iter().position(|(known, _)| *known == op) else { return };
        let (_, scope) = self.unanswered.remove(at);
        self.setting.note(scope, granted);
        match self.step {
            Step::Authorize(pending) if pending.op == op && !granted => self.finish(cx, Permission::DeniedNow.into()),
            Step::Authorize(pending) if pending.op == op => {
                self.step = Step::Idle;
                self.granted(cx, 0);
                self.go_on(cx);
            }
            _ => self.setting_known(cx),
        }
    }

    pub(super) fn finish(&mut self, cx: &mut Context, outcome: Outcome) {
        self.privacy_recheck = None;
        self.step = Step::Idle;
        if !self.queue.is_empty() {
            self.queue.remove(0).settle(cx, &outcome);
        }
        self.go_on(cx);
    }

    /// The record of grants was read anew, or could not be, or the user answered about a scope.
    pub(super) fn setting_known(&mut self, cx: &mut Context) {
        let front = self.queue.first().map(|ask| ask.scope);
        match self.step {
            // The user answered elsewhere, or the dialog's own answer was lost.
            Step::Authorize(_) if front.is_some_and(|scope| self.setting.grant(scope) != Grant::NotAsked) => {
                self.step = Step::Idle;
                self.go_on(cx);
            }
            // Nobody waits any more, and the dialog does not seem to be there.
            Step::Authorize(_) if self.is_deserted() => self.finish(cx, Permission::Cancelled.into()),
            _ => self.go_on(cx),
        }
    }

    // --- the phone's own settings

    pub(crate) fn system_read(&mut self, cx: &mut Context, op: OpId, denied: &[String], off: &[String]) {
        let Some(scope) = self.checks.iter().find(|(pending, _)| pending.op == op).map(|(_, ask)| ask.scope) else {
            return;
        };
        let listed = |list: &[String], field: Option<&str>| list.iter().any(|name| Some(name.as_str()) == field);
        let permission = if listed(off, scope.system_switch()) {
            let is_bluetooth = scope == Scope::Bluetooth;
            let fix = if is_bluetooth { OsFix::BluetoothSwitch } else { OsFix::LocationSwitch };
            Permission::BlockedByOs { fix }
        } else if listed(denied, scope.system_field()) {
            Permission::BlockedByOs { fix: OsFix::AppAuthorizeSetting }
        } else {
            Permission::Granted
        };
        self.end_check(cx, op, permission);
    }

    /// Whether it was a check of the phone's settings that ended.
    pub(super) fn end_check(&mut self, cx: &mut Context, op: OpId, permission: Permission) -> bool {
        let at = self.checks.iter().position(|(pending, _)| pending.op == op);
        let Some((_, ask)) = at.map(|at| self.checks.remove(at)) else { return false };
        ask.settle(cx, &permission.into());
        true
    }
}

impl Ask {
    fn settle(self, cx: &mut Context, outcome: &Outcome) {
        for waiter in self.waiters {
            cx.settle(waiter, outcome.clone());
        }
    }
}
