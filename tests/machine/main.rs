//! Decisions of the machine: scenarios by topic, and properties over random histories.
//!
//! The scenarios run natively, in Node and in a browser; the properties run natively.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod attempt;
mod consent;
mod contexts;
mod device;
mod frequency;
mod key;
mod liveness;
mod permission;
#[cfg(not(target_family = "wasm"))]
mod properties;
mod replies;
mod retries;
mod session;
mod storage;
mod taps;
mod time;
mod waiting;

#[cfg(target_family = "wasm")]
use wasm_bindgen_test::wasm_bindgen_test as test;
