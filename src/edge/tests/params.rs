//! Parameters: the bound on their number, repeated names, and how far a text is parsed.

use crate::edge::error::{Caller, Error};
use crate::edge::http::params::{MAX_PARAMS, Params, Query};
use proptest::prelude::*;
use std::borrow::Cow;

const MALFORMED: Error = Error::Caller(Caller::Malformed);

fn form(count: usize) -> String {
    (0..count).map(|n| format!("n{n}=x")).collect::<Vec<_>>().join("&")
}

fn json(count: usize) -> String {
    let fields: Vec<_> = (0..count).map(|n| format!(r#""n{n}":"x""#)).collect();
    format!("{{{}}}", fields.join(","))
}

#[test]
fn at_most_32_parameters_are_accepted() {
    assert!(Params::from_form(&form(MAX_PARAMS)).is_ok());
    assert!(Params::from_json(&json(MAX_PARAMS)).is_ok());
    assert!(Query::parse(&form(MAX_PARAMS)).is_ok());
    for count in [MAX_PARAMS + 1, 8_525] {
        assert_eq!(Params::from_form(&form(count)).unwrap_err(), MALFORMED);
        assert_eq!(Params::from_json(&json(count)).unwrap_err(), MALFORMED);
        assert_eq!(Query::parse(&form(count)).unwrap_err(), MALFORMED);
    }
}

/// Of an endless form, 33 parameters are read.
#[test]
fn parsing_ends_at_the_33rd_parameter() {
    let mut read = 0;
    let endless = std::iter::repeat_with(|| {
        read += 1;
        (Cow::from(format!("n{read}")), Cow::from("x"))
    });
    assert!(Params::collect(endless).is_err());
    assert_eq!(read, MAX_PARAMS + 1);
}

/// The text ends after the refused value, so a parser that reads on reports a syntax error instead.
#[test]
fn nested_json_is_refused_at_its_first_value() {
    for start in [r#"{"a":["#, r#"{"a":{"#, r#"{"a":1"#, r#"{"a":true"#, "[", "1"] {
        let error = serde_json::from_str::<Params>(start).unwrap_err();
        assert!(error.is_data(), "{start}: {error}");
    }
    assert!(Params::from_json(r#"{"a":null,"b":"x"}"#).is_ok());
}

#[test]
fn a_repeated_name_is_refused_in_each_format() {
    assert!(Params::from_form("a=1&b=2&a=3").is_err());
    assert!(Params::from_json(r#"{"a":"1","b":"2","a":null}"#).is_err());
    let query = Query::parse("a=1&b=2&a=3").unwrap();
    assert_eq!((query.get("a"), query.get("b"), query.repeats()), ("", "2", true));
    assert!(!Query::parse("a=1&b=1").unwrap().repeats());
}

proptest! {
    #[test]
    fn parsing_any_text_as_parameters_does_not_panic(text in "\\PC{0,300}") {
        let _ = (Params::from_form(&text), Params::from_json(&text), Query::parse(&text));
    }
}
