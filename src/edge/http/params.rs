//! The parameters of a form, a query or a JSON body: at most [`MAX_PARAMS`] named strings.
//!
//! The limit keeps the cost of a request linear in its size: each name is compared with all others, and 32 KiB hold
//! thousands of names.

use crate::edge::error::{Caller, Error};
use core::fmt;
use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};
use std::borrow::Cow;

/// Maximum number of parameters. Three times as many as any endpoint has, because unknown names are ignored.
pub(crate) const MAX_PARAMS: usize = 32;

const MALFORMED: Error = Error::Caller(Caller::Malformed);

/// Parameters with unique names. An empty value counts as missing. A repeated name is refused, because parsers disagree
/// on which value counts (RFC 6749 §3.1, §3.2).
#[derive(Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

/// There are too many parameters, or a name is repeated.
#[derive(Debug)]
pub(crate) struct Refused;

impl Params {
    /// Parses a JSON object of strings and nulls.
    pub(crate) fn from_json(text: &str) -> Result<Self, Error> {
        serde_json::from_str(text).map_err(|_| MALFORMED)
    }

    /// Parses `application/x-www-form-urlencoded`.
    pub(crate) fn from_form(text: &str) -> Result<Self, Error> {
        Self::collect(form_urlencoded::parse(text.as_bytes())).map_err(|Refused| MALFORMED)
    }

    /// Collects names and values; stops at the first that is refused.
    pub(crate) fn collect<'a>(pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> Result<Self, Refused> {
        let mut params = Self::default();
        for (name, value) in pairs {
            params.add(name.into_owned(), value.into_owned())?;
        }
        Ok(params)
    }

    fn add(&mut self, name: String, value: String) -> Result<(), Refused> {
        if self.0.len() == MAX_PARAMS || self.0.iter().any(|(known, _)| *known == name) {
            return Err(Refused);
        }
        self.0.push((name, value));
        Ok(())
    }

    /// Converts to a type whose fields are `String` or `Option<String>`. Unknown names are ignored.
    pub(crate) fn typed<T: DeserializeOwned>(self) -> Result<T, Error> {
        let present = self.0.into_iter().filter(|(_, value)| !value.is_empty());
        let fields = MapDeserializer::new(present.map(|(name, value)| (name, Text(value))));
        T::deserialize(fields).map_err(|Unfit(missing)| match missing {
            Some(name) => Error::Caller(Caller::ParameterMissing(name)),
            None => MALFORMED,
        })
    }
}

/// Reads one JSON object of strings; `null` is an empty string. Parsing stops at the first other value, so that no tree is
/// built.
impl<'de> Deserialize<'de> for Params {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(ParamsVisitor)
    }
}

struct ParamsVisitor;

impl<'de> Visitor<'de> for ParamsVisitor {
    type Value = Params;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of strings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Params, A::Error> {
        let mut params = Params::default();
        while let Some((name, value)) = map.next_entry::<String, Option<String>>()? {
            let refused = |Refused| serde::de::Error::custom("too many parameters, or a repeated one");
            params.add(name, value.unwrap_or_default()).map_err(refused)?;
        }
        Ok(params)
    }
}

/// The parameters of a query.
#[derive(Debug)]
pub(crate) struct Query {
    params: Vec<(String, String)>,
}

impl Query {
    /// Parses a query without its question mark.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let mut pairs = form_urlencoded::parse(text.as_bytes()).into_owned();
        let params: Vec<_> = pairs.by_ref().take(MAX_PARAMS).collect();
        if pairs.next().is_some() { Err(MALFORMED) } else { Ok(Self { params }) }
    }

    /// The value of a parameter; empty if the parameter is missing or repeated.
    pub(crate) fn get(&self, name: &str) -> &str {
        let mut found = self.params.iter().filter(|(known, _)| known == name);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => value,
            _ => "",
        }
    }

    /// Whether a name is repeated.
    pub(crate) fn repeats(&self) -> bool {
        self.params
            .iter()
            .enumerate()
            .any(|(at, (name, _))| self.params.iter().skip(at + 1).any(|(next, _)| next == name))
    }
}

/// A deserializer of one value, for fields that are `String` or `Option<String>`.
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

/// Parameters do not fit a type. Holds the name of the missing field; a type of strings has no other reason.
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
