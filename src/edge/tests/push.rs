//! Parsing of pushed messages before their signature is checked: fields and bounds.

use crate::wechat::message::{MAX_FIELDS, Message};
use proptest::prelude::*;

fn xml(count: usize) -> String {
    let fields: String = (0..count).map(|n| format!("<f{n}>x</f{n}>")).collect();
    format!("<xml>{fields}</xml>")
}

fn json(count: usize) -> String {
    let fields: Vec<_> = (0..count).map(|n| format!(r#""f{n}":"x""#)).collect();
    format!("{{{}}}", fields.join(","))
}

#[test]
fn a_message_has_at_most_64_fields() {
    for text in [xml, json] {
        assert_eq!(Message::parse(&text(MAX_FIELDS)).unwrap().names().count(), MAX_FIELDS);
        assert!(Message::parse(&text(MAX_FIELDS + 1)).is_none());
    }
}

/// The text after the 65th field is not JSON: a parser that reads on reports a syntax error instead.
#[test]
fn the_65th_field_ends_the_parsing() {
    let error = serde_json::from_str::<Message>(&(json(MAX_FIELDS + 1).replace('}', "") + ",,,")).err().unwrap();
    assert!(error.is_data(), "refused because of the count, not the syntax: {error}");
}

#[test]
fn a_message_with_a_repeated_field_is_refused() {
    for text in [r#"{"a":"1","b":"2","a":{}}"#, "<xml><a>1</a><b>2</b><a>3</a></xml>"] {
        assert!(Message::parse(text).is_none(), "{text}");
    }
}

#[test]
fn texts_and_numbers_are_kept_and_nested_values_are_empty() {
    let json = r#"{"Event":"x","CreateTime":1790000000,"List":[{"a":[1]},null],"Map":{"Event":"y"},"Flag":true}"#;
    let xml = "<xml><Event><![CDATA[x]]></Event><CreateTime>1790000000</CreateTime>\
        <List><item>1</item></List><Map><Event>y</Event></Map><Flag></Flag></xml>";
    for text in [json, xml] {
        let message = Message::parse(text).unwrap();
        let values = ["Event", "CreateTime", "List", "Map", "Flag"].map(|name| message.get(name).unwrap());
        assert_eq!(values, ["x", "1790000000", "", "", ""], "{text}");
    }
}

proptest! {
    #[test]
    fn parsing_any_text_as_a_message_does_not_panic(text in "\\PC{0,300}", tail in "[<>/a\\[\\]!CDAT]{0,80}") {
        let _ = (Message::parse(&text), Message::parse(&format!("<xml>{tail}</xml>")));
    }
}
