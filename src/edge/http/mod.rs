//! Requests and responses, as the flows see them.

pub(crate) mod cors;
pub(crate) mod endpoint;
pub(crate) mod params;
pub(crate) mod problem;
pub(crate) mod wire;

use super::error::{Caller, Error};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use params::{Params, Query};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

/// Maximum size of a request body, bytes.
pub(crate) const MAX_BODY: usize = 32 * 1024;

/// A request. A header that is absent is `None`.
#[derive(Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Query without the question mark.
    pub(crate) query: String,
    /// In lower case.
    pub(crate) content_type: Option<String>,
    pub(crate) authorization: Option<String>,
    /// Sent by browsers only.
    pub(crate) origin: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) cookies: Option<String>,
    /// The caller's IP address, from `CF-Connecting-IP`.
    pub(crate) address: Option<String>,
    pub(crate) body: Body,
}

/// The decoded credentials of an HTTP Basic header: `id:secret`.
pub(crate) struct Basic(Zeroizing<String>);

impl Basic {
    /// Id and secret; `None` without a colon.
    pub(crate) fn pair(&self) -> Option<(&str, &str)> {
        self.0.split_once(':')
    }
}

/// A request body, as far as it was read.
pub(crate) enum Body {
    /// The whole body.
    Bytes(Vec<u8>),
    /// Over [`MAX_BODY`].
    TooLarge,
    /// The body ended early; the reason is for the log.
    Incomplete(&'static str),
}

impl Default for Body {
    fn default() -> Self {
        Self::Bytes(Vec::new())
    }
}

/// A response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// JSON, or plain text if `plain` is set. Empty if the status has no body.
    pub(crate) body: String,
    pub(crate) plain: bool,
}

impl Response {
    /// A value as JSON, `no-store`.
    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        // The wire types consist of strings, numbers and lists, which always serialize.
        Self::text(status, serde_json::to_string(body).unwrap_or_default())
    }

    /// Serialized JSON, `no-store`.
    pub(crate) fn text(status: u16, body: String) -> Self {
        Self { status, headers: vec![("cache-control", "no-store".to_owned())], body, plain: false }
    }

    /// 200 with plain text, which WeChat's servers expect.
    pub(crate) fn plain(body: String) -> Self {
        Self { plain: true, ..Self::text(200, body) }
    }

    /// 302 to `location`.
    pub(crate) fn redirect(location: String) -> Self {
        Self::text(302, String::new()).header("location", location)
    }

    /// 204.
    pub(crate) fn no_content() -> Self {
        Self::text(204, String::new())
    }

    /// Adds a `Set-Cookie` header; there may be several.
    pub(crate) fn set_cookie(mut self, cookie: String) -> Self {
        self.headers.push(("set-cookie", cookie));
        self
    }

    /// Sets a header and replaces an earlier value.
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

    /// The credentials of `Authorization: Basic`, base64-decoded but not form-decoded.
    pub(crate) fn basic(&self) -> Option<Basic> {
        let pair = STANDARD.decode(self.credentials("basic")?).ok().and_then(|bytes| String::from_utf8(bytes).ok())?;
        Some(Basic(Zeroizing::new(pair)))
    }

    fn credentials(&self, wanted: &str) -> Option<&str> {
        let (scheme, credentials) = self.authorization.as_deref()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case(wanted).then_some(credentials.trim())
    }

    /// The value of the first cookie with this name.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Names and values of the cookies, in the order of the header.
    pub(crate) fn cookies(&self) -> impl Iterator<Item = (&str, &str)> {
        let cookies = self.cookies.as_deref().unwrap_or_default().split(';');
        cookies.filter_map(|cookie| cookie.trim().split_once('='))
    }

    /// The parameters of the query.
    pub(crate) fn query(&self) -> Result<Query, Error> {
        Query::parse(&self.query)
    }

    fn media_type(&self) -> &str {
        let header = self.content_type.as_deref().unwrap_or_default();
        header.split(';').next().unwrap_or_default().trim()
    }

    /// The body as text.
    pub(crate) fn text(&self) -> Result<&str, Error> {
        match &self.body {
            Body::TooLarge => Err(Error::Caller(Caller::TooLarge)),
            Body::Incomplete(reason) => Err(Error::Caller(Caller::Incomplete(reason))),
            Body::Bytes(bytes) => core::str::from_utf8(bytes).map_err(|_| Error::Caller(Caller::NotUtf8)),
        }
    }
}
