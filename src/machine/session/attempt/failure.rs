//! Classification of an attempt's failures.

use crate::edge_code::EdgeCode;
use crate::machine::event::EdgeFailure;
use crate::machine::outcome::ErrorCode;
use crate::wechat::Failure;

/// The reaction to a failed step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AttemptFailure {
    /// Pause and try again. After the last try, callers are rejected with this error and with the
    /// edge's `Retry-After` in seconds.
    TryAgain(ErrorCode, Option<u32>),
    /// Reject callers: no try can succeed.
    GiveUp(ErrorCode),
    /// Reject callers and start no attempt for this many seconds.
    RetryAfter(u32),
    /// Log in: the refresh token's session has ended.
    SessionEnded,
}

/// Wait after a 429 without `Retry-After`, as WeChat advises (§3.4).
const RETRY_AFTER_S: u32 = 60;
const TOO_MANY_REQUESTS: u16 = 429;

const CLIENT_UNKNOWN: &str = EdgeCode::ClientUnknown.as_str();
const CODE_INVALID: &str = EdgeCode::CodeInvalid.as_str();
const CODE_USED: &str = EdgeCode::CodeUsed.as_str();
const MISCONFIGURED: &str = EdgeCode::Misconfigured.as_str();
const USER_BLOCKED: &str = EdgeCode::UserBlocked.as_str();

impl AttemptFailure {
    pub(super) fn of_login(failure: Failure) -> Self {
        match failure {
            Failure::Blocked => Self::GiveUp(ErrorCode::LoginBlocked),
            _ => Self::TryAgain(ErrorCode::WechatLoginFailed, None),
        }
    }

    pub(super) fn of_exchange(failure: &EdgeFailure) -> Self {
        match failure {
            // The code may be spent; the next try gets a fresh one.
            EdgeFailure::Unreachable => Self::TryAgain(ErrorCode::EdgeUnreachable, None),
            EdgeFailure::Refused { status: TOO_MANY_REQUESTS, retry_after_s, .. } => {
                Self::RetryAfter(retry_after_s.unwrap_or(RETRY_AFTER_S))
            }
            EdgeFailure::Refused { status, code, retry_after_s } => match (status, code.as_str()) {
                (_, USER_BLOCKED) => Self::GiveUp(ErrorCode::LoginBlocked),
                (_, MISCONFIGURED) => Self::GiveUp(ErrorCode::Misconfigured),
                // A fresh code can succeed: this one is expired or spent. A success without tokens
                // comes from a server between client and edge.
                (_, CODE_INVALID | CODE_USED) | (200..=299 | 408 | 500.., _) => {
                    Self::TryAgain(ErrorCode::EdgeFailed, *retry_after_s)
                }
                // The server is not an edge, or does not know this app: it will refuse again.
                _ => Self::GiveUp(ErrorCode::Misconfigured),
            },
        }
    }

    pub(super) fn of_refresh(failure: &EdgeFailure) -> Self {
        match failure {
            // Without a code, the answer comes from a server between client and edge.
            EdgeFailure::Refused { status: 400 | 401, code, .. } if code.is_empty() => {
                Self::TryAgain(ErrorCode::EdgeFailed, None)
            }
            EdgeFailure::Refused { status: 400 | 401, code, .. } if code != CLIENT_UNKNOWN => Self::SessionEnded,
            // The edge accepts a rotated token for another 120 s, so the same one may be sent again.
            other => Self::of_exchange(other),
        }
    }
}
