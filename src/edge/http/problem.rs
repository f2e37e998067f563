//! Errors on the wire: status, OAuth error, stable code, description and challenge. `docs/errors.md` lists the codes.
//!
//! A reply never contains WeChat's own text, and never says which check failed.

use super::Response;
use super::wire::ErrorBody;
use crate::edge::error::{Caller, Error, User, Wechat};
use crate::edge_code::EdgeCode;

/// The property of a request that decides the challenge of a 401.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// A browser shows the response as a page. A Basic challenge would open its password dialog.
    ByBrowser,
    /// The request has a bearer token.
    WithBearer,
    /// Any other request.
    Otherwise,
}

/// The parts of an error reply.
struct Problem {
    status: u16,
    /// The OAuth error code.
    error: &'static str,
    code: EdgeCode,
    description: &'static str,
    retry_after_s: Option<u32>,
}

const fn problem(status: u16, error: &'static str, code: EdgeCode, description: &'static str) -> Problem {
    Problem { status, error, code, description, retry_after_s: None }
}

const fn retry_after(seconds: u32, problem: Problem) -> Problem {
    Problem { retry_after_s: Some(seconds), ..problem }
}

const REQUEST: &str = "invalid_request";
const GRANT: &str = "invalid_grant";
const CLIENT: &str = "invalid_client";
const TOKEN: &str = "invalid_token";
const DENIED: &str = "access_denied";
const BUSY: &str = "temporarily_unavailable";
const SERVER: &str = "server_error";

fn of_caller(caller: &Caller) -> Problem {
    use Caller as C;
    use EdgeCode as E;
    match caller {
        C::NotFound => problem(404, REQUEST, E::NotFound, "The endpoint or the session id does not exist."),
        C::MethodNotAllowed(_) => {
            problem(405, REQUEST, E::MethodNotAllowed, "The endpoint does not support this method; see Allow.")
        }
        C::MediaType => problem(415, REQUEST, E::UnsupportedMediaType, "Send application/json, or a form on /oauth/*."),
        C::TooLarge => problem(413, REQUEST, E::BodyTooLarge, "The body is over 32 KiB."),
        C::Incomplete(_) => problem(408, REQUEST, E::BodyIncomplete, "The body ended early; send the request again."),
        C::NotUtf8 => problem(400, REQUEST, E::BodyNotUtf8, "The body must be UTF-8."),
        C::Malformed => {
            problem(400, REQUEST, E::BodyMalformed, "Send at most 32 parameters with unique names and string values.")
        }
        C::ParameterMissing(_) => {
            problem(400, REQUEST, E::ParameterMissing, "A required parameter is missing or empty.")
        }
        C::ParameterMalformed(_) => problem(400, REQUEST, E::ParameterMalformed, "A parameter has the wrong form."),
        C::GrantTypeUnsupported => problem(
            400,
            "unsupported_grant_type",
            E::GrantTypeUnsupported,
            "Use token exchange with a js-code for a mini program, authorization_code for a web login, or refresh_token.",
        ),
        C::ClientUnknown => problem(401, CLIENT, E::ClientUnknown, "client_id must be an appid of this edge."),
        C::BackendUnknown => {
            problem(401, CLIENT, E::BackendUnknown, "Send HTTP Basic with the id and secret of a backend.")
        }
        C::AppForeign => problem(403, DENIED, E::AppForeign, "client_id is not an app of this backend."),
        C::OriginNotAllowed => {
            problem(403, DENIED, E::OriginNotAllowed, "The page's origin is not in the app's allowed_origins.")
        }
        C::RateLimited => retry_after(60, problem(429, BUSY, E::RateLimited, "Too many requests; wait a minute.")),
        C::RedirectUriUnknown => {
            problem(400, REQUEST, E::RedirectUriUnknown, "redirect_uri must equal one of the app's redirect_uris.")
        }
        C::LoginUnknown => {
            problem(400, REQUEST, E::LoginUnknown, "This browser has no such login under way; start the login again.")
        }
        // Not 401: no HTTP authentication scheme applies to WeChat's signature.
        C::PushSignature => problem(403, DENIED, E::PushSignature, "The message does not carry WeChat's signature."),
        C::PushPlain => {
            problem(403, DENIED, E::PushPlain, "This app accepts encrypted messages only; select the encrypted mode.")
        }
        C::PushMalformed(_) => problem(400, REQUEST, E::PushMalformed, "The message does not decrypt or parse."),
        C::PushStale => problem(400, REQUEST, E::PushStale, "The message is too old to erase data."),
        C::CodeMissing => problem(400, REQUEST, E::CodeMissing, "The login code is missing."),
        C::CodeMalformed => {
            problem(400, REQUEST, E::CodeMalformed, "The code has characters that no code has; send it unchanged.")
        }
        // RFC 8693 §2.2.2: an unacceptable subject_token is invalid_request.
        C::CodeInvalid => {
            problem(400, REQUEST, E::CodeInvalid, "The code is wrong, expired or of another app; get a fresh one.")
        }
        C::CodeUsed => problem(400, REQUEST, E::CodeUsed, "The code was used before; get a fresh one."),
        // RFC 6749 §5.2: an unacceptable authorization code is invalid_grant.
        C::LoginCodeInvalid => problem(
            400,
            GRANT,
            E::CodeInvalid,
            "The code is wrong, expired or of another client; start the login again.",
        ),
        C::LoginCodeUsed => problem(400, GRANT, E::CodeUsed, "The code was used before; start the login again."),
        C::ClientUnauthorized => {
            problem(400, "unauthorized_client", E::ClientUnauthorized, "This kind of app has no web login.")
        }
        C::ScopeUnsupported => problem(
            400,
            "invalid_scope",
            E::ScopeUnsupported,
            "Use snsapi_base or snsapi_userinfo for an official account, snsapi_login for a website.",
        ),
        C::SessionEnded => problem(400, GRANT, E::SessionEnded, "The session has ended; log in again."),
        C::SessionInvalid => {
            problem(401, TOKEN, E::SessionInvalid, "The access token is not valid; refresh it or log in.")
        }
        C::SignatureMismatch => problem(400, REQUEST, E::SignatureMismatch, "The signature does not fit raw_data."),
        C::DecryptFailed(_) => problem(400, REQUEST, E::DecryptFailed, "The data does not decrypt under this session."),
        C::DataStale => problem(400, REQUEST, E::DataStale, "The data is too old; get it from WeChat again."),
        C::SessionKeyStale(_) => {
            problem(409, "session_key_stale", E::SessionKeyStale, "Log in again, then get the data from WeChat again.")
        }
    }
}

fn of_user(user: User) -> Problem {
    use EdgeCode as E;
    match user {
        User::Blocked => problem(403, DENIED, E::UserBlocked, "WeChat's risk control blocks this user."),
        User::Refused => problem(403, DENIED, E::LoginRefused, "The user declined the login."),
        User::LoginSuperseded => retry_after(
            1,
            problem(
                503,
                BUSY,
                E::LoginSuperseded,
                "The user logged out during the login; try again with a fresh code.",
            ),
        ),
        User::Snapshot => {
            problem(403, DENIED, E::SnapshotUser, "WeChat's page preview has a virtual user, who cannot log in.")
        }
    }
}

fn of_wechat(wechat: &Wechat) -> Problem {
    use EdgeCode as E;
    match wechat {
        Wechat::Busy => {
            retry_after(1, problem(503, BUSY, E::UpstreamBusy, "WeChat is busy; try again with a fresh code."))
        }
        Wechat::Throttled => {
            let throttled =
                problem(429, BUSY, E::UpstreamRateLimited, "WeChat limits this app or user; wait a minute.");
            retry_after(60, throttled)
        }
        Wechat::TimedOut => {
            problem(504, BUSY, E::UpstreamTimeout, "WeChat did not answer in time; try again with a fresh code.")
        }
        Wechat::Unreachable => {
            problem(502, BUSY, E::UpstreamUnreachable, "WeChat cannot be reached; try again with a fresh code.")
        }
        Wechat::Malformed => problem(502, SERVER, E::UpstreamMalformed, "The upstream's reply is not one of WeChat's."),
        Wechat::ForwardFailed => {
            problem(502, SERVER, E::ForwardFailed, "push_forward_url did not accept the message; send it again.")
        }
        Wechat::TokenDead { .. } | Wechat::Errcode { .. } => {
            problem(502, SERVER, E::UpstreamError, "WeChat refused the call; the edge's log has the errcode.")
        }
    }
}

fn of_error(error: &Error) -> Problem {
    use EdgeCode as E;
    match error {
        Error::Caller(caller) => of_caller(caller),
        Error::User(user) => of_user(*user),
        Error::Wechat(wechat) => of_wechat(wechat),
        Error::Operator(_) => {
            problem(500, SERVER, E::Misconfigured, "The edge is misconfigured; its log names the variable.")
        }
        Error::Storage(_) => {
            let unavailable = problem(503, BUSY, E::StorageUnavailable, "The store does not answer; try again.");
            retry_after(1, unavailable)
        }
        Error::Us(_) => problem(500, SERVER, E::Internal, "Internal error; report it with the request_id."),
    }
}

/// The stable code of an error.
pub(crate) fn code(error: &Error) -> &'static str {
    of_error(error).code.as_str()
}

/// The response to a request that fails with `error`.
pub(crate) fn response(error: &Error, request_id: &str, sent: Sent) -> Response {
    let Problem { status, error: oauth_error, code, description, retry_after_s } = of_error(error);
    let body = ErrorBody {
        error: oauth_error,
        error_description: description,
        code: code.as_str(),
        request_id,
        retry_after: retry_after_s,
    };
    let response = Response::json(status, &body);
    let response = match retry_after_s {
        Some(seconds) => response.header("retry-after", seconds.to_string()),
        None => response,
    };
    let response = match error {
        Error::Caller(Caller::MethodNotAllowed(allow)) => response.header("allow", allow),
        _ => response,
    };
    if status == 401 { response.header("www-authenticate", challenge(error, sent)) } else { response }
}

/// The challenge of a 401 (RFC 9110 §15.5.2).
fn challenge(error: &Error, sent: Sent) -> &'static str {
    match (error, sent) {
        // RFC 6750 §3.1: without a token in the request, the challenge has no error.
        (Error::Caller(Caller::SessionInvalid), Sent::WithBearer) => r#"Bearer realm="wxauth", error="invalid_token""#,
        (Error::Caller(Caller::SessionInvalid), _) | (_, Sent::ByBrowser) => r#"Bearer realm="wxauth""#,
        _ => r#"Basic realm="wxauth", charset="UTF-8""#,
    }
}
