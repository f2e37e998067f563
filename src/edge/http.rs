//! Requests and answers as the flows see them, and the parsing of bodies.

use super::error::{Caller, Error};
use super::ports::Put;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Larger bodies are refused unread.
pub(crate) const MAX_BODY: usize = 32 * 1024;

pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) content_type: Option<String>,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Body,
}

pub(crate) enum Body {
    Bytes(Vec<u8>),
    TooLarge,
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    /// A write that may follow the answer.
    pub(crate) later: Option<Put>,
}

impl Response {
    /// JSON that no cache may keep.
    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        // Our own types of strings and numbers always serialise.
        let body = serde_json::to_string(body).unwrap_or_default();
        Self { status, headers: vec![("cache-control", "no-store".to_owned())], body, later: None }
    }

    pub(crate) fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        self.headers.push((name, value));
        self
    }
}

/// Named strings out of a JSON object or a form. Unknown names are ignored; a name that comes
/// twice is refused, since parsers disagree on which one counts (RFC 6749 §3.2).
#[derive(Debug)]
pub(crate) struct Params(BTreeMap<String, String>);

impl Params {
    pub(crate) fn json(request: &Request) -> Result<Self, Error> {
        match media_type(request) {
            "application/json" => Self::from_json(text(request)?),
            _ => Err(Error::Caller(Caller::MediaType)),
        }
    }

    pub(crate) fn json_or_form(request: &Request) -> Result<Self, Error> {
        match media_type(request) {
            "application/x-www-form-urlencoded" => Self::from_form(text(request)?),
            _ => Self::json(request),
        }
    }

    /// The parameter; empty counts as missing.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(crate) fn require(&self, name: &'static str) -> Result<&str, Error> {
        self.get(name).ok_or(Error::Caller(Caller::ParameterMissing(name)))
    }

    fn from_json(text: &str) -> Result<Self, Error> {
        const MALFORMED: Error = Error::Caller(Caller::Malformed);
        let Ok(Value::Object(object)) = crate::wechat::parse_strict_json(text) else { return Err(MALFORMED) };
        let strings = object.into_iter().filter_map(|(name, value)| match value {
            Value::String(value) => Some(Ok((name, value))),
            Value::Null => None,
            _ => Some(Err(MALFORMED)),
        });
        strings.collect::<Result<_, _>>().map(Self)
    }

    fn from_form(text: &str) -> Result<Self, Error> {
        let mut params = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            if params.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(Error::Caller(Caller::Malformed));
            }
        }
        Ok(Self(params))
    }
}

fn media_type(request: &Request) -> &str {
    let header = request.content_type.as_deref().unwrap_or_default();
    header.split(';').next().unwrap_or_default().trim()
}

fn text(request: &Request) -> Result<&str, Error> {
    match &request.body {
        Body::TooLarge => Err(Error::Caller(Caller::TooLarge)),
        Body::Bytes(bytes) => core::str::from_utf8(bytes).map_err(|_| Error::Caller(Caller::NotUtf8)),
    }
}
