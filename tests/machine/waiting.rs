//! Many callers at once: all are served in their order or refused, and a token is handed over once.

use crate::phone::Phone;
use wxauth::machine::{Effect, ErrorCode, Event, LoginMode, Outcome, PhoneCode, PrivacyMode};

/// What the machine lets in.
const MOST: u32 = 4_096;

fn tokens_handed_over(phone: &Phone) -> Vec<bool> {
    let handed = phone.asked.iter().filter_map(|effect| match effect {
        Effect::SetToken { token, .. } => Some(token.is_some()),
        _ => None,
    });
    handed.collect()
}

#[test]
fn more_callers_than_there_is_room_for_are_refused_and_the_others_served() {
    for launched in [false, true] {
        let mut phone = Phone::new(LoginMode::Silent, PrivacyMode::Official);
        if launched {
            phone.launch(None);
        }
        for waiter in 1..=MOST + 1_000 {
            phone.request(waiter);
        }
        if !launched {
            phone.launch(None);
        }
        phone.log_in();
        let outcomes = phone.outcomes();
        assert_eq!(outcomes.len(), 1_000);
        for refused in outcomes.values() {
            assert!(matches!(refused, Outcome::Failed { code: ErrorCode::TooManyWaiting, retryable: true, .. }));
        }
        let order: Vec<u32> = phone.sends();
        assert_eq!(order, (1..=MOST).collect::<Vec<_>>());
        phone.reply(7, 200).request(90_000);
        assert_eq!(phone.sends().last(), Some(&90_000), "there is room again");
    }
}

#[test]
fn every_kind_of_caller_is_counted_and_a_log_out_is_always_let_in() {
    let calls: [fn(u32) -> Event; 6] =
        [Event::Ready, Event::Login, Event::Token, Event::KeyReady, Event::OpenData, |waiter| Event::Ensure {
            waiter,
            scope: "scope.camera".into(),
        }];
    for call in calls {
        for launched in [false, true] {
            let mut phone = Phone::new(LoginMode::Silent, PrivacyMode::Official);
            if launched {
                phone.launch(None);
            }
            for waiter in 1..=MOST + 3 {
                phone.tell(call(waiter));
            }
            assert_eq!(phone.failed_with(MOST + 1), ErrorCode::TooManyWaiting);
            phone.tell(Event::Logout { waiter: MOST + 10, everywhere: false });
            phone.tell(Event::Cancelled(3));
            if !launched {
                phone.launch(None);
            }
            assert!(matches!(phone.outcome(MOST + 10), Some(Outcome::Done)));
        }
    }
}

#[test]
fn callers_that_leave_make_room_whatever_they_wait_for() {
    let mut phone = Phone::new(LoginMode::Silent, PrivacyMode::Official);
    for waiter in 1..=MOST {
        phone.tell(if waiter % 2 == 0 { Event::Login(waiter) } else { Event::Token(waiter) });
    }
    for waiter in 1..=MOST {
        phone.tell(Event::Cancelled(waiter));
        assert_eq!(phone.failed_with(waiter), ErrorCode::Cancelled);
    }
    phone.launch(None);
    phone.request(MOST + 1).log_in();
    assert_eq!(phone.sent(MOST + 1).len(), 1);
}

#[test]
fn the_token_is_handed_over_once_for_a_session_and_taken_back_after_it() {
    let mut phone = Phone::silent();
    for waiter in 1..=50 {
        phone.request(waiter);
    }
    phone.log_in().tell(Event::Token(60)).request(61);
    assert_eq!(tokens_handed_over(&phone), [true]);
    phone.reply(1, 401).tokens("Refresh");
    assert_eq!(tokens_handed_over(&phone), [true, true]);
    phone.tell(Event::Logout { waiter: 70, everywhere: false });
    assert_eq!(tokens_handed_over(&phone), [true, true, false]);
    phone.tell(Event::Request { waiter: 71, guest: true });
    assert_eq!(phone.sent(71), [None]);
}

#[test]
fn codes_of_more_taps_than_a_person_makes_are_refused() {
    let mut phone = Phone::logged_in();
    for waiter in 1..=65 {
        let code = PhoneCode::parse(format!("phone{waiter}")).unwrap();
        phone.tell(Event::Phone { waiter, code });
    }
    assert_eq!(phone.failed_with(65), ErrorCode::TooManyWaiting);
    assert_eq!(phone.sends().len(), 64);
}

#[test]
fn tokens_longer_than_the_core_takes_are_none() {
    for length in [1, 8_192, 8_193] {
        let fits = length <= 8_192;
        assert_eq!(wxauth::machine::AccessToken::parse("a".repeat(length)).is_some(), fits);
        assert_eq!(wxauth::machine::RefreshToken::parse("a".repeat(length)).is_some(), fits);
    }
    assert!(PhoneCode::parse("a".repeat(513)).is_none());
}
