//! Permissions: privacy consent, dialogs, refusals, settings page.

use crate::device::{Device, setting};
#[cfg(target_family = "wasm")]
use crate::test;
use wxauth::machine::{ErrorCode, Event, LoginMode, OsFix, Outcome, Permission, PrivacyMode, Tap};
use wxauth::wechat::{Failure, failure::Declaration};

#[test]
fn a_refused_scope_needs_the_settings_page() {
    let mut device = Device::logged_in();
    device.ensure(1).setting(&[], &[]);
    let op = device.last_op("Authorize");
    device.dispatch(Event::PermissionFailed { op, failure: Failure::Denied });
    assert_eq!(device.permission(1), Permission::DeniedNow);
    device.ensure(2);
    assert_eq!(device.permission(2), Permission::NeedsTap { tap: Tap::OpenSetting });
    assert_eq!(device.count("Authorize"), 1, "no dialog after a refusal");
    device
        .dispatch(Event::SettingOpened { waiter: 99, setting: setting(&["scope.camera"], &[]) })
        .ensure(3)
        .system(&[], &[]);
    assert_eq!(device.permission(3), Permission::Granted);
    assert_eq!(device.count("ReadSetting"), 1, "the answer of openSetting is not read again");
}

#[test]
fn with_a_privacy_handler_no_scope_is_prompted_before_consent() {
    let mut device = Device::new(LoginMode::Silent, PrivacyMode::Handler);
    device.launch(None);
    device.ensure(1).setting(&[], &[]);
    let op = device.last_op("ReadPrivacy");
    device.dispatch(Event::PrivacyRead { op, needed: true });
    assert_eq!((device.count("ShowPrivacy"), device.count("Authorize")), (1, 0));
    let op = device.last_op("ShowPrivacy");
    device.dispatch(Event::PrivacyAnswered { op, agreed: false });
    assert_eq!(device.permission(1), Permission::NeedsTap { tap: Tap::AgreePrivacy });
    device.ensure(2);
    let op = device.last_op("ReadPrivacy");
    device.dispatch(Event::PrivacyRead { op, needed: false });
    let op = device.last_op("Authorize");
    device.dispatch(Event::Authorized { op }).system(&[], &[]);
    assert_eq!(device.permission(2), Permission::Granted);
}

#[test]
fn callers_of_one_scope_share_a_dialog_and_other_scopes_wait() {
    let mut device = Device::logged_in();
    device.ensure(1).ensure(2).dispatch(Event::Ensure { waiter: 3, scope: "scope.record".into() }).setting(&[], &[]);
    assert_eq!(device.count("Authorize"), 1);
    let op = device.last_op("Authorize");
    device.dispatch(Event::Authorized { op }).system(&[], &[]);
    assert_eq!((device.permission(1), device.permission(2)), (Permission::Granted, Permission::Granted));
    assert_eq!(device.count("Authorize"), 2);
}

#[test]
fn a_grant_made_while_hidden_settles_the_dialog_on_show() {
    let mut device = Device::logged_in();
    device.ensure(1).setting(&[], &[]).dispatch(Event::Hidden).dispatch(Event::Shown).setting(&["scope.camera"], &[]);
    device.system(&[], &[]);
    assert_eq!(device.permission(1), Permission::Granted);
}

#[test]
fn scopes_that_are_always_true_show_no_dialog() {
    let mut device = Device::logged_in();
    device.dispatch(Event::Ensure { waiter: 1, scope: "scope.address".into() });
    assert_eq!((device.permission(1), device.count("Authorize")), (Permission::Granted, 0));
    device.dispatch(Event::Ensure { waiter: 2, scope: "scope.nonsense".into() });
    assert_eq!(device.permission(2), Permission::Misconfigured { missing: Declaration::ScopeName });
    device.dispatch(Event::Ensure { waiter: 3, scope: "scope.userInfo".into() });
    assert_eq!(device.permission(3), Permission::Unsupported, "always true, so it expresses no consent (§2.1)");
    device.dispatch(Event::Scopes(4)).setting(&["scope.userInfo", "scope.address", "scope.camera"], &["scope.record"]);
    assert_eq!(device.scopes(), ["scope.record no", "scope.camera yes"]);
}

#[test]
fn a_cancelled_dialog_is_not_a_refusal() {
    let mut device = Device::logged_in();
    device.ensure(1).setting(&[], &[]);
    let op = device.last_op("Authorize");
    device.dispatch(Event::PermissionFailed { op, failure: Failure::Cancelled }).ensure(2);
    assert_eq!((device.permission(1), device.count("Authorize")), (Permission::Cancelled, 2));
}

#[test]
fn a_permission_withheld_by_the_system_names_its_fix() {
    let location = |device: &mut Device, waiter| {
        device.dispatch(Event::Ensure { waiter, scope: "scope.userLocation".into() });
    };
    let mut device = Device::logged_in();
    location(&mut device, 1);
    device.setting(&["scope.userLocation"], &[]).system(&["locationAuthorized"], &["locationEnabled"]);
    assert_eq!(device.permission(1), Permission::BlockedByOs { fix: OsFix::LocationSwitch });
    location(&mut device, 2);
    device.system(&["locationAuthorized"], &["bluetoothEnabled"]);
    assert_eq!(device.permission(2), Permission::BlockedByOs { fix: OsFix::AppAuthorizeSetting });
    location(&mut device, 3);
    device.system(&["cameraAuthorized"], &[]);
    assert_eq!(device.permission(3), Permission::Granted, "a refusal in another field has no effect");
    location(&mut device, 4);
    device.wait(5_000);
    assert_eq!(device.permission(4), Permission::Granted, "without an answer the system counts as permitting");
}

#[test]
fn a_refused_privacy_popup_is_not_repeated_for_ten_seconds() {
    let mut device = Device::logged_in();
    device.ensure(1).setting(&[], &[]);
    let op = device.last_op("Authorize");
    device.dispatch(Event::PermissionFailed { op, failure: Failure::PrivacyRefused }).wait(9_500).ensure(2);
    let refused = Permission::NeedsTap { tap: Tap::AgreePrivacy };
    assert_eq!((device.permission(1), device.permission(2), device.count("Authorize")), (refused, refused, 1));
    device.wait(500).ensure(3);
    assert_eq!(device.count("Authorize"), 2);
}

#[test]
fn the_failure_of_a_use_updates_the_scopes_state() {
    let mut device = Device::logged_in();
    device.ensure(1).setting(&["scope.camera"], &[]).system(&[], &[]);
    let used = |device: &mut Device, waiter, failure| {
        device.dispatch(Event::UseFailed { waiter, scope: "scope.camera".into(), failure });
    };
    used(&mut device, 2, Failure::Denied);
    assert_eq!(device.permission(2), Permission::NeedsTap { tap: Tap::OpenSetting });
    device.ensure(3);
    assert_eq!(device.permission(3), Permission::NeedsTap { tap: Tap::OpenSetting }, "the refusal is remembered");
    used(&mut device, 4, Failure::SystemDenied);
    assert_eq!(device.permission(4), Permission::BlockedByOs { fix: OsFix::AppAuthorizeSetting });
    used(&mut device, 5, Failure::Cancelled);
    assert_eq!(device.permission(5), Permission::Cancelled);
    used(&mut device, 6, Failure::Unknown);
    assert_eq!(device.failed_with(6), ErrorCode::PermissionFailed);
    used(&mut device, 7, Failure::PrivacyRefused);
    assert_eq!(device.permission(7), Permission::NeedsTap { tap: Tap::AgreePrivacy });
    used(&mut device, 8, Failure::Misconfigured(Declaration::ScopeName));
    assert_eq!(device.permission(8), Permission::Misconfigured { missing: Declaration::ScopeName });
    used(&mut device, 9, Failure::Unsupported);
    assert_eq!(device.permission(9), Permission::Unsupported);
    used(&mut device, 10, Failure::Blocked);
    assert_eq!(device.permission(10), Permission::Misconfigured { missing: Declaration::InterfacePermission });
}

#[test]
fn the_setting_is_read_once_per_show_and_only_if_scopes_are_used() {
    let mut device = Device::logged_in();
    device.dispatch(Event::Hidden).dispatch(Event::Shown);
    assert_eq!(device.count("ReadSetting"), 0, "no caller uses a scope");
    device
        .dispatch(Event::Scopes(1))
        .dispatch(Event::Scopes(2))
        .setting(&[], &["scope.camera"])
        .dispatch(Event::Scopes(3));
    assert!([1, 2, 3].iter().all(|&waiter| matches!(device.outcome(waiter), Some(Outcome::Done))));
    assert_eq!(device.count("ReadSetting"), 1);
    device.dispatch(Event::Hidden).dispatch(Event::Shown);
    assert_eq!(device.count("ReadSetting"), 2);
    device.ensure(4).setting(&["scope.camera"], &[]).system(&[], &[]);
    assert_eq!((device.permission(4), device.count("ReadSetting")), (Permission::Granted, 2));
    device.dispatch(Event::Hidden).dispatch(Event::Shown).dispatch(Event::Scopes(5)).wait(5_000);
    assert_eq!(device.failed_with(5), ErrorCode::PermissionFailed, "the setting cannot be read");
    device.ensure(6);
    assert_eq!(device.count("ReadSetting"), 3, "it is not read again before the next show");
}

#[test]
fn a_settings_page_settles_by_its_answer_its_failure_or_the_next_show() {
    let mut device = Device::logged_in();
    device
        .dispatch(Event::SettingOpening(1))
        .dispatch(Event::SettingOpened { waiter: 1, setting: setting(&["scope.camera"], &[]) });
    assert!(matches!(device.outcome(1), Some(Outcome::Done)));
    assert_eq!(device.scopes(), ["scope.camera yes"]);
    let mut reader = Device::logged_in();
    reader
        .dispatch(Event::Scopes(1))
        .dispatch(Event::SettingOpened { waiter: 99, setting: setting(&["scope.camera"], &[]) });
    assert!(
        matches!(reader.outcome(1), Some(Outcome::Done)),
        "the answer of openSetting also settles callers of scopes"
    );
    device.dispatch(Event::SettingOpening(2)).dispatch(Event::SettingFailed { waiter: 2, failure: Failure::NotInTap });
    assert_eq!(device.failed_with(2), ErrorCode::NotInTap);
    device
        .dispatch(Event::SettingOpening(3))
        .dispatch(Event::Hidden)
        .dispatch(Event::Shown)
        .setting(&[], &["scope.camera"]);
    assert!(matches!(device.outcome(3), Some(Outcome::Done)), "the answer of the page is missing");
    assert_eq!(device.scopes(), ["scope.camera no"]);
    device.dispatch(Event::SettingOpening(4)).dispatch(Event::Cancelled(4));
    assert_eq!(device.failed_with(4), ErrorCode::Cancelled);
}

#[test]
fn the_dialog_of_a_cancelled_caller_stays_the_only_one_and_its_answer_counts() {
    let mut device = Device::logged_in();
    device.ensure(1).setting(&[], &[]).dispatch(Event::Cancelled(1));
    device.dispatch(Event::Ensure { waiter: 2, scope: "scope.record".into() });
    assert_eq!((device.failed_with(1), device.count("Authorize")), (ErrorCode::Cancelled, 1), "one dialog at a time");
    let op = device.last_op("Authorize");
    device.dispatch(Event::PermissionFailed { op, failure: Failure::Denied }).ensure(3);
    assert_eq!(device.count("Authorize"), 2, "the next dialog of the queue");
    let op = device.last_op("Authorize");
    device.dispatch(Event::Authorized { op }).system(&[], &[]);
    assert_eq!(
        (device.permission(2), device.permission(3)),
        (Permission::Granted, Permission::NeedsTap { tap: Tap::OpenSetting })
    );
}

#[test]
fn an_unanswered_dialog_of_a_cancelled_caller_ends_on_show() {
    let mut device = Device::logged_in();
    device.ensure(1).setting(&[], &[]).dispatch(Event::Cancelled(1));
    device.dispatch(Event::Ensure { waiter: 2, scope: "scope.record".into() });
    device.dispatch(Event::Hidden).dispatch(Event::Shown).setting(&[], &[]);
    assert_eq!(device.count("Authorize"), 2);
}

#[test]
fn the_privacy_popup_of_a_cancelled_caller_causes_no_dialog() {
    let mut device = Device::new(LoginMode::Silent, PrivacyMode::Handler);
    device.launch(None);
    device.ensure(1).setting(&[], &[]);
    let op = device.last_op("ReadPrivacy");
    device.dispatch(Event::PrivacyRead { op, needed: true }).dispatch(Event::Cancelled(1));
    let op = device.last_op("ShowPrivacy");
    device.dispatch(Event::PrivacyAnswered { op, agreed: true });
    assert_eq!(device.count("Authorize"), 0);
}

fn ensure(device: &mut Device, waiter: u32, scope: &str) {
    device.dispatch(Event::Ensure { waiter, scope: scope.into() });
}

#[test]
fn a_bluetooth_switch_that_is_off_blocks_the_bluetooth_scope_only() {
    let mut device = Device::logged_in();
    ensure(&mut device, 1, "scope.bluetooth");
    device.setting(&["scope.bluetooth", "scope.camera"], &[]).system(&[], &["bluetoothEnabled"]);
    assert_eq!(device.permission(1), Permission::BlockedByOs { fix: OsFix::BluetoothSwitch });
    device.ensure(2).system(&[], &["bluetoothEnabled"]);
    assert_eq!(device.permission(2), Permission::Granted);
}

#[test]
fn cancelling_one_caller_of_a_permission_call_leaves_the_others() {
    // During the read of the setting.
    let mut device = Device::logged_in();
    device.dispatch(Event::Scopes(1)).dispatch(Event::Scopes(2)).dispatch(Event::SettingOpening(3));
    device.ensure(4).ensure(5);
    ensure(&mut device, 6, "scope.record");
    for waiter in [1, 4, 6] {
        device.dispatch(Event::Cancelled(waiter));
        assert_eq!(device.failed_with(waiter), ErrorCode::Cancelled);
    }
    device.setting(&["scope.camera"], &[]);
    assert!(matches!((device.outcome(2), device.outcome(3)), (Some(Outcome::Done), Some(Outcome::Done))));
    assert_eq!(device.count("Authorize"), 0, "no caller needs the microphone any more");
    // During the check of the phone's own settings.
    device.ensure(7).dispatch(Event::Cancelled(5)).system(&[], &[]);
    assert_eq!((device.failed_with(5), device.permission(7)), (ErrorCode::Cancelled, Permission::Granted));
    device.ensure(8);
    let check = device.last_op("ReadSystem");
    device.dispatch(Event::Cancelled(8)).dispatch(Event::SystemRead { op: check, denied: vec![], off: vec![] });
    assert_eq!(device.failed_with(8), ErrorCode::Cancelled);
    device.dispatch(Event::Cancelled(77));
    assert!(device.outcome(77).is_none(), "an unknown caller is ignored");
}

#[test]
fn the_consent_query_of_a_cancelled_caller_shows_no_popup_and_frees_the_queue() {
    let mut device = Device::new(LoginMode::Silent, PrivacyMode::Handler);
    device.launch(None);
    device.ensure(1).setting(&[], &[]);
    let query = device.last_op("ReadPrivacy");
    device.dispatch(Event::Cancelled(1)).dispatch(Event::PrivacyRead { op: query, needed: true });
    assert_eq!(device.count("ShowPrivacy"), 0);
    ensure(&mut device, 2, "scope.record");
    assert_eq!(device.count("ReadPrivacy"), 2);
}

#[test]
fn with_a_privacy_handler_a_scope_with_its_own_picker_needs_consent_but_no_dialog() {
    let mut device = Device::new(LoginMode::Silent, PrivacyMode::Handler);
    device.launch(None);
    ensure(&mut device, 1, "scope.address");
    assert!(device.outcome(1).is_none());
    let op = device.last_op("ReadPrivacy");
    device.dispatch(Event::PrivacyRead { op, needed: true });
    let op = device.last_op("ShowPrivacy");
    device.dispatch(Event::PrivacyAnswered { op, agreed: true });
    assert_eq!((device.permission(1), device.count("Authorize")), (Permission::Granted, 0));
}

#[test]
fn a_failed_consent_query_needs_consent_unless_the_base_library_lacks_it() {
    for (failure, dialogs) in [(Failure::Unsupported, 1), (Failure::Transient, 0), (Failure::Denied, 0)] {
        let mut device = Device::new(LoginMode::Silent, PrivacyMode::Handler);
        device.launch(None);
        device.ensure(1).setting(&[], &[]);
        let op = device.last_op("ReadPrivacy");
        device.dispatch(Event::PermissionFailed { op, failure });
        assert_eq!(device.count("Authorize"), dialogs, "{failure:?}");
        if dialogs == 0 {
            assert_eq!(device.failed_with(1), ErrorCode::PermissionFailed);
        }
    }
    let mut silent = Device::new(LoginMode::Silent, PrivacyMode::Handler);
    silent.launch(None);
    silent.ensure(1).setting(&[], &[]).wait(10_000);
    assert_eq!((silent.failed_with(1), silent.count("Authorize")), (ErrorCode::PermissionFailed, 0));
}

#[test]
fn unreadable_grants_do_not_block_the_dialog() {
    let mut device = Device::logged_in();
    device.ensure(1).wait(10_000);
    assert_eq!(device.count("Authorize"), 1);
    let op = device.last_op("Authorize");
    device.dispatch(Event::Authorized { op });
    let op = device.last_op("ReadSystem");
    device.dispatch(Event::PermissionFailed { op, failure: Failure::Unsupported });
    assert_eq!(device.permission(1), Permission::Granted);
}

#[test]
fn answers_to_operations_that_are_not_pending_are_ignored() {
    let mut device = Device::logged_in();
    device.ensure(1);
    let op = device.last_op("ReadSetting") + 1_000;
    device.dispatch(Event::SettingRead { op, setting: setting(&["scope.camera"], &[]) });
    device.dispatch(Event::PermissionFailed { op, failure: Failure::Denied }).dispatch(Event::Authorized { op });
    device.dispatch(Event::SystemRead { op, denied: vec![], off: vec![] });
    device.dispatch(Event::PrivacyRead { op, needed: false }).dispatch(Event::PrivacyAnswered { op, agreed: true });
    assert!(device.outcome(1).is_none());
    assert_eq!((device.count("Authorize"), device.count("ReadSystem")), (0, 0));
    assert!(device.scopes().is_empty());
}

#[test]
fn the_failure_of_a_dialog_decides_the_permission() {
    let misconfigured = |missing| Some(Permission::Misconfigured { missing });
    for (failure, expected) in [
        (Failure::Denied, Some(Permission::DeniedNow)),
        (Failure::Cancelled, Some(Permission::Cancelled)),
        (Failure::PrivacyRefused, Some(Permission::NeedsTap { tap: Tap::AgreePrivacy })),
        (Failure::SystemDenied, Some(Permission::BlockedByOs { fix: OsFix::AppAuthorizeSetting })),
        (Failure::Misconfigured(Declaration::PrivacyGuideline), misconfigured(Declaration::PrivacyGuideline)),
        (Failure::Blocked, misconfigured(Declaration::InterfacePermission)),
        (Failure::NoQuota, misconfigured(Declaration::InterfacePermission)),
        (Failure::Unsupported, Some(Permission::Unsupported)),
        (Failure::NotInTap, None),
        (Failure::Transient, None),
        (Failure::Throttled, None),
        (Failure::Bug, None),
        (Failure::Unknown, None),
    ] {
        let mut device = Device::logged_in();
        let op = device.ensure(1).setting(&[], &[]).last_op("Authorize");
        device.dispatch(Event::PermissionFailed { op, failure });
        match expected {
            Some(permission) => assert_eq!(device.permission(1), permission, "{failure:?}"),
            None => assert_eq!(device.failed_with(1), ErrorCode::PermissionFailed, "{failure:?}"),
        }
    }
}

#[test]
fn a_success_after_a_cancelled_dialog_is_ignored() {
    let mut device = Device::logged_in();
    let op = device.ensure(1).setting(&[], &[]).last_op("Authorize");
    device.dispatch(Event::PermissionFailed { op, failure: Failure::Cancelled }).dispatch(Event::Authorized { op });
    assert!(device.scopes().is_empty());
}

#[test]
fn a_late_grant_of_a_dialog_that_was_given_up_does_not_answer_the_open_one() {
    let mut device = Device::logged_in();
    let lost = device.ensure(1).setting(&[], &[]).last_op("Authorize");
    ensure(&mut device, 2, "scope.record");
    device.idle(60_000).dispatch(Event::Authorized { op: lost });
    assert_eq!((device.permission(1), device.outcome(2).is_none()), (Permission::Cancelled, true));
    assert_eq!(device.scopes(), ["scope.camera yes"]);
    assert_eq!(device.count("ReadSystem"), 0, "the open dialog is still to be answered");
}
