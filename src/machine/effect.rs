//! What the machine tells the host to do.

use super::event::{OpId, WaiterId};
use super::tokens::{AccessToken, Generation, LoginCode, RefreshToken};
use crate::wechat::failure::Declaration;
use serde::Serialize;

/// One thing to do. Those with an `op` are answered by an event that names it.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
#[cfg_attr(feature = "client", derive(tsify::Tsify), tsify(missing_as_null))]
pub enum Effect {
    /// Call `wx.login`.
    CallLogin {
        /// To be named in the answer.
        op: OpId,
        /// Milliseconds for WeChat to answer in.
        timeout: u32,
    },
    /// Send the code to the edge, once.
    Exchange {
        /// To be named in the answer.
        op: OpId,
        /// The code.
        code: LoginCode,
        /// The last session's refresh token, so that the new login keeps its session id.
        refresh_token: Option<RefreshToken>,
        /// Milliseconds.
        timeout: u32,
    },
    /// Renew the session at the edge.
    Refresh {
        /// To be named in the answer.
        op: OpId,
        /// What renews it.
        refresh_token: RefreshToken,
        /// Milliseconds.
        timeout: u32,
    },
    /// End a session at the edge.
    Revoke {
        /// To be named in the answer.
        op: OpId,
        /// The session to end.
        refresh_token: RefreshToken,
        /// And with it all others of this user.
        everywhere: bool,
        /// Milliseconds.
        timeout: u32,
    },
    /// Send a caller's request now: the first time, or again.
    Send {
        /// Whose.
        waiter: WaiterId,
        /// With the token of this generation; absent for a guest.
        generation: Option<Generation>,
    },
    /// Keep this token for requests; absent: forget it. It crosses the border once, however many
    /// requests use it.
    SetToken {
        /// What `Send` and the outcome `Token` name it by.
        generation: Generation,
        /// For the `Authorization` header.
        token: Option<AccessToken>,
    },
    /// Settle a caller's promise.
    Settle {
        /// Whose.
        waiter: WaiterId,
        /// With what.
        outcome: Outcome,
    },
    /// Read both entries from storage.
    ReadRecord {
        /// To be named in the answer.
        op: OpId,
        /// Milliseconds until the machine goes on without. A later answer is still wanted.
        timeout: u32,
    },
    /// Write an entry to storage, or remove it.
    Save {
        /// To be named in the answer.
        op: OpId,
        /// Which entry.
        entry: Entry,
        /// Opaque, one line; absent to remove the entry.
        value: Option<String>,
    },
    /// Acquire the lock that contexts on one storage share, and hold it until
    /// [`ReleaseLock`](Self::ReleaseLock).
    AcquireLock {
        /// To be named in the answer.
        op: OpId,
        /// Milliseconds until the machine goes on without.
        timeout: u32,
    },
    /// Release the lock that `op` acquired, or stop acquiring it.
    ReleaseLock {
        /// The effect that asked for it.
        op: OpId,
    },
    /// Call `wx.checkSession`.
    CheckSession {
        /// To be named in the answer.
        op: OpId,
    },
    /// Call `wx.getSetting`.
    ReadSetting {
        /// To be named in the answer.
        op: OpId,
    },
    /// Call `wx.getPrivacySetting`.
    ReadPrivacy {
        /// To be named in the answer.
        op: OpId,
    },
    /// Call `wx.getAppAuthorizeSetting` and `wx.getSystemSetting` (§1.6).
    ReadSystem {
        /// To be named in the answer.
        op: OpId,
    },
    /// Let the application show its privacy sheet.
    ShowPrivacy {
        /// To be named in the answer.
        op: OpId,
    },
    /// Call `wx.authorize`.
    Authorize {
        /// To be named in the answer.
        op: OpId,
        /// WeChat's name of the scope.
        scope: String,
    },
    /// Send a `Tick` after this many milliseconds, in place of any earlier wish.
    Wake {
        /// Milliseconds from now.
        after: u32,
    },
    /// What `auth.state` shows now.
    State {
        /// The whole of it.
        state: State,
    },
}

impl Effect {
    /// What its answer has to name; `None` where none is awaited.
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

/// The two entries in storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "client", derive(tsify::Tsify))]
pub enum Entry {
    /// The session's tokens.
    Record,
    /// Whether the user is logged out, and what is still to be revoked.
    Status,
}

/// How a caller's promise ends.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
#[cfg_attr(feature = "client", derive(tsify::Tsify), tsify(missing_as_null))]
pub enum Outcome {
    /// Resolve; the state says what with.
    Done,
    /// Resolve with the reply the host holds for a waiter.
    Deliver {
        /// Mostly the waiter settled; another, where two had the same phone code.
        of: WaiterId,
    },
    /// Resolve with the token that was handed over.
    Token {
        /// To be given back to `expired`.
        generation: Generation,
    },
    /// Resolve with what became of a scope.
    Permission {
        /// What became of it.
        permission: Permission,
    },
    /// Reject.
    Failed {
        /// Stable name.
        code: ErrorCode,
        /// Whether trying again later can help.
        retryable: bool,
        /// When, in seconds, where the edge said so.
        retry_after: Option<u32>,
    },
}

/// The answer to `ensure(scope)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[cfg_attr(feature = "client", derive(tsify::Tsify))]
pub enum Permission {
    /// The scope's APIs may be called.
    Granted,
    /// Only the user's tap leads on.
    NeedsTap {
        /// What to put under the user's finger.
        tap: Tap,
    },
    /// The user refused just now. Do not ask again before they show intent (rule 12.6.2, §6.1).
    DeniedNow,
    /// The phone's own settings withhold it from WeChat.
    BlockedByOs {
        /// How the user lifts it.
        fix: OsFix,
    },
    /// The mini program is not declared for it.
    Misconfigured {
        /// What to declare.
        missing: Declaration,
    },
    /// The user closed the dialog without an answer.
    Cancelled,
    /// This base library or platform has no such scope or call.
    Unsupported,
}

/// How the user lifts what the phone's own settings withhold (§1.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "client", derive(tsify::Tsify))]
pub enum OsFix {
    /// `wx.openAppAuthorizeSetting()`: WeChat's page in the phone's settings.
    AppAuthorizeSetting,
    /// Location is switched off for the whole phone.
    LocationSwitch,
    /// Bluetooth is switched off for the whole phone.
    BluetoothSwitch,
}

/// What only the user's finger can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "client", derive(tsify::Tsify))]
pub enum Tap {
    /// `auth.openSetting()`: the scope was refused, and no dialog will come again (§2.2).
    OpenSetting,
    /// A `<button open-type="agreePrivacyAuthorization">` (§1.5).
    AgreePrivacy,
}

/// One line of WeChat's record of grants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "client", derive(tsify::Tsify))]
pub struct ScopeGrant {
    /// WeChat's name of the scope.
    pub scope: String,
    /// What the user answered.
    pub granted: bool,
}

/// Stable names of what can go wrong. Documented in `docs/errors.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "client", derive(tsify::Tsify))]
pub enum ErrorCode {
    /// `wx.login` failed.
    WechatLoginFailed,
    /// `wx.login` did not call back in time.
    WechatLoginTimeout,
    /// WeChat blocks logins of this app or user.
    LoginBlocked,
    /// The edge did not answer.
    EdgeUnreachable,
    /// The edge answered with an error of its own or of WeChat's.
    EdgeFailed,
    /// The edge or the app is misconfigured.
    Misconfigured,
    /// Too many requests; `retryAfter` says when.
    RateLimited,
    /// The user logged out; only `login()` leads back.
    LoggedOut,
    /// There is no session, and none begins by itself: on this host, or because storage cannot be
    /// read and the user may have logged out.
    LoginRequired,
    /// The request's server did not answer.
    Network,
    /// WeChat's permission call failed in a way that says nothing about the scope.
    PermissionFailed,
    /// The caller gave up.
    Cancelled,
    /// The tap's payload is lost: its session_key is gone, or nobody knows what became of its
    /// code. The session is good again; ask the user to tap once more.
    TapAgain,
    /// The open data does not open, or its signature is wrong, although the key is alive.
    DataInvalid,
    /// The user refused, or closed the dialog.
    UserRefused,
    /// The user has not agreed to the privacy contract.
    PrivacyRefused,
    /// This phone code was redeemed before.
    PhoneCodeUsed,
    /// The app's paid quota is used up (errno 1400001).
    NoQuota,
    /// WeChat blocks this call for the app (errno 1421102).
    Blocked,
    /// The call was not made in a tap's own call stack.
    NotInTap,
    /// This base library or platform has no such call, or not in this form.
    Unsupported,
    /// More callers wait already than the core has memory for.
    TooManyWaiting,
}

/// What `auth.state` shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "client", derive(tsify::Tsify))]
pub struct State {
    /// Where the session stands.
    pub session: SessionState,
    /// The generation of the current session.
    pub generation: Generation,
    /// Storage failed: the session lives in memory only.
    pub degraded: bool,
    /// The scopes WeChat has a record of.
    pub scopes: Vec<ScopeGrant>,
}

/// Where the session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "client", derive(tsify::Tsify))]
pub enum SessionState {
    /// Not launched yet.
    Starting,
    /// No session, and none under way.
    Guest,
    /// A login or renewal is under way.
    LoggingIn,
    /// A session is held.
    LoggedIn,
    /// The user logged out.
    LoggedOut,
}
