//! A reply to a caller's request, and its meaning for the caller.

use crate::edge_code::EdgeCode;
use crate::machine::event::WaiterId;
use crate::machine::outcome::{ErrorCode, Outcome};

pub(super) const UNAUTHORIZED: u16 = 401;
pub(super) const TOO_MANY_REQUESTS: u16 = 429;

const DATA_STALE: &str = EdgeCode::DataStale.as_str();
const DECRYPT_FAILED: &str = EdgeCode::DecryptFailed.as_str();
const MISCONFIGURED: &str = EdgeCode::Misconfigured.as_str();
pub(super) const SESSION_KEY_STALE: &str = EdgeCode::SessionKeyStale.as_str();
const SIGNATURE_MISMATCH: &str = EdgeCode::SignatureMismatch.as_str();
/// The host's code for a success that is not the edge's, such as the page of a captive portal.
const REPLY_MALFORMED: &str = "reply_malformed";

/// A reply of the edge to a tap's payload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reply<'a> {
    pub(super) status: u16,
    /// The edge's stable code, or [`REPLY_MALFORMED`].
    pub(super) code: &'a str,
    pub(super) retry_after_s: Option<u32>,
}

/// `is_same_key`: there was no login between the payload and this reply.
pub(super) fn of_open_data(id: WaiterId, reply: Reply<'_>, is_same_key: bool) -> Outcome {
    match (reply.status, reply.code) {
        (200, REPLY_MALFORMED) => Outcome::failed(ErrorCode::EdgeFailed),
        (200, _) => Outcome::Deliver { of: id },
        // Encrypted with a key that a login has replaced, or too old.
        (_, DECRYPT_FAILED | SIGNATURE_MISMATCH) if !is_same_key => Outcome::failed(ErrorCode::TapAgain),
        (_, DATA_STALE) => Outcome::failed(ErrorCode::TapAgain),
        (400, _) => Outcome::failed(ErrorCode::DataInvalid),
        _ => of_status(reply),
    }
}

pub(super) fn of_phone(id: WaiterId, reply: Reply<'_>) -> Outcome {
    match (reply.status, reply.code) {
        (200, REPLY_MALFORMED) => Outcome::failed(ErrorCode::TapAgain),
        (200, _) => Outcome::Deliver { of: id },
        (_, MISCONFIGURED) => Outcome::failed(ErrorCode::Misconfigured),
        (400 | 409 | 500.., _) => Outcome::failed(ErrorCode::TapAgain),
        _ => of_status(reply),
    }
}

fn of_status(reply: Reply<'_>) -> Outcome {
    let code = match (reply.status, reply.code) {
        (_, MISCONFIGURED) => ErrorCode::Misconfigured,
        (UNAUTHORIZED, _) => ErrorCode::LoginRequired,
        (TOO_MANY_REQUESTS, _) => ErrorCode::RateLimited,
        _ => ErrorCode::EdgeFailed,
    };
    Outcome::Failed { code, retryable: code.is_retryable(), retry_after: reply.retry_after_s }
}
