//! Pauses after failures, the order of revocations, and which entries are written.

use crate::device::{Device, Storage, Stored};
use crate::storage::log_out;
#[cfg(target_family = "wasm")]
use crate::test;
use wxauth::machine::{EdgeFailure, Effect, Entry, Event, LoginMode, PrivacyMode};

/// Asserts that `effect` is repeated after each of these pauses, not a millisecond earlier; `fail` answers it.
fn assert_pauses(device: &mut Device, effect: &str, pauses_s: &[u64], fail: impl Fn(&mut Device)) {
    for pause_s in pauses_s {
        let before = device.count(effect);
        device.idle(pause_s * 1_000 - 1);
        assert_eq!(device.count(effect), before, "{effect} less than {pause_s} s after a failure");
        device.idle(1);
        assert_eq!(device.count(effect), before + 1, "{effect} {pause_s} s after a failure");
        fail(device);
    }
}

#[test]
fn pauses_between_revocations_double_from_2_to_300_seconds_and_begin_again_with_the_next() {
    let refuse = |device: &mut Device| _ = device.refused("Revoke", 503, "storage_unavailable");
    let mut device = Device::logged_in();
    log_out(&mut device);
    refuse(&mut device);
    assert_pauses(&mut device, "Revoke", &[2, 4, 8, 16, 32, 64, 128, 256, 300, 300], refuse);
    device.log_in_again();
    let sent = device.count("Revoke");
    device.dispatch(Event::Logout { waiter: 701, everywhere: false });
    assert_eq!(device.count("Revoke"), sent + 1, "a new revocation ends the pause");
    refuse(&mut device);
    assert_pauses(&mut device, "Revoke", &[2, 4], refuse);
}

#[test]
fn a_revocation_without_an_answer_is_repeated_2_seconds_after_its_timeout() {
    let mut device = Device::logged_in();
    log_out(&mut device).idle(11_999);
    assert_eq!(device.count("Revoke"), 1);
    device.idle(1);
    assert_eq!(device.count("Revoke"), 2);
}

#[test]
fn pauses_between_failed_writes_double_from_1_to_60_seconds() {
    let mut device = Device::logged_in();
    device.storage = Storage::Full;
    device.request(1).reply(1, 401).tokens("Refresh");
    assert_pauses(&mut device, "Save", &[1, 2, 4, 8, 16, 32, 60, 60], |_| {});
    device.dispatch(Event::Shown);
    device.storage = Storage::Works;
    device.idle(60_000);
    assert!(!device.degraded());
    assert!(device.stored.record.contains("refresh"));
}

#[test]
fn pauses_between_failed_reads_double_from_1_to_60_seconds() {
    let mut device = Device::new(LoginMode::Silent, PrivacyMode::Official);
    device.storage = Storage::Fails;
    device.launch(None);
    assert_pauses(&mut device, "ReadRecord", &[1, 2, 4, 8, 16, 32, 60, 60], |_| {});
}

#[test]
fn retry_after_of_a_revocation_is_honoured() {
    for (retry_after_s, pause_s) in [(1, 2), (10, 10), (299, 299), (301, 300)] {
        let mut device = Device::logged_in();
        let op = log_out(&mut device).last_op("Revoke");
        let failure = EdgeFailure::Refused { status: 503, code: String::new(), retry_after_s: Some(retry_after_s) };
        device.dispatch(Event::EdgeFailed { op, failure });
        assert_pauses(&mut device, "Revoke", &[pause_s], |_| {});
    }
}

#[test]
fn pending_revocations_take_turns() {
    let mut device = Device::logged_in();
    log_out(&mut device).refused("Revoke", 503, "");
    for waiter in [701, 702] {
        device.log_in_again_as(waiter + 100);
        device.dispatch(Event::Logout { waiter, everywhere: false }).refused("Revoke", 503, "");
    }
    for _ in 0..4 {
        device.idle(300_000).refused("Revoke", 503, "");
    }
    let revoked = device.effects.iter().filter_map(|effect| match effect {
        Effect::Revoke { refresh_token, .. } => Some(refresh_token.reveal().to_owned()),
        _ => None,
    });
    let revoked: Vec<String> = revoked.collect();
    let [a, b, c] = [0, 1, 2].map(|at| revoked[at].clone());
    assert!(a != b && b != c && c != a);
    assert_eq!(revoked[3..7], [a.clone(), b, c, a]);
}

#[test]
fn a_revocation_has_three_seconds_after_javascript_resumes() {
    let mut device = Device::logged_in();
    log_out(&mut device).idle(9_000).dispatch(Event::Hidden);
    device.now += 240_000;
    device.dispatch(Event::Shown).dispatch(Event::Tick).idle(2_900);
    let op = device.last_op("Revoke");
    device.dispatch(Event::Revoked { op }).idle(60_000);
    assert_eq!(device.count("Revoke"), 1);
}

#[test]
fn empty_storage_is_not_degraded() {
    assert!(!Device::silent().degraded());
}

#[test]
fn an_unreadable_entry_after_the_launch_does_not_end_the_session() {
    let mut device = Device::logged_in();
    device.stored.status = "wxauth9 in".into();
    device.dispatch(Event::StorageChanged).request(1).reply(1, 401).tokens("Refresh");
    assert_eq!((device.sent(1).len(), device.count("CallLogin")), (2, 1));
}

#[test]
fn a_read_after_the_launch_starts_no_attempt_without_a_caller() {
    let mut device = Device::logged_in();
    device.now += 3_600_000;
    device.dispatch(Event::Tick).dispatch(Event::Hidden).dispatch(Event::Shown).dispatch(Event::StorageChanged);
    device.wait(10_000);
    assert_eq!((device.count("Refresh"), device.count("CallLogin")), (0, 1));
    let mut guest = Device::new(LoginMode::OnDemand, PrivacyMode::Official);
    guest.launch(None).wait(10_000);
    guest.dispatch(Event::Hidden).dispatch(Event::Shown).wait(10_000);
    assert_eq!(guest.count("CallLogin"), 0);
}

#[test]
fn a_launch_that_needs_no_login_takes_no_lock() {
    let mut guest = Device::new(LoginMode::OnDemand, PrivacyMode::Official);
    guest.launch(None);
    let mut held = Device::logged_in();
    let restarted = held.restarted();
    log_out(&mut held);
    let logged_out = held.restarted();
    for device in [guest, restarted, logged_out] {
        assert_eq!(device.count("AcquireLock"), 0, "{:?}", device.state());
    }
}

#[test]
fn a_guest_without_entries_writes_none() {
    let mut device = Device::new(LoginMode::OnDemand, PrivacyMode::Official);
    device.launch(None).dispatch(Event::Ready(1)).dispatch(Event::Hidden).dispatch(Event::Shown).wait(120_000);
    device.dispatch(Event::StorageChanged).wait(1_000);
    assert_eq!((device.count("Save"), device.stored.clone()), (0, Stored::default()));
}

#[test]
fn entries_that_disappeared_are_written_again() {
    for log_out_first in [false, true] {
        let mut device = Device::logged_in();
        if log_out_first {
            let op = log_out(&mut device).last_op("Revoke");
            device.dispatch(Event::Revoked { op });
        }
        let expected = device.stored.clone();
        device.stored = Stored::default();
        device.dispatch(Event::StorageChanged).wait(2_000);
        assert_eq!(device.stored, expected);
    }
}

#[test]
fn a_save_writes_after_its_own_read() {
    let mut device = Device::logged_in();
    let Stored { record, status } = device.stored.clone();
    device.storage = Storage::Silent;
    let saves = device.count("Save");
    let own = log_out(&mut device).last_op("ReadRecord");
    let other = device.dispatch(Event::Shown).last_op("ReadRecord");
    assert_ne!(own, other);
    for (op, expected) in [(other, saves), (own, saves + 1)] {
        device.dispatch(Event::RecordRead { op, record: Some(record.clone()), status: Some(status.clone()) });
        assert_eq!(device.count("Save"), expected);
    }
}

/// Entries of all writes since the effect at `from`, in order.
fn writes(device: &Device, from: usize) -> Vec<Entry> {
    let write = |effect: &Effect| match effect {
        Effect::Save { entry, .. } => Some(*entry),
        _ => None,
    };
    device.effects[from..].iter().filter_map(write).collect()
}

fn answer_read(device: &mut Device) {
    let op = device.last_op("ReadRecord");
    let Stored { record, status } = device.stored.clone();
    device.dispatch(Event::RecordRead { op, record: Some(record), status: Some(status) });
}

#[test]
fn a_log_out_writes_the_status_and_then_the_record_once() {
    let mut device = Device::logged_in();
    let from = device.effects.len();
    log_out(&mut device).idle(1);
    assert_eq!(writes(&device, from), [Entry::Status, Entry::Record]);
    let mut unreadable = Device::logged_in();
    unreadable.storage = Storage::Unreadable;
    let from = unreadable.effects.len();
    log_out(&mut unreadable);
    assert_eq!(writes(&unreadable, from), [Entry::Status], "a record that cannot be read is not overwritten");
}

#[test]
fn a_record_is_not_written_without_any_status() {
    let mut device = Device::silent();
    device.storage = Storage::Silent;
    device.log_in();
    answer_read(&mut device);
    let from = device.effects.len();
    let op = device.last_op("Save");
    device.dispatch(Event::StorageFailed { op });
    assert_eq!(writes(&device, from), []);
}

#[test]
fn a_write_without_an_answer_is_shown_as_degraded_after_three_seconds() {
    for stopped in [false, true] {
        let mut device = Device::logged_in();
        device.storage = Storage::Silent;
        log_out(&mut device);
        answer_read(&mut device);
        device.idle(2_900);
        assert!(!device.degraded());
        if stopped {
            device.dispatch(Event::Hidden);
            device.now += 240_000;
            device.dispatch(Event::Shown).idle(2_900);
            assert!(!device.degraded(), "three seconds remain after JavaScript resumes");
        }
        device.idle(200);
        assert!(device.degraded());
    }
}

/// Fails the write in progress and returns the entries of the writes that follow.
fn fail_write(device: &mut Device) -> Vec<Entry> {
    let from = device.effects.len();
    let op = device.last_op("Save");
    device.dispatch(Event::StorageFailed { op });
    writes(device, from)
}

#[test]
fn if_the_status_of_a_refresh_or_login_cannot_be_written_the_record_is() {
    let mut device = Device::logged_in();
    log_out(&mut device);
    device.log_in_again();
    // Storage was set back to an older status and no record, so that both are written.
    device.storage = Storage::Silent;
    device.stored = Stored { record: String::new(), status: "wxauth3 0 in .".into() };
    device.dispatch(Event::StorageChanged);
    answer_read(&mut device);
    answer_read(&mut device);
    let op = device.last_op("Save");
    let from = device.effects.len();
    device.dispatch(Event::Stored { op: op + 100 }).dispatch(Event::StorageFailed { op: op + 100 });
    assert_eq!(writes(&device, from), [], "answers with another operation number are ignored");
    assert_eq!(fail_write(&mut device), [Entry::Record]);
    assert_eq!(fail_write(&mut device), [], "the next try comes after a pause");
}

#[test]
fn if_the_status_of_a_log_out_cannot_be_written_it_is_removed() {
    let mut device = Device::logged_in();
    device.storage = Storage::Silent;
    log_out(&mut device);
    answer_read(&mut device);
    assert_eq!(fail_write(&mut device), [Entry::Status]);
    let removal = device.effects.iter().rev().find(|effect| matches!(effect, Effect::Save { .. }));
    assert!(matches!(removal, Some(Effect::Save { value: None, .. })));
    assert_eq!(fail_write(&mut device), [], "the next try comes after a pause");
}
