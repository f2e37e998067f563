//! Permission: privacy contract, then scope, then the phone's own settings (§1.4–1.6, §2).
//!
//! One dialog at a time: asks that need one stand in a queue, and callers who want the same scope
//! share one. A scope that needs no dialog waits for none. Never a prompt after a refusal: WeChat
//! would show none (§2.2), only a tap leads on.
//!
//! A dialog may never be answered: its callback is lost, or the application's privacy sheet is left
//! open. So each has a deadline, after which the next one in the queue gets its turn; an answer that
//! comes later is still noted.

mod queue;
mod setting;

use super::clock::{Cooldown, Instant};
use super::context::{Context, Pending};
use super::effect::{Effect, ErrorCode, OsFix, Outcome, Permission, ScopeGrant, Tap};
use super::event::{OpId, WaiterId};
use crate::wechat::{Failure, Scope, failure::Declaration, scope::Consent};
use queue::Ask;
use setting::Setting;

/// For calls that WeChat answers without the user.
const READ_TIMEOUT_MS: u32 = 5_000;
/// For what the user answers. Only time in which JavaScript runs counts.
const DIALOG_TIMEOUT_MS: u32 = 60_000;
/// What is left of it for a scope dialog when the app is shown again: most likely it has gone.
const DIALOG_AFTER_SHOWN_MS: Instant = 10_000;
/// After a refusal of the privacy popup none is shown for so long: WeChat's own fails at once (§1.5).
const QUIET_AFTER_REFUSAL_MS: u64 = 10_000;
/// Unanswered dialogs that are remembered, beside the open one.
const MOST_UNANSWERED: usize = 16;

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
    /// Asks that may need a dialog; the front one may have it open.
    queue: Vec<Ask>,
    step: Step,
    /// Asks about granted scopes, which the phone's own settings may withhold (§1.6).
    checks: Vec<(Pending, Ask)>,
    /// Dialogs that were not answered in time, and the open one.
    unanswered: Vec<(OpId, Scope)>,
    /// Asked beside the application's privacy sheet, which the user may have left another way.
    privacy_recheck: Option<Pending>,
    /// The user refused the privacy contract.
    quiet: Option<Cooldown>,
}

/// What the front of the queue waits for.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// For nothing, or for the record of grants.
    Idle,
    ReadPrivacy(Pending),
    ShowPrivacy(Pending),
    Authorize(Pending),
}

impl Permissions {
    pub(crate) fn new(mode: PrivacyMode) -> Self {
        Self {
            mode,
            setting: Setting::default(),
            queue: Vec::new(),
            step: Step::Idle,
            checks: Vec::new(),
            unanswered: Vec::new(),
            privacy_recheck: None,
            quiet: None,
        }
    }

    pub(crate) fn grants(&self) -> Vec<ScopeGrant> {
        self.setting.grants()
    }

    // --- what the host answers

    pub(crate) fn privacy_read(&mut self, cx: &mut Context, op: OpId, needed: bool) {
        match (self.step, self.privacy_recheck) {
            (Step::ReadPrivacy(pending), _) if pending.op == op && needed && self.is_quiet(cx) => {
                self.finish(cx, Permission::NeedsTap { tap: Tap::AgreePrivacy }.into());
            }
            (Step::ReadPrivacy(pending), _) if pending.op == op && needed => {
                let pending = cx.begin(DIALOG_TIMEOUT_MS);
                cx.emit(Effect::ShowPrivacy { op: pending.op });
                self.step = Step::ShowPrivacy(pending);
            }
            (Step::ReadPrivacy(pending), _) if pending.op == op => self.authorize(cx),
            (Step::ShowPrivacy(_), Some(recheck)) if recheck.op == op => {
                self.privacy_recheck = None;
                if self.is_deserted() {
                    self.finish(cx, Permission::Cancelled.into());
                } else if !needed {
                    self.authorize(cx);
                }
            }
            _ => {}
        }
    }

    pub(crate) fn privacy_answered(&mut self, cx: &mut Context, op: OpId, agreed: bool) {
        match self.step {
            Step::ShowPrivacy(pending) if pending.op == op => {
                self.privacy_recheck = None;
                if agreed && !self.is_deserted() {
                    return self.authorize(cx);
                }
                if !agreed {
                    self.be_quiet(cx);
                }
                self.finish(cx, Permission::NeedsTap { tap: Tap::AgreePrivacy }.into());
            }
            // The sheet was given up; its late answer is heard all the same.
            _ if !agreed => self.be_quiet(cx),
            _ => self.quiet = None,
        }
    }

    pub(crate) fn authorized(&mut self, cx: &mut Context, op: OpId) {
        self.dialog_answered(cx, op, true);
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
        // A phone that does not say hinders nothing either.
        if self.end_check(cx, op, Permission::Granted) {
            return;
        }
        match self.step {
            // A base library without the call intercepts nothing (§1.5).
            Step::ReadPrivacy(pending) if pending.op == op && failure == Failure::Unsupported => self.authorize(cx),
            Step::ReadPrivacy(pending) | Step::ShowPrivacy(pending) if pending.op == op => {
                self.finish(cx, Outcome::failed(ErrorCode::PermissionFailed));
            }
            _ if failure == Failure::Denied => self.dialog_answered(cx, op, false),
            Step::Authorize(pending) if pending.op == op => {
                if failure == Failure::PrivacyRefused {
                    self.be_quiet(cx);
                }
                self.unanswered.retain(|(known, _)| *known != op);
                self.finish(cx, after_refusal(failure));
            }
            _ => {}
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

    fn is_quiet(&self, cx: &Context) -> bool {
        self.quiet.is_some_and(|quiet| quiet.left(&cx.clock).is_some())
    }

    fn be_quiet(&mut self, cx: &Context) {
        self.quiet = Some(Cooldown::start(&cx.clock, QUIET_AFTER_REFUSAL_MS));
    }

    // --- time

    pub(crate) fn shown(&mut self, cx: &mut Context) {
        self.setting.shown(cx);
        self.allow_after_shown(cx);
        let now = cx.clock.elapsed();
        match &mut self.step {
            Step::Authorize(pending) => pending.deadline = pending.deadline.min(now + DIALOG_AFTER_SHOWN_MS),
            Step::ShowPrivacy(_) if self.privacy_recheck.is_none() => {
                let pending = cx.begin(READ_TIMEOUT_MS);
                cx.emit(Effect::ReadPrivacy { op: pending.op });
                self.privacy_recheck = Some(pending);
            }
            _ => {}
        }
    }

    /// JavaScript was stopped: answers that came meanwhile are still to be delivered.
    pub(crate) fn allow_after_shown(&mut self, cx: &Context) {
        let step = match &mut self.step {
            Step::Idle => None,
            Step::ReadPrivacy(pending) | Step::ShowPrivacy(pending) | Step::Authorize(pending) => Some(pending),
        };
        let checks = self.checks.iter_mut().map(|(pending, _)| pending);
        for pending in step.into_iter().chain(checks).chain(&mut self.privacy_recheck) {
            pending.allow_after_shown(cx);
        }
        self.setting.allow_after_shown(cx);
    }

    pub(crate) fn tick(&mut self, cx: &mut Context) {
        if self.privacy_recheck.is_some_and(|recheck| recheck.is_overdue(cx)) {
            self.privacy_recheck = None;
        }
        self.setting.end_overdue_page(cx);
        if let Some(op) = self.setting.overdue(cx) {
            self.failed(cx, op, Failure::Transient);
        }
        while let Some((pending, _)) = self.checks.iter().find(|(pending, _)| pending.is_overdue(cx)) {
            self.end_check(cx, pending.op, Permission::Granted);
        }
        match self.step {
            Step::ReadPrivacy(pending) if pending.is_overdue(cx) => self.failed(cx, pending.op, Failure::Transient),
            Step::ShowPrivacy(pending) if pending.is_overdue(cx) => self.privacy_answered(cx, pending.op, false),
            Step::Authorize(pending) if pending.is_overdue(cx) => self.finish(cx, Permission::Cancelled.into()),
            _ => {}
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let step = match self.step {
            Step::Idle => None,
            Step::ReadPrivacy(pending) | Step::ShowPrivacy(pending) | Step::Authorize(pending) => Some(pending),
        };
        let checks = self.checks.iter().map(|(pending, _)| pending);
        let pending = step.iter().chain(checks).chain(&self.privacy_recheck).map(|pending| pending.deadline);
        pending.chain(self.setting.next_deadline()).min()
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
