//! A pushed message: one flat object of names and texts, as JSON or as XML (§3.7).

use super::json;
use serde_json::Value;

/// A message's fields. Only the flat ones; WeChat's events of accounts have no others.
#[derive(Default)]
pub struct Message(Vec<(String, String)>);

impl Message {
    /// Reads a body of either format; `None` where it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.starts_with('<') { from_xml(text) } else { from_json(text) }
    }

    /// A field's text; numbers are texts, too.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn from_json(text: &str) -> Option<Message> {
    let Ok(Value::Object(object)) = json::parse_strict(text) else { return None };
    let flat = object.into_iter().filter_map(|(name, value)| match value {
        Value::String(text) => Some((name, text)),
        Value::Number(number) => Some((name, number.to_string())),
        _ => None,
    });
    Some(Message(flat.collect()))
}

/// `<xml>` with elements in it, each with a text or CDATA. Elements of elements are passed over. A name
/// that comes twice makes it no message: readers disagree on which one counts.
fn from_xml(text: &str) -> Option<Message> {
    let mut rest = text.strip_prefix("<xml>")?.strip_suffix("</xml>")?.trim_start();
    let mut message = Message::default();
    while !rest.is_empty() {
        let (name, body) = rest.strip_prefix('<')?.split_once('>')?;
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return None;
        }
        let (value, after) = element(body, &format!("</{name}>"))?;
        if message.get(name).is_some() {
            return None;
        }
        message.0.push((name.to_owned(), value));
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
