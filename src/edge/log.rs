//! The log line of a request. It holds neither secrets nor personal data.

use super::error::{Caller, DecryptReason, Error, StoreFailure, Wechat};
use super::http::problem;
use super::routes::Answer;
use crate::wechat::open_data::OpenDataError;
use serde::Serialize;

/// One line per request.
#[derive(Serialize)]
pub(crate) struct LogLine<'a> {
    level: &'static str,
    request_id: &'a str,
    method: &'a str,
    path: &'static str,
    status: u16,
    /// The party that caused the error, for counters.
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// The cause, for the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Why the rate limit was not asked: `absent` or `failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit: Option<&'static str>,
}

/// Methods that are logged by name.
const METHODS: [&str; 7] = ["GET", "POST", "DELETE", "OPTIONS", "HEAD", "PUT", "PATCH"];

impl<'a> LogLine<'a> {
    /// The line of an answered request.
    pub(crate) fn new(request_id: &'a str, method: &str, answer: &Answer, rate_limit: Option<&'static str>) -> Self {
        let error = answer.error.as_ref();
        Self {
            level: if answer.response.status >= 500 { "error" } else { "info" },
            request_id,
            // Any other method is text of the caller and is not logged.
            method: METHODS.iter().find(|known| **known == method).copied().unwrap_or("-"),
            path: answer.path,
            status: answer.response.status,
            class: error.map(class),
            code: error.map(problem::code),
            detail: error.and_then(detail),
            rate_limit,
        }
    }
}

/// The party that caused the error, as the log names it.
pub(crate) fn class(error: &Error) -> &'static str {
    match error {
        Error::Caller(_) => "caller",
        Error::User(_) => "user",
        Error::Wechat(Wechat::ForwardFailed) | Error::Operator(_) => "operator",
        Error::Wechat(_) => "wechat",
        Error::Storage(_) => "storage",
        Error::Us(_) => "us",
    }
}

/// The cause beyond the code, for the operator.
pub(crate) fn detail(error: &Error) -> Option<String> {
    match error {
        Error::Operator(problem) => Some(problem.clone()),
        Error::Storage(StoreFailure(reason)) => Some(reason.clone()),
        Error::Us(invariant) => Some((*invariant).to_owned()),
        Error::Caller(Caller::ParameterMissing(name) | Caller::ParameterMalformed(name)) => Some((*name).to_owned()),
        Error::Caller(Caller::Incomplete(reason)) => Some((*reason).to_owned()),
        Error::Caller(Caller::PushMalformed(reason)) => reason.map(|reason| format!("{reason:?}")),
        Error::Caller(Caller::DecryptFailed(reason)) => Some(cause(*reason).to_owned()),
        Error::Caller(Caller::SessionKeyStale(Some(_))) => {
            Some("stale_key: WeChat reports the session_key as expired".to_owned())
        }
        Error::Caller(Caller::SessionKeyStale(None)) => {
            Some("no_key: no session_key is stored, or it has expired".to_owned())
        }
        Error::Wechat(Wechat::TokenDead { errcode, rid } | Wechat::Errcode { errcode, rid }) => {
            Some(format!("errcode {} rid {}", errcode.0, rid.as_deref().unwrap_or("-")))
        }
        _ => None,
    }
}

/// The likely cause if the session_key is alive.
fn cause(reason: DecryptReason) -> &'static str {
    use OpenDataError as E;
    match reason {
        DecryptReason::OpenData(E::Base64PlusLost) => "base64_plus_lost: form encoding turned + into spaces",
        DecryptReason::OpenData(E::Base64) => "base64: encrypted_data is not base64",
        DecryptReason::OpenData(E::Iv) => "iv: not base64 of 16 bytes",
        DecryptReason::OpenData(E::Length) => "truncated: the length is not a multiple of the block size",
        DecryptReason::OpenData(E::Padding) => "padding: cut at a block boundary, altered, or of another session",
        DecryptReason::OpenData(E::Json) => "json: iv is wrong or altered, or the data is altered",
        DecryptReason::OpenData(E::WatermarkMissing) => "watermark_missing: not open data of WeChat",
        DecryptReason::OpenData(E::WatermarkForeign) => "watermark_foreign: data of another app",
        DecryptReason::ForeignOpenId => "foreign_openid: iv is altered, or the data is of another user",
    }
}
