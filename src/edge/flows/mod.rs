//! The use cases, one file each. A flow is a function that reads a [`Request`](super::http::Request) and returns a
//! [`Response`](super::http::Response) or an [`Error`](super::error::Error), or an [`Outcome`](outcome::Outcome) if more
//! follows from the request. Most flows take the request as a [`Flow`](context::Flow).
//!
//! | file | for | uses |
//! |---|---|---|
//! | `context` | the request with its ports, and reads of the store | – |
//! | `caller` | the app, user or backend that a request speaks for | `context` |
//! | `outcome`, `token_reply` | results of flows | – |
//! | `token` | `POST /oauth/token`, by grant: `exchange`, `authorization_code`, `refresh` | these, `caller`, `outcome`, `token_reply` |
//! | `revoke`, `introspect` | the other endpoints of OAuth | `caller`, `refresh` |
//! | `sessions`, `account`, `admin`, `push` | lists, log-outs, erasure | `caller`, `erase` |
//! | `open_data`, `user_info`, `phone` | WeChat's data of the caller | `caller` |
//! | `web_login` | OAuth's authorization endpoint and WeChat's callback | `context`, `outcome` |
//! | `metadata` | discovery, keys, OpenAPI | – |

pub(crate) mod account;
pub(crate) mod admin;
mod authorization_code;
mod caller;
pub(crate) mod context;
mod erase;
mod exchange;
pub(crate) mod introspect;
pub(crate) mod metadata;
pub(crate) mod open_data;
pub(crate) mod outcome;
pub(crate) mod phone;
pub(crate) mod push;
pub(crate) mod refresh;
pub(crate) mod revoke;
pub(crate) mod sessions;
pub(crate) mod token;
mod token_reply;
pub(crate) mod user_info;
pub(crate) mod web_login;
