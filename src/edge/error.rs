//! Everything that can be answered instead of a success, by who is to blame. `docs/errors.md`
//! lists the codes. On the wire there is never WeChat's text, nor which check failed.

use crate::edge::http::Response;
use crate::edge::http::endpoint::{Methods, allow};
use crate::edge::http::wire::ErrorBody;
use crate::edge::ports::{FetchFailure, Overdue, StoreFailure};
use crate::wechat::open_data::OpenDataError;
use crate::wechat::push::PushError;
use crate::wechat::reply::{Errcode, Meaning, ReplyError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Error {
    Caller(Caller),
    User(User),
    Wechat(Wechat),
    Operator(String),
    Storage(StoreFailure),
    /// A promise of ours did not hold.
    Us(&'static str),
}

/// The request is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    NotFound,
    MethodNotAllowed(Methods),
    MediaType,
    TooLarge,
    /// The body did not come to its end; how is for the log.
    Incomplete(&'static str),
    NotUtf8,
    Malformed,
    ParameterMissing(&'static str),
    ParameterMalformed(&'static str),
    GrantTypeUnsupported,
    ClientUnknown,
    /// No backend has this id and secret.
    BackendUnknown,
    /// The app is not the backend's.
    AppForeign,
    /// A page that the app does not list.
    OriginNotAllowed,
    RateLimited,
    /// The address is none of the app's redirect_uris.
    RedirectUriUnknown,
    /// No login is under way in this browser, or not this one any more.
    LoginUnknown,
    /// A pushed message without WeChat's signature.
    PushSignature,
    /// A pushed message in plain text, for an app that has a key.
    PushPlain,
    /// A pushed message that does not open or parse; why is for the log.
    PushMalformed(Option<PushError>),
    /// A pushed message that would erase, and is not of now.
    PushStale,
    CodeMissing,
    CodeMalformed,
    CodeInvalid,
    CodeUsed,
    /// The code of a web login is not this client's, or too old.
    LoginCodeInvalid,
    /// The code of a web login has made its session.
    LoginCodeUsed,
    /// The app is of a kind that has no web login.
    ClientUnauthorized,
    /// Not a scope of this kind of app.
    ScopeUnsupported,
    /// The refresh token is of no living session.
    SessionEnded,
    /// The access token is missing, malformed, foreign, expired or revoked.
    SessionInvalid,
    SignatureMismatch,
    /// One answer for every way open data fails to open; the reason is for the log.
    DecryptFailed(DecryptReason),
    DataStale,
    /// No session_key is on record, or it is dead by WeChat's word: only a new login brings one. What
    /// did not open under it is for the log.
    SessionKeyStale(Option<DecryptReason>),
}

/// For the operator's log only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DecryptReason {
    OpenData(OpenDataError),
    ForeignOpenId,
}

impl DecryptReason {
    /// The likely cause, where the key is alive.
    fn cause(self) -> &'static str {
        use OpenDataError as E;
        match self {
            Self::OpenData(E::Base64PlusLost) => "base64_plus_lost: a form turned + into blanks",
            Self::OpenData(E::Base64) => "base64: encrypted_data is no base64",
            Self::OpenData(E::Iv) => "iv: no base64 of 16 bytes",
            Self::OpenData(E::Length) => "truncated: not whole blocks",
            Self::OpenData(E::Padding) => "padding: cut at a block, altered, or of another session",
            Self::OpenData(E::Json) => "json: a wrong or altered iv, or altered data",
            Self::OpenData(E::WatermarkMissing) => "watermark_missing: no open data of WeChat's",
            Self::OpenData(E::WatermarkForeign) => "watermark_foreign: another app's data",
            Self::ForeignOpenId => "foreign_openid: a tampered iv, or another user's data",
        }
    }
}

/// The user, or WeChat about this user, says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum User {
    Blocked,
    /// They did not want to log in.
    Refused,
    /// A log-out everywhere or an erasure came while the login was under way.
    LoginSuperseded,
    /// A virtual account of a snapshot page (§3.8), which is nobody.
    Snapshot,
}

/// WeChat or the way to it fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wechat {
    Busy,
    Throttled,
    TimedOut,
    Unreachable,
    Malformed,
    /// The operator's own server did not take a pushed message.
    ForwardFailed,
    /// The access_token is dead; nobody sees this where another one helped.
    TokenDead {
        errcode: Errcode,
        rid: Option<String>,
    },
    Errcode {
        errcode: Errcode,
        rid: Option<String>,
    },
}

/// The parts of a request on which an error's answer depends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// By a browser that shows the answer as a page. Where a 401 names Basic, it asks the user for a password.
    ByBrowser,
    WithBearer,
    Otherwise,
}

/// What goes out.
struct Wire {
    status: u16,
    error: &'static str,
    code: &'static str,
    description: &'static str,
    retry_after_s: Option<u32>,
}

const fn wire(status: u16, error: &'static str, code: &'static str, description: &'static str) -> Wire {
    Wire { status, error, code, description, retry_after_s: None }
}

const fn later(seconds: u32, wire: Wire) -> Wire {
    Wire { retry_after_s: Some(seconds), ..wire }
}

impl Error {
    fn wire(&self) -> Wire {
        use Caller as C;
        const REQUEST: &str = "invalid_request";
        const GRANT: &str = "invalid_grant";
        const BUSY: &str = "temporarily_unavailable";
        const SERVER: &str = "server_error";
        match self {
            Self::Caller(C::NotFound) => wire(404, REQUEST, "not_found", "There is no such endpoint."),
            Self::Caller(C::MethodNotAllowed(_)) => {
                wire(405, REQUEST, "method_not_allowed", "The endpoint has another method; see Allow.")
            }
            Self::Caller(C::MediaType) => {
                wire(415, REQUEST, "unsupported_media_type", "Send application/json, or a form on /oauth/*.")
            }
            Self::Caller(C::TooLarge) => wire(413, REQUEST, "body_too_large", "The body is over 32 KiB."),
            Self::Caller(C::Incomplete(_)) => {
                wire(408, REQUEST, "body_incomplete", "The body stopped before its end; send the request again.")
            }
            Self::Caller(C::NotUtf8) => wire(400, REQUEST, "body_not_utf8", "The body must be UTF-8."),
            Self::Caller(C::Malformed) => {
                wire(400, REQUEST, "body_malformed", "Send at most 32 parameters, of unique names and string values.")
            }
            Self::Caller(C::ParameterMissing(_)) => {
                wire(400, REQUEST, "parameter_missing", "A required parameter is missing or empty.")
            }
            Self::Caller(C::ParameterMalformed(_)) => {
                wire(400, REQUEST, "parameter_malformed", "A parameter is not of the form it must have.")
            }
            Self::Caller(C::BackendUnknown) => {
                wire(401, "invalid_client", "backend_unknown", "Send HTTP Basic with the id and secret of a backend.")
            }
            Self::Caller(C::AppForeign) => {
                wire(403, "access_denied", "app_foreign", "client_id is no app of this backend.")
            }
            Self::Caller(C::OriginNotAllowed) => {
                wire(403, "access_denied", "origin_not_allowed", "This page is not on the app's allowed_origins.")
            }
            Self::Caller(C::RateLimited) => {
                later(60, wire(429, BUSY, "rate_limited", "Too many requests; wait a minute."))
            }
            Self::Caller(C::RedirectUriUnknown) => {
                wire(400, REQUEST, "redirect_uri_unknown", "redirect_uri must be one of the app's, to the letter.")
            }
            Self::Caller(C::LoginUnknown) => {
                wire(400, REQUEST, "login_unknown", "No such login is under way in this browser; begin again.")
            }
            Self::User(User::Refused) => wire(403, "access_denied", "login_refused", "The user did not log in."),
            Self::User(User::LoginSuperseded) => {
                later(1, wire(503, BUSY, "login_superseded", "A log-out came in between; try again with a fresh code."))
            }
            Self::User(User::Snapshot) => {
                wire(403, "access_denied", "snapshot_user", "This is a page preview of WeChat's, not a user.")
            }
            Self::Caller(C::PushSignature) => {
                // Not 401: no HTTP authentication scheme could help.
                wire(403, "access_denied", "push_signature", "The message does not carry WeChat's signature.")
            }
            Self::Caller(C::PushPlain) => {
                wire(403, "access_denied", "push_plain", "This app takes encrypted messages only; set 安全模式.")
            }
            Self::Caller(C::PushMalformed(_)) => {
                wire(400, REQUEST, "push_malformed", "This is no message of WeChat's.")
            }
            Self::Caller(C::PushStale) => wire(400, REQUEST, "push_stale", "The message is too old to be acted upon."),
            Self::Wechat(Wechat::ForwardFailed) => {
                wire(502, SERVER, "forward_failed", "push_forward_url did not take the message; send it again.")
            }
            Self::Caller(C::GrantTypeUnsupported) => wire(
                400,
                "unsupported_grant_type",
                "grant_type_unsupported",
                "Use token exchange (RFC 8693) with a js-code, or refresh_token.",
            ),
            Self::Caller(C::ClientUnknown) => {
                wire(401, "invalid_client", "client_unknown", "client_id must be an appid this edge serves.")
            }
            Self::Caller(C::CodeMissing) => {
                wire(400, REQUEST, "code_missing", "subject_token must be the wx.login code.")
            }
            Self::Caller(C::CodeMalformed) => {
                wire(400, REQUEST, "code_malformed", "This is no code of wx.login; send it as it came.")
            }
            Self::Caller(C::CodeInvalid) => {
                // RFC 8693 §2.2.2, of a subject_token.
                wire(
                    400,
                    REQUEST,
                    "code_invalid",
                    "The code is wrong, foreign or too old; log in again for a fresh one.",
                )
            }
            Self::Caller(C::CodeUsed) => wire(400, REQUEST, "code_used", "The code was used before; get a fresh one."),
            // RFC 6749 §5.2, of an authorization code.
            Self::Caller(C::LoginCodeInvalid) => {
                wire(400, GRANT, "code_invalid", "The code is wrong, foreign or too old; log in again for a fresh one.")
            }
            Self::Caller(C::LoginCodeUsed) => {
                wire(400, GRANT, "code_used", "The code was used before; log in again for a fresh one.")
            }
            Self::Caller(C::ClientUnauthorized) => {
                wire(400, "unauthorized_client", "client_unauthorized", "This kind of app has no web login.")
            }
            Self::Caller(C::ScopeUnsupported) => wire(
                400,
                "invalid_scope",
                "scope_unsupported",
                "Use snsapi_base or snsapi_userinfo inside WeChat, snsapi_login elsewhere.",
            ),
            Self::Caller(C::SessionEnded) => wire(400, GRANT, "session_ended", "The session has ended; log in again."),
            Self::Caller(C::SessionInvalid) => {
                wire(401, "invalid_token", "session_invalid", "The access token is not valid; refresh it or log in.")
            }
            Self::Caller(C::SignatureMismatch) => {
                wire(400, REQUEST, "signature_mismatch", "raw_data does not carry this signature.")
            }
            Self::Caller(C::DecryptFailed(_)) => {
                wire(400, REQUEST, "decrypt_failed", "The data cannot be opened for this session.")
            }
            Self::Caller(C::DataStale) => {
                wire(400, REQUEST, "data_stale", "The data is too old; ask WeChat for it again.")
            }
            Self::Caller(C::SessionKeyStale(_)) => {
                wire(409, "session_key_stale", "session_key_stale", "Log in again, then ask WeChat for the data again.")
            }
            Self::User(User::Blocked) => {
                wire(403, "access_denied", "user_blocked", "WeChat does not let this user log in.")
            }
            Self::Wechat(Wechat::Busy) => {
                later(1, wire(503, BUSY, "upstream_busy", "WeChat is busy; try again with a fresh code."))
            }
            Self::Wechat(Wechat::Throttled) => {
                later(60, wire(429, BUSY, "upstream_rate_limited", "WeChat limits this app or user; wait a minute."))
            }
            Self::Wechat(Wechat::TimedOut) => {
                wire(504, BUSY, "upstream_timeout", "WeChat did not answer in time; try again with a fresh code.")
            }
            Self::Wechat(Wechat::Unreachable) => {
                wire(502, BUSY, "upstream_unreachable", "WeChat cannot be reached; try again with a fresh code.")
            }
            Self::Wechat(Wechat::Malformed) => {
                wire(502, SERVER, "upstream_malformed", "WeChat answered something that is no answer.")
            }
            Self::Wechat(Wechat::TokenDead { .. } | Wechat::Errcode { .. }) => {
                wire(502, SERVER, "upstream_error", "WeChat refused; see the operator's log.")
            }
            Self::Operator(_) => wire(500, SERVER, "misconfigured", "The edge is misconfigured; its log says how."),
            Self::Storage(_) => {
                later(1, wire(503, BUSY, "storage_unavailable", "Sessions cannot be stored now; try again."))
            }
            Self::Us(_) => wire(500, SERVER, "internal", "This is our fault; the request_id names it."),
        }
    }

    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        self.wire().code
    }

    /// Who is to blame, as the log counts it.
    pub(crate) fn class(&self) -> &'static str {
        match self {
            Self::Caller(_) => "caller",
            Self::User(_) => "user",
            Self::Wechat(Wechat::ForwardFailed) => "operator",
            Self::Wechat(_) => "wechat",
            Self::Operator(_) => "operator",
            Self::Storage(_) => "storage",
            Self::Us(_) => "us",
        }
    }

    /// What the operator is told beyond the code. Never a secret: these types hold none.
    pub(crate) fn detail(&self) -> Option<String> {
        match self {
            Self::Operator(problem) => Some(problem.clone()),
            Self::Storage(StoreFailure(reason)) => Some(reason.clone()),
            Self::Us(what) => Some((*what).to_owned()),
            Self::Caller(Caller::ParameterMissing(name) | Caller::ParameterMalformed(name)) => Some((*name).to_owned()),
            Self::Caller(Caller::Incomplete(how)) => Some((*how).to_owned()),
            Self::Caller(Caller::PushMalformed(reason)) => reason.map(|reason| format!("{reason:?}")),
            Self::Caller(Caller::DecryptFailed(reason)) => Some(reason.cause().to_owned()),
            Self::Caller(Caller::SessionKeyStale(Some(_))) => Some("stale_key: WeChat says so".to_owned()),
            Self::Caller(Caller::SessionKeyStale(None)) => Some("no_key: none is on record, or it is stale".to_owned()),
            Self::Wechat(Wechat::TokenDead { errcode, rid } | Wechat::Errcode { errcode, rid }) => {
                Some(format!("errcode {} rid {}", errcode.0, rid.as_deref().unwrap_or("-")))
            }
            _ => None,
        }
    }

    pub(crate) fn response(&self, request_id: &str, sent: Sent) -> Response {
        let Wire { status, error, code, description, retry_after_s } = self.wire();
        let body = ErrorBody { error, error_description: description, code, request_id, retry_after: retry_after_s };
        let response = Response::json(status, &body);
        let response = match retry_after_s {
            Some(seconds) => response.header("retry-after", seconds.to_string()),
            None => response,
        };
        let response = match self {
            Self::Caller(Caller::MethodNotAllowed(methods)) => response.header("allow", allow(methods)),
            _ => response,
        };
        if status == 401 { response.header("www-authenticate", self.challenge(sent)) } else { response }
    }

    /// The challenge that each 401 names (RFC 9110 §15.5.2).
    fn challenge(&self, sent: Sent) -> &'static str {
        match (self, sent) {
            // The error is for those who sent a token (RFC 6750 §3.1).
            (Self::Caller(Caller::SessionInvalid), Sent::WithBearer) => {
                r#"Bearer realm="wxauth", error="invalid_token""#
            }
            (Self::Caller(Caller::SessionInvalid), _) | (_, Sent::ByBrowser) => r#"Bearer realm="wxauth""#,
            _ => r#"Basic realm="wxauth", charset="UTF-8""#,
        }
    }
}

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
