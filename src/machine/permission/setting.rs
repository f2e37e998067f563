//! WeChat's record of grants: read when first needed, again when the app is shown, and as the
//! settings page says. One `getSetting` per `Shown` (§1.1).

use super::{DIALOG_TIMEOUT_MS, Permissions, READ_TIMEOUT_MS};
use crate::machine::clock::Instant;
use crate::machine::context::{Context, Pending};
use crate::machine::effect::{Effect, ErrorCode, Outcome, ScopeGrant};
use crate::machine::event::{AuthSetting, OpId, WaiterId};
use crate::machine::session::of_tap;
use crate::wechat::{Failure, Grant, Scope, scope::Consent};

#[derive(Debug, Clone, Default)]
pub(crate) struct Setting {
    /// In no order; what is missing was never asked.
    grants: Vec<(Scope, bool)>,
    /// The application uses scopes, so the record was asked for, and is again at every show.
    wanted: bool,
    reading: Option<Pending>,
    /// Who waits for the record.
    readers: Vec<WaiterId>,
    /// Who opened the settings page.
    openers: Vec<WaiterId>,
    /// When the record is read although the page has not answered.
    page_until: Option<Instant>,
}

impl Setting {
    pub(crate) fn is_fresh(&self) -> bool {
        self.wanted && self.reading.is_none()
    }

    pub(crate) fn grant(&self, scope: Scope) -> Grant {
        match self.grants.iter().find(|(known, _)| *known == scope) {
            None => Grant::NotAsked,
            Some((_, true)) => Grant::Granted,
            Some((_, false)) => Grant::Denied,
        }
    }

    pub(crate) fn grants(&self) -> Vec<ScopeGrant> {
        let answered = Scope::all().filter(|scope| self.grant(*scope) != Grant::NotAsked);
        answered
            .map(|scope| ScopeGrant { scope: scope.name().to_owned(), granted: self.grant(scope) == Grant::Granted })
            .collect()
    }

    /// The user answered about one scope.
    pub(crate) fn note(&mut self, scope: Scope, granted: bool) {
        self.grants.retain(|(known, _)| *known != scope);
        self.grants.push((scope, granted));
    }

    /// Reads the record, unless it is being read.
    pub(crate) fn read_once(&mut self, cx: &mut Context) {
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

    fn take_in(&mut self, setting: &AuthSetting) {
        self.grants.clear();
        let answered = setting.granted.iter().map(|name| (name, true));
        for (name, granted) in answered.chain(setting.denied.iter().map(|name| (name, false))) {
            match Scope::parse(name) {
                // Others are always true, which says nothing about the user (§2.1).
                Some(scope) if scope.consent() == Consent::Dialog => self.note(scope, granted),
                _ => {}
            }
        }
        self.wanted = true;
        self.reading = None;
    }

    fn settle_all(&mut self, cx: &mut Context, outcome: &Outcome) {
        for waiter in self.readers.drain(..).chain(self.openers.drain(..)) {
            cx.settle(waiter, outcome.clone());
        }
    }

    /// Whether it was this reading that failed.
    pub(crate) fn read_failed(&mut self, cx: &mut Context, op: OpId) -> bool {
        let mine = self.reading.is_some_and(|reading| reading.op == op);
        if mine {
            self.reading = None;
            self.settle_all(cx, &Outcome::failed(ErrorCode::PermissionFailed));
        }
        mine
    }

    pub(crate) fn cancel(&mut self, waiter: WaiterId) -> bool {
        let before = self.readers.len() + self.openers.len();
        self.readers.retain(|other| *other != waiter);
        self.openers.retain(|other| *other != waiter);
        self.readers.len() + self.openers.len() < before
    }

    /// The user may have changed anything meanwhile, and an answer from before says nothing.
    pub(crate) fn shown(&mut self, cx: &mut Context) {
        if self.wanted || !self.openers.is_empty() {
            self.read(cx);
        }
    }

    pub(crate) fn allow_after_shown(&mut self, cx: &Context) {
        if let Some(reading) = &mut self.reading {
            reading.allow_after_shown(cx);
        }
    }

    /// The settings page has not answered for so long that its answer is taken for lost: the record
    /// says what the user did there.
    pub(crate) fn end_overdue_page(&mut self, cx: &mut Context) {
        if self.page_until.is_some_and(|until| until <= cx.clock.elapsed()) {
            self.page_until = None;
            if !self.openers.is_empty() {
                self.read_once(cx);
            }
        }
    }

    pub(crate) fn overdue(&self, cx: &Context) -> Option<OpId> {
        self.reading.filter(|reading| reading.is_overdue(cx)).map(|reading| reading.op)
    }

    pub(crate) fn next_deadline(&self) -> Option<u64> {
        let reading = self.reading.map(|reading| reading.deadline);
        reading.into_iter().chain(self.page_until).min()
    }
}

impl Permissions {
    pub(crate) fn read(&mut self, cx: &mut Context, waiter: WaiterId) {
        if self.setting.is_fresh() {
            return cx.settle(waiter, Outcome::Done);
        }
        self.setting.readers.push(waiter);
        self.setting.read_once(cx);
    }

    pub(crate) fn setting_read(&mut self, cx: &mut Context, op: OpId, setting: &AuthSetting) {
        if self.setting.reading.is_some_and(|reading| reading.op == op) {
            self.setting.take_in(setting);
            self.setting.settle_all(cx, &Outcome::Done);
            self.setting_known(cx);
        }
    }

    /// The settings page settles by its own answer, or by what is read when the app is shown.
    pub(crate) fn setting_opening(&mut self, cx: &Context, waiter: WaiterId) {
        self.setting.openers.push(waiter);
        self.setting.page_until = Some(cx.clock.elapsed() + Instant::from(DIALOG_TIMEOUT_MS));
    }

    /// The settings page's own answer needs no second `getSetting` (§2.2).
    pub(crate) fn setting_opened(&mut self, cx: &mut Context, waiter: WaiterId, setting: &AuthSetting) {
        self.setting.take_in(setting);
        if self.setting.cancel(waiter) {
            cx.settle(waiter, Outcome::Done);
        }
        // Who waited for the reading that this answer replaces.
        self.setting.settle_all(cx, &Outcome::Done);
        self.setting_known(cx);
    }

    pub(crate) fn setting_failed(&mut self, cx: &mut Context, waiter: WaiterId, failure: Failure) {
        if self.setting.cancel(waiter) {
            cx.settle(waiter, of_tap(failure));
        }
    }
}
