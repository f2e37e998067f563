//! Permissions: the privacy contract, then the scope, then the phone's own settings (§1.4–1.6, §2).
//!
//! One dialog at a time: asks that need one are queued, and callers that need the same scope share
//! one ask. An ask without a dialog does not wait for others. After a refusal there is no further
//! prompt: WeChat would not show one (§2.2), and only a tap helps.
//!
//! A dialog may stay unanswered: its callback is lost, or the application's privacy popup is left
//! open. So each has a deadline, after which the next ask in the queue begins; a later answer is
//! still recorded.

mod ask;
mod grants;
mod queue;
mod timeouts;

use super::clock::{Cooldown, Instant};
use super::context::{Context, Pending};
use super::effect::Effect;
use super::event::{AuthSetting, OpId, WaiterId};
use super::outcome::{ErrorCode, OsFix, Outcome, Permission, Tap};
use super::state::ScopeGrant;
use crate::wechat::failure::Declaration;
use crate::wechat::scope::Consent;
use crate::wechat::{Failure, Scope};
use ask::{Ask, Step};
use grants::Grants;
use timeouts::{DIALOG_TIMEOUT_MS, READ_TIMEOUT_MS};

/// Time that is left for a scope dialog after `Shown`, in milliseconds: most likely it is closed.
const DIALOG_AFTER_SHOWN_MS: Instant = 10_000;
/// Time without a privacy popup after a refusal, in milliseconds: WeChat's own fails immediately (§1.5).
const AFTER_REFUSAL_MS: u64 = 10_000;

/// Which side shows the privacy popup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivacyMode {
    /// WeChat, inside the scope dialog: `wx.authorize` is called directly (§1.5).
    Official,
    /// The application: `wx.authorize` is not called while consent is needed.
    Handler,
}

#[derive(Debug, Clone)]
pub(super) struct Permissions {
    mode: PrivacyMode,
    grants: Grants,
    /// Asks that may need a dialog; the dialog of the first one may be open.
    queue: Vec<Ask>,
    step: Step,
    /// Asks for granted scopes, during the check of the phone's own settings (§1.6).
    checks: Vec<(Pending, Ask)>,
    /// The open dialog, and dialogs that were given up without an answer.
    unanswered: Vec<(OpId, Scope)>,
    /// A read while the application's privacy popup is open: the user may have agreed by another button.
    privacy_recheck: Option<Pending>,
    /// The time without popups after the user refused the privacy contract.
    privacy_refused: Option<Cooldown>,
}

impl Permissions {
    pub(super) fn new(mode: PrivacyMode) -> Self {
        Self {
            mode,
            grants: Grants::default(),
            queue: Vec::new(),
            step: Step::Idle,
            checks: Vec::new(),
            unanswered: Vec::new(),
            privacy_recheck: None,
            privacy_refused: None,
        }
    }

    /// The user's answers about scopes.
    pub(super) fn answered(&self) -> Vec<ScopeGrant> {
        self.grants.answered()
    }

    // --- the grants and the settings page

    pub(super) fn read(&mut self, cx: &mut Context, waiter: WaiterId) {
        self.grants.wait_for_read(cx, waiter);
    }

    pub(super) fn setting_read(&mut self, cx: &mut Context, op: OpId, setting: &AuthSetting) {
        if self.grants.was_read(cx, op, setting) {
            self.grants_changed(cx);
        }
    }

    pub(super) fn setting_opening(&mut self, cx: &Context, waiter: WaiterId) {
        self.grants.page_opening(cx, waiter);
    }

    pub(super) fn setting_opened(&mut self, cx: &mut Context, waiter: WaiterId, setting: &AuthSetting) {
        self.grants.page_closed(cx, waiter, setting);
        self.grants_changed(cx);
    }

    pub(super) fn setting_failed(&mut self, cx: &mut Context, waiter: WaiterId, failure: Failure) {
        if self.grants.cancel(waiter) {
            cx.settle(waiter, Outcome::failed(ErrorCode::of_tap(failure)));
        }
    }

    /// Settles a caller whose use of a granted scope failed. A refusal is recorded for the scope.
    pub(super) fn use_failed(&mut self, cx: &mut Context, waiter: WaiterId, scope: &str, failure: Failure) {
        let outcome = match (Scope::parse(scope), failure) {
            (Some(scope), Failure::Denied) if scope.consent() == Consent::Dialog => {
                self.grants.set(scope, false);
                Permission::NeedsTap { tap: Tap::OpenSetting }.into()
            }
            _ => after_failure(failure),
        };
        cx.settle(waiter, outcome);
    }

    // --- answers

    pub(super) fn privacy_read(&mut self, cx: &mut Context, op: OpId, needed: bool) {
        match (self.step, self.privacy_recheck) {
            (Step::ReadPrivacy(pending), _) if pending.op == op && needed && self.has_just_refused(cx) => {
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
                if self.is_abandoned() {
                    self.finish(cx, Permission::Cancelled.into());
                } else if !needed {
                    self.authorize(cx);
                }
            }
            _ => {}
        }
    }

    pub(super) fn privacy_answered(&mut self, cx: &mut Context, op: OpId, agreed: bool) {
        match self.step {
            Step::ShowPrivacy(pending) if pending.op == op => {
                self.privacy_recheck = None;
                if agreed && !self.is_abandoned() {
                    return self.authorize(cx);
                }
                if !agreed {
                    self.set_refused(cx);
                }
                self.finish(cx, Permission::NeedsTap { tap: Tap::AgreePrivacy }.into());
            }
            // The answer to a popup that was given up.
            _ if !agreed => self.set_refused(cx),
            _ => self.privacy_refused = None,
        }
    }

    pub(super) fn authorized(&mut self, cx: &mut Context, op: OpId) {
        self.dialog_answered(cx, op, true);
    }

    pub(super) fn failed(&mut self, cx: &mut Context, op: OpId, failure: Failure) {
        if self.privacy_recheck.is_some_and(|recheck| recheck.op == op) {
            self.privacy_recheck = None;
            return;
        }
        // Without the grants, `wx.authorize` still answers according to them.
        if self.grants.read_failed(cx, op) {
            return self.grants_changed(cx);
        }
        // Unreadable phone settings count as no restriction.
        if self.end_check(cx, op, Permission::Granted) {
            return;
        }
        match self.step {
            // A base library without the call needs no consent (§1.5).
            Step::ReadPrivacy(pending) if pending.op == op && failure == Failure::Unsupported => self.authorize(cx),
            Step::ReadPrivacy(pending) | Step::ShowPrivacy(pending) if pending.op == op => {
                self.finish(cx, Outcome::failed(ErrorCode::PermissionFailed));
            }
            _ if failure == Failure::Denied => self.dialog_answered(cx, op, false),
            Step::Authorize(pending) if pending.op == op => {
                if failure == Failure::PrivacyRefused {
                    self.set_refused(cx);
                }
                self.unanswered.retain(|(known, _)| *known != op);
                self.finish(cx, after_failure(failure));
            }
            _ => {}
        }
    }

    /// Whether the user refused the privacy contract within [`AFTER_REFUSAL_MS`].
    fn has_just_refused(&self, cx: &Context) -> bool {
        self.privacy_refused.is_some_and(|refused| refused.left(&cx.clock).is_some())
    }

    fn set_refused(&mut self, cx: &Context) {
        self.privacy_refused = Some(Cooldown::start(&cx.clock, AFTER_REFUSAL_MS));
    }

    // --- time

    pub(super) fn shown(&mut self, cx: &mut Context) {
        self.grants.shown(cx);
        self.extend_deadlines(cx);
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

    pub(super) fn extend_deadlines(&mut self, cx: &Context) {
        let checks = self.checks.iter_mut().map(|(pending, _)| pending);
        for pending in self.step.pending_mut().into_iter().chain(checks).chain(&mut self.privacy_recheck) {
            pending.extend(cx);
        }
        self.grants.extend_deadlines(cx);
    }

    pub(super) fn tick(&mut self, cx: &mut Context) {
        if self.privacy_recheck.is_some_and(|recheck| recheck.is_overdue(cx)) {
            self.privacy_recheck = None;
        }
        self.grants.end_overdue_page(cx);
        if let Some(op) = self.grants.overdue_read(cx) {
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

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let checks = self.checks.iter().map(|(pending, _)| *pending);
        let pending = self.step.pending().into_iter().chain(checks).chain(self.privacy_recheck);
        pending.map(|pending| pending.deadline).chain(self.grants.next_deadline()).min()
    }
}

/// The result of a call for a scope that failed.
fn after_failure(failure: Failure) -> Outcome {
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
