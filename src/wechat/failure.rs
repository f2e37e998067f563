//! What a failed `wx.*` call means: by `errno` where there is one, else by a part of `errMsg`
//! (§1.4, §1.11, §8). Texts differ by platform and age, so they are searched, never compared.

use serde::Serialize;

/// The meaning of a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The user refuses the scope, now or earlier.
    Denied,
    /// The user closed a picker or a dialog. Not a refusal, and not to be remembered as one.
    Cancelled,
    /// The privacy contract is not agreed to.
    PrivacyRefused,
    /// The operating system did not grant WeChat the permission.
    SystemDenied,
    /// The mini program lacks a declaration.
    Misconfigured(Declaration),
    /// The call must be made in a tap's own call stack.
    NotInTap,
    /// The base library or platform lacks the call.
    Unsupported,
    /// WeChat's network or service failed; later it may work.
    Transient,
    /// Called too often: back off.
    Throttled,
    /// WeChat blocks this for the app or user.
    Blocked,
    /// The app's paid quota is used up.
    NoQuota,
    /// The host called it wrongly.
    Bug,
    /// In no table.
    Unknown,
}

/// The declaration that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "client", derive(tsify::Tsify))]
pub enum Declaration {
    /// The privacy guideline in the MP backend does not name this kind of data (errno 112).
    PrivacyGuideline,
    /// `requiredPrivateInfos` in app.json.
    RequiredPrivateInfos,
    /// The interface is not opened, or is banned, in the MP backend.
    InterfacePermission,
    /// The scope does not exist or is not declared.
    ScopeName,
    /// The server domain list of the MP backend (errno 600002).
    ServerDomain,
}

/// Classifies a failure. `errno` has priority (§1.0); one that is in no table falls back to the
/// text.
pub fn classify(errno: Option<i32>, err_msg: &str) -> Failure {
    match errno.and_then(by_errno) {
        // 104 is also "user authorize canceled": the user closed the scope's dialog (§1.11).
        Some(Failure::PrivacyRefused) if contains(err_msg, "auth cancel") => Failure::Cancelled,
        Some(failure) => failure,
        None => by_text(err_msg),
    }
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
        // The WeChat gateway's own errors, which come as `errCode` (§1.8).
        102_003 | 102_020 | 102_021 => F::Throttled,
        102_006 => F::Bug,
        102_016 | 102_022 => F::Misconfigured(D::ServerDomain),
        104_100 | -601_001 | -601_008 | -601_069 => F::Transient,
        _ => return None,
    })
}

/// In this order: a longer text holds a shorter one's words.
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

/// Without regard to case. Not `str::contains`, whose search for long texts alone weighs 4 KB.
fn contains(text: &str, part: &str) -> bool {
    text.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}
