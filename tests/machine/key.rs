//! The edge's session_key and WeChat's: epochs, checkSession, open data.

use crate::phone::{Phone, Stored};
use wxauth::machine::{ErrorCode, Event, LoginMode, Outcome, PrivacyMode};

/// A phone that found a live session in its storage, as most launches do.
fn relaunched() -> Phone {
    relaunched_with(&Phone::logged_in().stored)
}

fn relaunched_with(stored: &Stored) -> Phone {
    let mut phone = Phone::new(LoginMode::Silent, PrivacyMode::Official);
    phone.launch(Some(stored.clone()));
    phone
}

impl Phone {
    fn open_data(&mut self, waiter: u32) -> &mut Self {
        self.tell(Event::OpenData(waiter))
    }
    fn checked(&mut self, alive: bool) -> &mut Self {
        let op = self.last_op("CheckSession");
        self.tell(Event::SessionChecked { op, alive })
    }
}

#[test]
fn a_key_that_an_exchange_just_brought_needs_no_check() {
    let mut phone = Phone::logged_in();
    phone.open_data(1);
    assert_eq!((phone.sent(1).len(), phone.count("CheckSession")), (1, 0));
    phone.reply(1, 200);
    assert!(matches!(phone.outcome(1), Some(Outcome::Deliver { of: 1 })));
}

#[test]
fn a_launch_asks_wechat_once_whatever_number_of_callers() {
    let mut phone = relaunched();
    phone.open_data(1).open_data(2).tell(Event::KeyReady(3)).request(4);
    assert_eq!(phone.sent(4).len(), 1, "a request does not wait for the key");
    assert_eq!((phone.count("CheckSession"), phone.sent(1).len()), (1, 0));
    phone.checked(true).open_data(5);
    assert_eq!((phone.sent(1).len(), phone.sent(2).len(), phone.sent(5).len()), (1, 1, 1));
    assert!(matches!(phone.outcome(3), Some(Outcome::Done)));
    assert_eq!((phone.count("CheckSession"), phone.count("CallLogin")), (1, 0));
}

#[test]
fn a_dead_key_leads_to_a_login_and_not_to_a_renewal() {
    let mut phone = relaunched();
    phone.tell(Event::KeyReady(1)).checked(false);
    assert_eq!((phone.count("CallLogin"), phone.count("Refresh"), phone.outcome(1).is_none()), (1, 0, true));
    phone.log_in();
    assert!(matches!(phone.outcome(1), Some(Outcome::Done)));
}

#[test]
fn a_code_that_the_edge_never_acknowledged_leads_to_an_exchange_whatever_checksession_says() {
    let mut first = Phone::logged_in();
    // A key that is dead makes the phone log in; the app is gone before the exchange.
    first.open_data(1).reply_with(1, 409, "session_key_stale").code();
    assert_eq!(first.count("Exchange"), 2);
    let mut phone = relaunched_with(&first.stored);
    phone.open_data(1);
    assert_eq!((phone.count("CheckSession"), phone.count("CallLogin"), phone.sent(1).len()), (0, 1, 0));
    phone.log_in();
    assert_eq!(phone.sent(1).len(), 1);
}

#[test]
fn a_stale_key_is_recovered_from_and_the_page_asks_for_a_new_tap() {
    let mut phone = relaunched();
    phone.open_data(1).checked(true).reply_with(1, 409, "session_key_stale");
    assert_eq!((phone.count("CallLogin"), phone.outcome(1).is_none()), (1, true), "first it recovers");
    phone.log_in();
    assert_eq!((phone.failed_with(1), phone.sent(1).len()), (ErrorCode::TapAgain, 1));
    phone.open_data(2).reply(2, 200);
    assert!(matches!(phone.outcome(2), Some(Outcome::Deliver { .. })));
}

#[test]
fn a_recovery_that_fails_says_why() {
    let mut phone = relaunched();
    phone.open_data(1).checked(true).reply_with(1, 409, "session_key_stale");
    for _ in 0..3 {
        phone.login_failed().wait(5_000);
    }
    assert_eq!(phone.failed_with(1), ErrorCode::WechatLoginFailed);
}

#[test]
fn data_that_does_not_open_is_lost_where_a_login_came_between_and_wrong_where_none_did() {
    let mut phone = relaunched();
    phone.open_data(1).checked(true).reply_with(1, 400, "decrypt_failed");
    assert_eq!(phone.failed_with(1), ErrorCode::DataInvalid);
    let mut phone = relaunched();
    phone.open_data(1).checked(false).log_in().reply_with(1, 400, "decrypt_failed");
    assert_eq!(phone.failed_with(1), ErrorCode::TapAgain);
    let mut phone = Phone::silent();
    phone.open_data(1).log_in().reply_with(1, 400, "decrypt_failed");
    assert_eq!(phone.failed_with(1), ErrorCode::TapAgain, "wx.login was under way");
}

#[test]
fn a_wrong_signature_says_nothing_about_the_token() {
    let mut phone = Phone::logged_in();
    phone.open_data(1).reply_with(1, 400, "signature_mismatch");
    assert_eq!((phone.failed_with(1), phone.count("Refresh")), (ErrorCode::DataInvalid, 0));
}

#[test]
fn a_checksession_that_is_silent_leaves_it_to_the_edge() {
    let mut phone = relaunched();
    phone.open_data(1).wait(5_000);
    assert_eq!((phone.sent(1).len(), phone.count("CallLogin")), (1, 0));
}

#[test]
fn an_expired_access_token_is_renewed_before_open_data_goes_out() {
    let mut phone = relaunched();
    phone.now += 86_400_000;
    phone.open_data(1).tokens("Refresh").checked(true);
    assert_eq!((phone.sent(1).len(), phone.count("CallLogin")), (1, 0));
}

#[test]
fn open_data_from_before_the_launch_is_of_the_epoch_that_the_record_brings() {
    let mut phone = Phone::new(LoginMode::Silent, PrivacyMode::Official);
    phone.open_data(1);
    phone.launch(Some(Phone::logged_in().stored));
    phone.checked(true).reply_with(1, 400, "decrypt_failed");
    assert_eq!(phone.failed_with(1), ErrorCode::DataInvalid);
}
