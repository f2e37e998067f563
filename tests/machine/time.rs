//! Time: steps of the clock, wake-ups, early and late timers, the offset of the server's clock.

use crate::device::{Device, tokens};
#[cfg(target_family = "wasm")]
use crate::test;
use wxauth::machine::{EdgeFailure, ErrorCode, Event, LoginMode, PrivacyMode};

#[test]
fn a_step_of_120_seconds_counts_as_waiting_and_a_longer_one_as_a_change_of_the_clock() {
    for (step_ms, logins) in [(120_000, 2), (120_001, 1)] {
        let mut device = Device::silent();
        device.request(1);
        device.now += step_ms;
        device.dispatch(Event::Tick).idle(1_000);
        assert_eq!(device.count("CallLogin"), logins, "the login timed out, or its deadline was moved");
    }
}

#[test]
fn a_hidden_timer_that_is_2_seconds_late_counts_as_waiting_and_a_later_one_as_stopped() {
    for (late_ms, logins) in [(2_000, 2), (2_001, 1)] {
        let mut device = Device::silent();
        // The next wake-up is due at the deadline of wx.login: 10 s after the launch.
        device.request(1).idle(4_000).dispatch(Event::Hidden);
        device.now += 6_000 + late_ms;
        device.dispatch(Event::Tick).dispatch(Event::Shown);
        device.dispatch(Event::Tick);
        assert_eq!(device.count("CallLogin"), logins, "the login timed out, or its deadline was moved");
    }
}

#[test]
fn a_wait_ends_100_ms_early_for_a_caller_with_a_fast_timer() {
    for (early_ms, logins) in [(100, 2), (101, 1)] {
        let mut device = Device::silent();
        let op = device.request(1).code().last_op("Exchange");
        let failure = EdgeFailure::Refused { status: 429, code: "rate_limited".into(), retry_after_s: Some(60) };
        device.dispatch(Event::EdgeFailed { op, failure });
        device.now += 60_000 - early_ms;
        device.request(2);
        assert_eq!(device.count("CallLogin"), logins, "{early_ms} ms early");
    }
}

#[test]
fn a_wake_up_is_requested_once_per_deadline() {
    let mut device = Device::silent();
    let wakes = device.count("Wake");
    device.request(1).request(2).dispatch(Event::Ready(3));
    assert_eq!(device.count("Wake"), wakes, "the login's deadline has its wake-up");
    // The host reports another event instead of the tick: the wake-up is requested again.
    device.now += 60_000;
    device.dispatch(Event::Ready(4));
    assert!(device.count("Wake") > wakes);
}

#[test]
fn the_record_keeps_the_offset_of_the_servers_clock() {
    let offset = |device: &Device| device.stored.record.split(' ').nth(3).unwrap().to_owned();
    let mut device = Device::silent();
    let op = device.code().last_op("Exchange");
    let server_now = Some(device.now + 5_000);
    device.dispatch(Event::TokensArrived { op, tokens: tokens(op), server_now });
    assert_eq!(offset(&device), "5000");
    let mut device = device.restarted();
    device.request(1).reply(1, 401);
    let op = device.last_op("Refresh");
    device.dispatch(Event::TokensArrived { op, tokens: tokens(op), server_now: None });
    assert!(device.stored.record.contains(&format!("refresh{op}")));
    assert_eq!(offset(&device), "5000", "a reply without Date changes nothing");
}

#[test]
fn a_caller_cancelled_before_the_launch_settles_once_and_others_stay() {
    let mut device = Device::new(LoginMode::Silent, PrivacyMode::Official);
    device.request(1).dispatch(Event::Login(2)).dispatch(Event::OpenData(3)).dispatch(Event::Cancelled(1));
    assert_eq!(device.failed_with(1), ErrorCode::Cancelled);
    device.dispatch(Event::Cancelled(3)).launch(None);
    device.log_in();
    assert_eq!(device.failed_with(3), ErrorCode::Cancelled);
    assert_eq!((device.sent(1).len(), device.sent(3).len()), (0, 0));
    assert!(device.outcome(2).is_some());
}

#[test]
fn an_access_token_is_used_until_30_seconds_before_its_end() {
    for (before_ms, refreshes) in [(30_001, 0), (30_000, 1)] {
        let mut device = Device::logged_in();
        device.now += 600_000 - before_ms;
        device.request(1);
        assert_eq!(device.count("Refresh"), refreshes, "{before_ms} ms before the end");
    }
}
