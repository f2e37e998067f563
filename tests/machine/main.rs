//! The machine's decisions, told as stories and then as properties over random histories.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod frequency;
mod key;
mod liveness;
mod permission;
mod phone;
mod properties;
mod session;
mod storage;
mod taps;
mod waiting;
