//! Agreement of the edge's session_key with WeChat's: epochs, checkSession, open data.

use crate::device::{Device, Stored};
#[cfg(target_family = "wasm")]
use crate::test;
use wxauth::machine::{ErrorCode, Event, LoginMode, Outcome, PrivacyMode};

/// A device that launched with a live session in its storage.
fn relaunched() -> Device {
    relaunched_with(&Device::logged_in().stored)
}

fn relaunched_with(stored: &Stored) -> Device {
    let mut device = Device::new(LoginMode::Silent, PrivacyMode::Official);
    device.launch(Some(stored.clone()));
    device
}

impl Device {
    fn open_data(&mut self, waiter: u32) -> &mut Self {
        self.dispatch(Event::OpenData(waiter))
    }
    fn checked(&mut self, alive: bool) -> &mut Self {
        let op = self.last_op("CheckSession");
        self.dispatch(Event::SessionChecked { op, alive })
    }
}

#[test]
fn a_key_from_an_exchange_of_this_launch_is_not_checked() {
    let mut device = Device::logged_in();
    device.open_data(1);
    assert_eq!((device.sent(1).len(), device.count("CheckSession")), (1, 0));
    device.reply(1, 200);
    assert!(matches!(device.outcome(1), Some(Outcome::Deliver { of: 1 })));
}

#[test]
fn the_key_is_checked_once_per_launch_for_any_number_of_callers() {
    let mut device = relaunched();
    device.open_data(1).open_data(2).dispatch(Event::KeyReady(3)).request(4);
    assert_eq!(device.sent(4).len(), 1, "a request does not wait for the key");
    assert_eq!((device.count("CheckSession"), device.sent(1).len()), (1, 0));
    device.checked(true).open_data(5);
    assert_eq!((device.sent(1).len(), device.sent(2).len(), device.sent(5).len()), (1, 1, 1));
    assert!(matches!(device.outcome(3), Some(Outcome::Done)));
    assert_eq!((device.count("CheckSession"), device.count("CallLogin")), (1, 0));
}

#[test]
fn a_dead_key_causes_a_login_and_no_refresh() {
    let mut device = relaunched();
    device.dispatch(Event::KeyReady(1)).checked(false);
    assert_eq!((device.count("CallLogin"), device.count("Refresh"), device.outcome(1).is_none()), (1, 0, true));
    device.log_in();
    assert!(matches!(device.outcome(1), Some(Outcome::Done)));
}

#[test]
fn a_code_that_the_edge_never_acknowledged_causes_a_login_without_checksession() {
    let mut first = Device::logged_in();
    // A dead key causes a login; the app is closed before the exchange is answered.
    first.open_data(1).reply_with(1, 409, "session_key_stale").code();
    assert_eq!(first.count("Exchange"), 2);
    let mut device = relaunched_with(&first.stored);
    device.open_data(1);
    assert_eq!((device.count("CheckSession"), device.count("CallLogin"), device.sent(1).len()), (0, 1, 0));
    device.log_in();
    assert_eq!(device.sent(1).len(), 1);
}

#[test]
fn a_stale_key_causes_a_login_and_the_caller_fails_with_tap_again() {
    let mut device = relaunched();
    device.open_data(1).checked(true).reply_with(1, 409, "session_key_stale");
    assert_eq!((device.count("CallLogin"), device.outcome(1).is_none()), (1, true), "the login comes first");
    device.log_in();
    assert_eq!((device.failed_with(1), device.sent(1).len()), (ErrorCode::TapAgain, 1));
    device.open_data(2).reply(2, 200);
    assert!(matches!(device.outcome(2), Some(Outcome::Deliver { .. })));
}

#[test]
fn a_caller_with_a_stale_key_fails_with_the_reason_of_the_failed_login() {
    let mut device = relaunched();
    device.open_data(1).checked(true).reply_with(1, 409, "session_key_stale");
    for _ in 0..3 {
        device.login_failed().wait(5_000);
    }
    assert_eq!(device.failed_with(1), ErrorCode::WechatLoginFailed);
}

#[test]
fn undecryptable_data_is_tap_again_after_a_login_and_data_invalid_without_one() {
    let mut device = relaunched();
    device.open_data(1).checked(true).reply_with(1, 400, "decrypt_failed");
    assert_eq!(device.failed_with(1), ErrorCode::DataInvalid);
    let mut device = relaunched();
    device.open_data(1).checked(false).log_in().reply_with(1, 400, "decrypt_failed");
    assert_eq!(device.failed_with(1), ErrorCode::TapAgain);
    let mut device = Device::silent();
    device.open_data(1).log_in().reply_with(1, 400, "decrypt_failed");
    assert_eq!(device.failed_with(1), ErrorCode::TapAgain, "wx.login was in progress");
}

#[test]
fn a_signature_mismatch_causes_no_refresh() {
    let mut device = Device::logged_in();
    device.open_data(1).reply_with(1, 400, "signature_mismatch");
    assert_eq!((device.failed_with(1), device.count("Refresh")), (ErrorCode::DataInvalid, 0));
}

#[test]
fn open_data_is_sent_if_checksession_does_not_answer() {
    let mut device = relaunched();
    device.open_data(1).wait(5_000);
    assert_eq!((device.sent(1).len(), device.count("CallLogin")), (1, 0));
}

#[test]
fn an_expired_access_token_is_refreshed_before_open_data_is_sent() {
    let mut device = relaunched();
    device.now += 86_400_000;
    device.open_data(1).tokens("Refresh").checked(true);
    assert_eq!((device.sent(1).len(), device.count("CallLogin")), (1, 0));
}

#[test]
fn open_data_from_before_the_launch_belongs_to_the_stored_key_epoch() {
    let mut device = Device::new(LoginMode::Silent, PrivacyMode::Official);
    device.open_data(1);
    device.launch(Some(Device::logged_in().stored));
    device.checked(true).reply_with(1, 400, "decrypt_failed");
    assert_eq!(device.failed_with(1), ErrorCode::DataInvalid);
}

#[test]
fn checksession_has_three_seconds_after_javascript_resumes() {
    let mut device = relaunched();
    device.open_data(1).idle(4_000).dispatch(Event::Hidden);
    device.now += 240_000;
    device.dispatch(Event::Shown).dispatch(Event::Tick).idle(2_900);
    assert!(device.sent(1).is_empty(), "the answer is still awaited");
    device.checked(true);
    assert_eq!(device.sent(1).len(), 1);
}
