//! The machine's output: effects for the host to perform.

use super::event::{OpId, WaiterId};
use super::outcome::Outcome;
use super::state::State;
use super::tokens::{AccessToken, Generation, LoginCode, RefreshToken};
use serde::Serialize;

/// An action for the host. The host answers an effect that has an `op` with an event of the same `op`.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
#[cfg_attr(feature = "client", derive(tsify::Tsify), tsify(missing_as_null))]
pub enum Effect {
    /// Call `wx.login` (§1.1).
    CallLogin {
        /// Operation number for the answer.
        op: OpId,
        /// Milliseconds that WeChat has to answer.
        timeout: u32,
    },
    /// Exchange a code for tokens at the edge. Never sent twice with one code.
    Exchange {
        /// Operation number for the answer.
        op: OpId,
        /// The code.
        code: LoginCode,
        /// The last session's refresh token, so that the new login keeps its session id.
        refresh_token: Option<RefreshToken>,
        /// Milliseconds that the edge has to answer.
        timeout: u32,
    },
    /// Renew the session at the edge.
    Refresh {
        /// Operation number for the answer.
        op: OpId,
        /// The session's refresh token.
        refresh_token: RefreshToken,
        /// Milliseconds that the edge has to answer.
        timeout: u32,
    },
    /// End a session at the edge.
    Revoke {
        /// Operation number for the answer.
        op: OpId,
        /// A refresh token of the session.
        refresh_token: RefreshToken,
        /// Also end all other sessions of this user.
        everywhere: bool,
        /// Milliseconds that the edge has to answer.
        timeout: u32,
    },
    /// Send a caller's request, for the first time or again.
    Send {
        /// The caller.
        waiter: WaiterId,
        /// Generation of the access token to send; `None` for a guest's request.
        generation: Option<Generation>,
    },
    /// Keep the access token for the `Send` effects that follow. Each token crosses the wasm border
    /// once, independent of the number of requests.
    SetToken {
        /// The token's generation, as in `Send` and the outcome `Token`.
        generation: Generation,
        /// The token for the `Authorization` header; `None` to forget the last one.
        token: Option<AccessToken>,
    },
    /// Settle a caller's promise.
    Settle {
        /// The caller.
        waiter: WaiterId,
        /// The promise's result.
        outcome: Outcome,
    },
    /// Read both entries from storage.
    ReadRecord {
        /// Operation number for the answer.
        op: OpId,
        /// Milliseconds until the machine continues without an answer. It still uses a later one.
        timeout: u32,
    },
    /// Write an entry to storage, or remove it.
    Save {
        /// Operation number for the answer.
        op: OpId,
        /// Which entry.
        entry: Entry,
        /// The entry's text, one line; `None` to remove the entry.
        value: Option<String>,
    },
    /// Acquire the lock that all contexts on one storage share, and hold it until
    /// [`ReleaseLock`](Self::ReleaseLock).
    AcquireLock {
        /// Operation number for the answer.
        op: OpId,
        /// Milliseconds until the machine continues without the lock.
        timeout: u32,
    },
    /// Release the lock, or stop waiting for it.
    ReleaseLock {
        /// The operation number of the `AcquireLock`.
        op: OpId,
    },
    /// Call `wx.checkSession` (§1.1).
    CheckSession {
        /// Operation number for the answer.
        op: OpId,
    },
    /// Call `wx.getSetting` (§1.4).
    ReadSetting {
        /// Operation number for the answer.
        op: OpId,
    },
    /// Call `wx.getPrivacySetting` (§1.5).
    ReadPrivacy {
        /// Operation number for the answer.
        op: OpId,
    },
    /// Call `wx.getAppAuthorizeSetting` and `wx.getSystemSetting` (§1.6).
    ReadSystem {
        /// Operation number for the answer.
        op: OpId,
    },
    /// Ask the application to show its privacy popup (§1.5).
    ShowPrivacy {
        /// Operation number for the answer.
        op: OpId,
    },
    /// Call `wx.authorize` (§1.4).
    Authorize {
        /// Operation number for the answer.
        op: OpId,
        /// WeChat's name of the scope.
        scope: String,
    },
    /// Send a `Tick` after a delay. Replaces the timer of an earlier `Wake`.
    Wake {
        /// Milliseconds from now.
        after: u32,
    },
    /// Publish a new state as `auth.state`.
    State {
        /// The complete state.
        state: State,
    },
}

impl Effect {
    /// The operation number; `None` for an effect that has no answer.
    pub fn op(&self) -> Option<OpId> {
        match self {
            Self::CallLogin { op, .. }
            | Self::Exchange { op, .. }
            | Self::Refresh { op, .. }
            | Self::Revoke { op, .. }
            | Self::ReadRecord { op, .. }
            | Self::Save { op, .. }
            | Self::AcquireLock { op, .. }
            | Self::CheckSession { op }
            | Self::ReadSystem { op }
            | Self::ReadSetting { op }
            | Self::ReadPrivacy { op }
            | Self::ShowPrivacy { op }
            | Self::Authorize { op, .. } => Some(*op),
            Self::Send { .. } | Self::SetToken { .. } | Self::Settle { .. } | Self::ReleaseLock { .. } => None,
            Self::Wake { .. } | Self::State { .. } => None,
        }
    }
}

/// An entry in storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "client", derive(tsify::Tsify))]
pub enum Entry {
    /// The session: tokens, generation, epochs.
    Record,
    /// Whether the user is logged out, and the pending revocations.
    Status,
}
