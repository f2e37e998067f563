//! A flight is the way to a session: renewal, or `wx.login` and an exchange, with rests between
//! tries. Here is where it stands, and what a setback on it means.

mod transitions;

use super::TOO_MANY_REQUESTS;
use crate::edge_code::EdgeCode;
use crate::machine::clock::Instant;
use crate::machine::context::{Context, Pending};
use crate::machine::effect::ErrorCode;
use crate::machine::event::{EdgeFailure, OpId};
use crate::machine::tokens::Generation;
use crate::wechat::Failure;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Flight {
    /// None is under way.
    Landed,
    /// Waits for the lock that contexts on one storage share.
    Locking(Pending),
    /// Reads what other contexts stored.
    Reading(Pending),
    Login(Pending),
    /// With the generation of the tokens that it continues.
    Exchange(Pending, Generation),
    /// With the generation of the token that was presented.
    Refresh(Pending, Generation),
    /// An exchange or refresh that the user's log-out overtook: its tokens are of a session that
    /// is being ended, with all others of the user if so. The next flight waits for its end.
    Doomed(Pending, bool),
    /// Until the next try.
    Resting(Instant),
}

impl Flight {
    pub(crate) fn is_landed(self) -> bool {
        matches!(self, Self::Landed)
    }

    pub(crate) fn awaits_code(self, op: OpId) -> bool {
        matches!(self, Self::Login(pending) if pending.op == op)
    }

    pub(crate) fn allow_after_shown(&mut self, cx: &Context) {
        match self {
            Self::Locking(pending)
            | Self::Reading(pending)
            | Self::Login(pending)
            | Self::Exchange(pending, _)
            | Self::Refresh(pending, _)
            | Self::Doomed(pending, _) => pending.allow_after_shown(cx),
            Self::Landed | Self::Resting(_) => {}
        }
    }

    pub(crate) fn next_deadline(self) -> Option<Instant> {
        match self {
            Self::Locking(pending)
            | Self::Reading(pending)
            | Self::Login(pending)
            | Self::Exchange(pending, _)
            | Self::Refresh(pending, _)
            | Self::Doomed(pending, _) => Some(pending.deadline),
            Self::Resting(until) => Some(until),
            Self::Landed => None,
        }
    }
}

/// What a failed step asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setback {
    /// Another try after a rest, and this error when there have been enough; with the seconds
    /// that the edge asked to wait, for the caller.
    TryAgain(ErrorCode, Option<u32>),
    /// No try will help.
    GiveUp(ErrorCode),
    /// The edge asks to be left alone for so many seconds.
    StayAway(u32),
    /// The refresh token is of no living session: log in.
    SessionEnded,
}

/// WeChat's own advice where a 429 names no time (§3.4).
const STAY_AWAY_S: u32 = 60;

const CLIENT_UNKNOWN: &str = EdgeCode::ClientUnknown.as_str();
const CODE_INVALID: &str = EdgeCode::CodeInvalid.as_str();
const CODE_USED: &str = EdgeCode::CodeUsed.as_str();
const MISCONFIGURED: &str = EdgeCode::Misconfigured.as_str();
const USER_BLOCKED: &str = EdgeCode::UserBlocked.as_str();

impl Setback {
    pub(crate) fn of_login(failure: Failure) -> Self {
        match failure {
            Failure::Blocked => Self::GiveUp(ErrorCode::LoginBlocked),
            _ => Self::TryAgain(ErrorCode::WechatLoginFailed, None),
        }
    }

    pub(crate) fn of_exchange(failure: &EdgeFailure) -> Self {
        match failure {
            // Nobody knows whether the code is spent; the next try takes a fresh one.
            EdgeFailure::Unreachable => Self::TryAgain(ErrorCode::EdgeUnreachable, None),
            EdgeFailure::Refused { status: TOO_MANY_REQUESTS, retry_after_s, .. } => {
                Self::StayAway(retry_after_s.unwrap_or(STAY_AWAY_S))
            }
            EdgeFailure::Refused { status, code, retry_after_s } => match (status, code.as_str()) {
                (_, USER_BLOCKED) => Self::GiveUp(ErrorCode::LoginBlocked),
                (_, MISCONFIGURED) => Self::GiveUp(ErrorCode::Misconfigured),
                // Another code may do: this one was too old, or is spent. A success without tokens
                // is the answer of something between here and the edge.
                (_, CODE_INVALID | CODE_USED) | (200..=299 | 408 | 500.., _) => {
                    Self::TryAgain(ErrorCode::EdgeFailed, *retry_after_s)
                }
                // The edge does not know this app, or is none: the same request will be refused again.
                _ => Self::GiveUp(ErrorCode::Misconfigured),
            },
        }
    }

    pub(crate) fn of_refresh(failure: &EdgeFailure) -> Self {
        match failure {
            // Without a code it is not the edge that says no, but something between here and there.
            EdgeFailure::Refused { status: 400 | 401, code, .. } if code.is_empty() => {
                Self::TryAgain(ErrorCode::EdgeFailed, None)
            }
            EdgeFailure::Refused { status: 400 | 401, code, .. } if code != CLIENT_UNKNOWN => Self::SessionEnded,
            // The edge answers a rotated token again for a while, so the same one may be sent.
            other => Self::of_exchange(other),
        }
    }
}
