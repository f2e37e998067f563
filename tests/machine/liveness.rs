//! Everything settles, also in an app that is hidden or idle, and a wait that was asked for ends.

use crate::phone::Phone;
use wxauth::machine::{
    EdgeFailure, Effect, ErrorCode, Event, LoginMode, Outcome, Permission, PrivacyMode, SessionState, Tap,
};
use wxauth::wechat::Failure;

const MINUTE: u64 = 60_000;

/// The edge answers the login with 429 and this Retry-After; the caller is told how long to wait.
fn turned_away(retry_after_s: Option<u32>) -> (Phone, u64) {
    let mut phone = Phone::silent();
    phone.request(1).code();
    let failure = EdgeFailure::Refused { status: 429, code: "rate_limited".into(), retry_after_s };
    let op = phone.last_op("Exchange");
    phone.tell(Event::EdgeFailed { op, failure });
    let Some(Outcome::Failed { code: ErrorCode::RateLimited, retry_after: Some(told), .. }) = phone.outcome(1) else {
        panic!("told to wait")
    };
    let told = u64::from(*told) * 1_000;
    (phone, told)
}

#[test]
fn a_caller_who_waits_as_long_as_told_succeeds_however_the_time_passes() {
    for retry_after_s in [Some(1), Some(60), Some(300), Some(7_200), Some(u32::MAX), None] {
        for hidden in [false, true] {
            for early_ms in [0, 1] {
                let (mut phone, told) = turned_away(retry_after_s);
                assert!((1_000..=3_600_000).contains(&told), "{told}");
                if hidden {
                    phone.tell(Event::Hidden);
                }
                phone.idle(told - early_ms);
                if hidden {
                    phone.tell(Event::Shown);
                }
                phone.request(2);
                assert_eq!(phone.count("CallLogin"), 2, "{retry_after_s:?}, hidden: {hidden}");
            }
        }
    }
}

#[test]
fn a_user_who_tries_every_three_minutes_is_let_in_after_the_wait() {
    let (mut phone, told) = turned_away(Some(300));
    for waiter in 2..=3 {
        phone.idle(3 * MINUTE).request(waiter);
    }
    assert_eq!((told, phone.failed_with(2), phone.count("CallLogin")), (300_000, ErrorCode::RateLimited, 2));
}

#[test]
fn a_clock_that_is_set_back_closes_nothing_for_longer() {
    let (mut phone, _) = turned_away(Some(300));
    phone.now -= 10 * 365 * 24 * 60 * MINUTE;
    phone.request(2);
    assert_eq!(phone.count("CallLogin"), 2, "the edge says again what it wants");
}

#[test]
fn a_user_who_refused_the_privacy_popup_is_asked_again_minutes_later() {
    let mut phone = Phone::logged_in();
    phone.ensure(1).setting(&[], &[]);
    let op = phone.last_op("Authorize");
    phone.tell(Event::PermissionFailed { op, failure: Failure::PrivacyRefused }).idle(3 * MINUTE).ensure(2);
    assert_eq!(phone.count("Authorize"), 2);
}

/// A phone with callers of all kinds, whose host answers nothing more.
fn with_callers(phase: usize) -> Phone {
    let mut phone = Phone::silent();
    match phase {
        0 => {}
        1 => _ = phone.code(),
        2 => _ = phone.login_failed(),
        3 => _ = phone.code().unreachable("Exchange"),
        4 => _ = phone.log_in().request(90).reply(90, 401),
        5 => _ = phone.log_in().request(90).reply(90, 401).unreachable("Refresh"),
        _ => _ = phone.log_in(),
    }
    phone.request(1).tell(Event::Ready(2)).tell(Event::Token(3)).tell(Event::OpenData(4)).tell(Event::KeyReady(5));
    phone.ensure(6).tell(Event::Scopes(7)).tell(Event::SettingOpening(8)).tell(Event::Login(9));
    phone.tell(Event::Ensure { waiter: 10, scope: "scope.record".into() });
    phone.tell(Event::Request { waiter: 11, guest: true });
    phone
}

fn everyone_is_settled(phone: &Phone, how: &str) {
    let waiting: Vec<_> = (1..=11).filter(|&waiter| phone.outcome(waiter).is_none()).collect();
    assert!(waiting.is_empty(), "{how}: {waiting:?} wait");
}

#[test]
fn a_hidden_app_that_goes_on_running_leaves_nobody_waiting() {
    for phase in 0..=6 {
        // Timers that are punctual, those of a background tab, and those of an old one.
        for late in [0, 1_000, 59_000] {
            let mut phone = with_callers(phase);
            phone.tell(Event::Hidden);
            for _ in 0..60 {
                phone.idle_late(MINUTE, late);
            }
            everyone_is_settled(&phone, &format!("phase {phase}, timers {late} ms late"));
        }
    }
}

#[test]
fn a_renewal_that_fails_in_a_hidden_app_is_tried_again_there() {
    let mut phone = Phone::logged_in();
    phone.tell(Event::Hidden).request(1).reply(1, 401).unreachable("Refresh").idle(20_000);
    assert_eq!(phone.count("Refresh"), 2);
    phone.tokens("Refresh").reply(1, 200);
    assert!(matches!(phone.outcome(1), Some(Outcome::Deliver { .. })));
}

/// A request made in the background fails at once (errno 600003, §1.8).
#[test]
fn a_login_that_the_background_interrupts_goes_on_when_the_app_is_shown() {
    let mut phone = Phone::silent();
    phone.request(1).tell(Event::Hidden).code().unreachable("Exchange").idle(5_000);
    assert!(phone.outcome(1).is_none(), "the tries are not used up before JavaScript is stopped");
    phone.now += 10 * MINUTE;
    phone.tell(Event::Shown).log_in().reply(1, 200);
    assert!(matches!(phone.outcome(1), Some(Outcome::Deliver { .. })));
    // Shown again, it has all its tries.
    let mut phone = Phone::silent();
    phone.request(1).tell(Event::Hidden).code().unreachable("Exchange").tell(Event::Shown);
    phone.code().unreachable("Exchange").idle(3_000).code().unreachable("Exchange").idle(3_000).log_in().reply(1, 200);
    assert!(matches!(phone.outcome(1), Some(Outcome::Deliver { .. })));
}

#[test]
fn javascript_that_was_stopped_has_three_seconds_to_deliver_what_came() {
    // The overdue timer runs before, or after, WeChat says that the app is shown.
    for shown_first in [false, true] {
        let mut phone = Phone::silent();
        phone.request(1).idle(9_000).tell(Event::Hidden);
        phone.now += 4 * MINUTE;
        if shown_first {
            phone.tell(Event::Shown).tell(Event::Tick);
        } else {
            phone.tell(Event::Tick).tell(Event::Shown);
        }
        phone.idle(2_900);
        assert_eq!(phone.count("CallLogin"), 1, "the deadline had one second left");
        phone.log_in();
        assert_eq!(phone.sent(1).len(), 1);
    }
}

#[test]
fn an_app_that_is_never_shown_again_goes_on_in_the_background() {
    let mut phone = Phone::silent();
    phone.request(1).tell(Event::Hidden);
    phone.now += 10 * MINUTE;
    phone.tell(Event::Tick).idle(2 * MINUTE);
    assert_eq!(phone.failed_with(1), ErrorCode::WechatLoginTimeout);
}

#[test]
fn ready_tells_how_a_login_ended_never_that_one_is_under_way() {
    for mode in [LoginMode::Silent, LoginMode::OnDemand] {
        for before_launch in [false, true] {
            for other in [Event::Login(2), Event::Token(2), Event::Request { waiter: 2, guest: false }] {
                let mut phone = Phone::new(mode, PrivacyMode::Official);
                if before_launch {
                    phone.tell(Event::Ready(1)).tell(other.clone()).launch(None);
                } else {
                    phone.launch(None);
                    phone.tell(other.clone()).tell(Event::Ready(1));
                }
                assert!(phone.outcome(1).is_none(), "{mode:?} {other:?}: a login is under way");
                phone.log_in();
                assert!(matches!(phone.outcome(1), Some(Outcome::Done)));
                assert_eq!(phone.state(), SessionState::LoggedIn);
            }
        }
    }
}

#[test]
fn ready_waits_for_a_login_that_was_asked_for_after_a_log_out_before_the_launch() {
    let mut phone = Phone::new(LoginMode::Silent, PrivacyMode::Official);
    phone.tell(Event::Ready(1)).request(2).tell(Event::Logout { waiter: 3, everywhere: false }).tell(Event::Login(4));
    phone.launch(None);
    assert_eq!(phone.failed_with(2), ErrorCode::LoggedOut, "it was asked of the session that ended");
    assert!(phone.outcome(1).is_none());
    phone.log_in();
    assert!(matches!(phone.outcome(1), Some(Outcome::Done)));
}

#[test]
fn ready_without_a_login_is_a_guest_and_without_a_session_logged_out() {
    let mut guest = Phone::new(LoginMode::OnDemand, PrivacyMode::Official);
    guest.tell(Event::Ready(1)).launch(None);
    assert!(matches!(guest.outcome(1), Some(Outcome::Done)));
    assert_eq!(guest.state(), SessionState::Guest);
    let mut out = Phone::new(LoginMode::Silent, PrivacyMode::Official);
    out.tell(Event::Logout { waiter: 2, everywhere: false }).tell(Event::Ready(1)).launch(None);
    assert!(matches!(out.outcome(1), Some(Outcome::Done)));
    assert_eq!((out.state(), out.count("CallLogin")), (SessionState::LoggedOut, 0));
}

#[test]
fn a_guest_request_goes_without_a_session_that_takes_long_to_renew() {
    let mut phone = Phone::logged_in();
    phone.request(1).reply(1, 401).tell(Event::Request { waiter: 2, guest: true });
    assert!(phone.sent(2).is_empty(), "the session may be there in a moment");
    phone.idle(2_500);
    assert_eq!(phone.sent(2), [None]);
    phone.reply(2, 200);
    assert!(matches!(phone.outcome(2), Some(Outcome::Deliver { .. })));
    assert!(phone.outcome(1).is_none(), "others wait on");
}

fn ensure(phone: &mut Phone, waiter: u32, scope: &str) {
    phone.tell(Event::Ensure { waiter, scope: scope.into() });
}

#[test]
fn a_dialog_without_an_answer_holds_up_no_scope_that_needs_none() {
    for privacy in [PrivacyMode::Official, PrivacyMode::Handler] {
        let mut phone = Phone::new(LoginMode::Silent, privacy);
        phone.launch(None);
        phone.log_in().ensure(1).setting(&["scope.record"], &["scope.bluetooth"]);
        if privacy == PrivacyMode::Handler {
            let op = phone.last_op("ReadPrivacy");
            phone.tell(Event::PrivacyRead { op, needed: false });
        }
        assert_eq!(phone.count("Authorize"), 1);
        ensure(&mut phone, 2, "scope.record");
        phone.system(&[], &[]);
        ensure(&mut phone, 3, "scope.bluetooth");
        ensure(&mut phone, 4, "scope.address");
        ensure(&mut phone, 5, "scope.userInfo");
        let granted = Permission::Granted;
        let denied = Permission::NeedsTap { tap: Tap::OpenSetting };
        assert_eq!((phone.permission(2), phone.permission(3)), (granted, denied));
        assert_eq!((phone.permission(4), phone.permission(5)), (granted, Permission::Unsupported));
    }
}

#[test]
fn a_lost_dialog_ends_and_the_next_scope_has_its_turn() {
    for (when, hides, within) in [("after a minute", false, 60_000), ("soon after the app is shown", true, 10_000)] {
        let mut phone = Phone::logged_in();
        phone.ensure(1).setting(&[], &[]);
        let lost = phone.last_op("Authorize");
        ensure(&mut phone, 2, "scope.record");
        if hides {
            phone.tell(Event::Hidden).tell(Event::Shown).setting(&[], &[]);
        }
        assert_eq!(phone.count("Authorize"), 1, "{when}: one dialog at a time");
        phone.idle(within);
        assert_eq!((phone.permission(1), phone.count("Authorize")), (Permission::Cancelled, 2), "{when}");
        // The user was still there, and answers both.
        phone.tell(Event::PermissionFailed { op: lost, failure: Failure::Denied });
        let op = phone.last_op("Authorize");
        phone.tell(Event::Authorized { op }).system(&[], &[]).ensure(3);
        assert_eq!(phone.permission(2), Permission::Granted, "{when}");
        assert_eq!(phone.permission(3), Permission::NeedsTap { tap: Tap::OpenSetting }, "{when}: a late no is a no");
    }
}

#[test]
fn a_privacy_sheet_that_is_left_open_ends() {
    let mut phone = Phone::new(LoginMode::Silent, PrivacyMode::Handler);
    phone.launch(None);
    phone.ensure(1).setting(&[], &[]);
    ensure(&mut phone, 2, "scope.record");
    let op = phone.last_op("ReadPrivacy");
    phone.tell(Event::PrivacyRead { op, needed: true }).idle(60_000);
    let op = phone.last_op("ReadPrivacy");
    phone.tell(Event::PrivacyRead { op, needed: true });
    let tap = Permission::NeedsTap { tap: Tap::AgreePrivacy };
    assert_eq!((phone.permission(1), phone.permission(2)), (tap, tap));
    assert_eq!(phone.count("ShowPrivacy"), 1);
}

#[test]
fn after_a_no_in_the_privacy_sheet_the_other_scopes_show_none() {
    let mut phone = Phone::new(LoginMode::Silent, PrivacyMode::Handler);
    phone.launch(None);
    phone.ensure(1).setting(&[], &[]);
    for (waiter, scope) in [(2, "scope.record"), (3, "scope.bluetooth"), (4, "scope.address")] {
        ensure(&mut phone, waiter, scope);
    }
    let read = |phone: &mut Phone, needed| {
        let op = phone.last_op("ReadPrivacy");
        phone.tell(Event::PrivacyRead { op, needed });
    };
    read(&mut phone, true);
    let op = phone.last_op("ShowPrivacy");
    phone.tell(Event::PrivacyAnswered { op, agreed: false });
    for _ in 0..3 {
        read(&mut phone, true);
    }
    for waiter in 1..=4 {
        assert_eq!(phone.permission(waiter), Permission::NeedsTap { tap: Tap::AgreePrivacy });
    }
    assert_eq!(phone.count("ShowPrivacy"), 1);
    // A button of the page's own was tapped.
    phone.ensure(5);
    read(&mut phone, false);
    assert_eq!(phone.count("Authorize"), 1, "consent is not asked for twice");
}

#[test]
fn a_settings_page_that_never_answers_is_read_behind() {
    let mut phone = Phone::logged_in();
    phone.tell(Event::SettingOpening(1)).idle(60_000).setting(&["scope.camera"], &[]);
    assert!(matches!(phone.outcome(1), Some(Outcome::Done)));
    assert_eq!(phone.scopes(), ["scope.camera yes"]);
}

#[test]
fn what_is_not_the_edges_own_word_ends_no_session() {
    for (status, code) in [(400, ""), (401, ""), (200, ""), (204, ""), (503, "storage_unavailable")] {
        let mut phone = Phone::logged_in();
        phone.request(1).reply(1, 401);
        for _ in 0..3 {
            phone.refused("Refresh", status, code).idle(5_000);
        }
        assert_eq!((phone.failed_with(1), phone.count("CallLogin")), (ErrorCode::EdgeFailed, 1), "{status}");
        phone.request(2).tokens("Refresh");
        assert_eq!(phone.sent(2).len(), 1, "{status}: the session goes on");
    }
    let mut phone = Phone::logged_in();
    phone.request(1).reply(1, 401).refused("Refresh", 400, "session_ended");
    assert_eq!(phone.count("CallLogin"), 2);
}

#[test]
fn an_edge_that_says_when_to_come_back_is_quoted() {
    let mut phone = Phone::logged_in();
    phone.request(1).reply(1, 401);
    for _ in 0..3 {
        let op = phone.last_op("Refresh");
        let failure = EdgeFailure::Refused { status: 503, code: "storage_unavailable".into(), retry_after_s: Some(5) };
        phone.tell(Event::EdgeFailed { op, failure }).idle(5_000);
    }
    let Some(Outcome::Failed { code: ErrorCode::EdgeFailed, retry_after, .. }) = phone.outcome(1) else { panic!() };
    assert_eq!(*retry_after, Some(5));
    let saves = phone.asked.iter().filter(|effect| matches!(effect, Effect::Save { .. })).count();
    assert!(saves < 4, "nothing is stored for a failure");
}
