//! The meaning of a failed `wx.*` call: by `errno` if it is known, else by a part of `errMsg` (§1.4, §1.11, §8).
//!
//! Texts differ by platform and base library, so they are searched for known parts, never compared as a whole.

use serde::Serialize;

/// The meaning of a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The user refused the scope, now or earlier.
    Denied,
    /// The user closed a picker or a dialog. This is not a refusal.
    Cancelled,
    /// The user has not agreed to the privacy guideline.
    PrivacyRefused,
    /// The operating system did not grant WeChat the permission.
    SystemDenied,
    /// The mini program or its backend configuration lacks a declaration.
    Misconfigured(Declaration),
    /// The call was made outside a tap's own call stack.
    NotInTap,
    /// The base library or the platform lacks the call.
    Unsupported,
    /// WeChat's network or service failed; a later call may succeed.
    Transient,
    /// Called too often; back off.
    Throttled,
    /// WeChat blocks the call for this app or user.
    Blocked,
    /// The app's paid quota is used up.
    NoQuota,
    /// The call had wrong parameters.
    Bug,
    /// Neither the number nor the text is known.
    Unknown,
}

/// A declaration that the mini program lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "client", derive(tsify::Tsify))]
pub enum Declaration {
    /// The privacy guideline in the MP backend does not name this kind of data (errno 112).
    PrivacyGuideline,
    /// `requiredPrivateInfos` in app.json.
    RequiredPrivateInfos,
    /// The interface is not enabled, or is banned, in the MP backend.
    InterfacePermission,
    /// The scope does not exist or is not declared.
    ScopeName,
    /// The server domain list of the MP backend (errno 600002).
    ServerDomain,
}

/// Classifies a failed call. `errno` has priority (§1.0); an unknown one falls back to the text.
pub fn classify(errno: Option<i32>, err_msg: &str) -> Failure {
    match errno.and_then(by_errno) {
        // 104 also means "user authorize canceled": the user closed the scope's dialog (§1.11).
        Some(Failure::PrivacyRefused) if contains(err_msg, "auth cancel") => Failure::Cancelled,
        Some(failure) => failure,
        None => by_text(err_msg),
    }
}

/// Classifies a tap's result that has no payload (no code, no encrypted data).
///
/// Old base libraries report such a tap as successful, with an `errMsg` that ends in `:ok` (§1.3): the call is not
/// supported there.
pub fn classify_missing_payload(errno: Option<i32>, err_msg: &str) -> Failure {
    if err_msg.ends_with(":ok") { Failure::Unsupported } else { classify(errno, err_msg) }
}

fn by_errno(errno: i32) -> Option<Failure> {
    use Declaration as D;
    use Failure as F;
    Some(match errno {
        1 => F::Cancelled,
        3 => F::SystemDenied,
        4 | 5 | 108 | 109 | 1000 => F::Transient,
        100 => F::Unsupported,
        101 | 106 | 1032 | 109_001 => F::Bug,
        102 | 101_100 | 101_101 | 1025 | 1026 => F::Misconfigured(D::InterfacePermission),
        103 => F::Denied,
        104 | 101_102 => F::PrivacyRefused,
        110 => F::Misconfigured(D::ScopeName),
        112 => F::Misconfigured(D::PrivacyGuideline),
        1003 | 510_001 => F::Throttled,
        600_002 => F::Misconfigured(D::ServerDomain),
        600_009 | 600_010 => F::Bug,
        600_000..=600_011 | 602_000..=602_002 => F::Transient,
        1_400_001 => F::NoQuota,
        1_402_101 | 1_421_102 => F::Blocked,
        // Errors of the WeChat gateway, sent as `errCode` (§1.8).
        102_003 | 102_020 | 102_021 => F::Throttled,
        102_006 => F::Bug,
        102_016 | 102_022 => F::Misconfigured(D::ServerDomain),
        104_100 | -601_001 | -601_008 | -601_069 => F::Transient,
        _ => return None,
    })
}

/// Known parts of `errMsg`. The order matters: some texts contain the words of a later, shorter entry.
const TEXTS: [(&str, Failure); 25] = [
    ("privacy permission is not authorized", Failure::PrivacyRefused),
    ("click action before resolve", Failure::PrivacyRefused),
    ("not declared in the privacy agreement", Failure::Misconfigured(Declaration::PrivacyGuideline)),
    ("requiredprivateinfos", Failure::Misconfigured(Declaration::RequiredPrivateInfos)),
    ("privacy api banned", Failure::Misconfigured(Declaration::InterfacePermission)),
    ("system permission denied", Failure::SystemDenied),
    ("invalid scope", Failure::Misconfigured(Declaration::ScopeName)),
    ("require permission desc", Failure::Misconfigured(Declaration::ScopeName)),
    ("not in domain list", Failure::Misconfigured(Declaration::ServerDomain)),
    ("auth deny", Failure::Denied),
    ("auth denied", Failure::Denied),
    ("user deny", Failure::Denied),
    ("authorize no response", Failure::Denied),
    ("scope unauthorized", Failure::Denied),
    ("tap gesture", Failure::NotInTap),
    ("parameter error", Failure::Bug),
    ("cancel", Failure::Cancelled),
    ("freq", Failure::Throttled),
    ("no permission", Failure::Misconfigured(Declaration::InterfacePermission)),
    ("not support", Failure::Unsupported),
    ("timeout", Failure::Transient),
    ("time out", Failure::Transient),
    ("interrupted", Failure::Transient),
    ("net::err", Failure::Transient),
    ("exceed max task count", Failure::Transient),
];

fn by_text(err_msg: &str) -> Failure {
    TEXTS.iter().find(|(part, _)| contains(err_msg, part)).map_or(Failure::Unknown, |row| row.1)
}

/// Substring search that ignores ASCII case. `str::contains` would add 4 KB to the phone's package.
fn contains(text: &str, part: &str) -> bool {
    text.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}
