//! Phone codes, and failures that a tap's own event reports.

use crate::device::Device;
#[cfg(target_family = "wasm")]
use crate::test;
use wxauth::machine::{ErrorCode, Event, Outcome, PhoneCode};
use wxauth::wechat::Failure;
use wxauth::wechat::failure::Declaration;

impl Device {
    fn phone_code(&mut self, waiter: u32, code: &str) -> &mut Self {
        self.dispatch(Event::Phone { waiter, code: PhoneCode::parse(code.into()).unwrap() })
    }
}

#[test]
fn a_phone_code_is_sent_once_and_every_caller_gets_its_answer() {
    let mut device = Device::logged_in();
    device.phone_code(1, "p").phone_code(2, "p").phone_code(3, "q").reply(1, 200);
    assert_eq!((device.sent(1).len(), device.sent(2).len(), device.sent(3).len()), (1, 0, 1));
    assert!(matches!(device.outcome(1), Some(Outcome::Deliver { of: 1 })));
    assert!(matches!(device.outcome(2), Some(Outcome::Deliver { of: 1 })));
    device.phone_code(4, "p");
    assert_eq!((device.failed_with(4), device.sent(4).len()), (ErrorCode::PhoneCodeUsed, 0));
}

#[test]
fn a_phone_code_during_a_login_waits_for_it_and_starts_none() {
    let mut device = Device::silent();
    device.phone_code(1, "p").log_in().reply(1, 200);
    assert!(matches!(device.outcome(1), Some(Outcome::Deliver { .. })));
    assert_eq!(device.count("CallLogin"), 1);
}

#[test]
fn a_phone_code_is_used_after_an_unknown_outcome_but_not_if_it_was_never_sent() {
    let mut device = Device::logged_in();
    device
        .phone_code(1, "p")
        .dispatch(Event::RequestFailed { waiter: 1, failure: Failure::Transient })
        .phone_code(2, "p");
    assert_eq!((device.failed_with(1), device.failed_with(2)), (ErrorCode::TapAgain, ErrorCode::PhoneCodeUsed));
    let mut device = Device::silent();
    device.phone_code(1, "p");
    for _ in 0..3 {
        device.login_failed().wait(5_000);
    }
    assert_eq!(device.failed_with(1), ErrorCode::WechatLoginFailed);
    device.phone_code(2, "p").log_in();
    assert_eq!(device.sent(2).len(), 1);
}

#[test]
fn a_401_does_not_use_up_the_phone_code() {
    let mut device = Device::logged_in();
    device.phone_code(1, "p").reply(1, 401).tokens("Refresh").reply(1, 200);
    assert!(matches!(device.outcome(1), Some(Outcome::Deliver { .. })));
}

#[test]
fn a_caller_that_waits_for_a_phone_number_cannot_be_cancelled() {
    let mut device = Device::logged_in();
    device
        .phone_code(1, "p")
        .phone_code(2, "p")
        .dispatch(Event::Cancelled(1))
        .dispatch(Event::Cancelled(2))
        .reply(1, 200);
    assert!(matches!(
        (device.outcome(1), device.outcome(2)),
        (Some(Outcome::Deliver { .. }), Some(Outcome::Deliver { .. }))
    ));
}

#[test]
fn the_edges_answer_to_a_phone_code_decides_the_error() {
    for (status, code, expected) in [
        (400, "code_invalid", ErrorCode::TapAgain),
        (503, "upstream_busy", ErrorCode::TapAgain),
        (500, "misconfigured", ErrorCode::Misconfigured),
        (502, "upstream_error", ErrorCode::TapAgain),
        (429, "rate_limited", ErrorCode::RateLimited),
    ] {
        let mut device = Device::logged_in();
        device.phone_code(1, "p").reply_with(1, status, code);
        assert_eq!(device.failed_with(1), expected, "{status} {code}");
    }
}

#[test]
fn the_failure_of_a_tap_decides_the_error() {
    for (failure, expected) in [
        (Failure::Denied, ErrorCode::UserRefused),
        (Failure::Cancelled, ErrorCode::UserRefused),
        (Failure::PrivacyRefused, ErrorCode::PrivacyRefused),
        (Failure::NoQuota, ErrorCode::NoQuota),
        (Failure::Blocked, ErrorCode::Blocked),
        (Failure::NotInTap, ErrorCode::NotInTap),
        (Failure::Unsupported, ErrorCode::Unsupported),
        (Failure::Misconfigured(Declaration::InterfacePermission), ErrorCode::Misconfigured),
        (Failure::Bug, ErrorCode::Misconfigured),
        (Failure::Throttled, ErrorCode::RateLimited),
        (Failure::SystemDenied, ErrorCode::PermissionFailed),
        (Failure::Transient, ErrorCode::PermissionFailed),
        (Failure::Unknown, ErrorCode::PermissionFailed),
    ] {
        let mut device = Device::logged_in();
        device.dispatch(Event::TapFailed { waiter: 1, failure });
        let Some(Outcome::Failed { code, retryable, .. }) = device.outcome(1) else { panic!("{failure:?}") };
        assert_eq!(*code, expected);
        let can_succeed_later = matches!(expected, ErrorCode::RateLimited | ErrorCode::PermissionFailed);
        assert_eq!(*retryable, can_succeed_later, "{expected:?}");
    }
}

#[test]
fn other_callers_can_be_cancelled_while_a_phone_code_is_in_progress() {
    let mut device = Device::logged_in();
    device.phone_code(1, "p").request(2).dispatch(Event::Cancelled(2));
    assert_eq!(device.failed_with(2), ErrorCode::Cancelled);
    assert!(device.outcome(1).is_none());
}
