//! What the host tells the machine.

use super::tokens::{Generation, LoginCode, PhoneCode, Tokens};
use crate::wechat::Failure;

/// Names one promise of the host's; the machine settles it exactly once.
#[cfg_attr(feature = "client", tsify::declare)]
pub type WaiterId = u32;
/// Names one effect that will be answered. A late answer to an abandoned one is recognised by it.
#[cfg_attr(feature = "client", tsify::declare)]
pub type OpId = u32;

/// How an exchange, refresh or revoke ended that brought no tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EdgeFailure {
    /// No reply, so nobody knows whether the code is spent.
    Unreachable,
    /// The edge said no.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The edge's stable `code`; empty where the reply had none.
        code: String,
        /// When it makes sense to come back, in seconds.
        retry_after_s: Option<u32>,
    },
}

/// What `authSetting` said. Scopes that are not named were never asked (§2.2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthSetting {
    /// WeChat's names of the scopes that are `true`.
    pub granted: Vec<String>,
    /// WeChat's names of the scopes that are `false`.
    pub denied: Vec<String>,
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// The host is up.
    Launched {
        /// Randomness for back-off; any value works.
        seed: u32,
    },
    /// The wake-up asked for by [`Wake`](super::Effect::Wake), or any other moment.
    Tick,
    /// The app went to the background.
    Hidden,
    /// The app came back.
    Shown,

    /// A caller waits for the first answer to "who is this?".
    Ready(WaiterId),
    /// A caller waits until the edge holds the session_key that WeChat will encrypt with.
    KeyReady(WaiterId),
    /// A caller asks for a login.
    Login(WaiterId),
    /// A caller has a request; the host keeps its payload.
    Request {
        /// The caller.
        waiter: WaiterId,
        /// The request may go without a session (§6.2).
        guest: bool,
    },
    /// A caller with its own request layer wants a token.
    Token(WaiterId),
    /// That request layer met an expiry with this generation.
    Expired(Generation),
    /// A caller gave up waiting.
    Cancelled(WaiterId),
    /// The user logs out.
    Logout {
        /// The caller.
        waiter: WaiterId,
        /// On all devices.
        everywhere: bool,
    },
    /// A caller has open data for the edge to decrypt or verify; the host keeps the payload.
    OpenData(WaiterId),
    /// A caller has the code of a phone number; the host keeps the payload.
    Phone {
        /// The caller.
        waiter: WaiterId,
        /// The code of the tap.
        code: PhoneCode,
    },
    /// A tap's own event said that it failed: phone button, `getUserProfile`.
    TapFailed {
        /// The caller.
        waiter: WaiterId,
        /// Why.
        failure: Failure,
    },
    /// A caller needs a scope.
    Ensure {
        /// The caller.
        waiter: WaiterId,
        /// WeChat's name of the scope.
        scope: String,
    },
    /// A caller waits for the scopes as WeChat has them now.
    Scopes(WaiterId),
    /// What a caller did with a scope that was granted failed.
    UseFailed {
        /// The caller.
        waiter: WaiterId,
        /// WeChat's name of the scope.
        scope: String,
        /// Why.
        failure: Failure,
    },
    /// A caller opens the settings page. The host does so in the tap's own call stack, so it is no
    /// effect.
    SettingOpening(WaiterId),

    /// `wx.login` gave a code.
    CodeIssued {
        /// The effect answered.
        op: OpId,
        /// The code.
        code: LoginCode,
    },
    /// `wx.login` failed.
    LoginFailed {
        /// The effect answered.
        op: OpId,
        /// Why.
        failure: Failure,
    },
    /// The edge gave tokens.
    TokensArrived {
        /// The effect answered.
        op: OpId,
        /// The tokens.
        tokens: Tokens,
        /// The reply's `Date`, in milliseconds since 1970.
        server_now: Option<u64>,
    },
    /// The edge gave none.
    EdgeFailed {
        /// The effect answered.
        op: OpId,
        /// Why.
        failure: EdgeFailure,
    },
    /// The edge revoked.
    Revoked {
        /// The effect answered.
        op: OpId,
    },
    /// A caller's request was answered, with whatever status.
    ReplyArrived {
        /// The caller.
        waiter: WaiterId,
        /// The HTTP status.
        status: u16,
        /// The body's code: the edge's own in its replies, else that of the field that was
        /// configured; empty where there is none.
        code: String,
        /// When it makes sense to come back, in seconds.
        retry_after_s: Option<u32>,
    },
    /// A caller's request got no reply.
    RequestFailed {
        /// The caller.
        waiter: WaiterId,
        /// Why.
        failure: Failure,
    },
    /// Storage was read.
    RecordRead {
        /// The effect answered.
        op: OpId,
        /// Both entries: empty text where there is none, `None` where it could not be read.
        record: Option<String>,
        /// As `record`.
        status: Option<String>,
    },
    /// The entry is stored, or removed.
    Stored {
        /// The effect answered.
        op: OpId,
    },
    /// The entry could not be stored, or not be removed.
    StorageFailed {
        /// The effect answered.
        op: OpId,
    },
    /// Another context has changed an entry.
    StorageChanged,
    /// The lock is held.
    LockAcquired {
        /// The effect answered.
        op: OpId,
        /// `false` where the platform has no lock.
        exclusive: bool,
    },
    /// `wx.checkSession` answered.
    SessionChecked {
        /// The effect answered.
        op: OpId,
        /// Whether WeChat's session_key is alive.
        alive: bool,
    },

    /// `wx.getSetting` answered.
    SettingRead {
        /// The effect answered.
        op: OpId,
        /// What it said.
        setting: AuthSetting,
    },
    /// `wx.getPrivacySetting` answered, or is missing: then nothing is needed (§1.5).
    PrivacyRead {
        /// The effect answered.
        op: OpId,
        /// `needAuthorization`.
        needed: bool,
    },
    /// The application's privacy sheet closed.
    PrivacyAnswered {
        /// The effect answered.
        op: OpId,
        /// Whether the user agreed.
        agreed: bool,
    },
    /// `wx.authorize` succeeded.
    Authorized {
        /// The effect answered.
        op: OpId,
    },
    /// A permission call failed: `getSetting`, `getPrivacySetting` or `authorize`.
    PermissionFailed {
        /// The effect answered.
        op: OpId,
        /// Why.
        failure: Failure,
    },
    /// `wx.getAppAuthorizeSetting` and `wx.getSystemSetting` answered; both lists are empty where
    /// the base library has neither.
    SystemRead {
        /// The effect answered.
        op: OpId,
        /// Fields that are `'denied'`: "cameraAuthorized".
        denied: Vec<String>,
        /// Fields that are `false`: "locationEnabled".
        off: Vec<String>,
    },
    /// The settings page closed.
    SettingOpened {
        /// The caller.
        waiter: WaiterId,
        /// What it said.
        setting: AuthSetting,
    },
    /// The settings page did not open.
    SettingFailed {
        /// The caller.
        waiter: WaiterId,
        /// Why.
        failure: Failure,
    },
}

impl Event {
    /// The caller whose promise this event opens; `None` where it opens none.
    pub(crate) fn caller(&self) -> Option<WaiterId> {
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
