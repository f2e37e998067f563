//! Permission: privacy contract, then scope, then the settings page (§1.4, §1.5, §2).
//!
//! One dialog at a time: asks stand in a queue, and callers who want the same scope share one.
//! Never a prompt after a refusal: WeChat would show none (§2.2), only a tap leads on.

use super::context::{Context, Pending};
use super::effect::{Effect, ErrorCode, Outcome, Permission, ScopeGrant, Tap};
use super::event::{AuthSetting, OpId, WaiterId};
use crate::wechat::{Failure, Grant, Scope, failure::Declaration, scope::Consent};
use std::collections::{BTreeMap, VecDeque};

/// For calls that WeChat answers without the user.
const READ_TIMEOUT_MS: u32 = 5_000;

/// Who shows the privacy popup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivacyMode {
    /// WeChat, inside the scope dialog: `authorize` is called directly (§1.5).
    Official,
    /// The application: nothing is authorized while consent is needed.
    Handler,
}

#[derive(Debug)]
pub(crate) struct Permissions {
    mode: PrivacyMode,
    grants: BTreeMap<Scope, bool>,
    /// `grants` was read since the app was last shown. One `getSetting` per `Shown` (§1.1).
    fresh: bool,
    queue: VecDeque<Ask>,
    step: Step,
    /// A re-read beside a dialog that the user may have answered elsewhere.
    recheck: Option<Pending>,
}

#[derive(Debug)]
struct Ask {
    scope: Scope,
    waiters: Vec<WaiterId>,
}

/// What the front of the queue waits for.
#[derive(Debug, Clone, Copy)]
enum Step {
    Idle,
    ReadSetting(Pending),
    ReadPrivacy(Pending),
    ShowPrivacy(Pending),
    Authorize(Pending),
}

impl Permissions {
    pub(crate) fn new(mode: PrivacyMode) -> Self {
        Self { mode, grants: BTreeMap::new(), fresh: false, queue: VecDeque::new(), step: Step::Idle, recheck: None }
    }

    pub(crate) fn grants(&self) -> Vec<ScopeGrant> {
        self.grants.iter().map(|(scope, &granted)| ScopeGrant { scope: scope.name().to_owned(), granted }).collect()
    }

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

    /// Lets one caller go. An ask that nobody waits for ends, and the next one starts.
    pub(crate) fn cancel(&mut self, cx: &mut Context, waiter: WaiterId) -> bool {
        let Some(at) = self.queue.iter().position(|ask| ask.waiters.contains(&waiter)) else {
            return false;
        };
        let deserted = self.queue.get_mut(at).is_some_and(|ask| {
            ask.waiters.retain(|other| *other != waiter);
            ask.waiters.is_empty()
        });
        if deserted {
            self.queue.remove(at);
        }
        if deserted && at == 0 {
            self.recheck = None;
            self.start(cx);
        }
        cx.settle(waiter, Outcome::failed(ErrorCode::Cancelled));
        true
    }

    fn start(&mut self, cx: &mut Context) {
        let Some(ask) = self.queue.front() else {
            self.step = Step::Idle;
            return;
        };
        if ask.scope.consent() == Consent::Dialog && !self.fresh {
            let pending = cx.begin(READ_TIMEOUT_MS);
            cx.emit(Effect::ReadSetting { op: pending.op });
            self.step = Step::ReadSetting(pending);
        } else {
            self.judge(cx, ask.scope);
        }
    }

    fn grant(&self, scope: Scope) -> Grant {
        match self.grants.get(&scope) {
            None => Grant::NotAsked,
            Some(true) => Grant::Granted,
            Some(false) => Grant::Denied,
        }
    }

    /// The scope's state is known as well as it can be.
    fn judge(&mut self, cx: &mut Context, scope: Scope) {
        match (scope.consent(), self.grant(scope)) {
            (Consent::Dialog, Grant::Granted) => self.finish(cx, Permission::Granted.into()),
            (Consent::Dialog, Grant::Denied) => {
                self.finish(cx, Permission::NeedsTap { tap: Tap::OpenSetting }.into());
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

    fn finish(&mut self, cx: &mut Context, outcome: Outcome) {
        self.recheck = None;
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

    fn take_in(&mut self, setting: &AuthSetting) {
        let known = |names: &[String], granted| {
            names.iter().filter_map(|name| Scope::parse(name)).map(|scope| (scope, granted)).collect::<Vec<_>>()
        };
        self.grants = known(&setting.granted, true).into_iter().chain(known(&setting.denied, false)).collect();
        self.fresh = true;
    }

    pub(crate) fn setting_read(&mut self, cx: &mut Context, op: OpId, setting: &AuthSetting) {
        let Some(scope) = self.front() else { return };
        match (self.step, self.recheck) {
            (Step::ReadSetting(pending), _) if pending.op == op => {
                self.take_in(setting);
                self.judge(cx, scope);
            }
            (Step::Authorize(_), Some(recheck)) if recheck.op == op => {
                self.take_in(setting);
                self.recheck = None;
                if self.grant(scope) != Grant::NotAsked {
                    self.judge(cx, scope);
                }
            }
            _ => {}
        }
    }

    /// The settings page's own answer needs no second `getSetting` (§2.2).
    pub(crate) fn setting_opened(&mut self, cx: &mut Context, setting: &AuthSetting) {
        self.take_in(setting);
        if let (Step::Authorize(_), Some(scope)) = (self.step, self.front())
            && self.grant(scope) != Grant::NotAsked
        {
            self.judge(cx, scope);
        }
    }

    pub(crate) fn privacy_read(&mut self, cx: &mut Context, op: OpId, needed: bool) {
        let Some(scope) = self.front() else { return };
        match (self.step, self.recheck) {
            (Step::ReadPrivacy(pending), _) if pending.op == op && needed => {
                let pending = cx.begin_untimed();
                cx.emit(Effect::ShowPrivacy { op: pending.op });
                self.step = Step::ShowPrivacy(pending);
            }
            (Step::ReadPrivacy(pending), _) if pending.op == op => self.authorize(cx, scope),
            (Step::ShowPrivacy(_), Some(recheck)) if recheck.op == op => {
                self.recheck = None;
                if !needed {
                    self.authorize(cx, scope);
                }
            }
            _ => {}
        }
    }

    pub(crate) fn privacy_answered(&mut self, cx: &mut Context, op: OpId, agreed: bool) {
        match (self.step, self.front()) {
            (Step::ShowPrivacy(pending), Some(scope)) if pending.op == op => {
                self.recheck = None;
                if agreed {
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
                self.grants.insert(scope, true);
                self.finish(cx, Permission::Granted.into());
            }
            _ => {}
        }
    }

    pub(crate) fn failed(&mut self, cx: &mut Context, op: OpId, failure: Failure) {
        if self.recheck.is_some_and(|recheck| recheck.op == op) {
            self.recheck = None;
            return;
        }
        let Some(scope) = self.front() else { return };
        match self.step {
            // A record that cannot be read hinders nothing: `authorize` itself knows the state.
            Step::ReadSetting(pending) if pending.op == op => self.judge(cx, scope),
            // A base library without the call intercepts nothing (§1.5).
            Step::ReadPrivacy(pending) if pending.op == op && failure == Failure::Unsupported => {
                self.authorize(cx, scope);
            }
            Step::ReadPrivacy(pending) | Step::ShowPrivacy(pending) if pending.op == op => {
                self.finish(cx, Outcome::failed(ErrorCode::PermissionFailed));
            }
            Step::Authorize(pending) if pending.op == op => {
                if failure == Failure::Denied {
                    self.grants.insert(scope, false);
                }
                self.finish(cx, after_refusal(failure));
            }
            _ => {}
        }
    }

    pub(crate) fn shown(&mut self, cx: &mut Context) {
        self.fresh = false;
        if let Step::ReadSetting(pending) | Step::ReadPrivacy(pending) = &mut self.step {
            pending.allow_after_shown(cx);
        }
        if self.recheck.is_some() {
            return;
        }
        match self.step {
            Step::Authorize(_) => {
                let pending = cx.begin(READ_TIMEOUT_MS);
                cx.emit(Effect::ReadSetting { op: pending.op });
                self.recheck = Some(pending);
            }
            Step::ShowPrivacy(_) => {
                let pending = cx.begin(READ_TIMEOUT_MS);
                cx.emit(Effect::ReadPrivacy { op: pending.op });
                self.recheck = Some(pending);
            }
            _ => {}
        }
    }

    pub(crate) fn tick(&mut self, cx: &mut Context) {
        if self.recheck.is_some_and(|recheck| recheck.is_overdue(cx)) {
            self.recheck = None;
        }
        match self.step {
            Step::ReadSetting(pending) | Step::ReadPrivacy(pending) if pending.is_overdue(cx) => {
                self.failed(cx, pending.op, Failure::Transient);
            }
            _ => {}
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<u64> {
        let step = match self.step {
            Step::ReadSetting(pending) | Step::ReadPrivacy(pending) => pending.deadline,
            _ => None,
        };
        step.into_iter().chain(self.recheck.and_then(|recheck| recheck.deadline)).min()
    }
}

fn after_refusal(failure: Failure) -> Outcome {
    use Failure as F;
    match failure {
        F::Denied => Permission::DeniedNow.into(),
        F::Cancelled => Permission::Cancelled.into(),
        F::PrivacyRefused => Permission::NeedsTap { tap: Tap::AgreePrivacy }.into(),
        F::SystemDenied => Permission::BlockedByOs.into(),
        F::Misconfigured(missing) => Permission::Misconfigured { missing }.into(),
        F::Blocked => Permission::Misconfigured { missing: Declaration::InterfacePermission }.into(),
        F::Unsupported => Permission::Unsupported.into(),
        F::NotInTap | F::Transient | F::Throttled | F::Bug | F::Unknown => Outcome::failed(ErrorCode::PermissionFailed),
    }
}

impl From<Permission> for Outcome {
    fn from(permission: Permission) -> Self {
        Self::Permission { permission }
    }
}
