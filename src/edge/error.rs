//! The errors of the edge, by the party that causes them. They hold neither texts nor statuses: `http::problem` has those
//! of the reply, `log` those of the log.

use crate::wechat::open_data::OpenDataError;
use crate::wechat::push::PushError;
use crate::wechat::reply::{Errcode, Meaning, ReplyError};

/// An error of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Error {
    /// The request is wrong.
    Caller(Caller),
    /// The user, or WeChat about this user, refuses.
    User(User),
    /// WeChat, or the connection to it, fails.
    Wechat(Wechat),
    /// The configuration is wrong; the text is for the operator.
    Operator(String),
    /// The store fails.
    Storage(StoreFailure),
    /// An internal invariant is violated.
    Us(&'static str),
}

/// An error that the caller can correct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// No endpoint has this path, or no session of the caller has this id.
    NotFound,
    /// The endpoint does not support the method. Holds the value of `Allow`.
    MethodNotAllowed(String),
    /// The content type is neither JSON nor, where one is allowed, a form.
    MediaType,
    /// The body is over 32 KiB.
    TooLarge,
    /// The body ended early; the reason is for the log.
    Incomplete(&'static str),
    /// The body is not UTF-8.
    NotUtf8,
    /// The body or query has too many, repeated or non-string parameters.
    Malformed,
    /// The named parameter is missing or empty.
    ParameterMissing(&'static str),
    /// The named parameter has the wrong form.
    ParameterMalformed(&'static str),
    /// The grant type is unknown, or does not fit the app's kind.
    GrantTypeUnsupported,
    /// `client_id` is not an appid of this edge.
    ClientUnknown,
    /// HTTP Basic is missing, or does not name a backend with its secret.
    BackendUnknown,
    /// The app does not list this backend.
    AppForeign,
    /// The page's origin is not listed for the app.
    OriginNotAllowed,
    /// A rate limit is exceeded.
    RateLimited,
    /// `redirect_uri` is not listed for the app.
    RedirectUriUnknown,
    /// The browser has no such web login under way.
    LoginUnknown,
    /// A pushed message lacks WeChat's signature.
    PushSignature,
    /// A pushed message is in plain text although the app has a key.
    PushPlain,
    /// A pushed message does not decrypt or parse; the reason is for the log.
    PushMalformed(Option<PushError>),
    /// A pushed message that erases data is too old.
    PushStale,
    /// The login code is missing.
    CodeMissing,
    /// The code has characters that no code has.
    CodeMalformed,
    /// WeChat rejects the code as wrong, expired or of another app.
    CodeInvalid,
    /// WeChat reports that the code was redeemed before.
    CodeUsed,
    /// The edge's own authorization code is expired or of another client.
    LoginCodeInvalid,
    /// The edge's own authorization code was redeemed before.
    LoginCodeUsed,
    /// The app's kind has no web login.
    ClientUnauthorized,
    /// The app's kind does not have this scope.
    ScopeUnsupported,
    /// The session of the refresh token has ended.
    SessionEnded,
    /// The access token is missing, malformed, expired, revoked or of another edge.
    SessionInvalid,
    /// The signature does not fit the data under the session_key.
    SignatureMismatch,
    /// The open data does not decrypt. The caller gets one answer for all reasons; the reason is for the log.
    DecryptFailed(DecryptReason),
    /// The open data is older than the app allows.
    DataStale,
    /// No session_key is stored, or WeChat reports it as expired; a login brings a new one. The reason why decryption
    /// failed before, if it did, is for the log.
    SessionKeyStale(Option<DecryptReason>),
}

/// The reason why open data does not decrypt. It appears in the operator's log only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DecryptReason {
    /// Decryption or parsing failed.
    OpenData(OpenDataError),
    /// The data is of another user.
    ForeignOpenId,
}

/// A refusal by the user, or by WeChat about this user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum User {
    /// WeChat's risk control blocks the user (errcode 40226, §3.1).
    Blocked,
    /// The user declined the web login.
    Refused,
    /// A log-out everywhere or an erasure happened during the login.
    LoginSuperseded,
    /// The user is the virtual account of a snapshot page (§3.8).
    Snapshot,
}

/// A failure of WeChat or of the connection to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wechat {
    /// WeChat is busy (errcode -1, §3.4).
    Busy,
    /// WeChat limits the app or the user (§3.4).
    Throttled,
    /// No reply within the time limit.
    TimedOut,
    /// No connection, or one that broke off.
    Unreachable,
    /// The reply is not one of WeChat's.
    Malformed,
    /// The operator's `push_forward_url` did not accept a message.
    ForwardFailed,
    /// WeChat rejects the access_token. The caller sees this only if a fresh token is rejected too.
    TokenDead { errcode: Errcode, rid: Option<String> },
    /// An errcode without a class of its own.
    Errcode { errcode: Errcode, rid: Option<String> },
}

/// A failed operation of the store; the text is for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoreFailure(pub(crate) String);

/// A failed outgoing call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FetchFailure {
    /// No byte of a reply arrived, so the call may be repeated.
    Unreachable,
    /// The reply broke off. The call must not be repeated.
    BrokenOff,
    /// The time limit passed.
    TimedOut,
    /// The reply is larger than any of WeChat's.
    TooLarge,
}

/// The deadline of the request has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overdue;

impl From<StoreFailure> for Error {
    fn from(failure: StoreFailure) -> Self {
        Self::Storage(failure)
    }
}

impl From<Overdue> for Error {
    fn from(Overdue: Overdue) -> Self {
        Self::Wechat(Wechat::TimedOut)
    }
}

impl From<OpenDataError> for Error {
    fn from(error: OpenDataError) -> Self {
        Self::Caller(Caller::DecryptFailed(DecryptReason::OpenData(error)))
    }
}

impl From<FetchFailure> for Error {
    fn from(failure: FetchFailure) -> Self {
        Self::Wechat(match failure {
            FetchFailure::Unreachable | FetchFailure::BrokenOff => Wechat::Unreachable,
            FetchFailure::TimedOut => Wechat::TimedOut,
            FetchFailure::TooLarge => Wechat::Malformed,
        })
    }
}

impl From<ReplyError> for Error {
    fn from(error: ReplyError) -> Self {
        let ReplyError::Refused { errcode, rid } = error else { return Self::Wechat(Wechat::Malformed) };
        match errcode.meaning() {
            Meaning::CodeInvalid => Self::Caller(Caller::CodeInvalid),
            Meaning::CodeUsed => Self::Caller(Caller::CodeUsed),
            Meaning::Busy => Self::Wechat(Wechat::Busy),
            Meaning::Throttled => Self::Wechat(Wechat::Throttled),
            Meaning::UserBlocked => Self::User(User::Blocked),
            Meaning::Misconfigured => {
                Self::Operator(format!("WeChat errcode {} rid {}", errcode.0, rid.as_deref().unwrap_or("-")))
            }
            Meaning::TokenDead => Self::Wechat(Wechat::TokenDead { errcode, rid }),
            Meaning::SessionKeyDead | Meaning::Unknown => Self::Wechat(Wechat::Errcode { errcode, rid }),
        }
    }
}
