//! WeChat's frequency rule (§1.1), as a client can keep it.

use crate::phone::{Phone, name};
use wxauth::machine::{Event, LoginMode, PrivacyMode};
use wxauth::wechat::Failure;

#[test]
fn a_fifth_rated_call_within_a_second_waits_for_its_turn() {
    let mut phone = Phone::silent();
    // Shown again and again: one getSetting each, by the rule of one per `Shown`.
    phone.tell(Event::Scopes(1));
    for _ in 0..10 {
        phone.tell(Event::Hidden).tell(Event::Shown);
    }
    let rated = |phone: &Phone| phone.count("CallLogin") + phone.count("CheckSession") + phone.count("ReadSetting");
    assert_eq!(rated(&phone), 4);
    phone.wait(500).wait(450);
    assert_eq!(rated(&phone), 4);
    phone.wait(50);
    assert_eq!(rated(&phone), 8);
    phone.wait(500).wait(450);
    assert_eq!(rated(&phone), 8);
    phone.wait(50);
    assert_eq!(rated(&phone), 12);
}

#[test]
fn the_wait_for_a_turn_is_woken_from() {
    let mut phone = Phone::silent();
    phone.tell(Event::Scopes(1));
    for _ in 0..4 {
        phone.tell(Event::Hidden).tell(Event::Shown);
    }
    let wake = phone.asked.iter().rev().find(|effect| name(effect) == "Wake");
    assert!(matches!(wake, Some(wxauth::machine::Effect::Wake { after: 1..=1000 })));
}

#[test]
fn one_login_a_launch_unless_one_failed_or_expired() {
    let mut phone = Phone::new(LoginMode::Silent, PrivacyMode::Official);
    phone.launch(None);
    phone.log_in();
    for waiter in 0..20 {
        phone.request(waiter).reply(waiter, 200).tell(Event::Login(100 + waiter)).wait(500);
    }
    assert_eq!(phone.count("CallLogin"), 1);
    phone.now += 3_600_000;
    phone.request(50).refused("Refresh", 400, "session_ended");
    assert_eq!(phone.count("CallLogin"), 2);
    let op = phone.last_op("CallLogin");
    phone.tell(Event::LoginFailed { op, failure: Failure::Transient }).wait(2_000);
    assert_eq!(phone.count("CallLogin"), 3);
}
