//! Tries of a login attempt, the pauses between them, and its end.

use crate::device::{Device, Storage, Stored};
#[cfg(target_family = "wasm")]
use crate::test;
use wxauth::machine::{EdgeFailure, Effect, ErrorCode, Event, LoginMode, Outcome, PrivacyMode, SessionState};
use wxauth::wechat::Failure;

fn launched_with_seed(seed: u32) -> Device {
    let mut device = Device::new(LoginMode::Silent, PrivacyMode::Official);
    device.dispatch(Event::Launched { seed });
    device
}

/// Delay of the last requested wake-up, in milliseconds.
fn last_wake(device: &Device) -> u32 {
    let wake = |effect: &Effect| match effect {
        Effect::Wake { after } => Some(*after),
        _ => None,
    };
    device.effects.iter().rev().find_map(wake).unwrap()
}

/// 400 ms and 800 ms plus the output of Marsaglia's xorshift32 modulo the same; its first output for seed 1 is 270369.
#[test]
fn pauses_double_and_have_a_jitter_that_depends_on_the_seed() {
    for (seed, first, second) in [(1, 769, 1_089), (7, 583, 1_255), (0xdead_beef, 711, 802)] {
        let mut device = launched_with_seed(seed);
        device.login_failed();
        assert_eq!(last_wake(&device), first, "seed {seed}");
        device.idle(u64::from(first)).login_failed();
        assert_eq!(last_wake(&device), second, "seed {seed}");
        device.idle(u64::from(second));
        assert_eq!(device.count("CallLogin"), 3);
    }
}

#[test]
fn a_seed_of_0_counts_as_1() {
    let mut device = launched_with_seed(0);
    device.login_failed();
    assert_eq!(last_wake(&device), 769);
}

#[test]
fn a_wx_login_that_wechat_blocks_is_not_retried() {
    let mut device = Device::silent();
    let op = device.request(1).last_op("CallLogin");
    device.dispatch(Event::LoginFailed { op, failure: Failure::Blocked }).wait(60_000);
    assert_eq!((device.failed_with(1), device.count("CallLogin")), (ErrorCode::LoginBlocked, 1));
}

#[test]
fn a_refresh_refused_for_an_unknown_client_keeps_the_session() {
    let mut device = Device::logged_in();
    device.request(1).reply(1, 401).refused("Refresh", 401, "client_unknown").wait(60_000);
    assert_eq!((device.failed_with(1), device.count("CallLogin")), (ErrorCode::Misconfigured, 1));
    assert_eq!(device.state(), SessionState::LoggedIn);
}

#[test]
fn a_second_log_out_during_an_exchange_extends_the_first_to_everywhere() {
    for (first, second, expected) in [(false, true, true), (true, false, true), (false, false, false)] {
        let mut device = Device::silent();
        device.code().dispatch(Event::Logout { waiter: 1, everywhere: first });
        device.dispatch(Event::Logout { waiter: 2, everywhere: second }).tokens("Exchange");
        let revoked = device.effects.iter().find_map(|effect| match effect {
            Effect::Revoke { everywhere, .. } => Some(*everywhere),
            _ => None,
        });
        assert_eq!(revoked, Some(expected));
    }
}

#[test]
fn a_log_out_during_the_read_of_storage_ends_the_attempt() {
    let mut device = Device::logged_in();
    device.storage = Storage::Silent;
    device.request(1).reply(1, 401);
    let read = device.last_op("ReadRecord");
    device.dispatch(Event::Logout { waiter: 2, everywhere: false });
    let Stored { record, status } = device.stored.clone();
    device.storage = Storage::Works;
    device.dispatch(Event::RecordRead { op: read, record: Some(record), status: Some(status) }).wait(60_000);
    assert_eq!((device.count("Refresh"), device.count("CallLogin")), (0, 1));
    assert_eq!((device.failed_with(1), device.state()), (ErrorCode::LoggedOut, SessionState::LoggedOut));
}

#[test]
fn a_log_out_of_another_context_ends_a_refresh_before_it_is_sent() {
    let mut other = Device::logged_in();
    let mut device = other.restarted();
    other.dispatch(Event::Logout { waiter: 1, everywhere: false });
    device.stored = other.stored.clone();
    device.request(1).reply(1, 401).wait(60_000);
    assert_eq!((device.count("Refresh"), device.count("CallLogin")), (0, 0));
    assert_eq!((device.failed_with(1), device.state()), (ErrorCode::LoggedOut, SessionState::LoggedOut));
}

#[test]
fn a_failed_login_sends_guest_requests_without_a_session_and_settles_ready_by_mode() {
    let mut device = Device::silent();
    device.dispatch(Event::Request { waiter: 1, guest: true }).dispatch(Event::Ready(2));
    device.code().refused("Exchange", 403, "user_blocked").wait(5_000);
    assert_eq!((device.sent(1), device.failed_with(2)), (vec![None], ErrorCode::LoginBlocked));
    let mut device = Device::new(LoginMode::Explicit, PrivacyMode::Official);
    device.launch(None);
    device.dispatch(Event::Login(1)).dispatch(Event::Ready(2)).code().refused("Exchange", 403, "user_blocked");
    assert_eq!(device.failed_with(1), ErrorCode::LoginBlocked);
    assert!(matches!(device.outcome(2), Some(Outcome::Done)), "without a session the user is a guest");
}

#[test]
fn a_wait_that_the_edge_requests_is_honoured_for_an_hour_at_most() {
    for (retry_after_s, expected_s) in [(Some(1), 1), (Some(3_600), 3_600), (Some(3_601), 3_600), (None, 60)] {
        let mut device = Device::silent();
        let op = device.request(1).code().last_op("Exchange");
        let failure = EdgeFailure::Refused { status: 429, code: "rate_limited".into(), retry_after_s };
        device.dispatch(Event::EdgeFailed { op, failure });
        let Some(Outcome::Failed { retry_after: Some(wait_s), .. }) = device.outcome(1) else { panic!("no wait") };
        assert_eq!(*wait_s, expected_s);
    }
}

/// A device that refreshes for a request, with a guest request and a caller of `ready` waiting.
fn refreshing_with_a_guest() -> Device {
    let mut device = Device::logged_in();
    device.now += 3_600_000;
    device.request(1).dispatch(Event::Request { waiter: 2, guest: true }).dispatch(Event::Ready(3));
    assert_eq!((device.count("Refresh"), device.sent(2).len(), device.outcome(3).is_none()), (1, 0, true));
    device
}

#[test]
fn guest_requests_that_wait_for_a_refresh_are_sent_without_a_session_when_it_ends_otherwise() {
    let mut device = refreshing_with_a_guest();
    device.dispatch(Event::Logout { waiter: 4, everywhere: false });
    assert_eq!((device.sent(2), device.failed_with(1)), (vec![None], ErrorCode::LoggedOut));
    assert!(matches!(device.outcome(3), Some(Outcome::Done)));
    let mut device = refreshing_with_a_guest();
    device.refused("Refresh", 401, "client_unknown");
    assert_eq!((device.sent(2), device.failed_with(1)), (vec![None], ErrorCode::Misconfigured));
    assert_eq!(device.failed_with(3), ErrorCode::Misconfigured);
}
