//! Requests and answers as the flows see them.

pub(crate) mod cors;
pub(crate) mod endpoint;
pub(crate) mod params;
pub(crate) mod wire;

use crate::edge::error::{Caller, Error};
use crate::edge::http::params::{Params, Query};
use crate::edge::session::revocations::LateSession;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

/// Larger bodies are refused unread.
pub(crate) const MAX_BODY: usize = 32 * 1024;

#[derive(Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Without its question mark.
    pub(crate) query: String,
    pub(crate) content_type: Option<String>,
    pub(crate) authorization: Option<String>,
    /// Sent by browsers only.
    pub(crate) origin: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) cookies: Option<String>,
    /// Whence it came, as Cloudflare says.
    pub(crate) address: Option<String>,
    pub(crate) body: Body,
}

/// The content of an HTTP Basic header: `id:secret`.
pub(crate) struct Basic(Zeroizing<String>);

impl Basic {
    pub(crate) fn pair(&self) -> Option<(&str, &str)> {
        self.0.split_once(':')
    }
}

pub(crate) enum Body {
    Bytes(Vec<u8>),
    TooLarge,
    /// It did not come to its end; how is for the log.
    Incomplete(&'static str),
}

impl Default for Body {
    fn default() -> Self {
        Self::Bytes(Vec::new())
    }
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// JSON, or plain text where `plain` says so; empty where the status has no body.
    pub(crate) body: String,
    pub(crate) plain: bool,
    /// The error that the answer stands for, where it is not told in its body.
    pub(crate) because: Option<Error>,
    /// A write that follows the answer.
    pub(crate) later: Option<LateSession>,
}

impl Response {
    /// JSON that no cache may keep.
    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        // Our own types of strings and numbers always serialise.
        Self::text(status, serde_json::to_string(body).unwrap_or_default())
    }

    /// JSON that is text already.
    pub(crate) fn text(status: u16, body: String) -> Self {
        Self {
            status,
            headers: vec![("cache-control", "no-store".to_owned())],
            body,
            plain: false,
            because: None,
            later: None,
        }
    }

    /// What WeChat's servers want for an answer.
    pub(crate) fn plain(body: String) -> Self {
        Self { plain: true, ..Self::text(200, body) }
    }

    /// Elsewhere.
    pub(crate) fn redirect(location: String) -> Self {
        Self::text(302, String::new()).header("location", location)
    }

    /// 204.
    pub(crate) fn no_content() -> Self {
        Self::text(204, String::new())
    }

    /// One more `Set-Cookie`.
    pub(crate) fn set_cookie(mut self, cookie: String) -> Self {
        self.headers.push(("set-cookie", cookie));
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        self.headers.push((name, value.into()));
        self
    }
}

impl Request {
    /// The body as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        match self.media_type() {
            "application/json" => Params::from_json(self.text()?)?.typed(),
            _ => Err(Error::Caller(Caller::MediaType)),
        }
    }

    /// The body as JSON or a form.
    pub(crate) fn json_or_form<T: DeserializeOwned>(&self) -> Result<T, Error> {
        match self.media_type() {
            "application/x-www-form-urlencoded" => Params::from_form(self.text()?)?.typed(),
            _ => self.json(),
        }
    }

    /// The token of `Authorization: Bearer`.
    pub(crate) fn bearer(&self) -> Option<&str> {
        self.credentials("bearer")
    }

    /// Id and secret of `Authorization: Basic`, as they were sent.
    pub(crate) fn basic(&self) -> Option<Basic> {
        let pair = STANDARD.decode(self.credentials("basic")?).ok().and_then(|bytes| String::from_utf8(bytes).ok())?;
        Some(Basic(Zeroizing::new(pair)))
    }

    fn credentials(&self, wanted: &str) -> Option<&str> {
        let (scheme, credentials) = self.authorization.as_deref()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case(wanted).then_some(credentials.trim())
    }

    /// A cookie's value.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Names and values of the cookies, in the order the browser sent them.
    pub(crate) fn cookies(&self) -> impl Iterator<Item = (&str, &str)> {
        let cookies = self.cookies.as_deref().unwrap_or_default().split(';');
        cookies.filter_map(|cookie| cookie.trim().split_once('='))
    }

    /// The query's parameters.
    pub(crate) fn query(&self) -> Result<Query, Error> {
        Query::parse(&self.query)
    }

    fn media_type(&self) -> &str {
        let header = self.content_type.as_deref().unwrap_or_default();
        header.split(';').next().unwrap_or_default().trim()
    }

    /// The body as it is.
    pub(crate) fn text(&self) -> Result<&str, Error> {
        match &self.body {
            Body::TooLarge => Err(Error::Caller(Caller::TooLarge)),
            Body::Incomplete(how) => Err(Error::Caller(Caller::Incomplete(how))),
            Body::Bytes(bytes) => core::str::from_utf8(bytes).map_err(|_| Error::Caller(Caller::NotUtf8)),
        }
    }
}
