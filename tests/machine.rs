//! The machine's decisions, told as stories and then as properties over random histories.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use wxauth::machine::{
    AccessToken, AuthSetting, EdgeFailure, Effect, ErrorCode, Event, Generation, LoginCode, LoginMode, Machine, OpId,
    Outcome, Permission, PrivacyMode, RefreshToken, SessionState, Tap, Tokens, WaiterId,
};
use wxauth::wechat::{Failure, failure::Declaration};

const START: u64 = 1_790_000_000_000;

/// A phone that does nothing by itself: the test says what happens, and looks at what was asked.
struct Phone {
    machine: Machine,
    now: u64,
    asked: Vec<Effect>,
    codes: u32,
}

impl Phone {
    fn new(login: LoginMode, privacy: PrivacyMode) -> Self {
        Self { machine: Machine::new(login, privacy), now: START, asked: Vec::new(), codes: 0 }
    }

    fn silent() -> Self {
        let mut phone = Self::new(LoginMode::Silent, PrivacyMode::Official);
        phone.launch(None);
        phone
    }

    fn logged_in() -> Self {
        let mut phone = Self::silent();
        phone.log_in();
        phone
    }

    fn tell(&mut self, event: Event) -> &mut Self {
        self.asked.extend(self.machine.handle(self.now, event));
        self
    }

    fn launch(&mut self, record: Option<String>) {
        self.tell(Event::Launched { record, seed: 7 });
    }

    /// Lets time pass, with the ticks that were asked for.
    fn wait(&mut self, ms: u64) -> &mut Self {
        let end = self.now + ms;
        while self.now < end {
            self.now = (self.now + 500).min(end);
            self.tell(Event::Tick);
        }
        self
    }

    fn last_op(&self, wanted: &str) -> OpId {
        self.asked.iter().rev().find_map(|effect| op(effect).filter(|_| name(effect) == wanted)).expect(wanted)
    }

    fn count(&self, wanted: &str) -> usize {
        self.asked.iter().filter(|effect| name(effect) == wanted).count()
    }

    fn code(&mut self) -> &mut Self {
        self.codes += 1;
        let code = LoginCode::parse(format!("code{}", self.codes)).unwrap();
        let op = self.last_op("CallLogin");
        self.tell(Event::CodeIssued { op, code })
    }

    fn tokens(&mut self, answered: &str) -> &mut Self {
        self.tokens_for_op(self.last_op(answered))
    }

    fn tokens_for_op(&mut self, op: OpId) -> &mut Self {
        let server_now = Some(self.now);
        self.tell(Event::TokensArrived { op, tokens: tokens(op), server_now })
    }

    fn log_in(&mut self) -> &mut Self {
        self.code().tokens("Exchange")
    }

    fn refused(&mut self, answered: &str, status: u16, code: &str) -> &mut Self {
        let op = self.last_op(answered);
        let failure = EdgeFailure::Refused { status, code: code.into(), retry_after_s: None };
        self.tell(Event::EdgeFailed { op, failure })
    }

    fn unreachable(&mut self, answered: &str) -> &mut Self {
        let op = self.last_op(answered);
        self.tell(Event::EdgeFailed { op, failure: EdgeFailure::Unreachable })
    }

    fn login_failed(&mut self) -> &mut Self {
        let op = self.last_op("CallLogin");
        self.tell(Event::LoginFailed { op, failure: Failure::Transient })
    }

    fn request(&mut self, waiter: WaiterId) -> &mut Self {
        self.tell(Event::Request { waiter, guest: false })
    }

    fn reply(&mut self, waiter: WaiterId, status: u16) -> &mut Self {
        self.tell(Event::ReplyArrived { waiter, status })
    }

    fn ensure(&mut self, waiter: WaiterId) -> &mut Self {
        self.tell(Event::Ensure { waiter, scope: "scope.camera".into() })
    }

    fn setting(&mut self, granted: &[&str], denied: &[&str]) -> &mut Self {
        let op = self.last_op("ReadSetting");
        self.tell(Event::SettingRead { op, setting: setting(granted, denied) })
    }

    fn outcome(&self, wanted: WaiterId) -> Option<&Outcome> {
        let mut outcomes = self.asked.iter().filter_map(|effect| match effect {
            Effect::Settle { waiter, outcome } if *waiter == wanted => Some(outcome),
            _ => None,
        });
        let outcome = outcomes.next();
        assert!(outcomes.next().is_none(), "waiter {wanted} settled twice");
        outcome
    }

    fn failed_with(&self, waiter: WaiterId) -> ErrorCode {
        match self.outcome(waiter) {
            Some(Outcome::Failed { code, .. }) => *code,
            other => panic!("{other:?}"),
        }
    }

    fn permission(&self, waiter: WaiterId) -> Permission {
        match self.outcome(waiter) {
            Some(Outcome::Permission { permission }) => *permission,
            other => panic!("{other:?}"),
        }
    }

    /// The tokens a waiter's request was sent with, in order.
    fn sent(&self, wanted: WaiterId) -> Vec<Option<String>> {
        let sends = self.asked.iter().filter_map(|effect| match effect {
            Effect::Send { waiter, token } if *waiter == wanted => Some(token),
            _ => None,
        });
        sends.map(|token| token.as_ref().map(|token| token.reveal().to_owned())).collect()
    }

    fn state(&self) -> SessionState {
        self.asked
            .iter()
            .rev()
            .find_map(|effect| match effect {
                Effect::State { state } => Some(state.session),
                _ => None,
            })
            .unwrap()
    }

    fn record(&self) -> String {
        self.asked
            .iter()
            .rev()
            .find_map(|effect| match effect {
                Effect::Save { record } => Some(record.clone()),
                _ => None,
            })
            .unwrap()
    }
}

fn tokens(n: u32) -> Tokens {
    Tokens {
        access_token: AccessToken::parse(format!("access{n}")).unwrap(),
        refresh_token: RefreshToken::parse(format!("refresh{n}")).unwrap(),
        expires_in_s: 600,
    }
}

fn setting(granted: &[&str], denied: &[&str]) -> AuthSetting {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    AuthSetting { granted: owned(granted), denied: owned(denied) }
}

fn name(effect: &Effect) -> &'static str {
    match effect {
        Effect::CallLogin { .. } => "CallLogin",
        Effect::Exchange { .. } => "Exchange",
        Effect::Refresh { .. } => "Refresh",
        Effect::Revoke { .. } => "Revoke",
        Effect::Send { .. } => "Send",
        Effect::Settle { .. } => "Settle",
        Effect::Save { .. } => "Save",
        Effect::ReadSetting { .. } => "ReadSetting",
        Effect::ReadPrivacy { .. } => "ReadPrivacy",
        Effect::ShowPrivacy { .. } => "ShowPrivacy",
        Effect::Authorize { .. } => "Authorize",
        Effect::Wake { .. } => "Wake",
        Effect::State { .. } => "State",
    }
}

fn op(effect: &Effect) -> Option<OpId> {
    match effect {
        Effect::CallLogin { op, .. }
        | Effect::Exchange { op, .. }
        | Effect::Refresh { op, .. }
        | Effect::Revoke { op, .. }
        | Effect::ReadSetting { op }
        | Effect::ReadPrivacy { op }
        | Effect::ShowPrivacy { op }
        | Effect::Authorize { op, .. } => Some(*op),
        _ => None,
    }
}

// --- session

#[test]
fn five_cold_requests_make_one_login() {
    let mut phone = Phone::new(LoginMode::OnDemand, PrivacyMode::Official);
    phone.launch(None);
    for waiter in 1..=5 {
        phone.request(waiter);
    }
    phone.log_in();
    assert_eq!((phone.count("CallLogin"), phone.count("Exchange"), phone.count("Send")), (1, 1, 5));
}

#[test]
fn whoever_is_settled_finds_the_new_state() {
    let mut phone = Phone::silent();
    phone.tell(Event::Ready(1)).code();
    phone.asked.clear();
    phone.tokens_for_op(2);
    let at = |wanted: &str| phone.asked.iter().position(|effect| name(effect) == wanted).unwrap();
    assert!(at("State") < at("Settle"));
    assert_eq!(phone.state(), SessionState::LoggedIn);
}

#[test]
fn a_late_401_of_an_older_generation_replays_and_never_logs_in() {
    let mut phone = Phone::logged_in();
    for waiter in 1..=3 {
        phone.request(waiter);
    }
    phone.reply(1, 401).tokens("Refresh");
    let logins = phone.count("CallLogin");
    phone.reply(2, 401).reply(3, 401);
    assert_eq!((phone.count("Refresh"), phone.count("CallLogin")), (1, logins));
    for waiter in 1..=3 {
        phone.reply(waiter, 200);
        assert!(matches!(phone.outcome(waiter), Some(Outcome::Deliver)));
        assert_eq!(phone.sent(waiter).len(), 2);
        assert_ne!(phone.sent(waiter)[0], phone.sent(waiter)[1]);
    }
}

#[test]
fn a_server_that_always_says_401_gets_its_401_delivered() {
    let mut phone = Phone::logged_in();
    phone.request(1).reply(1, 401).tokens("Refresh").reply(1, 401).tokens("Refresh").reply(1, 401);
    assert!(matches!(phone.outcome(1), Some(Outcome::Deliver)));
    assert_eq!(phone.count("Refresh"), 2);
}

#[test]
fn a_token_with_no_life_left_is_used_and_not_renewed_in_circles() {
    let mut phone = Phone::silent();
    phone.request(1).code();
    let op = phone.last_op("Exchange");
    let tokens = Tokens { expires_in_s: 0, ..tokens(op) };
    phone.tell(Event::TokensArrived { op, tokens, server_now: Some(phone.now) });
    assert_eq!((phone.sent(1).len(), phone.count("Refresh"), phone.count("CallLogin")), (1, 0, 1));
}

#[test]
fn a_login_that_fails_rejects_everyone_and_the_next_request_tries_afresh() {
    let mut phone = Phone::silent();
    phone.request(1).tell(Event::Ready(2));
    for _ in 0..3 {
        phone.login_failed().wait(5_000);
    }
    assert_eq!(phone.failed_with(1), ErrorCode::WechatLoginFailed);
    assert_eq!(phone.failed_with(2), ErrorCode::WechatLoginFailed);
    assert_eq!(phone.count("CallLogin"), 3);
    phone.request(3).log_in().reply(3, 200);
    assert!(matches!(phone.outcome(3), Some(Outcome::Deliver)));
}

#[test]
fn a_login_that_never_calls_back_ends_by_its_deadline() {
    let mut phone = Phone::silent();
    phone.request(1).wait(60_000);
    assert_eq!(phone.failed_with(1), ErrorCode::WechatLoginTimeout);
}

#[test]
fn an_exchange_of_unknown_outcome_takes_a_fresh_code() {
    let mut phone = Phone::silent();
    phone.request(1).code().unreachable("Exchange").wait(2_000).log_in();
    let codes: BTreeSet<_> = phone
        .asked
        .iter()
        .filter_map(|effect| match effect {
            Effect::Exchange { code, .. } => Some(code.reveal().to_owned()),
            _ => None,
        })
        .collect();
    assert_eq!((codes.len(), phone.count("Exchange"), phone.sent(1).len()), (2, 2, 1));
}

#[test]
fn a_used_code_is_answered_with_a_fresh_login() {
    let mut phone = Phone::silent();
    phone.request(1).code().refused("Exchange", 400, "code_used").wait(2_000).log_in();
    assert_eq!(phone.sent(1).len(), 1);
}

#[test]
fn a_blocked_user_is_not_tried_again() {
    let mut phone = Phone::silent();
    phone.request(1).code().refused("Exchange", 403, "user_blocked").wait(60_000);
    assert_eq!((phone.failed_with(1), phone.count("CallLogin")), (ErrorCode::LoginBlocked, 1));
}

#[test]
fn throttling_keeps_everyone_away_until_its_time() {
    let mut phone = Phone::silent();
    phone.request(1).code();
    let failure = EdgeFailure::Refused { status: 429, code: "upstream_rate_limited".into(), retry_after_s: Some(60) };
    let op = phone.last_op("Exchange");
    phone.tell(Event::EdgeFailed { op, failure });
    let Some(Outcome::Failed { code: ErrorCode::RateLimited, retry_after, .. }) = phone.outcome(1) else { panic!() };
    assert_eq!(*retry_after, Some(60));
    phone.wait(30_000).request(2);
    assert_eq!((phone.failed_with(2), phone.count("CallLogin")), (ErrorCode::RateLimited, 1));
    phone.wait(31_000).request(3);
    assert_eq!(phone.count("CallLogin"), 2);
}

#[test]
fn a_dead_refresh_token_becomes_a_silent_login_that_continues_the_session() {
    let mut phone = Phone::logged_in();
    phone.request(1).reply(1, 401).refused("Refresh", 400, "session_ended").code();
    let Some(Effect::Exchange { refresh_token: Some(_), .. }) =
        phone.asked.iter().rev().find(|effect| name(effect) == "Exchange")
    else {
        panic!("the old refresh token goes along")
    };
    phone.tokens("Exchange").reply(1, 200);
    assert!(matches!(phone.outcome(1), Some(Outcome::Deliver)));
}

#[test]
fn a_live_session_survives_a_restart_without_any_call() {
    let record = Phone::logged_in().record();
    let mut phone = Phone::new(LoginMode::Silent, PrivacyMode::Official);
    phone.request(1).launch(Some(record));
    assert_eq!((phone.count("CallLogin"), phone.count("Refresh"), phone.sent(1).len()), (0, 0, 1));
}

#[test]
fn records_of_others_are_no_records() {
    for record in ["", "wxauth0 1 0 0 9 a b", "wxauth1", "wxauth1 1 0 2 9 a b", "wxauth1 x 0 0 9 a b", "{\"token\":1}"]
    {
        let mut phone = Phone::new(LoginMode::Silent, PrivacyMode::Official);
        phone.launch(Some(record.into()));
        assert_eq!(phone.count("CallLogin"), 1, "{record:?}");
    }
}

#[test]
fn hidden_time_does_not_count_and_three_seconds_remain_after_shown() {
    let mut phone = Phone::silent();
    phone.request(1).wait(9_000).tell(Event::Hidden);
    phone.now += 1_800_000;
    phone.tell(Event::Shown).wait(2_500);
    assert_eq!(phone.count("CallLogin"), 1);
    phone.log_in();
    assert_eq!(phone.sent(1).len(), 1);
}

#[test]
fn a_phone_clock_set_by_two_days_neither_logs_out_nor_times_out() {
    for jump in [-172_800_000_i64, 172_800_000] {
        let mut phone = Phone::logged_in();
        phone.request(1);
        phone.now = phone.now.saturating_add_signed(jump);
        phone.wait(1_000).reply(1, 401).tokens("Refresh").reply(1, 200);
        assert!(matches!(phone.outcome(1), Some(Outcome::Deliver)));
        let refreshes = phone.count("Refresh");
        phone.request(2);
        assert_eq!((phone.sent(2).len(), phone.count("Refresh")), (1, refreshes), "the new offset is learnt");
        assert_eq!(phone.count("CallLogin"), 1);
    }
}

#[test]
fn full_storage_degrades_and_hangs_nobody() {
    let mut phone = Phone::logged_in();
    phone.tell(Event::StorageFailed).request(1).reply(1, 200);
    assert!(matches!(phone.outcome(1), Some(Outcome::Deliver)));
}

#[test]
fn logging_out_persists_and_revokes_later() {
    let mut phone = Phone::logged_in();
    phone.request(1).tell(Event::Logout(2)).unreachable("Revoke").request(3);
    assert!(matches!(phone.outcome(2), Some(Outcome::Done)));
    assert_eq!((phone.failed_with(3), phone.state()), (ErrorCode::LoggedOut, SessionState::LoggedOut));

    let mut next = Phone::new(LoginMode::Silent, PrivacyMode::Official);
    next.launch(Some(phone.record()));
    next.tell(Event::Ready(1)).tell(Event::Request { waiter: 2, guest: true });
    assert_eq!((next.count("CallLogin"), next.count("Revoke")), (0, 1));
    assert!(matches!(next.outcome(1), Some(Outcome::Done)));
    assert_eq!(next.sent(2), [None]);
    let op = next.last_op("Revoke");
    next.tell(Event::Revoked { op }).tell(Event::Login(3)).log_in();
    assert!(matches!(next.outcome(3), Some(Outcome::Done)));
    assert!(!next.record().contains("refresh2"), "nothing is owed any more");
}

#[test]
fn tokens_that_arrive_after_a_logout_are_revoked() {
    let mut phone = Phone::silent();
    phone.code().tell(Event::Logout(1)).tokens("Exchange");
    assert_eq!((phone.state(), phone.count("Revoke")), (SessionState::LoggedOut, 1));
}

#[test]
fn guests_need_no_login() {
    let mut phone = Phone::new(LoginMode::OnDemand, PrivacyMode::Official);
    phone.launch(None);
    phone.tell(Event::Ready(1)).tell(Event::Request { waiter: 2, guest: true }).reply(2, 401);
    assert_eq!((phone.count("CallLogin"), phone.sent(2)), (0, vec![None]));
    assert!(matches!((phone.outcome(1), phone.outcome(2)), (Some(Outcome::Done), Some(Outcome::Deliver))));
}

#[test]
fn a_page_without_wx_login_is_a_guest() {
    let mut phone = Phone::new(LoginMode::Never, PrivacyMode::Official);
    phone.launch(None);
    phone.tell(Event::Ready(1)).request(2).tell(Event::Login(3));
    assert!(matches!(phone.outcome(1), Some(Outcome::Done)));
    assert_eq!((phone.failed_with(2), phone.failed_with(3)), (ErrorCode::LoginRequired, ErrorCode::LoginRequired));
}

#[test]
fn own_request_layers_get_tokens_and_report_generations() {
    let mut phone = Phone::logged_in();
    phone.tell(Event::Token(1));
    let Some(Outcome::Token { generation, .. }) = phone.outcome(1).cloned() else { panic!() };
    phone.tell(Event::Expired(Generation(generation.0 + 7))).tell(Event::Token(2));
    assert_eq!(phone.count("Refresh"), 0);
    phone.tell(Event::Expired(generation)).tell(Event::Token(3)).tokens("Refresh");
    assert!(matches!(phone.outcome(3), Some(Outcome::Token { .. })));
}

#[test]
fn a_cancelled_caller_leaves_alone() {
    let mut phone = Phone::silent();
    phone.request(1).request(2).tell(Event::Cancelled(1)).log_in();
    assert_eq!((phone.failed_with(1), phone.sent(1).len(), phone.sent(2).len()), (ErrorCode::Cancelled, 0, 1));
}

// --- permission

#[test]
fn a_refused_scope_has_a_way_back_through_a_tap() {
    let mut phone = Phone::logged_in();
    phone.ensure(1).setting(&[], &[]);
    let op = phone.last_op("Authorize");
    phone.tell(Event::PermissionFailed { op, failure: Failure::Denied });
    assert_eq!(phone.permission(1), Permission::DeniedNow);
    phone.ensure(2);
    assert_eq!(phone.permission(2), Permission::NeedsTap { tap: Tap::OpenSetting });
    assert_eq!(phone.count("Authorize"), 1, "no prompt after a refusal without a tap");
    phone.tell(Event::SettingOpened(setting(&["scope.camera"], &[]))).ensure(3);
    assert_eq!(phone.permission(3), Permission::Granted);
    assert_eq!(phone.count("ReadSetting"), 1, "openSetting's own answer is enough");
}

#[test]
fn with_a_handler_nothing_is_authorized_while_consent_is_needed() {
    let mut phone = Phone::new(LoginMode::Silent, PrivacyMode::Handler);
    phone.launch(None);
    phone.ensure(1).setting(&[], &[]);
    let op = phone.last_op("ReadPrivacy");
    phone.tell(Event::PrivacyRead { op, needed: true });
    assert_eq!((phone.count("ShowPrivacy"), phone.count("Authorize")), (1, 0));
    let op = phone.last_op("ShowPrivacy");
    phone.tell(Event::PrivacyAnswered { op, agreed: false });
    assert_eq!(phone.permission(1), Permission::NeedsTap { tap: Tap::AgreePrivacy });
    phone.ensure(2);
    let op = phone.last_op("ReadPrivacy");
    phone.tell(Event::PrivacyRead { op, needed: false });
    let op = phone.last_op("Authorize");
    phone.tell(Event::Authorized { op });
    assert_eq!(phone.permission(2), Permission::Granted);
}

#[test]
fn asks_for_one_scope_share_a_dialog_and_others_wait_their_turn() {
    let mut phone = Phone::logged_in();
    phone.ensure(1).ensure(2).tell(Event::Ensure { waiter: 3, scope: "scope.record".into() }).setting(&[], &[]);
    assert_eq!(phone.count("Authorize"), 1);
    let op = phone.last_op("Authorize");
    phone.tell(Event::Authorized { op });
    assert_eq!((phone.permission(1), phone.permission(2)), (Permission::Granted, Permission::Granted));
    assert_eq!(phone.count("Authorize"), 2);
}

#[test]
fn a_dialog_answered_elsewhere_is_noticed_on_show() {
    let mut phone = Phone::logged_in();
    phone.ensure(1).setting(&[], &[]).tell(Event::Hidden).tell(Event::Shown).setting(&["scope.camera"], &[]);
    assert_eq!(phone.permission(1), Permission::Granted);
}

#[test]
fn scopes_that_are_always_true_are_not_asked_for() {
    let mut phone = Phone::logged_in();
    phone.tell(Event::Ensure { waiter: 1, scope: "scope.address".into() });
    assert_eq!((phone.permission(1), phone.count("Authorize")), (Permission::Granted, 0));
    phone.tell(Event::Ensure { waiter: 2, scope: "scope.nonsense".into() });
    assert_eq!(phone.permission(2), Permission::Misconfigured { missing: Declaration::ScopeName });
}

#[test]
fn a_picker_closed_is_no_refusal() {
    let mut phone = Phone::logged_in();
    phone.ensure(1).setting(&[], &[]);
    let op = phone.last_op("Authorize");
    phone.tell(Event::PermissionFailed { op, failure: Failure::Cancelled }).ensure(2);
    assert_eq!((phone.permission(1), phone.count("Authorize")), (Permission::Cancelled, 2));
}

// --- any history

/// What may happen next: a caller comes, the host answers something outstanding (or answers
/// twice, or late), the app is hidden, the clock is set.
#[derive(Debug, Clone)]
enum Step {
    Request {
        guest: bool,
    },
    Ready,
    Login,
    Token,
    Logout,
    Ensure,
    Cancel(u32),
    /// Answer the nth effect ever emitted, well or badly.
    Answer {
        nth: usize,
        well: bool,
        status: u16,
    },
    Reply {
        nth: usize,
        status: u16,
    },
    Wait(u64),
    ClockSet(i64),
    Hidden,
    Shown,
    StorageFailed,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => any::<bool>().prop_map(|guest| Step::Request { guest }),
        1 => Just(Step::Ready),
        1 => Just(Step::Login),
        1 => Just(Step::Token),
        1 => Just(Step::Logout),
        2 => Just(Step::Ensure),
        1 => (0..20_u32).prop_map(Step::Cancel),
        8 => (any::<usize>(), any::<bool>(), prop::sample::select(vec![400_u16, 401, 403, 429, 500, 503]))
            .prop_map(|(nth, well, status)| Step::Answer { nth, well, status }),
        4 => (any::<usize>(), prop::sample::select(vec![200_u16, 401, 500]))
            .prop_map(|(nth, status)| Step::Reply { nth, status }),
        4 => (0..30_000_u64).prop_map(Step::Wait),
        1 => (-172_800_000..172_800_000_i64).prop_map(Step::ClockSet),
        1 => Just(Step::Hidden),
        1 => Just(Step::Shown),
        1 => Just(Step::StorageFailed),
    ];
    prop::collection::vec(step, 1..120)
}

fn answer(phone: &mut Phone, effect: &Effect, well: bool, status: u16) {
    let failure = EdgeFailure::Refused { status, code: String::new(), retry_after_s: None };
    let event = match (effect.clone(), well) {
        (Effect::CallLogin { op, .. }, true) => {
            phone.codes += 1;
            Event::CodeIssued { op, code: LoginCode::parse(format!("code{}", phone.codes)).unwrap() }
        }
        (Effect::CallLogin { op, .. }, false) => Event::LoginFailed { op, failure: Failure::Transient },
        (Effect::Exchange { op, .. } | Effect::Refresh { op, .. }, true) => {
            Event::TokensArrived { op, tokens: tokens(op), server_now: Some(phone.now) }
        }
        (Effect::Revoke { op, .. }, true) => Event::Revoked { op },
        (Effect::Exchange { op, .. } | Effect::Refresh { op, .. } | Effect::Revoke { op, .. }, false) => {
            Event::EdgeFailed { op, failure }
        }
        (Effect::ReadSetting { op }, true) => Event::SettingRead { op, setting: AuthSetting::default() },
        (Effect::ReadPrivacy { op }, true) => Event::PrivacyRead { op, needed: true },
        (Effect::ShowPrivacy { op }, agreed) => Event::PrivacyAnswered { op, agreed },
        (Effect::Authorize { op, .. }, true) => Event::Authorized { op },
        (Effect::ReadSetting { op } | Effect::ReadPrivacy { op } | Effect::Authorize { op, .. }, false) => {
            Event::PermissionFailed { op, failure: Failure::Denied }
        }
        _ => return,
    };
    phone.tell(event);
}

fn play(phone: &mut Phone, steps: &[Step]) -> u32 {
    let mut waiters = 0;
    let mut next = || {
        waiters += 1;
        waiters
    };
    for step in steps {
        match step.clone() {
            Step::Request { guest } => {
                let waiter = next();
                phone.tell(Event::Request { waiter, guest });
            }
            Step::Ready => {
                let waiter = next();
                phone.tell(Event::Ready(waiter));
            }
            Step::Login => {
                let waiter = next();
                phone.tell(Event::Login(waiter));
            }
            Step::Token => {
                let waiter = next();
                phone.tell(Event::Token(waiter));
            }
            Step::Logout => {
                let waiter = next();
                phone.tell(Event::Logout(waiter));
            }
            Step::Ensure => {
                let waiter = next();
                phone.ensure(waiter);
            }
            Step::Cancel(waiter) => {
                phone.tell(Event::Cancelled(waiter));
            }
            Step::Answer { nth, well, status } if !phone.asked.is_empty() => {
                let effect = phone.asked[nth % phone.asked.len()].clone();
                answer(phone, &effect, well, status);
            }
            Step::Reply { nth, status } => {
                phone.reply((nth % 40) as u32, status);
            }
            Step::Answer { .. } => {}
            Step::Wait(ms) => {
                phone.wait(ms);
            }
            Step::ClockSet(by) => phone.now = phone.now.saturating_add_signed(by),
            Step::Hidden => {
                phone.tell(Event::Hidden);
            }
            Step::Shown => {
                phone.tell(Event::Shown);
            }
            Step::StorageFailed => {
                phone.tell(Event::StorageFailed);
            }
        }
    }
    waiters
}

fn modes() -> impl Strategy<Value = (LoginMode, PrivacyMode)> {
    let login = prop::sample::select(vec![LoginMode::Silent, LoginMode::OnDemand, LoginMode::Never]);
    (login, prop::sample::select(vec![PrivacyMode::Official, PrivacyMode::Handler]))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn every_waiter_settles_exactly_once(steps in steps(), (login, privacy) in modes()) {
        let mut phone = Phone::new(login, privacy);
        phone.launch(None);
        let waiters = play(&mut phone, &steps);
        // The host goes silent; dialogs are closed by their owner. Nothing else is needed.
        phone.tell(Event::Shown);
        for _ in 0..40 {
            phone.wait(10_000);
            for effect in phone.asked.clone() {
                if matches!(effect, Effect::ShowPrivacy { .. } | Effect::Authorize { .. }) {
                    answer(&mut phone, &effect, false, 0);
                }
            }
        }
        for waiter in 1..=waiters {
            prop_assert!(phone.outcome(waiter).is_some(), "waiter {} hangs", waiter);
        }
    }

    #[test]
    fn no_code_is_sent_twice(steps in steps(), (login, privacy) in modes()) {
        let mut phone = Phone::new(login, privacy);
        phone.launch(None);
        play(&mut phone, &steps);
        let mut codes = BTreeSet::new();
        for effect in &phone.asked {
            if let Effect::Exchange { code, .. } = effect {
                prop_assert!(codes.insert(code.reveal().to_owned()), "code sent twice");
            }
        }
        if login == LoginMode::Never {
            prop_assert_eq!(phone.count("CallLogin"), 0);
        }
    }

    #[test]
    fn no_scope_is_prompted_for_after_a_refusal(steps in steps()) {
        let mut phone = Phone::new(LoginMode::Silent, PrivacyMode::Official);
        phone.launch(None);
        phone.ensure(1000).setting(&[], &["scope.camera"]);
        let quiet: Vec<_> = steps.into_iter().filter(|step| !matches!(step, Step::Answer { .. } | Step::Shown)).collect();
        play(&mut phone, &quiet);
        prop_assert_eq!(phone.count("Authorize"), 0);
    }

    #[test]
    fn any_line_is_a_record_or_none_and_never_a_panic(line in "\\PC{0,200}") {
        let mut phone = Phone::new(LoginMode::Silent, PrivacyMode::Official);
        phone.launch(Some(line));
    }
}

#[test]
fn a_second_login_waits_for_the_first_ones_deadline() {
    // wx.login never answers, and a caller comes every 777 ms.
    let mut phone = Phone::silent();
    let mut outstanding: BTreeMap<OpId, u64> = BTreeMap::new();
    let mut seen = 0;
    for round in 0..200_u64 {
        phone.request(u32::try_from(round).unwrap() + 1);
        for effect in &phone.asked[seen..] {
            if let Effect::CallLogin { op, timeout } = effect {
                outstanding.retain(|_, deadline| *deadline > phone.now);
                assert!(outstanding.is_empty(), "a second wx.login while one is in flight");
                outstanding.insert(*op, phone.now + u64::from(*timeout));
            }
        }
        seen = phone.asked.len();
        phone.wait(777);
    }
    assert!(phone.count("CallLogin") > 3);
}
