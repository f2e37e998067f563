//! Requests and answers as the flows see them, and the parsing of bodies.

use super::error::{Caller, Error};
use super::ports::Put;
use core::fmt;
use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer, Visitor};
use serde::{Deserializer, Serialize, forward_to_deserialize_any};
use serde_json::Value;

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

pub(crate) enum Body {
    Bytes(Vec<u8>),
    TooLarge,
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
    /// A write that may follow the answer.
    pub(crate) later: Option<Put>,
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
            "application/json" => typed(from_json(self.text()?)?),
            _ => Err(Error::Caller(Caller::MediaType)),
        }
    }

    /// The body as JSON or a form.
    pub(crate) fn json_or_form<T: DeserializeOwned>(&self) -> Result<T, Error> {
        match self.media_type() {
            "application/x-www-form-urlencoded" => typed(from_form(self.text()?)?),
            _ => self.json(),
        }
    }

    /// A cookie's value.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let cookies = self.cookies.as_deref()?.split(';');
        cookies.filter_map(|cookie| cookie.trim().split_once('=')).find(|(known, _)| *known == name).map(|(_, v)| v)
    }

    /// The query's parameters.
    pub(crate) fn query(&self) -> Query {
        Query(form_urlencoded::parse(self.query.as_bytes()).into_owned().collect())
    }

    fn media_type(&self) -> &str {
        let header = self.content_type.as_deref().unwrap_or_default();
        header.split(';').next().unwrap_or_default().trim()
    }

    /// The body as it is.
    pub(crate) fn text(&self) -> Result<&str, Error> {
        match &self.body {
            Body::TooLarge => Err(Error::Caller(Caller::TooLarge)),
            Body::Bytes(bytes) => core::str::from_utf8(bytes).map_err(|_| Error::Caller(Caller::NotUtf8)),
        }
    }
}

/// Parameters of an address. One that comes twice counts as empty.
pub(crate) struct Query(Params);

impl Query {
    pub(crate) fn get(&self, name: &str) -> &str {
        let mut found = self.0.iter().filter(|(known, _)| known == name);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => value,
            _ => "",
        }
    }
}

/// Named strings. Unknown names are ignored; empty ones count as missing; a name that comes twice is
/// refused, since parsers disagree on which one counts (RFC 6749 §3.1, §3.2).
type Params = Vec<(String, String)>;

const MALFORMED: Error = Error::Caller(Caller::Malformed);

fn from_json(text: &str) -> Result<Params, Error> {
    let Ok(Value::Object(object)) = crate::wechat::parse_strict_json(text) else { return Err(MALFORMED) };
    let mut params = Params::new();
    for (name, value) in object {
        match value {
            Value::String(value) => params.push((name, value)),
            Value::Null => {}
            _ => return Err(MALFORMED),
        }
    }
    Ok(params)
}

fn from_form(text: &str) -> Result<Params, Error> {
    let mut params = Params::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        if params.iter().any(|(other, _)| *other == name) {
            return Err(MALFORMED);
        }
        params.push((name.into_owned(), value.into_owned()));
    }
    Ok(params)
}

fn typed<T: DeserializeOwned>(params: Params) -> Result<T, Error> {
    let present = params.into_iter().filter(|(_, value)| !value.is_empty());
    let fields = MapDeserializer::new(present.map(|(name, value)| (name, Text(value))));
    T::deserialize(fields).map_err(|Unfit(missing)| match missing {
        Some(name) => Error::Caller(Caller::ParameterMissing(name)),
        None => MALFORMED,
    })
}

/// A parameter's text, for fields that are a `String` or an `Option<String>`.
struct Text(String);

impl<'de> IntoDeserializer<'de, Unfit> for Text {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Text {
    type Error = Unfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_string(self.0)
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_some(self)
    }
    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Why parameters do not make the type: one is missing, or (never, with types of strings) else.
#[derive(Debug)]
struct Unfit(Option<&'static str>);

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("parameters do not fit")
    }
}

impl std::error::Error for Unfit {}

impl serde::de::Error for Unfit {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self(None)
    }
    fn missing_field(field: &'static str) -> Self {
        Self(Some(field))
    }
}
