//! What the edge's answers about a tap's payload mean to its caller.

use super::TOO_MANY_REQUESTS;
use crate::edge_code::EdgeCode;
use crate::machine::effect::{ErrorCode, Outcome};
use crate::machine::event::WaiterId;
use crate::wechat::Failure;

/// A reply to a tap's payload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    /// The edge's stable code; [`MALFORMED`] where a success lacks what it has to bring.
    pub(crate) code: &'a str,
    pub(crate) retry_after_s: Option<u32>,
}

/// The host's word for a success that is not the edge's, such as the page of a captive portal.
const MALFORMED: &str = "reply_malformed";

const DATA_STALE: &str = EdgeCode::DataStale.as_str();
const DECRYPT_FAILED: &str = EdgeCode::DecryptFailed.as_str();
const MISCONFIGURED: &str = EdgeCode::Misconfigured.as_str();
const SIGNATURE_MISMATCH: &str = EdgeCode::SignatureMismatch.as_str();

/// `same_key`: no login came between the payload and this answer.
pub(crate) fn of_open_data(id: WaiterId, answer: Answer<'_>, same_key: bool) -> Outcome {
    match (answer.status, answer.code) {
        (200, MALFORMED) => Outcome::failed(ErrorCode::EdgeFailed),
        (200, _) => Outcome::Deliver { of: id },
        // Made with a key that a login has since replaced, or too old by now.
        (_, DECRYPT_FAILED | SIGNATURE_MISMATCH) if !same_key => Outcome::failed(ErrorCode::TapAgain),
        (_, DATA_STALE) => Outcome::failed(ErrorCode::TapAgain),
        (400, _) => Outcome::failed(ErrorCode::DataInvalid),
        _ => of_status(answer),
    }
}

/// Whatever failed, the code is not sent again by itself.
pub(crate) fn of_phone(id: WaiterId, answer: Answer<'_>) -> Outcome {
    match (answer.status, answer.code) {
        (200, MALFORMED) => Outcome::failed(ErrorCode::TapAgain),
        (200, _) => Outcome::Deliver { of: id },
        (_, MISCONFIGURED) => Outcome::failed(ErrorCode::Misconfigured),
        (400 | 409 | 500.., _) => Outcome::failed(ErrorCode::TapAgain),
        _ => of_status(answer),
    }
}

fn of_status(answer: Answer<'_>) -> Outcome {
    let code = match (answer.status, answer.code) {
        (_, MISCONFIGURED) => ErrorCode::Misconfigured,
        (401, _) => ErrorCode::LoginRequired,
        (TOO_MANY_REQUESTS, _) => ErrorCode::RateLimited,
        _ => ErrorCode::EdgeFailed,
    };
    Outcome::Failed { code, retryable: code.is_retryable(), retry_after: answer.retry_after_s }
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
