//! Push messages: one flat object of names and texts, as JSON or XML (§3.7).
//!
//! A message is parsed before its signature is checked, because the signature covers the text of its `Encrypt` field.
//! The parser therefore builds no tree and accepts at most [`MAX_FIELDS`] fields.

use core::fmt;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Largest number of fields in a message; WeChat's messages have fewer. A nested object counts as one field.
pub const MAX_FIELDS: usize = 64;

/// Fields of a message, each name once. A nested field has an empty text; the account events that this crate
/// handles have no nested fields.
#[derive(Default)]
pub struct Message(Vec<(String, String)>);

impl Message {
    /// Parses a body of either format; `None` if it is neither, repeats a name (parsers disagree on which one
    /// counts) or has more than [`MAX_FIELDS`] fields.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.starts_with('<') { from_xml(text) } else { serde_json::from_str(text).ok() }
    }

    /// Returns the text of a field. A number is returned as text, a nested field as the empty text.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Iterates over the names of all fields.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Adds a field; `None` if the name is repeated or the message is full.
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

/// Text of a JSON value: a string, or a number in decimal; any other value is skipped and gives the empty text.
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

/// Parses `<xml>` with elements that hold a text or CDATA. Nested elements are skipped.
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

/// Returns the text of an element and the input after its end tag.
fn element<'a>(mut body: &'a str, end: &str) -> Option<(String, &'a str)> {
    let mut value = String::new();
    while let Some(data) = body.trim_start().strip_prefix("<![CDATA[") {
        let (text, after) = data.split_once("]]>")?;
        value.push_str(text);
        body = after;
    }
    let (text, after) = body.split_once(end)?;
    // Nested elements: the field has no text.
    let text = if text.contains('<') { "" } else { text };
    value.push_str(&unescape(if value.is_empty() { text } else { text.trim() }));
    Some((value, after))
}

/// Replaces the five predefined XML entities. Numeric entities stay as they are.
fn unescape(text: &str) -> String {
    const ENTITIES: [(&str, &str); 5] =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    ENTITIES.iter().fold(text.to_owned(), |text, (entity, sign)| text.replace(entity, sign))
}
