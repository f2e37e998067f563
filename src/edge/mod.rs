//! The edge: a Cloudflare Worker that exchanges codes, keeps sessions in KV and speaks OAuth 2.
//!
//! | layer | files | knows |
//! |---|---|---|
//! | runtime | `runtime/` | workerd: requests, KV, fetch, WebCrypto, the clock |
//! | routes | `endpoint`, `routes`, `http`, `params`, `wire`, `cors`, `error`, `audit` | paths, bodies, statuses, lines of the log |
//! | flows | `flows/`, one a use case; `label`, `web_code` | what an endpoint does |
//! | stores | `records`, `revocations`, `json`, `seal`, `tokens` | what is written where, and how it is sealed |
//! | WeChat | `upstream`, `wechat_token` | calls of WeChat, and the access token they need |
//! | isolate | `verified`, `guesses` | what is remembered between requests |
//! | configuration | `config/`, `keys` | the operator's settings, parsed once |
//!
//! All but `runtime/` is pure or behind the small traits of `ports`, so it is tested natively with
//! fakes and in workerd for real. Nothing reachable from input may panic: a panic fails every
//! request under way in the isolate, at once (`runtime/main.js`).

mod audit;
mod config;
mod error;
mod flows;
mod guesses;
mod http;
mod isolate;
mod ports;
mod routes;
mod session;
mod stored;
mod upstream;

#[cfg(target_family = "wasm")]
mod runtime;

#[cfg(all(any(test, fuzzing), not(target_family = "wasm")))]
mod testing;
#[cfg(all(test, not(target_family = "wasm")))]
mod tests;

#[cfg(fuzzing)]
pub use testing::fuzz;
