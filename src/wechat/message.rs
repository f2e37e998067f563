//! A pushed message: one flat object of names and texts, as JSON or as XML (§3.7).
//!
//! A message is read before its signature is checked, since the signature covers the text of its
//! `Encrypt`. So no tree is built, and at most [`MAX_FIELDS`] names are compared with each other.

use core::fmt;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// More than any message of WeChat's has, nested fields included as one each.
pub const MAX_FIELDS: usize = 64;

/// A message's fields, each name once. Only the flat ones have a text; WeChat's events of accounts have
/// no others.
#[derive(Default)]
pub struct Message(Vec<(String, String)>);

impl Message {
    /// Reads a body of either format; `None` where it is neither, repeats a name (readers disagree on
    /// which one counts) or has more than [`MAX_FIELDS`] fields.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.starts_with('<') { from_xml(text) } else { serde_json::from_str(text).ok() }
    }

    /// A field's text; numbers are texts, too. Empty where the field has fields of its own.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The names of the fields.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    fn add(&mut self, name: String, value: String) -> Option<()> {
        if self.0.len() == MAX_FIELDS || self.get(&name).is_some() {
            return None;
        }
        self.0.push((name, value));
        Some(())
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(MessageVisitor)
    }
}

struct MessageVisitor;

impl<'de> Visitor<'de> for MessageVisitor {
    type Value = Message;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Message, A::Error> {
        let mut message = Message::default();
        while let Some((name, Text(value))) = map.next_entry()? {
            message.add(name, value).ok_or_else(|| A::Error::custom("too many fields, or a repeated one"))?;
        }
        Ok(message)
    }
}

/// The text of a JSON value: a string, or a number as it is written. Everything else is passed over.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(TextVisitor).map(Text)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }
    fn visit_i64<E: Error>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }
    fn visit_f64<E: Error>(self, number: f64) -> Result<String, E> {
        Ok(number.to_string())
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<String, E> {
        Ok(String::new())
    }
    fn visit_unit<E: Error>(self) -> Result<String, E> {
        Ok(String::new())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<String, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(String::new())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<String, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(String::new())
    }
}

/// `<xml>` with elements in it, each with a text or CDATA. Elements of elements are passed over.
fn from_xml(text: &str) -> Option<Message> {
    let mut rest = text.strip_prefix("<xml>")?.strip_suffix("</xml>")?.trim_start();
    let mut message = Message::default();
    while !rest.is_empty() {
        let (name, body) = rest.strip_prefix('<')?.split_once('>')?;
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return None;
        }
        let (value, after) = element(body, &format!("</{name}>"))?;
        message.add(name.to_owned(), value)?;
        rest = after.trim_start();
    }
    Some(message)
}

/// An element's text, and what follows its end.
fn element<'a>(mut body: &'a str, end: &str) -> Option<(String, &'a str)> {
    let mut value = String::new();
    while let Some(data) = body.trim_start().strip_prefix("<![CDATA[") {
        let (text, after) = data.split_once("]]>")?;
        value.push_str(text);
        body = after;
    }
    let (text, after) = body.split_once(end)?;
    // Something in it that is no text: not ours to read.
    let text = if text.contains('<') { "" } else { text };
    value.push_str(&unescape(if value.is_empty() { text } else { text.trim() }));
    Some((value, after))
}

fn unescape(text: &str) -> String {
    const ENTITIES: [(&str, &str); 5] =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    ENTITIES.iter().fold(text.to_owned(), |text, (entity, sign)| text.replace(entity, sign))
}
