//! WeChat Mini Program login and authorization: one core that decides, three hosts that carry.
//!
//! | module | what it is | refuses to |
//! |---|---|---|
//! | [`wechat`] | the platform's facts: identifiers, scopes, failures, signatures, replies | do IO, know time |
//! | [`edge_code`] | the error codes that edge and client exchange | – |
//! | [`machine`] | the client's decisions: [`machine::Machine::handle`] takes an event, gives effects | do IO, read a clock, draw randomness |
//! | `client` (feature) | the wasm-bindgen surface of the mini program, the page and Node | decide |
//! | `edge` (feature) | the Cloudflare Worker: routes, flows, stores | trust what a client says about itself |
//!
//! Section marks (§) in doc comments point into `docs/platform-facts.md`.
#![deny(unsafe_code)]

pub mod edge_code;
pub mod machine;
pub mod wechat;

#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "edge")]
#[cfg_attr(not(target_family = "wasm"), allow(dead_code, reason = "the runtime is wasm only"))]
mod edge;
#[cfg(all(feature = "edge", fuzzing))]
#[allow(missing_docs, reason = "for fuzz/ alone")]
pub use edge::fuzz;
