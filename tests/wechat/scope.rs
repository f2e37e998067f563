//! Permission scopes.

#[cfg(target_family = "wasm")]
use super::test;
use wxauth::wechat::scope::{Consent, Scope};

/// Name, consent, and the fields of the system's permission and switch of every scope (docs/platform-facts.md §1.6, §2.1).
const SCOPES: [(&str, Consent, Option<&str>, Option<&str>); 14] = [
    ("scope.userLocation", Consent::Dialog, Some("locationAuthorized"), Some("locationEnabled")),
    ("scope.userFuzzyLocation", Consent::Dialog, Some("locationAuthorized"), Some("locationEnabled")),
    ("scope.userLocationBackground", Consent::Dialog, Some("locationAuthorized"), Some("locationEnabled")),
    ("scope.record", Consent::Dialog, Some("microphoneAuthorized"), None),
    ("scope.camera", Consent::Dialog, Some("cameraAuthorized"), None),
    ("scope.bluetooth", Consent::Dialog, Some("bluetoothAuthorized"), Some("bluetoothEnabled")),
    ("scope.writePhotosAlbum", Consent::Dialog, Some("albumAuthorized"), None),
    ("scope.addPhoneContact", Consent::Dialog, None, None),
    ("scope.addPhoneCalendar", Consent::Dialog, Some("phoneCalendarAuthorized"), None),
    ("scope.werun", Consent::Dialog, None, None),
    ("scope.address", Consent::OwnPicker, None, None),
    ("scope.invoiceTitle", Consent::OwnPicker, None, None),
    ("scope.invoice", Consent::OwnPicker, None, None),
    ("scope.userInfo", Consent::Withdrawn, None, None),
];

#[test]
fn every_scope_has_its_name_consent_and_system_fields() {
    assert_eq!(Scope::all().count(), SCOPES.len());
    for (name, consent, field, switch) in SCOPES {
        let scope = Scope::parse(name).unwrap();
        assert!(Scope::all().any(|other| other == scope));
        assert_eq!((scope.name(), scope.consent()), (name, consent));
        assert_eq!((scope.system_field(), scope.system_switch()), (field, switch), "{name}");
    }
    assert_eq!(Scope::parse("scope.gameClubData"), None);
}
