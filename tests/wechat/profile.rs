//! Avatar and nickname.

#[cfg(target_family = "wasm")]
use super::test;
use wxauth::wechat::{profile::ProfileMethod, version::Version};

#[test]
fn each_base_library_has_its_profile_method() {
    for (version, name) in [
        ("3.8.0", "choose-avatar"),
        ("2.21.2", "choose-avatar"),
        ("2.21.1", "get-user-profile"),
        ("2.10.4", "get-user-profile"),
        ("2.10.3", "none"),
        ("2.9", "none"),
        ("", "none"),
        ("x.y", "none"),
        ("10.0.0", "choose-avatar"),
    ] {
        assert_eq!(ProfileMethod::of(Version::parse(version)).name(), name, "{version}");
    }
}
