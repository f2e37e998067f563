//! Permission: privacy, dialog, refusal, settings.

use crate::phone::{Phone, setting};
use wxauth::machine::{Event, LoginMode, Permission, PrivacyMode, Tap};
use wxauth::wechat::{Failure, failure::Declaration};

#[test]
fn a_refused_scope_has_a_way_back_through_a_tap() {
    let mut phone = Phone::logged_in();
    phone.ensure(1).setting(&[], &[]);
    let op = phone.last_op("Authorize");
    phone.tell(Event::PermissionFailed { op, failure: Failure::Denied });
    assert_eq!(phone.permission(1), Permission::DeniedNow);
    phone.ensure(2);
    assert_eq!(phone.permission(2), Permission::NeedsTap { tap: Tap::OpenSetting });
    assert_eq!(phone.count("Authorize"), 1, "no prompt after a refusal without a tap");
    phone.tell(Event::SettingOpened(setting(&["scope.camera"], &[]))).ensure(3);
    assert_eq!(phone.permission(3), Permission::Granted);
    assert_eq!(phone.count("ReadSetting"), 1, "openSetting's own answer is enough");
}

#[test]
fn with_a_handler_nothing_is_authorized_while_consent_is_needed() {
    let mut phone = Phone::new(LoginMode::Silent, PrivacyMode::Handler);
    phone.launch(None);
    phone.ensure(1).setting(&[], &[]);
    let op = phone.last_op("ReadPrivacy");
    phone.tell(Event::PrivacyRead { op, needed: true });
    assert_eq!((phone.count("ShowPrivacy"), phone.count("Authorize")), (1, 0));
    let op = phone.last_op("ShowPrivacy");
    phone.tell(Event::PrivacyAnswered { op, agreed: false });
    assert_eq!(phone.permission(1), Permission::NeedsTap { tap: Tap::AgreePrivacy });
    phone.ensure(2);
    let op = phone.last_op("ReadPrivacy");
    phone.tell(Event::PrivacyRead { op, needed: false });
    let op = phone.last_op("Authorize");
    phone.tell(Event::Authorized { op });
    assert_eq!(phone.permission(2), Permission::Granted);
}

#[test]
fn asks_for_one_scope_share_a_dialog_and_others_wait_their_turn() {
    let mut phone = Phone::logged_in();
    phone.ensure(1).ensure(2).tell(Event::Ensure { waiter: 3, scope: "scope.record".into() }).setting(&[], &[]);
    assert_eq!(phone.count("Authorize"), 1);
    let op = phone.last_op("Authorize");
    phone.tell(Event::Authorized { op });
    assert_eq!((phone.permission(1), phone.permission(2)), (Permission::Granted, Permission::Granted));
    assert_eq!(phone.count("Authorize"), 2);
}

#[test]
fn a_dialog_answered_elsewhere_is_noticed_on_show() {
    let mut phone = Phone::logged_in();
    phone.ensure(1).setting(&[], &[]).tell(Event::Hidden).tell(Event::Shown).setting(&["scope.camera"], &[]);
    assert_eq!(phone.permission(1), Permission::Granted);
}

#[test]
fn scopes_that_are_always_true_are_not_asked_for() {
    let mut phone = Phone::logged_in();
    phone.tell(Event::Ensure { waiter: 1, scope: "scope.address".into() });
    assert_eq!((phone.permission(1), phone.count("Authorize")), (Permission::Granted, 0));
    phone.tell(Event::Ensure { waiter: 2, scope: "scope.nonsense".into() });
    assert_eq!(phone.permission(2), Permission::Misconfigured { missing: Declaration::ScopeName });
}

#[test]
fn a_picker_closed_is_no_refusal() {
    let mut phone = Phone::logged_in();
    phone.ensure(1).setting(&[], &[]);
    let op = phone.last_op("Authorize");
    phone.tell(Event::PermissionFailed { op, failure: Failure::Cancelled }).ensure(2);
    assert_eq!((phone.permission(1), phone.count("Authorize")), (Permission::Cancelled, 2));
}
