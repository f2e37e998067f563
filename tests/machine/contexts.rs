//! Two contexts on one storage: each takes over the other's log-out, login, refresh and pending revocations.

use crate::device::{Device, Stored};
#[cfg(target_family = "wasm")]
use crate::test;
use wxauth::machine::{Effect, ErrorCode, Event, Generation, LoginMode, Outcome, PrivacyMode, SessionState};

/// A second context that found the same session in storage.
fn two_contexts() -> (Device, Device) {
    let mut first = Device::logged_in();
    let second = first.restarted();
    first.now = second.now;
    (first, second)
}

/// Gives `to` the storage of `from`, without a storage event.
fn share(from: &Device, to: &mut Device) {
    to.stored = from.stored.clone();
    to.now = to.now.max(from.now);
}

#[test]
fn a_log_out_and_a_login_of_another_context_apply_at_a_storage_event_and_when_shown() {
    for event in [Event::StorageChanged, Event::Shown] {
        let (mut first, mut second) = two_contexts();
        first.dispatch(Event::Logout { waiter: 1, everywhere: false });
        share(&first, &mut second);
        second.dispatch(event.clone());
        assert_eq!(second.state(), SessionState::LoggedOut, "{event:?}");
        first.now += 1_000;
        first.log_in_again();
        share(&first, &mut second);
        second.dispatch(event.clone());
        assert_eq!((second.state(), second.count("CallLogin")), (SessionState::LoggedIn, 0), "{event:?}");
    }
}

#[test]
fn a_storage_event_before_the_launch_is_ignored() {
    let mut device = Device::silent();
    let reads = device.count("ReadRecord");
    device.dispatch(Event::StorageChanged);
    assert_eq!(device.count("ReadRecord"), reads + 1);
    let mut unlaunched = Device::new(LoginMode::Silent, PrivacyMode::Official);
    unlaunched.dispatch(Event::StorageChanged);
    assert_eq!(unlaunched.count("ReadRecord"), 0);
}

#[test]
fn tokens_that_another_context_refreshed_are_used_without_a_refresh() {
    let (mut first, mut second) = two_contexts();
    second.request(1);
    first.request(1).reply(1, 401).tokens("Refresh");
    share(&first, &mut second);
    second.reply(1, 401);
    let sent = second.sent(1);
    assert_eq!((second.count("Refresh"), sent.len()), (0, 2));
    assert_ne!(sent[0], sent[1]);
}

#[test]
fn a_pending_revocation_of_another_context_is_sent_after_a_pause_unless_it_was_settled_there() {
    for settled in [false, true] {
        let (mut first, mut second) = two_contexts();
        first.dispatch(Event::Logout { waiter: 1, everywhere: false });
        share(&first, &mut second);
        second.dispatch(Event::StorageChanged);
        assert_eq!(second.count("Revoke"), 0, "the other context sends it first");
        if settled {
            let op = first.last_op("Revoke");
            first.dispatch(Event::Revoked { op });
            share(&first, &mut second);
            second.dispatch(Event::StorageChanged);
        }
        second.wait(60_000);
        assert_eq!(second.count("Revoke") > 0, !settled);
    }
}

#[test]
fn a_revocation_that_was_settled_here_is_not_taken_over_again() {
    let mut device = Device::logged_in();
    device.dispatch(Event::Logout { waiter: 1, everywhere: false });
    let stale = device.stored.clone();
    assert!(stale.status.contains("refresh"));
    let op = device.last_op("Revoke");
    device.dispatch(Event::Revoked { op });
    device.stored = stale;
    device.dispatch(Event::StorageChanged).wait(120_000);
    assert_eq!(device.count("Revoke"), 1);
    assert!(!device.stored.status.contains("refresh"), "storage is corrected");
    assert_eq!(device.request(2).failed_with(2), ErrorCode::LoggedOut);
}

#[test]
fn a_log_out_everywhere_extends_a_revocation_that_was_already_sent() {
    let mut device = Device::logged_in();
    device.dispatch(Event::Logout { waiter: 1, everywhere: false });
    let op = device.last_op("Revoke");
    device.dispatch(Event::Logout { waiter: 2, everywhere: true }).dispatch(Event::Revoked { op });
    assert_eq!(device.count("Revoke"), 2, "it is sent again with everywhere");
    let op = device.last_op("Revoke");
    device.dispatch(Event::Revoked { op }).wait(120_000);
    assert_eq!(device.count("Revoke"), 2);
}

#[test]
fn a_revocation_stays_everywhere_if_another_context_stored_it_without() {
    let mut device = Device::logged_in();
    device.dispatch(Event::Logout { waiter: 1, everywhere: true }).unreachable("Revoke");
    device.stored.status = device.stored.status.replace('*', "");
    device.dispatch(Event::StorageChanged).wait(30_000);
    let last = device.effects.iter().rev().find_map(|effect| match effect {
        Effect::Revoke { everywhere, .. } => Some(*everywhere),
        _ => None,
    });
    assert_eq!((last, device.count("Revoke") > 1), (Some(true), true));
}

#[test]
fn a_record_of_an_earlier_release_keeps_its_generation() {
    let mut device = Device::new(LoginMode::Silent, PrivacyMode::Official);
    let record = "wxauth2 7 0 0 1 1 1790000600000 access refresh".to_owned();
    device.launch(Some(Stored { record, status: String::new() })).dispatch(Event::Token(1));
    assert!(matches!(device.outcome(1), Some(Outcome::Token { generation: Generation(7) })));
}
