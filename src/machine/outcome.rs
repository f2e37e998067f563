//! Results of callers' promises, and the client's error codes.

use super::event::WaiterId;
use super::tokens::Generation;
use crate::wechat::Failure;
use crate::wechat::failure::Declaration;
use serde::Serialize;

/// Result of a caller's promise.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
#[cfg_attr(feature = "client", derive(tsify::Tsify), tsify(missing_as_null))]
pub enum Outcome {
    /// Resolve with the state.
    Done,
    /// Resolve with the reply that the host holds for a waiter.
    Deliver {
        /// The waiter whose reply it is: another one if two callers submitted the same phone code.
        of: WaiterId,
    },
    /// Resolve with the access token of the last [`SetToken`](super::Effect::SetToken).
    Token {
        /// The token's generation, to be passed to `expired`.
        generation: Generation,
    },
    /// Resolve with the state of a scope.
    Permission {
        /// The state of the scope.
        permission: Permission,
    },
    /// Reject.
    Failed {
        /// The stable error code.
        code: ErrorCode,
        /// Whether a later try can succeed.
        retryable: bool,
        /// Seconds to wait, if the edge said so.
        retry_after: Option<u32>,
    },
}

impl Outcome {
    pub(super) fn failed(code: ErrorCode) -> Self {
        Self::Failed { code, retryable: code.is_retryable(), retry_after: None }
    }
}

impl From<Permission> for Outcome {
    fn from(permission: Permission) -> Self {
        Self::Permission { permission }
    }
}

/// Result of `ensure(scope)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[cfg_attr(feature = "client", derive(tsify::Tsify))]
pub enum Permission {
    /// The scope's APIs may be called.
    Granted,
    /// The user has to tap a button first.
    NeedsTap {
        /// The button's action.
        tap: Tap,
    },
    /// The user refused just now. Do not ask again before they show intent (rule 12.6.2, §6.1).
    DeniedNow,
    /// The phone's own settings withhold it from WeChat (§1.6).
    BlockedByOs {
        /// How the user lifts it.
        fix: OsFix,
    },
    /// The mini program lacks a declaration.
    Misconfigured {
        /// The missing declaration.
        missing: Declaration,
    },
    /// The user closed the dialog without an answer.
    Cancelled,
    /// This base library or platform has no such scope or call.
    Unsupported,
}

/// How the user lifts a restriction of the phone's own settings (§1.6).
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

/// Action that WeChat allows only in a tap of the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "client", derive(tsify::Tsify))]
pub enum Tap {
    /// `auth.openSetting()`: the scope was refused, and WeChat shows no further dialog (§2.2).
    OpenSetting,
    /// A `<button open-type="agreePrivacyAuthorization">` (§1.5).
    AgreePrivacy,
}

/// Stable error codes of the client. `docs/errors.md` has causes and remedies.
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
    /// Too many requests; `retryAfter` has the seconds to wait.
    RateLimited,
    /// The user logged out; only `login()` starts a new session.
    LoggedOut,
    /// There is no session, and none begins without `login()`: because of the host's login mode, or
    /// because storage cannot be read and the user may have logged out.
    LoginRequired,
    /// The request's server did not answer.
    Network,
    /// WeChat's permission call failed for a reason unrelated to the scope.
    PermissionFailed,
    /// The caller cancelled.
    Cancelled,
    /// The tap's payload is lost: its session_key is gone, or its code may be spent. The session is
    /// valid again; ask the user to tap once more.
    TapAgain,
    /// The open data does not decrypt, or its signature is wrong, although the session_key is alive.
    DataInvalid,
    /// The user refused, or closed the dialog.
    UserRefused,
    /// The user has not agreed to the privacy contract.
    PrivacyRefused,
    /// This phone code was redeemed before.
    PhoneCodeUsed,
    /// The app's paid quota is used up (errno 1400001, §1.3).
    NoQuota,
    /// WeChat blocks this call for the app (errno 1421102).
    Blocked,
    /// The call was not made in a tap's own call stack.
    NotInTap,
    /// This base library or platform does not have the call, or not in this form.
    Unsupported,
    /// More callers wait already than the core has memory for.
    TooManyWaiting,
}

impl ErrorCode {
    pub(super) fn is_retryable(self) -> bool {
        use ErrorCode as E;
        match self {
            E::WechatLoginFailed | E::WechatLoginTimeout | E::EdgeUnreachable | E::EdgeFailed => true,
            E::RateLimited | E::Network | E::PermissionFailed | E::TapAgain | E::TooManyWaiting => true,
            E::LoginBlocked | E::Misconfigured | E::LoggedOut | E::LoginRequired | E::Cancelled => false,
            E::DataInvalid | E::UserRefused | E::PrivacyRefused | E::PhoneCodeUsed | E::NoQuota => false,
            E::Blocked | E::NotInTap | E::Unsupported => false,
        }
    }

    /// The error of a tap whose event, or whose call into WeChat, failed (§1.2, §1.3).
    pub(super) fn of_tap(failure: Failure) -> Self {
        use ErrorCode as E;
        use Failure as F;
        match failure {
            F::Denied | F::Cancelled => E::UserRefused,
            F::PrivacyRefused => E::PrivacyRefused,
            F::Misconfigured(_) | F::Bug => E::Misconfigured,
            F::Blocked => E::Blocked,
            F::NoQuota => E::NoQuota,
            F::NotInTap => E::NotInTap,
            F::Unsupported => E::Unsupported,
            F::Throttled => E::RateLimited,
            F::SystemDenied | F::Transient | F::Unknown => E::PermissionFailed,
        }
    }
}
