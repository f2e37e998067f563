//! Classification of failed `wx.*` calls.

#[cfg(target_family = "wasm")]
use super::test;
use wxauth::wechat::failure::{Declaration, Failure as F, classify, classify_missing_payload};

#[test]
fn a_failure_is_classified_by_errno_then_by_text() {
    for (errno, err_msg, meaning) in [
        (None, "authorize:fail auth deny", F::Denied),
        (None, "authorize:fail:auth deny", F::Denied),
        (None, "getLocation:fail:auth denied", F::Denied),
        (None, "authorize:fail 系统错误，错误码：-12006,auth deny", F::Denied),
        (None, "authorize:fail 系统错误，错误码：-12007,scope unauthorized", F::Denied),
        (None, "chooseLocation:fail cancel", F::Cancelled),
        (None, "getUserProfile:fail can only be invoked by user TAP gesture.", F::NotInTap),
        (None, "getLocation:fail system permission denied", F::SystemDenied),
        (None, "getPhoneNumber:fail privacy permission is not authorized", F::PrivacyRefused),
        (
            None,
            "getLocation:fail the api need to be declared in the requiredPrivateInfos field in app.json/ext.json",
            F::Misconfigured(Declaration::RequiredPrivateInfos),
        ),
        (None, "authorize:fail:require permission desc", F::Misconfigured(Declaration::ScopeName)),
        (None, "authorize:fail:auth canceled", F::Cancelled),
        (None, "authorize:fail authorize no response", F::Denied),
        (None, "authorize:fail parameter error: parameter.scope should be String instead of Undefined;", F::Bug),
        (None, "request:fail -102:net::ERR_CONNECTION_REFUSED", F::Transient),
        (None, "x:fail click action before resolve is needed", F::PrivacyRefused),
        (Some(104), "x:fail click action before resolve is needed", F::PrivacyRefused),
        (Some(104), "authorize:fail:auth canceled", F::Cancelled),
        (Some(112), "x:fail", F::Misconfigured(Declaration::PrivacyGuideline)),
        (
            Some(600_001),
            "request:fail errcode:-102 cronet_error_code:-102 error_msg:net::ERR_CONNECTION_REFUSED",
            F::Transient,
        ),
        (Some(102_003), "gateway.call: fail", F::Throttled),
        (Some(102_006), "gateway.call: fail", F::Bug),
        (Some(102_016), "gateway.call: fail", F::Misconfigured(Declaration::ServerDomain)),
        (Some(102_020), "gateway.call: fail", F::Throttled),
        (Some(102_021), "gateway.call: fail", F::Throttled),
        (Some(102_022), "gateway.call: fail", F::Misconfigured(Declaration::ServerDomain)),
        (Some(104_100), "gateway.call: fail", F::Transient),
        (Some(-601_001), "gateway.call: fail", F::Transient),
        (Some(-601_008), "gateway.call: fail", F::Transient),
        (Some(-601_069), "gateway.call: fail", F::Transient),
        (Some(103), "x:fail cancel", F::Denied),
        (Some(104), "x:fail", F::PrivacyRefused),
        (Some(600_002), "request:fail", F::Misconfigured(Declaration::ServerDomain)),
        (Some(600_003), "request:fail interrupted", F::Transient),
        (Some(7_777_777), "login:fail timeout", F::Transient),
        (Some(1_402_101), "login:fail", F::Blocked),
        (Some(1_400_001), "getPhoneNumber:fail", F::NoQuota),
        (None, "", F::Unknown),
    ] {
        assert_eq!(classify(errno, err_msg), meaning, "{errno:?} {err_msg}");
    }
}

/// The numbers of docs/platform-facts.md §1.8 and §1.11.
#[test]
fn every_documented_errno_has_its_meaning() {
    use Declaration as D;
    for (meaning, errnos) in [
        (F::Cancelled, &[1][..]),
        (F::SystemDenied, &[3]),
        (F::Unsupported, &[100]),
        (F::Denied, &[103]),
        (F::PrivacyRefused, &[104, 101_102]),
        (F::Misconfigured(D::InterfacePermission), &[102, 101_100, 101_101, 1025, 1026]),
        (F::Misconfigured(D::ScopeName), &[110]),
        (F::Misconfigured(D::PrivacyGuideline), &[112]),
        (F::Misconfigured(D::ServerDomain), &[600_002, 102_016, 102_022]),
        (F::Bug, &[101, 106, 1032, 109_001, 600_009, 600_010, 102_006]),
        (F::Throttled, &[1003, 510_001, 102_003, 102_020, 102_021]),
        (F::Transient, &[4, 5, 108, 109, 1000, 600_000, 600_001, 600_011, 602_000, 602_002]),
        (F::Transient, &[104_100, -601_001, -601_008, -601_069]),
        (F::NoQuota, &[1_400_001]),
        (F::Blocked, &[1_402_101, 1_421_102]),
        (F::Unknown, &[0, 2, 600_012, 601_999, 602_003]),
    ] {
        for errno in errnos {
            assert_eq!(classify(Some(*errno), "x:fail"), meaning, "{errno}");
        }
    }
}

#[test]
fn every_known_text_has_its_meaning_in_any_case() {
    use Declaration as D;
    for (meaning, texts) in [
        (F::PrivacyRefused, &["privacy permission is not authorized", "click action before resolve is needed"][..]),
        (F::Misconfigured(D::PrivacyGuideline), &["api scope is not declared in the privacy agreement"]),
        (F::Misconfigured(D::RequiredPrivateInfos), &["need to be declared in the requiredPrivateInfos field"]),
        (F::Misconfigured(D::InterfacePermission), &["appid privacy api banned", "jsapi has no permission"]),
        (F::SystemDenied, &["system permission denied"]),
        (F::Misconfigured(D::ScopeName), &["invalid scope", "require permission desc"]),
        (F::Misconfigured(D::ServerDomain), &["url not in domain list"]),
        (F::Denied, &["auth deny", "auth denied", "user deny", "authorize no response", "scope unauthorized"]),
        (F::NotInTap, &["can only be invoked by user TAP gesture."]),
        (F::Bug, &["parameter error: parameter.scope should be String"]),
        (F::Cancelled, &["cancel", "user cancel", "auth canceled"]),
        (F::Throttled, &["invoke too frequently"]),
        (F::Unsupported, &["can not support in current platform", "not supported"]),
        (F::Transient, &["timeout", "time out", "interrupted", "-102:net::ERR_CONNECTION_REFUSED"]),
        (F::Transient, &["network exceed max task count"]),
        (F::Unknown, &["something new"]),
    ] {
        for text in texts {
            for text in [format!("x:fail {text}"), format!("x:fail:{}", text.to_uppercase())] {
                assert_eq!(classify(None, &text), meaning, "{text}");
            }
        }
    }
}

#[test]
fn a_successful_tap_without_payload_is_unsupported() {
    assert_eq!(classify_missing_payload(None, "getPhoneNumber:ok"), F::Unsupported);
    assert_eq!(classify_missing_payload(None, "getPhoneNumber:fail user deny"), F::Denied);
    assert_eq!(classify_missing_payload(Some(1_400_001), "getPhoneNumber:fail"), F::NoQuota);
}
