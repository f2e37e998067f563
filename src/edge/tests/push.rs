//! Pushed messages before their signature is checked: what is read of them, and how much.

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

/// The text after the 65th field is no JSON. A parser that read it would report a syntax error.
#[test]
fn a_field_too_many_ends_the_parsing() {
    let error = serde_json::from_str::<Message>(&(json(MAX_FIELDS + 1).replace('}', "") + ",,,")).err().unwrap();
    assert!(error.is_data(), "refused by its count, not by its syntax: {error}");
}

#[test]
fn a_repeated_field_makes_it_no_message() {
    for text in [r#"{"a":"1","b":"2","a":{}}"#, "<xml><a>1</a><b>2</b><a>3</a></xml>"] {
        assert!(Message::parse(text).is_none(), "{text}");
    }
}

#[test]
fn texts_and_numbers_are_kept_and_fields_of_fields_passed_over() {
    let json = r#"{"Event":"x","CreateTime":1790000000,"List":[{"a":[1]},null],"Map":{"Event":"y"},"Flag":true}"#;
    let xml = "<xml><Event><![CDATA[x]]></Event><CreateTime>1790000000</CreateTime>\
        <List><item>1</item></List><Map><Event>y</Event></Map><Flag></Flag></xml>";
    for text in [json, xml] {
        let message = Message::parse(text).unwrap();
        let told = ["Event", "CreateTime", "List", "Map", "Flag"].map(|name| message.get(name).unwrap());
        assert_eq!(told, ["x", "1790000000", "", "", ""], "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_a_message_or_none(text in "\\PC{0,300}", tail in "[<>/a\\[\\]!CDAT]{0,80}") {
        let _ = (Message::parse(&text), Message::parse(&format!("<xml>{tail}</xml>")));
    }
}
