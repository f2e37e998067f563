//! Replies to callers' requests, and their meaning for callers.

use super::Session;
use super::waiters::Waiting;
use crate::edge_code::EdgeCode;
use crate::machine::context::Context;
use crate::machine::event::WaiterId;
use crate::machine::outcome::{ErrorCode, Outcome};
use crate::wechat::Failure;

const UNAUTHORIZED: u16 = 401;
const TOO_MANY_REQUESTS: u16 = 429;

const DATA_STALE: &str = EdgeCode::DataStale.as_str();
const DECRYPT_FAILED: &str = EdgeCode::DecryptFailed.as_str();
const MISCONFIGURED: &str = EdgeCode::Misconfigured.as_str();
const SESSION_KEY_STALE: &str = EdgeCode::SessionKeyStale.as_str();
const SIGNATURE_MISMATCH: &str = EdgeCode::SignatureMismatch.as_str();
/// The host's code for a success that is not the edge's, such as the page of a captive portal.
const REPLY_MALFORMED: &str = "reply_malformed";

/// A reply of the edge to a tap's payload.
#[derive(Debug, Clone, Copy)]
struct Reply<'a> {
    status: u16,
    /// The edge's stable code, or [`REPLY_MALFORMED`].
    code: &'a str,
    retry_after_s: Option<u32>,
}

impl Session {
    pub(in crate::machine) fn reply_arrived(
        &mut self,
        cx: &mut Context,
        id: WaiterId,
        status: u16,
        code: &str,
        retry_after_s: Option<u32>,
    ) {
        let Some(waiting) = self.waiters.sent(id) else { return };
        let has_expiry_code =
            matches!(waiting, Waiting::Request { .. }) && self.expiry_codes.iter().any(|known| known == code);
        let is_expired = has_expiry_code || status == UNAUTHORIZED;
        let replayed = if is_expired { self.waiters.replay(cx, id) } else { None };
        let reply = Reply { status, code, retry_after_s };
        match (replayed, waiting) {
            (Some(used), _) => {
                self.expired(used);
                self.resolve_one(cx, id);
            }
            (None, Waiting::OpenData { epoch }) => self.open_data_answered(cx, id, epoch, reply),
            // A rate limit refuses before the code is redeemed, so the code stays valid.
            (None, Waiting::Phone) => self.settle_as(cx, id, of_phone(id, reply), status != TOO_MANY_REQUESTS),
            (None, _) => self.settle(cx, id, Outcome::Deliver { of: id }),
        }
    }

    fn open_data_answered(&mut self, cx: &mut Context, id: WaiterId, epoch: Option<u32>, reply: Reply<'_>) {
        if reply.code == SESSION_KEY_STALE {
            self.key.expire();
            self.waiters.enqueue_again(id, Waiting::TapAgain);
            self.resolve_one(cx, id);
        } else {
            let is_same_key = epoch == Some(self.credentials.record.epochs.issued);
            self.settle(cx, id, of_open_data(id, reply, is_same_key));
        }
    }

    pub(in crate::machine) fn request_failed(&mut self, cx: &mut Context, id: WaiterId, failure: Failure) {
        let code = match (self.waiters.sent(id), failure) {
            (None, _) => return,
            // The code may be spent; it is not sent again.
            (Some(Waiting::Phone), _) => ErrorCode::TapAgain,
            (_, Failure::Misconfigured(_) | Failure::Bug) => ErrorCode::Misconfigured,
            _ => ErrorCode::Network,
        };
        self.settle(cx, id, Outcome::failed(code));
    }
}

/// `is_same_key`: there was no login between the payload and this reply.
fn of_open_data(id: WaiterId, reply: Reply<'_>, is_same_key: bool) -> Outcome {
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

fn of_phone(id: WaiterId, reply: Reply<'_>) -> Outcome {
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
