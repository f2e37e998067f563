//! Outgoing calls. A call is repeated once, and only if no byte of a reply arrived: any other failure may have redeemed the
//! code (§3.4).

use crate::edge::error::{Error, FetchFailure, Wechat};
use crate::edge::ports::{Call, Fetch, Reply};

/// Makes a call, with one retry; returns the body of a 200 reply.
pub(crate) async fn call(ports: &impl Fetch, call: &Call) -> Result<Vec<u8>, Error> {
    match ports.fetch(call).await {
        Err(FetchFailure::Unreachable) => call_once(ports, call).await,
        other => body_of(other),
    }
}

/// Makes a call that WeChat charges for, without a retry.
pub(crate) async fn call_once(ports: &impl Fetch, call: &Call) -> Result<Vec<u8>, Error> {
    body_of(ports.fetch(call).await)
}

/// Forwards a message to the operator's server, without a retry; returns its text, which is WeChat's answer.
pub(crate) async fn forward(ports: &impl Fetch, call: &Call) -> Result<String, Error> {
    match ports.fetch(call).await {
        Ok(Reply { status: 200..=299, body }) => {
            String::from_utf8(body).map_err(|_| Error::Wechat(Wechat::ForwardFailed))
        }
        _ => Err(Error::Wechat(Wechat::ForwardFailed)),
    }
}

fn body_of(reply: Result<Reply, FetchFailure>) -> Result<Vec<u8>, Error> {
    // WeChat also answers errors with 200 (§3.1), so another status is not WeChat's.
    match reply? {
        Reply { status: 200, body } => Ok(body),
        Reply { .. } => Err(Error::Wechat(Wechat::Malformed)),
    }
}
