//! WeChat's rate limit for client calls (§1.1).

use crate::device::{Device, name};
#[cfg(target_family = "wasm")]
use crate::test;
use wxauth::machine::{Event, LoginMode, PrivacyMode};
use wxauth::wechat::Failure;

#[test]
fn the_fifth_rate_limited_call_within_a_second_waits() {
    let mut device = Device::silent();
    // Each `Shown` causes one `getSetting`.
    device.dispatch(Event::Scopes(1));
    for _ in 0..10 {
        device.dispatch(Event::Hidden).dispatch(Event::Shown);
    }
    let rated =
        |device: &Device| device.count("CallLogin") + device.count("CheckSession") + device.count("ReadSetting");
    assert_eq!(rated(&device), 4);
    device.wait(500).wait(450);
    assert_eq!(rated(&device), 4);
    device.wait(50);
    assert_eq!(rated(&device), 8);
    device.wait(500).wait(450);
    assert_eq!(rated(&device), 8);
    device.wait(50);
    assert_eq!(rated(&device), 12);
}

#[test]
fn a_delayed_call_schedules_a_wake_up() {
    let mut device = Device::silent();
    device.dispatch(Event::Scopes(1));
    for _ in 0..4 {
        device.dispatch(Event::Hidden).dispatch(Event::Shown);
    }
    let wake = device.effects.iter().rev().find(|effect| name(effect) == "Wake");
    assert!(matches!(wake, Some(wxauth::machine::Effect::Wake { after: 1..=1000 })));
}

#[test]
fn one_login_per_launch_unless_it_failed_or_the_session_ended() {
    let mut device = Device::new(LoginMode::Silent, PrivacyMode::Official);
    device.launch(None);
    device.log_in();
    for waiter in 0..20 {
        device.request(waiter).reply(waiter, 200).dispatch(Event::Login(100 + waiter)).wait(500);
    }
    assert_eq!(device.count("CallLogin"), 1);
    device.now += 3_600_000;
    device.request(50).refused("Refresh", 400, "session_ended");
    assert_eq!(device.count("CallLogin"), 2);
    let op = device.last_op("CallLogin");
    device.dispatch(Event::LoginFailed { op, failure: Failure::Transient }).wait(2_000);
    assert_eq!(device.count("CallLogin"), 3);
}
