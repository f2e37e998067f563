//! Every promise settles, also in a hidden or idle app, and every enforced wait ends.

use crate::device::Device;
#[cfg(target_family = "wasm")]
use crate::test;
use wxauth::machine::{
    EdgeFailure, Effect, ErrorCode, Event, LoginMode, Outcome, Permission, PrivacyMode, SessionState, Tap,
};
use wxauth::wechat::Failure;

const MINUTE: u64 = 60_000;

/// A device whose login was answered with 429 and `retry_after_s`; also the wait that its caller got, in milliseconds.
fn rate_limited_login(retry_after_s: Option<u32>) -> (Device, u64) {
    let mut device = Device::silent();
    device.request(1).code();
    let failure = EdgeFailure::Refused { status: 429, code: "rate_limited".into(), retry_after_s };
    let op = device.last_op("Exchange");
    device.dispatch(Event::EdgeFailed { op, failure });
    let Some(Outcome::Failed { code: ErrorCode::RateLimited, retry_after: Some(wait_ms), .. }) = device.outcome(1)
    else {
        panic!("rate_limited with a wait")
    };
    let wait_ms = u64::from(*wait_ms) * 1_000;
    (device, wait_ms)
}

#[test]
fn a_caller_that_waits_retry_after_seconds_gets_a_new_login_attempt() {
    for retry_after_s in [Some(1), Some(60), Some(300), Some(7_200), Some(u32::MAX), None] {
        for hidden in [false, true] {
            for early_ms in [0, 1] {
                let (mut device, wait_ms) = rate_limited_login(retry_after_s);
                assert!((1_000..=3_600_000).contains(&wait_ms), "{wait_ms}");
                if hidden {
                    device.dispatch(Event::Hidden);
                }
                device.idle(wait_ms - early_ms);
                if hidden {
                    device.dispatch(Event::Shown);
                }
                device.request(2);
                assert_eq!(device.count("CallLogin"), 2, "{retry_after_s:?}, hidden: {hidden}");
            }
        }
    }
}

#[test]
fn earlier_tries_do_not_extend_the_wait() {
    let (mut device, wait_ms) = rate_limited_login(Some(300));
    for waiter in 2..=3 {
        device.idle(3 * MINUTE).request(waiter);
    }
    assert_eq!((wait_ms, device.failed_with(2), device.count("CallLogin")), (300_000, ErrorCode::RateLimited, 2));
}

#[test]
fn a_clock_that_is_set_back_does_not_extend_the_wait() {
    let (mut device, _) = rate_limited_login(Some(300));
    device.now -= 10 * 365 * 24 * 60 * MINUTE;
    device.request(2);
    assert_eq!(device.count("CallLogin"), 2, "the edge decides again");
}

#[test]
fn a_refused_privacy_popup_is_shown_again_after_three_minutes() {
    let mut device = Device::logged_in();
    device.ensure(1).setting(&[], &[]);
    let op = device.last_op("Authorize");
    device.dispatch(Event::PermissionFailed { op, failure: Failure::PrivacyRefused }).idle(3 * MINUTE).ensure(2);
    assert_eq!(device.count("Authorize"), 2);
}

/// A device with callers of all kinds in one of seven phases of a login; no effect is answered any more.
fn with_callers(phase: usize) -> Device {
    let mut device = Device::silent();
    match phase {
        0 => {}
        1 => _ = device.code(),
        2 => _ = device.login_failed(),
        3 => _ = device.code().unreachable("Exchange"),
        4 => _ = device.log_in().request(90).reply(90, 401),
        5 => _ = device.log_in().request(90).reply(90, 401).unreachable("Refresh"),
        _ => _ = device.log_in(),
    }
    device
        .request(1)
        .dispatch(Event::Ready(2))
        .dispatch(Event::Token(3))
        .dispatch(Event::OpenData(4))
        .dispatch(Event::KeyReady(5));
    device.ensure(6).dispatch(Event::Scopes(7)).dispatch(Event::SettingOpening(8)).dispatch(Event::Login(9));
    device.dispatch(Event::Ensure { waiter: 10, scope: "scope.record".into() });
    device.dispatch(Event::Request { waiter: 11, guest: true });
    device
}

fn assert_all_settled(device: &Device, how: &str) {
    let waiting: Vec<_> = (1..=11).filter(|&waiter| device.outcome(waiter).is_none()).collect();
    assert!(waiting.is_empty(), "{how}: {waiting:?} wait");
}

#[test]
fn every_caller_settles_within_an_hour_in_a_hidden_app_that_keeps_running() {
    for phase in 0..=6 {
        // Timers that are punctual, one second late and 59 seconds late: browsers throttle hidden pages.
        for late in [0, 1_000, 59_000] {
            let mut device = with_callers(phase);
            device.dispatch(Event::Hidden);
            for _ in 0..60 {
                device.idle_late(MINUTE, late);
            }
            assert_all_settled(&device, &format!("phase {phase}, timers {late} ms late"));
        }
    }
}

#[test]
fn a_failed_refresh_is_retried_in_a_hidden_app() {
    let mut device = Device::logged_in();
    device.dispatch(Event::Hidden).request(1).reply(1, 401).unreachable("Refresh").idle(20_000);
    assert_eq!(device.count("Refresh"), 2);
    device.tokens("Refresh").reply(1, 200);
    assert!(matches!(device.outcome(1), Some(Outcome::Deliver { .. })));
}

/// A request made in the background fails at once (errno 600003, §1.8).
#[test]
fn a_login_interrupted_by_the_background_continues_when_the_app_is_shown() {
    let mut device = Device::silent();
    device.request(1).dispatch(Event::Hidden).code().unreachable("Exchange").idle(5_000);
    assert!(device.outcome(1).is_none(), "not all tries are used before JavaScript stops");
    device.now += 10 * MINUTE;
    device.dispatch(Event::Shown).log_in().reply(1, 200);
    assert!(matches!(device.outcome(1), Some(Outcome::Deliver { .. })));
    // The app is shown: the login has all its tries again.
    let mut device = Device::silent();
    device.request(1).dispatch(Event::Hidden).code().unreachable("Exchange").dispatch(Event::Shown);
    device.code().unreachable("Exchange").idle(3_000).code().unreachable("Exchange").idle(3_000).log_in().reply(1, 200);
    assert!(matches!(device.outcome(1), Some(Outcome::Deliver { .. })));
}

#[test]
fn pending_answers_have_three_seconds_after_javascript_resumes() {
    // The overdue timer fires before or after `Shown`.
    for shown_first in [false, true] {
        let mut device = Device::silent();
        device.request(1).idle(9_000).dispatch(Event::Hidden);
        device.now += 4 * MINUTE;
        if shown_first {
            device.dispatch(Event::Shown).dispatch(Event::Tick);
        } else {
            device.dispatch(Event::Tick).dispatch(Event::Shown);
        }
        device.idle(2_900);
        assert_eq!(device.count("CallLogin"), 1, "three seconds remain, although the deadline had one second left");
        device.log_in();
        assert_eq!(device.sent(1).len(), 1);
    }
}

#[test]
fn a_login_times_out_in_an_app_that_is_never_shown_again() {
    let mut device = Device::silent();
    device.request(1).dispatch(Event::Hidden);
    device.now += 10 * MINUTE;
    device.dispatch(Event::Tick).idle(2 * MINUTE);
    assert_eq!(device.failed_with(1), ErrorCode::WechatLoginTimeout);
}

#[test]
fn ready_settles_after_the_login_that_is_in_progress() {
    for mode in [LoginMode::Silent, LoginMode::OnDemand] {
        for before_launch in [false, true] {
            for other in [Event::Login(2), Event::Token(2), Event::Request { waiter: 2, guest: false }] {
                let mut device = Device::new(mode, PrivacyMode::Official);
                if before_launch {
                    device.dispatch(Event::Ready(1)).dispatch(other.clone()).launch(None);
                } else {
                    device.launch(None);
                    device.dispatch(other.clone()).dispatch(Event::Ready(1));
                }
                assert!(device.outcome(1).is_none(), "{mode:?} {other:?}: a login is in progress");
                device.log_in();
                assert!(matches!(device.outcome(1), Some(Outcome::Done)));
                assert_eq!(device.state(), SessionState::LoggedIn);
            }
        }
    }
}

#[test]
fn ready_waits_for_a_login_requested_after_a_log_out_before_the_launch() {
    let mut device = Device::new(LoginMode::Silent, PrivacyMode::Official);
    device
        .dispatch(Event::Ready(1))
        .request(2)
        .dispatch(Event::Logout { waiter: 3, everywhere: false })
        .dispatch(Event::Login(4));
    device.launch(None);
    assert_eq!(device.failed_with(2), ErrorCode::LoggedOut, "it belongs to the session that ended");
    assert!(device.outcome(1).is_none());
    device.log_in();
    assert!(matches!(device.outcome(1), Some(Outcome::Done)));
}

#[test]
fn ready_settles_as_guest_without_a_login_and_as_logged_out_after_a_log_out() {
    let mut guest = Device::new(LoginMode::OnDemand, PrivacyMode::Official);
    guest.dispatch(Event::Ready(1)).launch(None);
    assert!(matches!(guest.outcome(1), Some(Outcome::Done)));
    assert_eq!(guest.state(), SessionState::Guest);
    let mut out = Device::new(LoginMode::Silent, PrivacyMode::Official);
    out.dispatch(Event::Logout { waiter: 2, everywhere: false }).dispatch(Event::Ready(1)).launch(None);
    assert!(matches!(out.outcome(1), Some(Outcome::Done)));
    assert_eq!((out.state(), out.count("CallLogin")), (SessionState::LoggedOut, 0));
}

#[test]
fn a_guest_request_is_sent_without_a_session_if_its_refresh_takes_2500_ms() {
    let mut device = Device::logged_in();
    device.request(1).reply(1, 401).dispatch(Event::Request { waiter: 2, guest: true });
    assert!(device.sent(2).is_empty(), "it waits for the refresh at first");
    device.idle(2_500);
    assert_eq!(device.sent(2), [None]);
    device.reply(2, 200);
    assert!(matches!(device.outcome(2), Some(Outcome::Deliver { .. })));
    assert!(device.outcome(1).is_none(), "other callers wait");
}

fn ensure(device: &mut Device, waiter: u32, scope: &str) {
    device.dispatch(Event::Ensure { waiter, scope: scope.into() });
}

#[test]
fn an_unanswered_dialog_does_not_block_scopes_that_need_no_dialog() {
    for privacy in [PrivacyMode::Official, PrivacyMode::Handler] {
        let mut device = Device::new(LoginMode::Silent, privacy);
        device.launch(None);
        device.log_in().ensure(1).setting(&["scope.record"], &["scope.bluetooth"]);
        if privacy == PrivacyMode::Handler {
            let op = device.last_op("ReadPrivacy");
            device.dispatch(Event::PrivacyRead { op, needed: false });
        }
        assert_eq!(device.count("Authorize"), 1);
        ensure(&mut device, 2, "scope.record");
        device.system(&[], &[]);
        ensure(&mut device, 3, "scope.bluetooth");
        ensure(&mut device, 4, "scope.address");
        ensure(&mut device, 5, "scope.userInfo");
        let granted = Permission::Granted;
        let denied = Permission::NeedsTap { tap: Tap::OpenSetting };
        assert_eq!((device.permission(2), device.permission(3)), (granted, denied));
        assert_eq!((device.permission(4), device.permission(5)), (granted, Permission::Unsupported));
    }
}

#[test]
fn an_unanswered_dialog_is_cancelled_and_the_next_scope_is_prompted() {
    for (when, hides, within) in [("after a minute", false, 60_000), ("soon after the app is shown", true, 10_000)] {
        let mut device = Device::logged_in();
        device.ensure(1).setting(&[], &[]);
        let lost = device.last_op("Authorize");
        ensure(&mut device, 2, "scope.record");
        if hides {
            device.dispatch(Event::Hidden).dispatch(Event::Shown).setting(&[], &[]);
        }
        assert_eq!(device.count("Authorize"), 1, "{when}: one dialog at a time");
        device.idle(within);
        assert_eq!((device.permission(1), device.count("Authorize")), (Permission::Cancelled, 2), "{when}");
        // The user answers both dialogs late.
        device.dispatch(Event::PermissionFailed { op: lost, failure: Failure::Denied });
        let op = device.last_op("Authorize");
        device.dispatch(Event::Authorized { op }).system(&[], &[]).ensure(3);
        assert_eq!(device.permission(2), Permission::Granted, "{when}");
        assert_eq!(
            device.permission(3),
            Permission::NeedsTap { tap: Tap::OpenSetting },
            "{when}: a late refusal counts"
        );
    }
}

#[test]
fn an_unanswered_privacy_popup_is_given_up_after_a_minute() {
    let mut device = Device::new(LoginMode::Silent, PrivacyMode::Handler);
    device.launch(None);
    device.ensure(1).setting(&[], &[]);
    ensure(&mut device, 2, "scope.record");
    let op = device.last_op("ReadPrivacy");
    device.dispatch(Event::PrivacyRead { op, needed: true }).idle(60_000);
    let op = device.last_op("ReadPrivacy");
    device.dispatch(Event::PrivacyRead { op, needed: true });
    let tap = Permission::NeedsTap { tap: Tap::AgreePrivacy };
    assert_eq!((device.permission(1), device.permission(2)), (tap, tap));
    assert_eq!(device.count("ShowPrivacy"), 1);
}

#[test]
fn after_a_refused_privacy_popup_the_other_scopes_show_no_popup() {
    let mut device = Device::new(LoginMode::Silent, PrivacyMode::Handler);
    device.launch(None);
    device.ensure(1).setting(&[], &[]);
    for (waiter, scope) in [(2, "scope.record"), (3, "scope.bluetooth"), (4, "scope.address")] {
        ensure(&mut device, waiter, scope);
    }
    let read = |device: &mut Device, needed| {
        let op = device.last_op("ReadPrivacy");
        device.dispatch(Event::PrivacyRead { op, needed });
    };
    read(&mut device, true);
    let op = device.last_op("ShowPrivacy");
    device.dispatch(Event::PrivacyAnswered { op, agreed: false });
    for _ in 0..3 {
        read(&mut device, true);
    }
    for waiter in 1..=4 {
        assert_eq!(device.permission(waiter), Permission::NeedsTap { tap: Tap::AgreePrivacy });
    }
    assert_eq!(device.count("ShowPrivacy"), 1);
    // The user agreed by a button of the page.
    device.ensure(5);
    read(&mut device, false);
    assert_eq!(device.count("Authorize"), 1, "no second popup");
}

#[test]
fn the_setting_is_read_a_minute_after_an_unanswered_settings_page() {
    let mut device = Device::logged_in();
    device.dispatch(Event::SettingOpening(1)).idle(60_000).setting(&["scope.camera"], &[]);
    assert!(matches!(device.outcome(1), Some(Outcome::Done)));
    assert_eq!(device.scopes(), ["scope.camera yes"]);
}

#[test]
fn a_refresh_failure_without_the_edges_code_ends_no_session() {
    for (status, code) in [(400, ""), (401, ""), (200, ""), (204, ""), (503, "storage_unavailable")] {
        let mut device = Device::logged_in();
        device.request(1).reply(1, 401);
        for _ in 0..3 {
            device.refused("Refresh", status, code).idle(5_000);
        }
        assert_eq!((device.failed_with(1), device.count("CallLogin")), (ErrorCode::EdgeFailed, 1), "{status}");
        device.request(2).tokens("Refresh");
        assert_eq!(device.sent(2).len(), 1, "{status}: the session continues");
    }
    let mut device = Device::logged_in();
    device.request(1).reply(1, 401).refused("Refresh", 400, "session_ended");
    assert_eq!(device.count("CallLogin"), 2);
}

#[test]
fn retry_after_of_the_edge_reaches_the_caller() {
    let mut device = Device::logged_in();
    device.request(1).reply(1, 401);
    for _ in 0..3 {
        let op = device.last_op("Refresh");
        let failure = EdgeFailure::Refused { status: 503, code: "storage_unavailable".into(), retry_after_s: Some(5) };
        device.dispatch(Event::EdgeFailed { op, failure }).idle(5_000);
    }
    let Some(Outcome::Failed { code: ErrorCode::EdgeFailed, retry_after, .. }) = device.outcome(1) else { panic!() };
    assert_eq!(*retry_after, Some(5));
    let saves = device.effects.iter().filter(|effect| matches!(effect, Effect::Save { .. })).count();
    assert!(saves < 4, "a failure is not stored");
}
