//! Many callers: each is served in order or refused, and a token is passed to the host once.

use crate::device::Device;
#[cfg(target_family = "wasm")]
use crate::test;
use wxauth::machine::{Effect, ErrorCode, Event, LoginMode, Outcome, PhoneCode, PrivacyMode};

/// Largest number of unsettled callers.
const MAX_WAITING: u32 = 4_096;

fn tokens_passed(device: &Device) -> Vec<bool> {
    let passed = device.effects.iter().filter_map(|effect| match effect {
        Effect::SetToken { token, .. } => Some(token.is_some()),
        _ => None,
    });
    passed.collect()
}

#[test]
fn callers_beyond_the_limit_are_refused_and_the_others_served_in_order() {
    for launched in [false, true] {
        let mut device = Device::new(LoginMode::Silent, PrivacyMode::Official);
        if launched {
            device.launch(None);
        }
        for waiter in 1..=MAX_WAITING + 1_000 {
            device.request(waiter);
        }
        if !launched {
            device.launch(None);
        }
        device.log_in();
        let outcomes = device.outcomes();
        assert_eq!(outcomes.len(), 1_000);
        for refused in outcomes.values() {
            assert!(matches!(refused, Outcome::Failed { code: ErrorCode::TooManyWaiting, retryable: true, .. }));
        }
        let order: Vec<u32> = device.sends();
        assert_eq!(order, (1..=MAX_WAITING).collect::<Vec<_>>());
        device.reply(7, 200).request(90_000);
        assert_eq!(device.sends().last(), Some(&90_000), "a settled caller makes room");
    }
}

#[test]
fn every_kind_of_caller_counts_and_a_log_out_is_always_accepted() {
    let calls: [fn(u32) -> Event; 6] =
        [Event::Ready, Event::Login, Event::Token, Event::KeyReady, Event::OpenData, |waiter| Event::Ensure {
            waiter,
            scope: "scope.camera".into(),
        }];
    for call in calls {
        for launched in [false, true] {
            let mut device = Device::new(LoginMode::Silent, PrivacyMode::Official);
            if launched {
                device.launch(None);
            }
            for waiter in 1..=MAX_WAITING + 3 {
                device.dispatch(call(waiter));
            }
            assert_eq!(device.failed_with(MAX_WAITING + 1), ErrorCode::TooManyWaiting);
            device.dispatch(Event::Logout { waiter: MAX_WAITING + 10, everywhere: false });
            device.dispatch(Event::Cancelled(3));
            if !launched {
                device.launch(None);
            }
            assert!(matches!(device.outcome(MAX_WAITING + 10), Some(Outcome::Done)));
        }
    }
}

#[test]
fn cancelled_callers_of_every_kind_make_room() {
    let mut device = Device::new(LoginMode::Silent, PrivacyMode::Official);
    for waiter in 1..=MAX_WAITING {
        device.dispatch(if waiter % 2 == 0 { Event::Login(waiter) } else { Event::Token(waiter) });
    }
    for waiter in 1..=MAX_WAITING {
        device.dispatch(Event::Cancelled(waiter));
        assert_eq!(device.failed_with(waiter), ErrorCode::Cancelled);
    }
    device.launch(None);
    device.request(MAX_WAITING + 1).log_in();
    assert_eq!(device.sent(MAX_WAITING + 1).len(), 1);
}

#[test]
fn the_token_is_passed_to_the_host_once_per_session_and_removed_after_it() {
    let mut device = Device::silent();
    for waiter in 1..=50 {
        device.request(waiter);
    }
    device.log_in().dispatch(Event::Token(60)).request(61);
    assert_eq!(tokens_passed(&device), [true]);
    device.reply(1, 401).tokens("Refresh");
    assert_eq!(tokens_passed(&device), [true, true]);
    device.dispatch(Event::Logout { waiter: 70, everywhere: false });
    assert_eq!(tokens_passed(&device), [true, true, false]);
    device.dispatch(Event::Request { waiter: 71, guest: true });
    assert_eq!(device.sent(71), [None]);
}

#[test]
fn more_than_64_unsettled_phone_codes_are_refused() {
    let mut device = Device::logged_in();
    for waiter in 1..=65 {
        let code = PhoneCode::parse(format!("phone{waiter}")).unwrap();
        device.dispatch(Event::Phone { waiter, code });
    }
    assert_eq!(device.failed_with(65), ErrorCode::TooManyWaiting);
    assert_eq!(device.sends().len(), 64);
}

#[test]
fn tokens_and_codes_beyond_their_length_limit_are_refused() {
    for length in [1, 8_192, 8_193] {
        let fits = length <= 8_192;
        assert_eq!(wxauth::machine::AccessToken::parse("a".repeat(length)).is_some(), fits);
        assert_eq!(wxauth::machine::RefreshToken::parse("a".repeat(length)).is_some(), fits);
    }
    assert!(PhoneCode::parse("a".repeat(513)).is_none());
}

#[test]
fn sixteen_log_outs_are_accepted_beyond_the_limit() {
    let mut device = Device::new(LoginMode::Silent, PrivacyMode::Official);
    for waiter in 1..=MAX_WAITING {
        device.request(waiter);
    }
    for waiter in MAX_WAITING + 1..=MAX_WAITING + 17 {
        device.dispatch(Event::Logout { waiter, everywhere: false });
    }
    assert_eq!(device.outcomes().len(), 1);
    assert_eq!(device.failed_with(MAX_WAITING + 17), ErrorCode::TooManyWaiting);
}
