//! Permission: privacy, dialog, refusal, settings.

use crate::phone::{Phone, setting};
use wxauth::machine::{ErrorCode, Event, LoginMode, OsFix, Outcome, Permission, PrivacyMode, Tap};
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
    phone
        .tell(Event::SettingOpened { waiter: 99, setting: setting(&["scope.camera"], &[]) })
        .ensure(3)
        .system(&[], &[]);
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
    phone.tell(Event::Authorized { op }).system(&[], &[]);
    assert_eq!(phone.permission(2), Permission::Granted);
}

#[test]
fn asks_for_one_scope_share_a_dialog_and_others_wait_their_turn() {
    let mut phone = Phone::logged_in();
    phone.ensure(1).ensure(2).tell(Event::Ensure { waiter: 3, scope: "scope.record".into() }).setting(&[], &[]);
    assert_eq!(phone.count("Authorize"), 1);
    let op = phone.last_op("Authorize");
    phone.tell(Event::Authorized { op }).system(&[], &[]);
    assert_eq!((phone.permission(1), phone.permission(2)), (Permission::Granted, Permission::Granted));
    assert_eq!(phone.count("Authorize"), 2);
}

#[test]
fn a_dialog_answered_elsewhere_is_noticed_on_show() {
    let mut phone = Phone::logged_in();
    phone.ensure(1).setting(&[], &[]).tell(Event::Hidden).tell(Event::Shown).setting(&["scope.camera"], &[]);
    phone.system(&[], &[]);
    assert_eq!(phone.permission(1), Permission::Granted);
}

#[test]
fn scopes_that_are_always_true_are_not_asked_for() {
    let mut phone = Phone::logged_in();
    phone.tell(Event::Ensure { waiter: 1, scope: "scope.address".into() });
    assert_eq!((phone.permission(1), phone.count("Authorize")), (Permission::Granted, 0));
    phone.tell(Event::Ensure { waiter: 2, scope: "scope.nonsense".into() });
    assert_eq!(phone.permission(2), Permission::Misconfigured { missing: Declaration::ScopeName });
    phone.tell(Event::Ensure { waiter: 3, scope: "scope.userInfo".into() });
    assert_eq!(phone.permission(3), Permission::Unsupported, "true for everyone is nobody's consent (§2.1)");
    phone.tell(Event::Scopes(4)).setting(&["scope.userInfo", "scope.address", "scope.camera"], &["scope.record"]);
    assert_eq!(phone.scopes(), ["scope.record no", "scope.camera yes"]);
}

#[test]
fn a_picker_closed_is_no_refusal() {
    let mut phone = Phone::logged_in();
    phone.ensure(1).setting(&[], &[]);
    let op = phone.last_op("Authorize");
    phone.tell(Event::PermissionFailed { op, failure: Failure::Cancelled }).ensure(2);
    assert_eq!((phone.permission(1), phone.count("Authorize")), (Permission::Cancelled, 2));
}

#[test]
fn what_the_phone_itself_withholds_is_said_with_its_fix() {
    let location = |phone: &mut Phone, waiter| {
        phone.tell(Event::Ensure { waiter, scope: "scope.userLocation".into() });
    };
    let mut phone = Phone::logged_in();
    location(&mut phone, 1);
    phone.setting(&["scope.userLocation"], &[]).system(&["locationAuthorized"], &["locationEnabled"]);
    assert_eq!(phone.permission(1), Permission::BlockedByOs { fix: OsFix::LocationSwitch });
    location(&mut phone, 2);
    phone.system(&["locationAuthorized"], &["bluetoothEnabled"]);
    assert_eq!(phone.permission(2), Permission::BlockedByOs { fix: OsFix::AppAuthorizeSetting });
    location(&mut phone, 3);
    phone.system(&["cameraAuthorized"], &[]);
    assert_eq!(phone.permission(3), Permission::Granted, "another field's refusal is no matter");
    location(&mut phone, 4);
    phone.wait(5_000);
    assert_eq!(phone.permission(4), Permission::Granted, "a phone that does not say hinders nothing");
}

#[test]
fn after_a_refused_privacy_popup_ten_seconds_are_quiet() {
    let mut phone = Phone::logged_in();
    phone.ensure(1).setting(&[], &[]);
    let op = phone.last_op("Authorize");
    phone.tell(Event::PermissionFailed { op, failure: Failure::PrivacyRefused }).wait(9_500).ensure(2);
    let refused = Permission::NeedsTap { tap: Tap::AgreePrivacy };
    assert_eq!((phone.permission(1), phone.permission(2), phone.count("Authorize")), (refused, refused, 1));
    phone.wait(500).ensure(3);
    assert_eq!(phone.count("Authorize"), 2);
}

#[test]
fn what_a_use_fails_with_is_news_about_the_scope() {
    let mut phone = Phone::logged_in();
    phone.ensure(1).setting(&["scope.camera"], &[]).system(&[], &[]);
    let used = |phone: &mut Phone, waiter, failure| {
        phone.tell(Event::UseFailed { waiter, scope: "scope.camera".into(), failure });
    };
    used(&mut phone, 2, Failure::Denied);
    assert_eq!(phone.permission(2), Permission::NeedsTap { tap: Tap::OpenSetting });
    phone.ensure(3);
    assert_eq!(phone.permission(3), Permission::NeedsTap { tap: Tap::OpenSetting }, "remembered");
    used(&mut phone, 4, Failure::SystemDenied);
    assert_eq!(phone.permission(4), Permission::BlockedByOs { fix: OsFix::AppAuthorizeSetting });
    used(&mut phone, 5, Failure::Cancelled);
    assert_eq!(phone.permission(5), Permission::Cancelled);
    used(&mut phone, 6, Failure::Unknown);
    assert_eq!(phone.failed_with(6), ErrorCode::PermissionFailed);
    used(&mut phone, 7, Failure::PrivacyRefused);
    assert_eq!(phone.permission(7), Permission::NeedsTap { tap: Tap::AgreePrivacy });
    used(&mut phone, 8, Failure::Misconfigured(Declaration::ScopeName));
    assert_eq!(phone.permission(8), Permission::Misconfigured { missing: Declaration::ScopeName });
    used(&mut phone, 9, Failure::Unsupported);
    assert_eq!(phone.permission(9), Permission::Unsupported);
    used(&mut phone, 10, Failure::Blocked);
    assert_eq!(phone.permission(10), Permission::Misconfigured { missing: Declaration::InterfacePermission });
}

#[test]
fn the_record_of_grants_is_read_once_per_show_and_only_where_scopes_are_used() {
    let mut phone = Phone::logged_in();
    phone.tell(Event::Hidden).tell(Event::Shown);
    assert_eq!(phone.count("ReadSetting"), 0, "nobody uses a scope");
    phone.tell(Event::Scopes(1)).tell(Event::Scopes(2)).setting(&[], &["scope.camera"]).tell(Event::Scopes(3));
    assert!([1, 2, 3].iter().all(|&waiter| matches!(phone.outcome(waiter), Some(Outcome::Done))));
    assert_eq!(phone.count("ReadSetting"), 1);
    phone.tell(Event::Hidden).tell(Event::Shown);
    assert_eq!(phone.count("ReadSetting"), 2);
    phone.ensure(4).setting(&["scope.camera"], &[]).system(&[], &[]);
    assert_eq!((phone.permission(4), phone.count("ReadSetting")), (Permission::Granted, 2));
    phone.tell(Event::Hidden).tell(Event::Shown).tell(Event::Scopes(5)).wait(5_000);
    assert_eq!(phone.failed_with(5), ErrorCode::PermissionFailed, "a record that cannot be read");
    phone.ensure(6);
    assert_eq!(phone.count("ReadSetting"), 3, "nor is it asked for twice");
}

#[test]
fn a_settings_page_settles_by_its_answer_its_failure_or_by_the_next_show() {
    let mut phone = Phone::logged_in();
    phone
        .tell(Event::SettingOpening(1))
        .tell(Event::SettingOpened { waiter: 1, setting: setting(&["scope.camera"], &[]) });
    assert!(matches!(phone.outcome(1), Some(Outcome::Done)));
    assert_eq!(phone.scopes(), ["scope.camera yes"]);
    let mut reader = Phone::logged_in();
    reader.tell(Event::Scopes(1)).tell(Event::SettingOpened { waiter: 99, setting: setting(&["scope.camera"], &[]) });
    assert!(matches!(reader.outcome(1), Some(Outcome::Done)), "it answers who waits for a reading too");
    phone.tell(Event::SettingOpening(2)).tell(Event::SettingFailed { waiter: 2, failure: Failure::NotInTap });
    assert_eq!(phone.failed_with(2), ErrorCode::NotInTap);
    phone.tell(Event::SettingOpening(3)).tell(Event::Hidden).tell(Event::Shown).setting(&[], &["scope.camera"]);
    assert!(matches!(phone.outcome(3), Some(Outcome::Done)), "its answer never came");
    assert_eq!(phone.scopes(), ["scope.camera no"]);
    phone.tell(Event::SettingOpening(4)).tell(Event::Cancelled(4));
    assert_eq!(phone.failed_with(4), ErrorCode::Cancelled);
}

#[test]
fn a_dialog_whose_caller_left_stays_the_only_one_and_its_answer_is_known() {
    let mut phone = Phone::logged_in();
    phone.ensure(1).setting(&[], &[]).tell(Event::Cancelled(1));
    phone.tell(Event::Ensure { waiter: 2, scope: "scope.record".into() });
    assert_eq!((phone.failed_with(1), phone.count("Authorize")), (ErrorCode::Cancelled, 1), "one dialog at a time");
    let op = phone.last_op("Authorize");
    phone.tell(Event::PermissionFailed { op, failure: Failure::Denied }).ensure(3);
    assert_eq!(phone.count("Authorize"), 2, "the next in the queue");
    let op = phone.last_op("Authorize");
    phone.tell(Event::Authorized { op }).system(&[], &[]);
    assert_eq!(
        (phone.permission(2), phone.permission(3)),
        (Permission::Granted, Permission::NeedsTap { tap: Tap::OpenSetting })
    );
}

#[test]
fn a_lost_dialog_that_nobody_waits_for_makes_room_when_the_app_is_shown() {
    let mut phone = Phone::logged_in();
    phone.ensure(1).setting(&[], &[]).tell(Event::Cancelled(1));
    phone.tell(Event::Ensure { waiter: 2, scope: "scope.record".into() });
    phone.tell(Event::Hidden).tell(Event::Shown).setting(&[], &[]);
    assert_eq!(phone.count("Authorize"), 2);
}

#[test]
fn a_privacy_sheet_whose_caller_left_leads_to_no_dialog() {
    let mut phone = Phone::new(LoginMode::Silent, PrivacyMode::Handler);
    phone.launch(None);
    phone.ensure(1).setting(&[], &[]);
    let op = phone.last_op("ReadPrivacy");
    phone.tell(Event::PrivacyRead { op, needed: true }).tell(Event::Cancelled(1));
    let op = phone.last_op("ShowPrivacy");
    phone.tell(Event::PrivacyAnswered { op, agreed: true });
    assert_eq!(phone.count("Authorize"), 0);
}
