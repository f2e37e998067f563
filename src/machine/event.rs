//! The machine's input: events that the host reports.

use super::tokens::{AccessToken, Generation, LoginCode, PhoneCode, RefreshToken, Tokens};
use crate::wechat::Failure;

/// Identifies a caller's promise. The machine settles each exactly once.
#[cfg_attr(feature = "client", tsify::declare)]
pub type WaiterId = u32;
/// Identifies an effect that the host answers, so that a late answer to an abandoned one is ignored.
#[cfg_attr(feature = "client", tsify::declare)]
pub type OpId = u32;

/// Failure of an exchange, refresh or revocation at the edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EdgeFailure {
    /// There was no reply; a code may be spent.
    Unreachable,
    /// The edge refused, or another server answered in its place.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The edge's stable code ([`EdgeCode`](crate::edge_code::EdgeCode)); empty if the reply has none.
        code: String,
        /// The `Retry-After`, in seconds.
        retry_after_s: Option<u32>,
    },
}

/// WeChat's `authSetting`. A scope in neither list was never asked for (§2.2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthSetting {
    /// WeChat's names of the scopes that are `true`.
    pub granted: Vec<String>,
    /// WeChat's names of the scopes that are `false`.
    pub denied: Vec<String>,
}

/// An event that the host reports.
#[derive(Debug, Clone)]
pub enum Event {
    /// The host is ready to perform effects.
    Launched {
        /// Random number for the jitter of back-off; any value works.
        seed: u32,
    },
    /// Time has passed: the wake-up of a [`Wake`](super::Effect::Wake). Also valid at any other time.
    Tick,
    /// The app went to the background.
    Hidden,
    /// The app came back.
    Shown,

    /// A caller waits until the session's state is known: logged in, guest, or logged out.
    Ready(WaiterId),
    /// A caller waits until the edge has the session_key that WeChat encrypts with (§1.1).
    KeyReady(WaiterId),
    /// A caller requests a login, also after a log-out.
    Login(WaiterId),
    /// A caller makes a request; the host keeps its payload.
    Request {
        /// The caller.
        waiter: WaiterId,
        /// The request may be sent without a session (§6.2).
        guest: bool,
    },
    /// A caller with its own request layer needs the access token.
    Token(WaiterId),
    /// A request layer got an expiry reply to a token of this generation.
    Expired(Generation),
    /// A caller cancelled.
    Cancelled(WaiterId),
    /// The user logs out.
    Logout {
        /// The caller.
        waiter: WaiterId,
        /// Also end the user's sessions on other devices.
        everywhere: bool,
    },
    /// A caller submits open data for the edge to decrypt or verify; the host keeps the payload.
    OpenData(WaiterId),
    /// A caller submits a phone button's code (§1.3); the host keeps the payload.
    Phone {
        /// The caller.
        waiter: WaiterId,
        /// The button's code.
        code: PhoneCode,
    },
    /// A tap failed by its own event: a phone button, `getUserProfile`.
    TapFailed {
        /// The caller.
        waiter: WaiterId,
        /// The cause.
        failure: Failure,
    },
    /// A caller needs a scope.
    Ensure {
        /// The caller.
        waiter: WaiterId,
        /// WeChat's name of the scope.
        scope: String,
    },
    /// A caller waits for the current grants of WeChat.
    Scopes(WaiterId),
    /// A caller's use of a granted scope failed.
    UseFailed {
        /// The caller.
        waiter: WaiterId,
        /// WeChat's name of the scope.
        scope: String,
        /// The cause.
        failure: Failure,
    },
    /// A caller opens the settings page. Not an effect: the host has to call WeChat in the tap's own
    /// call stack.
    SettingOpening(WaiterId),

    /// `wx.login` succeeded.
    CodeIssued {
        /// Operation number of the effect.
        op: OpId,
        /// The code.
        code: LoginCode,
    },
    /// `wx.login` failed.
    LoginFailed {
        /// Operation number of the effect.
        op: OpId,
        /// The cause.
        failure: Failure,
    },
    /// An exchange or refresh succeeded.
    TokensArrived {
        /// Operation number of the effect.
        op: OpId,
        /// The tokens.
        tokens: Tokens,
        /// The reply's `Date`, in milliseconds since 1970.
        server_now: Option<u64>,
    },
    /// An exchange, refresh or revocation failed.
    EdgeFailed {
        /// Operation number of the effect.
        op: OpId,
        /// The cause.
        failure: EdgeFailure,
    },
    /// A revocation succeeded.
    Revoked {
        /// Operation number of the effect.
        op: OpId,
    },
    /// A caller's request got a reply, of any status.
    ReplyArrived {
        /// The caller.
        waiter: WaiterId,
        /// The HTTP status.
        status: u16,
        /// The code in the body: the edge's stable code in its own replies, `reply_malformed` for a
        /// success without the expected content, else the value of the configured expiry field;
        /// empty if there is none.
        code: String,
        /// The `Retry-After`, in seconds.
        retry_after_s: Option<u32>,
    },
    /// A caller's request got no reply.
    RequestFailed {
        /// The caller.
        waiter: WaiterId,
        /// The cause.
        failure: Failure,
    },
    /// Storage was read, or failed.
    RecordRead {
        /// Operation number of the effect.
        op: OpId,
        /// The record; empty text if there is none, `None` if it could not be read.
        record: Option<String>,
        /// The status; empty text if there is none, `None` if it could not be read.
        status: Option<String>,
    },
    /// The entry was stored or removed.
    Stored {
        /// Operation number of the effect.
        op: OpId,
    },
    /// The entry could not be stored or removed.
    StorageFailed {
        /// Operation number of the effect.
        op: OpId,
    },
    /// Another context on the same storage changed an entry.
    StorageChanged,
    /// The lock was acquired.
    LockAcquired {
        /// Operation number of the effect.
        op: OpId,
        /// `false` if the platform has no lock.
        exclusive: bool,
    },
    /// `wx.checkSession` answered.
    SessionChecked {
        /// Operation number of the effect.
        op: OpId,
        /// Whether WeChat's session_key is alive.
        alive: bool,
    },

    /// `wx.getSetting` answered.
    SettingRead {
        /// Operation number of the effect.
        op: OpId,
        /// Its answer.
        setting: AuthSetting,
    },
    /// `wx.getPrivacySetting` answered; a base library without the call needs no consent (§1.5).
    PrivacyRead {
        /// Operation number of the effect.
        op: OpId,
        /// `needAuthorization`.
        needed: bool,
    },
    /// The application's privacy popup closed.
    PrivacyAnswered {
        /// Operation number of the effect.
        op: OpId,
        /// Whether the user agreed.
        agreed: bool,
    },
    /// `wx.authorize` succeeded.
    Authorized {
        /// Operation number of the effect.
        op: OpId,
    },
    /// A permission call failed: `getSetting`, `getPrivacySetting` or `authorize`.
    PermissionFailed {
        /// Operation number of the effect.
        op: OpId,
        /// The cause.
        failure: Failure,
    },
    /// `wx.getAppAuthorizeSetting` and `wx.getSystemSetting` answered (§1.6). Both lists are empty
    /// for a base library without these calls.
    SystemRead {
        /// Operation number of the effect.
        op: OpId,
        /// Names of the fields that are `'denied'`, such as `cameraAuthorized`.
        denied: Vec<String>,
        /// Names of the fields that are `false`, such as `locationEnabled`.
        off: Vec<String>,
    },
    /// The settings page closed.
    SettingOpened {
        /// The caller.
        waiter: WaiterId,
        /// The user's answers.
        setting: AuthSetting,
    },
    /// The settings page did not open.
    SettingFailed {
        /// The caller.
        waiter: WaiterId,
        /// The cause.
        failure: Failure,
    },
}

impl Event {
    /// Event of a successful `wx.login`. A malformed code counts as a failure of `wx.login`.
    pub fn code_issued(op: OpId, code: String) -> Self {
        match LoginCode::parse(code) {
            Some(code) => Self::CodeIssued { op, code },
            None => Self::LoginFailed { op, failure: Failure::Unknown },
        }
    }

    /// Event of a successful exchange or refresh; `expires_in_s` in seconds, `server_now` in milliseconds
    /// since 1970. A reply with a malformed token counts as one of another server in the edge's place.
    pub fn tokens_arrived(
        op: OpId,
        access_token: String,
        refresh_token: String,
        expires_in_s: u32,
        server_now: Option<u64>,
    ) -> Self {
        match (AccessToken::parse(access_token), RefreshToken::parse(refresh_token)) {
            (Some(access_token), Some(refresh_token)) => {
                Self::TokensArrived { op, tokens: Tokens { access_token, refresh_token, expires_in_s }, server_now }
            }
            _ => {
                let failure = EdgeFailure::Refused { status: 200, code: String::new(), retry_after_s: None };
                Self::EdgeFailed { op, failure }
            }
        }
    }

    /// The caller whose promise this event creates; `None` for other events.
    pub(super) fn caller(&self) -> Option<WaiterId> {
        match self {
            Self::Ready(waiter) | Self::KeyReady(waiter) | Self::Login(waiter) | Self::Token(waiter) => Some(*waiter),
            Self::OpenData(waiter) | Self::Scopes(waiter) | Self::SettingOpening(waiter) => Some(*waiter),
            Self::Request { waiter, .. }
            | Self::Logout { waiter, .. }
            | Self::Phone { waiter, .. }
            | Self::TapFailed { waiter, .. }
            | Self::Ensure { waiter, .. }
            | Self::UseFailed { waiter, .. } => Some(*waiter),
            _ => None,
        }
    }
}
