//! The platform's rules against WeChat's published vectors and collected cases. The same tests run natively, in Node
//! and in a browser. `tests/data/README.md` names the sources.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod failure;
mod ident;
mod message;
mod open_data;
mod profile;
mod push;
mod reply;
mod scope;
mod signature;

use serde_json::Value;
use wxauth::wechat::AppId;

#[cfg(target_family = "wasm")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const VECTORS: &str = include_str!("../data/vectors.json");

fn rows(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap()
}

/// Runs `check(inputs, expected)` over every vector of one kind and returns their number.
fn each(kind: &str, check: impl Fn(&Value, &Value)) -> usize {
    let of_kind: Vec<_> = rows(VECTORS).into_iter().filter(|row| row["kind"] == kind).collect();
    of_kind.iter().for_each(|row| check(&row["inputs"], &row["expected"]));
    of_kind.len()
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_else(|| panic!("{field} in {row}"))
}

fn appid(text: &str) -> AppId {
    AppId::parse(text).unwrap()
}
