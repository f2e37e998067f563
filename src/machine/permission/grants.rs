//! WeChat's record of grants (`authSetting`, §2.2): read when first needed and after each `Shown`, and
//! updated by the settings page. One `wx.getSetting` per `Shown` (§1.1).

use super::timeouts::{DIALOG_TIMEOUT_MS, READ_TIMEOUT_MS};
use crate::machine::clock::Instant;
use crate::machine::context::{Context, Pending};
use crate::machine::effect::Effect;
use crate::machine::event::{AuthSetting, OpId, WaiterId};
use crate::machine::outcome::{ErrorCode, Outcome};
use crate::machine::state::ScopeGrant;
use crate::wechat::scope::Consent;
use crate::wechat::{Grant, Scope};

#[derive(Debug, Clone, Default)]
pub(super) struct Grants {
    /// The user's answers, in no order. A missing scope was never asked for.
    answers: Vec<(Scope, bool)>,
    /// The application uses scopes, so the record was read, and is read again after each `Shown`.
    wanted: bool,
    reading: Option<Pending>,
    /// Callers that wait for the record.
    readers: Vec<WaiterId>,
    /// Callers that opened the settings page.
    openers: Vec<WaiterId>,
    /// When the record is read even if the settings page has not answered.
    page_deadline: Option<Instant>,
}

impl Grants {
    pub(super) fn is_fresh(&self) -> bool {
        self.wanted && self.reading.is_none()
    }

    pub(super) fn grant(&self, scope: Scope) -> Grant {
        match self.answers.iter().find(|(known, _)| *known == scope) {
            None => Grant::NotAsked,
            Some((_, true)) => Grant::Granted,
            Some((_, false)) => Grant::Denied,
        }
    }

    pub(super) fn answered(&self) -> Vec<ScopeGrant> {
        let answered = Scope::all().filter(|scope| self.grant(*scope) != Grant::NotAsked);
        answered
            .map(|scope| ScopeGrant { scope: scope.name().to_owned(), granted: self.grant(scope) == Grant::Granted })
            .collect()
    }

    /// Sets the user's answer about one scope.
    pub(super) fn set(&mut self, scope: Scope, granted: bool) {
        self.answers.retain(|(known, _)| *known != scope);
        self.answers.push((scope, granted));
    }

    fn set_all(&mut self, setting: &AuthSetting) {
        self.answers.clear();
        let answered = setting.granted.iter().map(|name| (name, true));
        for (name, granted) in answered.chain(setting.denied.iter().map(|name| (name, false))) {
            match Scope::parse(name) {
                // Other scopes are always true, whatever the user did (§2.1).
                Some(scope) if scope.consent() == Consent::Dialog => self.set(scope, granted),
                _ => {}
            }
        }
        self.wanted = true;
        self.reading = None;
    }

    // --- reading

    /// Reads the record, unless a read is under way.
    pub(super) fn read_once(&mut self, cx: &mut Context) {
        if self.reading.is_none() {
            self.read(cx);
        }
    }

    fn read(&mut self, cx: &mut Context) {
        let pending = cx.begin(READ_TIMEOUT_MS);
        cx.emit_rated(Effect::ReadSetting { op: pending.op });
        self.reading = Some(pending);
        self.wanted = true;
    }

    /// Settles a caller as soon as the record is fresh.
    pub(super) fn wait_for_read(&mut self, cx: &mut Context, waiter: WaiterId) {
        if self.is_fresh() {
            return cx.settle(waiter, Outcome::Done);
        }
        self.readers.push(waiter);
        self.read_once(cx);
    }

    fn is_reading(&self, op: OpId) -> bool {
        self.reading.is_some_and(|reading| reading.op == op)
    }

    /// Applies the answer of `wx.getSetting`; returns whether it was outstanding.
    pub(super) fn was_read(&mut self, cx: &mut Context, op: OpId, setting: &AuthSetting) -> bool {
        let is_outstanding = self.is_reading(op);
        if is_outstanding {
            self.set_all(setting);
            self.settle_all(cx, &Outcome::Done);
        }
        is_outstanding
    }

    /// Ends a failed read; returns whether it was outstanding.
    pub(super) fn read_failed(&mut self, cx: &mut Context, op: OpId) -> bool {
        let is_outstanding = self.is_reading(op);
        if is_outstanding {
            self.reading = None;
            self.settle_all(cx, &Outcome::failed(ErrorCode::PermissionFailed));
        }
        is_outstanding
    }

    fn settle_all(&mut self, cx: &mut Context, outcome: &Outcome) {
        for waiter in self.readers.drain(..).chain(self.openers.drain(..)) {
            cx.settle(waiter, outcome.clone());
        }
    }

    // --- the settings page

    /// A caller opens the settings page. It is settled by the page's answer, or by the read after the
    /// next `Shown`.
    pub(super) fn page_opening(&mut self, cx: &Context, waiter: WaiterId) {
        self.openers.push(waiter);
        self.page_deadline = Some(cx.clock.elapsed() + Instant::from(DIALOG_TIMEOUT_MS));
    }

    /// Applies the settings page's answer, which makes a further `wx.getSetting` unnecessary (§2.2).
    pub(super) fn page_closed(&mut self, cx: &mut Context, waiter: WaiterId, setting: &AuthSetting) {
        self.set_all(setting);
        if self.cancel(waiter) {
            cx.settle(waiter, Outcome::Done);
        }
        // Callers that wait for the read that this answer replaces.
        self.settle_all(cx, &Outcome::Done);
    }

    /// Removes a caller; returns whether it was one of these.
    pub(super) fn cancel(&mut self, waiter: WaiterId) -> bool {
        let before = self.readers.len() + self.openers.len();
        self.readers.retain(|other| *other != waiter);
        self.openers.retain(|other| *other != waiter);
        self.readers.len() + self.openers.len() < before
    }

    // --- time

    /// Reads again after `Shown`: the user may have changed any scope, and the answer of a read from
    /// before is stale.
    pub(super) fn shown(&mut self, cx: &mut Context) {
        if self.wanted || !self.openers.is_empty() {
            self.read(cx);
        }
    }

    pub(super) fn extend_deadlines(&mut self, cx: &Context) {
        if let Some(reading) = &mut self.reading {
            reading.extend(cx);
        }
    }

    /// Reads the record if the settings page's answer seems to be lost.
    pub(super) fn end_overdue_page(&mut self, cx: &mut Context) {
        if self.page_deadline.is_some_and(|deadline| deadline <= cx.clock.elapsed()) {
            self.page_deadline = None;
            if !self.openers.is_empty() {
                self.read_once(cx);
            }
        }
    }

    pub(super) fn overdue_read(&self, cx: &Context) -> Option<OpId> {
        self.reading.filter(|reading| reading.is_overdue(cx)).map(|reading| reading.op)
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let reading = self.reading.map(|reading| reading.deadline);
        reading.into_iter().chain(self.page_deadline).min()
    }
}
