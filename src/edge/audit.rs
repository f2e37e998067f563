//! The log: one line a request, and one for what an auditor looks for. Lines are made of types that
//! hold no secret and no personal data: a user is its keyed name, as in KV.

use crate::edge::error::Error;
use crate::edge::routes::Answer;
use crate::edge::session::records::{Sid, UserName};
use crate::wechat::AppId;
use serde::Serialize;

/// What happened, to whom. `docs/operations.md` says what to do about it.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "audit", rename_all = "snake_case")]
pub(crate) enum Audit<'a> {
    /// An old refresh token came back after its grace: it was stolen, or its successor was. The session is over.
    RefreshReused { client_id: &'a str, user: &'a str, sid: &'a str },
    /// A backend ended all sessions of a user.
    AdminRevoke { backend: &'a str, client_id: &'a str, user: &'a str },
    /// A backend erased a user.
    AdminErase { backend: &'a str, client_id: &'a str, user: &'a str },
    /// A user erased themselves.
    AccountErase { client_id: &'a str, user: &'a str },
    /// WeChat said that the user's account is no more.
    CancellationErase { client_id: &'a str, user: &'a str },
    /// Open data of another app was sent: a mix-up at best.
    WatermarkMismatch { client_id: &'a str, user: &'a str },
    /// A record did not open: it was altered, copied, or its key is gone.
    RecordUnreadable { client_id: &'a str, user: &'a str, record: &'static str },
}

impl<'a> Audit<'a> {
    pub(crate) fn reused(appid: &'a AppId, user: &'a UserName, sid: &'a Sid) -> Self {
        Self::RefreshReused { client_id: appid.as_str(), user: user.as_str(), sid: sid.as_str() }
    }
}

/// One line a request.
#[derive(Serialize)]
pub(crate) struct Line<'a> {
    level: &'static str,
    request_id: &'a str,
    method: &'a str,
    path: &'static str,
    status: u16,
    /// Who is to blame: the counter by error class.
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// `open`: the rate limit was not there to ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit: Option<&'static str>,
}

impl<'a> Line<'a> {
    pub(crate) fn new(request_id: &'a str, method: &'a str, answer: &Answer, rate_limit: Option<&'static str>) -> Self {
        let error = answer.error.as_ref();
        Self {
            level: if answer.response.status >= 500 { "error" } else { "info" },
            request_id,
            // A method is the caller's text, too.
            method: METHODS.iter().find(|known| **known == method).copied().unwrap_or("-"),
            path: answer.path,
            status: answer.response.status,
            class: error.map(Error::class),
            code: error.map(Error::code),
            detail: error.and_then(Error::detail),
            rate_limit,
        }
    }
}

const METHODS: [&str; 7] = ["GET", "POST", "DELETE", "OPTIONS", "HEAD", "PUT", "PATCH"];
