//! Push messages in JSON and XML.

#[cfg(target_family = "wasm")]
use super::test;
use wxauth::wechat::message::{MAX_FIELDS, Message};

fn fields(text: &str) -> Option<Vec<(String, String)>> {
    let message = Message::parse(text)?;
    let names: Vec<_> = message.names().map(str::to_owned).collect();
    Some(names.into_iter().map(|name| (name.clone(), message.get(&name).unwrap().to_owned())).collect())
}

#[test]
fn texts_and_numbers_are_kept_and_nested_fields_are_empty() {
    let json = r#"{"Event":"x","CreateTime":1790000000,"Low":-5,"Half":0.5,
        "List":[{"a":[1]},null],"Map":{"Event":"y","b":{}},"Flag":true,"Nothing":null}"#;
    let xml = "<xml><Event><![CDATA[x]]></Event><CreateTime>1790000000</CreateTime> <Low>-5</Low><Half>0.5</Half>
        <List><item>1</item></List><Map><Event>y</Event></Map><Flag></Flag><Nothing></Nothing></xml>";
    let expected = [
        ("Event", "x"),
        ("CreateTime", "1790000000"),
        ("Low", "-5"),
        ("Half", "0.5"),
        ("List", ""),
        ("Map", ""),
        ("Flag", ""),
        ("Nothing", ""),
    ];
    for text in [json, xml] {
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(fields(text), Some(expected.to_vec()), "{text}");
        assert_eq!(Message::parse(text).unwrap().get("Absent"), None);
    }
}

#[test]
fn a_byte_order_mark_and_white_space_are_accepted() {
    for text in ["\u{feff} {\"a\":\"1\"}\n", "\u{feff} <xml> <a>1</a> </xml>\n"] {
        assert_eq!(fields(text), Some(vec![("a".to_owned(), "1".to_owned())]), "{text}");
    }
}

#[test]
fn cdata_sections_join_and_entities_are_replaced() {
    for (element, value) in [
        ("<![CDATA[a<b]]>", "a<b"),
        ("<![CDATA[a]]]]><![CDATA[>b]]>", "a]]>b"),
        (" <![CDATA[a]]> ", "a"),
        ("&lt;&gt;&quot;&apos;&amp;lt;", "<>\"'&lt;"),
        ("&#65;", "&#65;"),
        (" a ", " a "),
    ] {
        let xml = format!("<xml><_a1>{element}</_a1></xml>");
        assert_eq!(fields(&xml), Some(vec![("_a1".to_owned(), value.to_owned())]), "{xml}");
    }
}

#[test]
fn malformed_bodies_are_refused() {
    for text in [
        "",
        "{",
        "[]",
        "null",
        "\"a\"",
        "<a>1</a>",
        "<xml>",
        "<xml>a</xml>",
        "<xml><a>1</xml>",
        "<xml><a>1</b></xml>",
        "<xml><a><![CDATA[1</a></xml>",
        "<xml><>1</></xml>",
        "<xml><a b>1</a b></xml>",
    ] {
        assert_eq!(fields(text), None, "{text}");
    }
}

#[test]
fn a_message_repeats_no_name_and_has_at_most_64_fields() {
    for text in [r#"{"a":"1","b":"2","a":{}}"#, "<xml><a>1</a><b>2</b><a>3</a></xml>"] {
        assert_eq!(fields(text), None, "{text}");
    }
    let xml = |count: usize| (0..count).map(|n| format!("<f{n}>x</f{n}>")).collect::<String>();
    let json = |count: usize| (0..count).map(|n| format!(r#""f{n}":"x""#)).collect::<Vec<_>>().join(",");
    for (count, accepted) in [(MAX_FIELDS, true), (MAX_FIELDS + 1, false)] {
        for text in [format!("<xml>{}</xml>", xml(count)), format!("{{{}}}", json(count))] {
            assert_eq!(fields(&text).map(|fields| fields.len()), accepted.then_some(count), "{text}");
        }
    }
}
