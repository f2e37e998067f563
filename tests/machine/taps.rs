//! Phone codes and what a tap's own event says.

use crate::phone::Phone;
use wxauth::machine::{ErrorCode, Event, Outcome, PhoneCode};
use wxauth::wechat::Failure;
use wxauth::wechat::failure::Declaration;

impl Phone {
    fn phone_code(&mut self, waiter: u32, code: &str) -> &mut Self {
        self.tell(Event::Phone { waiter, code: PhoneCode::parse(code.into()).unwrap() })
    }
}

#[test]
fn a_paid_code_is_sent_once_and_everyone_who_handed_it_in_gets_its_answer() {
    let mut phone = Phone::logged_in();
    phone.phone_code(1, "p").phone_code(2, "p").phone_code(3, "q").reply(1, 200);
    assert_eq!((phone.sent(1).len(), phone.sent(2).len(), phone.sent(3).len()), (1, 0, 1));
    assert!(matches!(phone.outcome(1), Some(Outcome::Deliver { of: 1 })));
    assert!(matches!(phone.outcome(2), Some(Outcome::Deliver { of: 1 })));
    phone.phone_code(4, "p");
    assert_eq!((phone.failed_with(4), phone.sent(4).len()), (ErrorCode::PhoneCodeUsed, 0));
}

#[test]
fn a_phone_tap_during_a_login_waits_for_it_and_starts_none() {
    let mut phone = Phone::silent();
    phone.phone_code(1, "p").log_in().reply(1, 200);
    assert!(matches!(phone.outcome(1), Some(Outcome::Deliver { .. })));
    assert_eq!(phone.count("CallLogin"), 1);
}

#[test]
fn a_code_of_unknown_outcome_is_lost_and_one_never_sent_is_not() {
    let mut phone = Phone::logged_in();
    phone.phone_code(1, "p").tell(Event::RequestFailed { waiter: 1, failure: Failure::Transient }).phone_code(2, "p");
    assert_eq!((phone.failed_with(1), phone.failed_with(2)), (ErrorCode::TapAgain, ErrorCode::PhoneCodeUsed));
    let mut phone = Phone::silent();
    phone.phone_code(1, "p");
    for _ in 0..3 {
        phone.login_failed().wait(5_000);
    }
    assert_eq!(phone.failed_with(1), ErrorCode::WechatLoginFailed);
    phone.phone_code(2, "p").log_in();
    assert_eq!(phone.sent(2).len(), 1);
}

#[test]
fn an_expired_token_does_not_spend_the_code() {
    let mut phone = Phone::logged_in();
    phone.phone_code(1, "p").reply(1, 401).tokens("Refresh").reply(1, 200);
    assert!(matches!(phone.outcome(1), Some(Outcome::Deliver { .. })));
}

#[test]
fn a_caller_that_waits_for_a_number_that_was_paid_for_is_not_let_go() {
    let mut phone = Phone::logged_in();
    phone.phone_code(1, "p").phone_code(2, "p").tell(Event::Cancelled(1)).tell(Event::Cancelled(2)).reply(1, 200);
    assert!(matches!(
        (phone.outcome(1), phone.outcome(2)),
        (Some(Outcome::Deliver { .. }), Some(Outcome::Deliver { .. }))
    ));
}

#[test]
fn what_the_edge_says_about_a_code_is_told_apart() {
    for (status, code, expected) in [
        (400, "code_invalid", ErrorCode::TapAgain),
        (503, "upstream_busy", ErrorCode::TapAgain),
        (500, "misconfigured", ErrorCode::Misconfigured),
        (502, "upstream_error", ErrorCode::TapAgain),
        (429, "rate_limited", ErrorCode::RateLimited),
    ] {
        let mut phone = Phone::logged_in();
        phone.phone_code(1, "p").reply_with(1, status, code);
        assert_eq!(phone.failed_with(1), expected, "{status} {code}");
    }
}

#[test]
fn what_a_tap_says_itself_is_told_apart() {
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
        let mut phone = Phone::logged_in();
        phone.tell(Event::TapFailed { waiter: 1, failure });
        assert_eq!(phone.failed_with(1), expected);
    }
}
