//! Login and authorization for WeChat Mini Programs: one core makes every decision, and thin hosts perform the IO.
//!
//! ```text
//!  mini program / web page                      edge                                     WeChat
//!  ┌───────────────────────────┐               ┌──────────────────────────┐
//!  │ js/    a host runs effects│  OAuth 2 JSON │ runtime  performs the IO │   HTTPS
//!  │  ▲ effects      events ▼  │ ────────────▶ │  ▲ ports      requests ▼ │ ───────▶ api.weixin.qq.com
//!  │ wasm   client             │ ◀──────────── │ wasm  edge: flows        │ ◀───────
//!  │        machine      pure  │               │                          │
//!  │        wechat       pure  │               │       wechat       pure  │
//!  └───────────────────────────┘               └──────────────────────────┘
//! ```
//!
//! Three rules:
//!
//! 1. The core is sans-IO. [`machine`] never calls `wx`, reads a clock or draws a random number: an event goes in with
//!    the time, effects come out. The edge's flows do their IO through traits.
//! 2. Platform facts are in one place, [`wechat`]. Client and edge share it.
//! 3. Bindings hold no policy. `client` and the JavaScript hosts convert values and perform effects.
//!
//! | module | content |
//! |---|---|
//! | [`wechat`] | the platform: identifiers, scopes, failures, signatures, open data, replies |
//! | [`machine`] | the client's decisions: [`machine::Machine::handle`] |
//! | [`edge_code`] | the error codes that edge and client exchange |
//! | `client` (features `client`, `node`) | the wasm-bindgen surface for mini programs, web pages and Node |
//! | `edge` (feature `edge`) | the server side: endpoints, sessions, calls to WeChat |
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
