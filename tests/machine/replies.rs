//! Outcomes of callers by the reply, or the missing reply, to their requests.

use crate::device::Device;
#[cfg(target_family = "wasm")]
use crate::test;
use wxauth::machine::{ErrorCode, Event, LoginMode, Outcome, PhoneCode, PrivacyMode};
use wxauth::wechat::{Failure, failure::Declaration};

fn submit_phone_code(device: &mut Device, waiter: u32, code: &str) {
    device.dispatch(Event::Phone { waiter, code: PhoneCode::parse(code.into()).unwrap() });
}

/// `None` stands for a delivered reply.
fn error(device: &Device, waiter: u32) -> Option<ErrorCode> {
    match device.outcome(waiter) {
        Some(Outcome::Deliver { of }) if *of == waiter => None,
        Some(Outcome::Failed { code, .. }) => Some(*code),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_reply_to_open_data_decides_its_outcome() {
    use ErrorCode as E;
    for (status, code, expected) in [
        (200, "", None),
        (200, "reply_malformed", Some(E::EdgeFailed)),
        (400, "data_stale", Some(E::TapAgain)),
        (400, "decrypt_failed", Some(E::DataInvalid)),
        (400, "signature_mismatch", Some(E::DataInvalid)),
        (400, "body_malformed", Some(E::DataInvalid)),
        (500, "misconfigured", Some(E::Misconfigured)),
        (429, "rate_limited", Some(E::RateLimited)),
        (503, "storage_unavailable", Some(E::EdgeFailed)),
        (404, "", Some(E::EdgeFailed)),
    ] {
        let mut device = Device::logged_in();
        device.dispatch(Event::OpenData(1)).reply_with(1, status, code);
        assert_eq!(error(&device, 1), expected, "{status} {code}");
    }
}

#[test]
fn the_reply_to_a_phone_code_decides_its_outcome() {
    use ErrorCode as E;
    for (status, code, expected) in [
        (200, "", None),
        (200, "reply_malformed", Some(E::TapAgain)),
        (400, "", Some(E::TapAgain)),
        (409, "", Some(E::TapAgain)),
        (500, "internal", Some(E::TapAgain)),
        (500, "misconfigured", Some(E::Misconfigured)),
        (429, "rate_limited", Some(E::RateLimited)),
        (404, "", Some(E::EdgeFailed)),
    ] {
        let mut device = Device::logged_in();
        submit_phone_code(&mut device, 1, "p");
        device.reply_with(1, status, code);
        assert_eq!(error(&device, 1), expected, "{status} {code}");
        // A rate limit refuses before the code is redeemed.
        submit_phone_code(&mut device, 2, "p");
        assert_eq!(device.sent(2).len(), usize::from(status == 429), "{status} {code}");
    }
}

#[test]
fn a_third_401_of_a_tap_is_login_required() {
    for is_phone in [false, true] {
        let mut device = Device::logged_in();
        if is_phone {
            submit_phone_code(&mut device, 1, "p");
        } else {
            device.dispatch(Event::OpenData(1));
        }
        device.reply(1, 401).tokens("Refresh").reply(1, 401).tokens("Refresh").reply(1, 401);
        assert_eq!(device.failed_with(1), ErrorCode::LoginRequired);
    }
}

#[test]
fn a_body_code_means_expired_for_requests_only() {
    let mut device = Device::logged_in();
    device.dispatch(Event::OpenData(1)).reply_with(1, 200, "40101");
    assert_eq!((error(&device, 1), device.count("Refresh")), (None, 0));
}

#[test]
fn retry_after_of_a_rate_limited_tap_reaches_the_caller() {
    let mut device = Device::logged_in();
    device.dispatch(Event::OpenData(1));
    let reply = Event::ReplyArrived { waiter: 1, status: 429, code: "rate_limited".into(), retry_after_s: Some(9) };
    device.dispatch(reply);
    let Some(Outcome::Failed { retry_after, retryable, .. }) = device.outcome(1) else { panic!("no failure") };
    assert_eq!((*retry_after, *retryable), (Some(9), true));
}

#[test]
fn a_request_without_a_reply_fails_with_network_unless_the_application_is_misconfigured() {
    for (failure, expected) in [
        (Failure::Transient, ErrorCode::Network),
        (Failure::Unknown, ErrorCode::Network),
        (Failure::Misconfigured(Declaration::ServerDomain), ErrorCode::Misconfigured),
        (Failure::Bug, ErrorCode::Misconfigured),
    ] {
        let mut device = Device::logged_in();
        device.request(1).dispatch(Event::OpenData(2));
        submit_phone_code(&mut device, 3, "p");
        for waiter in 1..=3 {
            device.dispatch(Event::RequestFailed { waiter, failure });
        }
        let failed = [1, 2, 3].map(|waiter| device.failed_with(waiter));
        assert_eq!(failed, [expected, expected, ErrorCode::TapAgain], "{failure:?}");
    }
}

#[test]
fn replies_to_callers_that_are_not_waiting_for_one_are_ignored() {
    let mut device = Device::silent();
    device.request(1).reply(1, 200).dispatch(Event::RequestFailed { waiter: 1, failure: Failure::Transient });
    assert!(device.outcome(1).is_none(), "its request is not sent");
    device.log_in().reply(1, 200).reply(1, 401).reply(2, 401);
    device.dispatch(Event::RequestFailed { waiter: 1, failure: Failure::Transient });
    assert_eq!((error(&device, 1), device.count("Refresh")), (None, 0));
    assert!(device.outcome(2).is_none());
}

#[test]
fn a_host_without_wx_login_needs_no_key_check() {
    let mut page = Device::new(LoginMode::Never, PrivacyMode::Official);
    page.launch(Some(Device::logged_in().stored));
    page.dispatch(Event::KeyReady(1)).dispatch(Event::OpenData(2)).reply_with(2, 409, "session_key_stale");
    assert_eq!((page.count("CheckSession"), page.count("CallLogin")), (0, 0));
    assert!(matches!(page.outcome(1), Some(Outcome::Done)));
    assert_eq!(page.failed_with(2), ErrorCode::TapAgain);
}

#[test]
fn a_request_without_a_reply_fails_after_65_seconds() {
    let mut device = Device::logged_in();
    device.request(1).idle(64_999);
    assert!(device.outcome(1).is_none());
    device.idle(1);
    assert_eq!(device.failed_with(1), ErrorCode::Network);
}

#[test]
fn the_last_16_spent_phone_codes_are_remembered() {
    let mut device = Device::logged_in();
    for waiter in 1..=16 {
        submit_phone_code(&mut device, waiter, &format!("p{waiter}"));
        device.reply(waiter, 200);
    }
    submit_phone_code(&mut device, 100, "p1");
    assert_eq!(device.failed_with(100), ErrorCode::PhoneCodeUsed);
    submit_phone_code(&mut device, 17, "p17");
    submit_phone_code(&mut device, 101, "p2");
    assert_eq!(device.failed_with(101), ErrorCode::PhoneCodeUsed);
    assert_eq!(device.sent(17).len(), 1);
}

#[test]
fn each_request_has_its_own_deadline_and_three_seconds_after_javascript_resumes() {
    let mut device = Device::logged_in();
    device.request(1).idle(30_000).request(2).idle(35_000);
    assert_eq!((device.failed_with(1), device.outcome(2).is_none()), (ErrorCode::Network, true));
    device.idle(29_000).dispatch(Event::Hidden);
    device.now += 240_000;
    device.dispatch(Event::Tick).idle(2_900);
    assert!(device.outcome(2).is_none(), "its deadline had one second left");
    device.idle(1_100);
    assert_eq!(device.failed_with(2), ErrorCode::Network);
}
