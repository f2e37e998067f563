//! The edge: a Cloudflare Worker that exchanges login codes, keeps sessions in KV and speaks OAuth 2.
//!
//! A module uses modules of its own and of lower layers only; no two modules import each other.
//!
//! | layer | modules | content |
//! |---|---|---|
//! | runtime | `runtime/` with its `main.js` | workerd: requests, KV, fetch, WebCrypto, the clock |
//! | routes | `routes`, `log` | routing of a request to its flow; the log line |
//! | flows | `flows/`: `token`, `exchange`, `authorization_code`, `refresh`, `revoke`, `introspect`, `sessions`, `account`, `admin`, `push`, `open_data`, `user_info`, `phone`, `web_login`, `metadata`; shared: `caller`, `erase`, `context`, `outcome`, `token_reply` | the use cases, one per file |
//! | sessions | `session/`: `records`, `revocations`, `tokens`, `authorization_code`, `label` | records, tokens and codes |
//! | WeChat | `upstream/`: its calls, `access_token`, `transport` | WeChat's server API and the access token that it needs |
//! | HTTP | `http/`: requests and responses, `endpoint`, `params`, `wire`, `problem`, `cors` | paths, bodies, statuses, headers |
//! | configuration | `config/`: the variables, `app`, `backends`, `address`, `keys`, `seal` | the operator's settings, parsed once; sealing |
//! | ports | `ports` | the traits through which flows reach the outside |
//! | isolate | `isolate` | memory between requests: verified claims, wrong guesses, WeChat's access tokens |
//! | values | `ident`, `stored`, `audit`, `error` | identifiers, reading of stored JSON, audit events, errors |
//! | tests | `testing/` (`fakes`, `fuzz`), `tests/` | fakes of the ports, fuzz targets, tests |
//!
//! Everything but `runtime/` is pure or uses the traits of `ports`, so tests run natively with fakes, and on workerd with
//! the real ports. Nothing that input can reach may panic, because a panic fails every request under way in the isolate.

mod audit;
mod config;
mod error;
mod flows;
mod http;
mod ident;
mod isolate;
mod log;
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
