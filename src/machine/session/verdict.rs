//! What the edge's answers about a tap's payload mean to its caller.

use super::super::effect::{ErrorCode, Outcome};
use super::super::event::WaiterId;
use crate::wechat::Failure;

/// The edge's word for a wrong signature: a 401 that says nothing about the token.
pub(crate) const SIGNATURE_MISMATCH: &str = "signature_mismatch";

/// `same_key`: no login came between the payload and this answer.
pub(crate) fn of_open_data(id: WaiterId, status: u16, code: &str, same_key: bool) -> Outcome {
    match (status, code) {
        (200, _) => Outcome::Deliver { of: id },
        // Made with a key that a login has since replaced, or too old by now.
        (_, "decrypt_failed" | SIGNATURE_MISMATCH) if !same_key => Outcome::failed(ErrorCode::TapAgain),
        (_, "data_stale") => Outcome::failed(ErrorCode::TapAgain),
        (400, _) | (_, SIGNATURE_MISMATCH) => Outcome::failed(ErrorCode::DataInvalid),
        _ => of_status(status, code),
    }
}

/// Whatever failed, the code is not sent again.
pub(crate) fn of_phone(id: WaiterId, status: u16, code: &str) -> Outcome {
    match (status, code) {
        (200, _) => Outcome::Deliver { of: id },
        (_, "phone_no_quota") => Outcome::failed(ErrorCode::NoQuota),
        (_, "misconfigured") => Outcome::failed(ErrorCode::Misconfigured),
        (400 | 409 | 500.., _) => Outcome::failed(ErrorCode::TapAgain),
        _ => of_status(status, code),
    }
}

fn of_status(status: u16, code: &str) -> Outcome {
    Outcome::failed(match (status, code) {
        (_, "misconfigured") => ErrorCode::Misconfigured,
        (401, _) => ErrorCode::LoginRequired,
        (429, _) => ErrorCode::RateLimited,
        _ => ErrorCode::EdgeFailed,
    })
}

/// A tap's own event, or the call made in it, said no (§1.2, §1.3).
pub(crate) fn of_tap(failure: Failure) -> Outcome {
    use ErrorCode as E;
    use Failure as F;
    Outcome::failed(match failure {
        F::Denied | F::Cancelled => E::UserRefused,
        F::PrivacyRefused => E::PrivacyRefused,
        F::Misconfigured(_) | F::Bug => E::Misconfigured,
        F::Blocked => E::Blocked,
        F::NoQuota => E::NoQuota,
        F::NotInTap => E::NotInTap,
        F::Unsupported => E::Unsupported,
        F::Throttled => E::RateLimited,
        F::SystemDenied | F::Transient | F::Unknown => E::PermissionFailed,
    })
}
