//! Permission: privacy contract, then scope, then the phone's own settings (§1.4–1.6, §2).
//!
//! One dialog at a time: asks stand in a queue, and callers who want the same scope share one.
//! Never a prompt after a refusal: WeChat would show none (§2.2), only a tap leads on.

mod setting;

use super::clock::Instant;
use super::context::{Context, Pending};
use super::effect::{Effect, ErrorCode, OsFix, Outcome, Permission, ScopeGrant, Tap};
use super::event::{OpId, WaiterId};
use crate::wechat::{Failure, Grant, Scope, failure::Declaration, scope::Consent};
use setting::Setting;
use std::collections::VecDeque;

/// For calls that WeChat answers without the user.
const READ_TIMEOUT_MS: u32 = 5_000;
/// After a refusal of WeChat's own privacy popup none is shown for so long; calls fail at once (§1.5).
const QUIET_AFTER_REFUSAL_MS: Instant = 10_000;

/// Who shows the privacy popup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivacyMode {
    /// WeChat, inside the scope dialog: `authorize` is called directly (§1.5).
    Official,
    /// The application: nothing is authorized while consent is needed.
    Handler,
}

#[derive(Debug, Clone)]
pub(crate) struct Permissions {
    mode: PrivacyMode,
    setting: Setting,
    queue: VecDeque<Ask>,
    step: Step,
    /// Asked beside the application's privacy sheet, which the user may have left another way.
    privacy_recheck: Option<Pending>,
    quiet_until: Option<Instant>,
}

#[derive(Debug, Clone)]
struct Ask {
    scope: Scope,
    waiters: Vec<WaiterId>,
}

/// What the front of the queue waits for.
#[derive(Debug, Clone, Copy)]
enum Step {
    Idle,
    ReadSetting,
    ReadPrivacy(Pending),
    ShowPrivacy(Pending),
    Authorize(Pending),
    ReadSystem(Pending),
}

impl Permissions {
    pub(crate) fn new(mode: PrivacyMode) -> Self {
        Self {
            mode,
            setting: Setting::default(),
            queue: VecDeque::new(),
            step: Step::Idle,
            privacy_recheck: None,
            quiet_until: None,
        }
    }

    pub(crate) fn grants(&self) -> Vec<ScopeGrant> {
        self.setting.grants()
    }

    // --- what callers ask

    pub(crate) fn ensure(&mut self, cx: &mut Context, waiter: WaiterId, scope: &str) {
        let Some(scope) = Scope::parse(scope) else {
            return cx.settle(waiter, Permission::Misconfigured { missing: Declaration::ScopeName }.into());
        };
        match self.queue.iter_mut().find(|ask| ask.scope == scope) {
            Some(ask) => ask.waiters.push(waiter),
            None => self.queue.push_back(Ask { scope, waiters: vec![waiter] }),
        }
        if matches!(self.step, Step::Idle) {
            self.start(cx);
        }
    }

    /// What was done with a granted scope failed; a refusal in there is news about the scope.
    pub(crate) fn use_failed(&mut self, cx: &mut Context, waiter: WaiterId, scope: &str, failure: Failure) {
        let outcome = match (Scope::parse(scope), failure) {
            (Some(scope), Failure::Denied) if scope.consent() == Consent::Dialog => {
                self.setting.note(scope, false);
                Permission::NeedsTap { tap: Tap::OpenSetting }.into()
            }
            _ => after_refusal(failure),
        };
        cx.settle(waiter, outcome);
    }

    /// Lets one caller go. An ask that nobody waits for ends, and the next one starts; but a dialog
    /// that is open stays open, and what the user answers is to be known.
    pub(crate) fn cancel(&mut self, cx: &mut Context, waiter: WaiterId) -> bool {
        if self.setting.cancel(waiter) {
            cx.settle(waiter, Outcome::failed(ErrorCode::Cancelled));
            return true;
        }
        let Some(at) = self.queue.iter().position(|ask| ask.waiters.contains(&waiter)) else {
            return false;
        };
        let deserted = self.queue.get_mut(at).is_some_and(|ask| {
            ask.waiters.retain(|other| *other != waiter);
            ask.waiters.is_empty()
        });
        let shown = at == 0 && matches!(self.step, Step::ShowPrivacy(_) | Step::Authorize(_));
        if deserted && !shown {
            self.queue.remove(at);
            if at == 0 {
                self.start(cx);
            }
        }
        cx.settle(waiter, Outcome::failed(ErrorCode::Cancelled));
        true
    }

    /// Whether everybody who wanted the front's scope has gone.
    fn is_deserted(&self) -> bool {
        self.queue.front().is_some_and(|ask| ask.waiters.is_empty())
    }

    // --- one ask, step by step

    fn start(&mut self, cx: &mut Context) {
        let Some(ask) = self.queue.front() else {
            self.step = Step::Idle;
            return;
        };
        if ask.scope.consent() == Consent::Dialog && !self.setting.is_fresh() {
            self.step = Step::ReadSetting;
            self.setting.read_once(cx);
        } else {
            self.judge(cx, ask.scope);
        }
    }

    /// The scope's state is known as well as it can be.
    fn judge(&mut self, cx: &mut Context, scope: Scope) {
        match (scope.consent(), self.setting.grant(scope)) {
            (Consent::Meaningless, _) => self.finish(cx, Permission::Unsupported.into()),
            (Consent::Dialog, Grant::Granted) => self.ask_the_system(cx, scope),
            (Consent::Dialog, Grant::Denied) => {
                self.finish(cx, Permission::NeedsTap { tap: Tap::OpenSetting }.into());
            }
            _ if self.quiet_until.is_some_and(|until| cx.clock.elapsed() < until) => {
                self.finish(cx, Permission::NeedsTap { tap: Tap::AgreePrivacy }.into());
            }
            _ if self.mode == PrivacyMode::Handler => {
                let pending = cx.begin(READ_TIMEOUT_MS);
                cx.emit(Effect::ReadPrivacy { op: pending.op });
                self.step = Step::ReadPrivacy(pending);
            }
            _ => self.authorize(cx, scope),
        }
    }

    fn authorize(&mut self, cx: &mut Context, scope: Scope) {
        if scope.consent() == Consent::Dialog {
            let pending = cx.begin_untimed();
            cx.emit(Effect::Authorize { op: pending.op, scope: scope.name().to_owned() });
            self.step = Step::Authorize(pending);
        } else {
            self.finish(cx, Permission::Granted.into());
        }
    }

    /// WeChat's record says yes; the phone's own settings may differ (§1.6).
    fn ask_the_system(&mut self, cx: &mut Context, scope: Scope) {
        if scope.system_field().is_none() {
            return self.finish(cx, Permission::Granted.into());
        }
        let pending = cx.begin(READ_TIMEOUT_MS);
        cx.emit(Effect::ReadSystem { op: pending.op });
        self.step = Step::ReadSystem(pending);
    }

    fn finish(&mut self, cx: &mut Context, outcome: Outcome) {
        self.privacy_recheck = None;
        if let Some(ask) = self.queue.pop_front() {
            for waiter in ask.waiters {
                cx.settle(waiter, outcome.clone());
            }
        }
        self.start(cx);
    }

    fn front(&self) -> Option<Scope> {
        self.queue.front().map(|ask| ask.scope)
    }

    /// The record of grants was read anew, or could not be.
    fn setting_known(&mut self, cx: &mut Context) {
        let Some(scope) = self.front() else { return };
        match self.step {
            Step::ReadSetting => self.judge(cx, scope),
            // The user answered elsewhere, or the dialog's own answer was lost.
            Step::Authorize(_) if self.setting.grant(scope) != Grant::NotAsked => self.judge(cx, scope),
            // Nobody waits any more, and the dialog does not seem to be there.
            Step::Authorize(_) if self.is_deserted() => self.finish(cx, Permission::Cancelled.into()),
            _ => {}
        }
    }

    // --- what the host answers

    pub(crate) fn privacy_read(&mut self, cx: &mut Context, op: OpId, needed: bool) {
        let Some(scope) = self.front() else { return };
        match (self.step, self.privacy_recheck) {
            (Step::ReadPrivacy(pending), _) if pending.op == op && needed => {
                let pending = cx.begin_untimed();
                cx.emit(Effect::ShowPrivacy { op: pending.op });
                self.step = Step::ShowPrivacy(pending);
            }
            (Step::ReadPrivacy(pending), _) if pending.op == op => self.authorize(cx, scope),
            (Step::ShowPrivacy(_), Some(recheck)) if recheck.op == op => {
                self.privacy_recheck = None;
                if self.is_deserted() {
                    self.finish(cx, Permission::Cancelled.into());
                } else if !needed {
                    self.authorize(cx, scope);
                }
            }
            _ => {}
        }
    }

    pub(crate) fn privacy_answered(&mut self, cx: &mut Context, op: OpId, agreed: bool) {
        match (self.step, self.front()) {
            (Step::ShowPrivacy(pending), Some(scope)) if pending.op == op => {
                self.privacy_recheck = None;
                if agreed && !self.is_deserted() {
                    self.authorize(cx, scope);
                } else {
                    self.finish(cx, Permission::NeedsTap { tap: Tap::AgreePrivacy }.into());
                }
            }
            _ => {}
        }
    }

    pub(crate) fn authorized(&mut self, cx: &mut Context, op: OpId) {
        match (self.step, self.front()) {
            (Step::Authorize(pending), Some(scope)) if pending.op == op => {
                self.setting.note(scope, true);
                self.ask_the_system(cx, scope);
            }
            _ => {}
        }
    }

    pub(crate) fn system_read(&mut self, cx: &mut Context, op: OpId, denied: &[String], off: &[String]) {
        match (self.step, self.front()) {
            (Step::ReadSystem(pending), Some(scope)) if pending.op == op => {
                let listed =
                    |list: &[String], field: Option<&str>| list.iter().any(|name| Some(name.as_str()) == field);
                let permission = if listed(off, scope.system_switch()) {
                    let is_bluetooth = scope == Scope::Bluetooth;
                    let fix = if is_bluetooth { OsFix::BluetoothSwitch } else { OsFix::LocationSwitch };
                    Permission::BlockedByOs { fix }
                } else if listed(denied, scope.system_field()) {
                    Permission::BlockedByOs { fix: OsFix::AppAuthorizeSetting }
                } else {
                    Permission::Granted
                };
                self.finish(cx, permission.into());
            }
            _ => {}
        }
    }

    pub(crate) fn failed(&mut self, cx: &mut Context, op: OpId, failure: Failure) {
        if self.privacy_recheck.is_some_and(|recheck| recheck.op == op) {
            self.privacy_recheck = None;
            return;
        }
        // A record that cannot be read hinders nothing: `authorize` itself knows the state.
        if self.setting.read_failed(cx, op) {
            return self.setting_known(cx);
        }
        let Some(scope) = self.front() else { return };
        match self.step {
            // A base library without the call intercepts nothing (§1.5).
            Step::ReadPrivacy(pending) if pending.op == op && failure == Failure::Unsupported => {
                self.authorize(cx, scope);
            }
            Step::ReadPrivacy(pending) | Step::ShowPrivacy(pending) if pending.op == op => {
                self.finish(cx, Outcome::failed(ErrorCode::PermissionFailed));
            }
            Step::ReadSystem(pending) if pending.op == op => self.finish(cx, Permission::Granted.into()),
            Step::Authorize(pending) if pending.op == op => {
                match failure {
                    Failure::Denied => self.setting.note(scope, false),
                    Failure::PrivacyRefused => self.quiet_until = Some(cx.clock.elapsed() + QUIET_AFTER_REFUSAL_MS),
                    _ => {}
                }
                self.finish(cx, after_refusal(failure));
            }
            _ => {}
        }
    }

    // --- time

    pub(crate) fn shown(&mut self, cx: &mut Context) {
        self.setting.shown(cx);
        match &mut self.step {
            Step::ReadPrivacy(pending) | Step::ReadSystem(pending) => pending.allow_after_shown(cx),
            Step::ShowPrivacy(_) if self.privacy_recheck.is_none() => {
                let pending = cx.begin(READ_TIMEOUT_MS);
                cx.emit(Effect::ReadPrivacy { op: pending.op });
                self.privacy_recheck = Some(pending);
            }
            _ => {}
        }
    }

    pub(crate) fn tick(&mut self, cx: &mut Context) {
        if self.privacy_recheck.is_some_and(|recheck| recheck.is_overdue(cx)) {
            self.privacy_recheck = None;
        }
        if let Some(op) = self.setting.overdue(cx) {
            self.failed(cx, op, Failure::Transient);
        }
        match self.step {
            Step::ReadPrivacy(pending) | Step::ReadSystem(pending) if pending.is_overdue(cx) => {
                self.failed(cx, pending.op, Failure::Transient);
            }
            _ => {}
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<u64> {
        let step = match self.step {
            Step::ReadPrivacy(pending) | Step::ReadSystem(pending) => pending.deadline,
            _ => None,
        };
        let recheck = self.privacy_recheck.and_then(|recheck| recheck.deadline);
        [step, recheck, self.setting.next_deadline()].into_iter().flatten().min()
    }
}

fn after_refusal(failure: Failure) -> Outcome {
    use Failure as F;
    match failure {
        F::Denied => Permission::DeniedNow.into(),
        F::Cancelled => Permission::Cancelled.into(),
        F::PrivacyRefused => Permission::NeedsTap { tap: Tap::AgreePrivacy }.into(),
        F::SystemDenied => Permission::BlockedByOs { fix: OsFix::AppAuthorizeSetting }.into(),
        F::Misconfigured(missing) => Permission::Misconfigured { missing }.into(),
        F::Blocked | F::NoQuota => Permission::Misconfigured { missing: Declaration::InterfacePermission }.into(),
        F::Unsupported => Permission::Unsupported.into(),
        F::NotInTap | F::Transient | F::Throttled | F::Bug | F::Unknown => Outcome::failed(ErrorCode::PermissionFailed),
    }
}

impl From<Permission> for Outcome {
    fn from(permission: Permission) -> Self {
        Self::Permission { permission }
    }
}
