//! The queue of asks: those without a dialog are answered immediately, the others one after the other.

use super::Permissions;
use super::PrivacyMode;
use super::ask::{Ask, Step};
use super::timeouts::{DIALOG_TIMEOUT_MS, READ_TIMEOUT_MS};
use crate::machine::context::Context;
use crate::machine::effect::Effect;
use crate::machine::event::{OpId, WaiterId};
use crate::machine::outcome::{ErrorCode, OsFix, Outcome, Permission, Tap};
use crate::wechat::failure::Declaration;
use crate::wechat::scope::Consent;
use crate::wechat::{Grant, Scope};

/// Most dialogs that are remembered after they were given up.
const MOST_UNANSWERED: usize = 16;

impl Permissions {
    // --- calls

    pub(in crate::machine) fn ensure(&mut self, cx: &mut Context, waiter: WaiterId, scope: &str) {
        let Some(scope) = Scope::parse(scope) else {
            return cx.settle(waiter, Permission::Misconfigured { missing: Declaration::ScopeName }.into());
        };
        let checked = self.checks.iter_mut().map(|(_, ask)| ask);
        match self.queue.iter_mut().chain(checked).find(|ask| ask.scope == scope) {
            Some(ask) => ask.waiters.push(waiter),
            None => self.queue.push(Ask { scope, waiters: vec![waiter] }),
        }
        self.advance(cx);
    }

    /// Cancels a caller; returns whether it is one of these. An ask without callers ends, and the next
    /// one starts; but an open dialog stays, and the user's answer is still recorded.
    pub(in crate::machine) fn cancel(&mut self, cx: &mut Context, waiter: WaiterId) -> bool {
        let checked = self.checks.iter_mut().map(|(_, ask)| ask);
        if !self.grants.cancel(waiter) && !self.queue.iter_mut().chain(checked).any(|ask| ask.remove(waiter)) {
            return false;
        }
        let open_dialogs = usize::from(matches!(self.step, Step::ShowPrivacy(_) | Step::Authorize(_)));
        if open_dialogs == 0 && self.is_abandoned() {
            self.step = Step::Idle;
        }
        let mut at = 0;
        self.queue.retain(|ask| {
            at += 1;
            at <= open_dialogs || !ask.waiters.is_empty()
        });
        self.checks.retain(|(_, ask)| !ask.waiters.is_empty());
        self.advance(cx);
        cx.settle(waiter, Outcome::failed(ErrorCode::Cancelled));
        true
    }

    /// Whether all callers that needed the front's scope have cancelled.
    pub(super) fn is_abandoned(&self) -> bool {
        self.queue.first().is_some_and(|ask| ask.waiters.is_empty())
    }

    // --- one ask, step by step

    /// Answers the asks that need no dialog, and begins the first of the others if none is under way.
    pub(super) fn advance(&mut self, cx: &mut Context) {
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
        if ask.scope.consent() == Consent::Dialog && !self.grants.is_fresh() {
            self.grants.read_once(cx);
        } else if self.mode == PrivacyMode::Handler {
            let pending = cx.begin(READ_TIMEOUT_MS);
            cx.emit(Effect::ReadPrivacy { op: pending.op });
            self.step = Step::ReadPrivacy(pending);
        } else {
            self.authorize(cx);
        }
    }

    /// The permission of a scope, as far as it is known without a dialog; `None` if the grants have to
    /// be read first, or a dialog is needed.
    fn known(&self, cx: &Context, scope: Scope) -> Option<Permission> {
        // In mode `Handler`, an open scope dialog means that the user has agreed to the contract.
        let has_agreed = self.mode == PrivacyMode::Official || matches!(self.step, Step::Authorize(_));
        match (scope.consent(), self.grants.grant(scope)) {
            (Consent::Withdrawn, _) => Some(Permission::Unsupported),
            (Consent::Dialog, _) if !self.grants.is_fresh() => None,
            (Consent::Dialog, Grant::Granted) => Some(Permission::Granted),
            (Consent::Dialog, Grant::Denied) => Some(Permission::NeedsTap { tap: Tap::OpenSetting }),
            _ if self.mode == PrivacyMode::Official && self.has_just_refused(cx) => {
                Some(Permission::NeedsTap { tap: Tap::AgreePrivacy })
            }
            (Consent::OwnPicker, _) if has_agreed => Some(Permission::Granted),
            _ => None,
        }
    }

    /// Settles a granted ask, after a check of the phone's own settings if they can withhold the scope
    /// (§1.6).
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
        // For asks that needed the consent alone.
        self.advance(cx);
    }

    /// Records the user's answer to a scope dialog, also after the dialog was given up.
    pub(super) fn dialog_answered(&mut self, cx: &mut Context, op: OpId, granted: bool) {
        let Some(at) = self.unanswered.iter().position(|(known, _)| *known == op) else { return };
        let (_, scope) = self.unanswered.remove(at);
        self.grants.set(scope, granted);
        match self.step {
            Step::Authorize(pending) if pending.op == op && !granted => self.finish(cx, Permission::DeniedNow.into()),
            Step::Authorize(pending) if pending.op == op => {
                self.step = Step::Idle;
                self.granted(cx, 0);
                self.advance(cx);
            }
            _ => self.grants_changed(cx),
        }
    }

    /// Settles the front of the queue and continues with the next ask.
    pub(super) fn finish(&mut self, cx: &mut Context, outcome: Outcome) {
        self.privacy_recheck = None;
        self.step = Step::Idle;
        if !self.queue.is_empty() {
            self.queue.remove(0).settle(cx, &outcome);
        }
        self.advance(cx);
    }

    /// Continues after the grants were read, could not be read, or changed by an answer of the user.
    pub(super) fn grants_changed(&mut self, cx: &mut Context) {
        let front = self.queue.first().map(|ask| ask.scope);
        match self.step {
            // The user answered on the settings page, or the dialog's own answer was lost.
            Step::Authorize(_) if front.is_some_and(|scope| self.grants.grant(scope) != Grant::NotAsked) => {
                self.step = Step::Idle;
                self.advance(cx);
            }
            // All callers have cancelled, and the dialog seems to be closed.
            Step::Authorize(_) if self.is_abandoned() => self.finish(cx, Permission::Cancelled.into()),
            _ => self.advance(cx),
        }
    }

    // --- the phone's own settings

    pub(in crate::machine) fn system_read(&mut self, cx: &mut Context, op: OpId, denied: &[String], off: &[String]) {
        let Some(scope) = self.checks.iter().find(|(pending, _)| pending.op == op).map(|(_, ask)| ask.scope) else {
            return;
        };
        let is_listed = |list: &[String], field: Option<&str>| list.iter().any(|name| Some(name.as_str()) == field);
        let permission = if is_listed(off, scope.system_switch()) {
            let is_bluetooth = scope == Scope::Bluetooth;
            let fix = if is_bluetooth { OsFix::BluetoothSwitch } else { OsFix::LocationSwitch };
            Permission::BlockedByOs { fix }
        } else if is_listed(denied, scope.system_field()) {
            Permission::BlockedByOs { fix: OsFix::AppAuthorizeSetting }
        } else {
            Permission::Granted
        };
        self.end_check(cx, op, permission);
    }

    /// Settles the ask whose check of the phone's settings has ended; returns whether there was one.
    pub(super) fn end_check(&mut self, cx: &mut Context, op: OpId, permission: Permission) -> bool {
        let at = self.checks.iter().position(|(pending, _)| pending.op == op);
        let Some((_, ask)) = at.map(|at| self.checks.remove(at)) else { return false };
        ask.settle(cx, &permission.into());
        true
    }
}
