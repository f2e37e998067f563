//! Privacy consent in mode `Handler`: the query, the popup, the query after `Shown`, late answers.

use crate::device::Device;
#[cfg(target_family = "wasm")]
use crate::test;
use wxauth::machine::{Event, LoginMode, Permission, PrivacyMode, Tap};
use wxauth::wechat::Failure;

const NEEDS_CONSENT: Permission = Permission::NeedsTap { tap: Tap::AgreePrivacy };

fn ensure(device: &mut Device, waiter: u32, scope: &str) {
    device.dispatch(Event::Ensure { waiter, scope: scope.into() });
}

fn answer_query(device: &mut Device, needed: bool) {
    let op = device.last_op("ReadPrivacy");
    device.dispatch(Event::PrivacyRead { op, needed });
}

fn answer_popup(device: &mut Device, agreed: bool) {
    let op = device.last_op("ShowPrivacy");
    device.dispatch(Event::PrivacyAnswered { op, agreed });
}

/// A device whose caller 1 needs the camera and is asked by the consent query.
fn querying() -> Device {
    let mut device = Device::new(LoginMode::Silent, PrivacyMode::Handler);
    device.launch(None);
    device.ensure(1).setting(&[], &[]);
    device
}

/// A device that shows the privacy popup for caller 1.
fn showing() -> Device {
    let mut device = querying();
    answer_query(&mut device, true);
    assert_eq!(device.count("ShowPrivacy"), 1);
    device
}

#[test]
fn answers_with_another_operation_number_are_ignored() {
    let mut device = querying();
    let op = device.last_op("ReadPrivacy") + 100;
    device.dispatch(Event::PrivacyRead { op, needed: true }).dispatch(Event::PrivacyRead { op, needed: false });
    for failure in [Failure::Unsupported, Failure::Transient] {
        device.dispatch(Event::PermissionFailed { op, failure });
    }
    assert_eq!((device.count("ShowPrivacy"), device.count("Authorize")), (0, 0));
    answer_query(&mut device, true);
    let op = device.last_op("ShowPrivacy") + 100;
    device.dispatch(Event::PrivacyAnswered { op, agreed: true });
    device.dispatch(Event::PermissionFailed { op, failure: Failure::Transient });
    assert_eq!(device.count("Authorize"), 0);
    answer_popup(&mut device, true);
    let op = device.last_op("Authorize") + 100;
    device.dispatch(Event::PermissionFailed { op, failure: Failure::Cancelled });
    assert!(device.outcome(1).is_none());
}

#[test]
fn consent_given_while_hidden_is_noticed_by_one_query_after_shown() {
    let mut device = showing();
    device.dispatch(Event::Hidden).dispatch(Event::Shown).dispatch(Event::Hidden).dispatch(Event::Shown);
    assert_eq!(device.count("ReadPrivacy"), 2, "one query is in progress");
    answer_query(&mut device, true);
    assert_eq!(device.count("Authorize"), 0, "the popup is still open");
    device.dispatch(Event::Hidden).dispatch(Event::Shown);
    assert_eq!(device.count("ReadPrivacy"), 3);
    let op = device.last_op("ReadPrivacy");
    device.dispatch(Event::PrivacyRead { op: op + 100, needed: false });
    assert_eq!(device.count("Authorize"), 0);
    answer_query(&mut device, false);
    assert_eq!(device.count("Authorize"), 1);
}

#[test]
fn a_failed_query_after_shown_leaves_the_popup_open() {
    for is_answered in [false, true] {
        let mut device = showing();
        device.dispatch(Event::Hidden).dispatch(Event::Shown);
        let op = device.last_op("ReadPrivacy");
        if is_answered {
            device.dispatch(Event::PermissionFailed { op, failure: Failure::Transient });
        } else {
            device.idle(6_000);
        }
        assert!(device.outcome(1).is_none());
        device.dispatch(Event::Hidden).dispatch(Event::Shown);
        assert_eq!(device.count("ReadPrivacy"), 3);
        answer_popup(&mut device, true);
        assert_eq!(device.count("Authorize"), 1);
    }
}

#[test]
fn the_query_after_shown_closes_the_popup_of_a_cancelled_caller() {
    let mut device = showing();
    device.dispatch(Event::Cancelled(1));
    ensure(&mut device, 2, "scope.record");
    assert_eq!(device.count("ReadPrivacy"), 1, "the popup is open");
    device.dispatch(Event::Hidden).dispatch(Event::Shown).setting(&[], &[]);
    answer_query(&mut device, true);
    assert_eq!((device.count("ReadPrivacy"), device.count("Authorize")), (3, 0));
}

#[test]
fn a_late_answer_to_a_popup_that_was_given_up_counts() {
    let mut device = showing();
    let lost = device.last_op("ShowPrivacy");
    device.idle(60_000);
    assert_eq!(device.permission(1), NEEDS_CONSENT);
    // The popup that was given up counts as refused for ten seconds; the late consent ends that.
    device.ensure(2);
    answer_query(&mut device, true);
    assert_eq!((device.permission(2), device.count("ShowPrivacy")), (NEEDS_CONSENT, 1));
    device.dispatch(Event::PrivacyAnswered { op: lost, agreed: true }).ensure(3);
    answer_query(&mut device, true);
    assert_eq!(device.count("ShowPrivacy"), 2);
    // A late refusal counts from its arrival.
    answer_popup(&mut device, true);
    let op = device.last_op("Authorize");
    device.dispatch(Event::PermissionFailed { op, failure: Failure::Cancelled });
    device.dispatch(Event::PrivacyAnswered { op: lost, agreed: false }).ensure(4);
    answer_query(&mut device, true);
    assert_eq!((device.permission(4), device.count("ShowPrivacy")), (NEEDS_CONSENT, 2));
}

#[test]
fn consent_of_a_cancelled_caller_is_not_a_refusal() {
    let mut device = showing();
    device.dispatch(Event::Cancelled(1));
    answer_popup(&mut device, true);
    device.ensure(2);
    answer_query(&mut device, true);
    assert_eq!(device.count("ShowPrivacy"), 2);
}

#[test]
fn a_refusal_in_use_of_a_scope_with_its_own_picker_is_not_recorded() {
    let mut device = Device::logged_in();
    device.dispatch(Event::Scopes(9)).setting(&[], &[]);
    device.dispatch(Event::UseFailed { waiter: 1, scope: "scope.address".into(), failure: Failure::Denied });
    assert_eq!(device.permission(1), Permission::DeniedNow);
    assert!(device.scopes().is_empty());
    ensure(&mut device, 2, "scope.address");
    assert_eq!(device.permission(2), Permission::Granted);
}

#[test]
fn a_query_a_read_and_a_check_have_three_seconds_after_javascript_resumes() {
    let stop = |device: &mut Device| {
        device.idle(4_000).dispatch(Event::Hidden);
        device.now += 240_000;
        device.dispatch(Event::Tick).idle(2_900);
    };
    let mut device = querying();
    stop(&mut device);
    answer_query(&mut device, false);
    assert_eq!(device.count("Authorize"), 1, "the consent query");
    let mut device = Device::logged_in();
    device.dispatch(Event::Scopes(1));
    stop(&mut device);
    device.setting(&["scope.camera"], &[]);
    assert_eq!(device.scopes(), ["scope.camera yes"], "the read of the setting");
    device.dispatch(Event::Shown).setting(&["scope.camera"], &[]).ensure(2);
    stop(&mut device);
    device.system(&["cameraAuthorized"], &[]);
    assert_ne!(device.permission(2), Permission::Granted, "the check of the phone's own settings");
}
