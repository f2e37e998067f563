//! The result of a flow.

use crate::edge::error::Error;
use crate::edge::http::Response;
use crate::edge::session::revocations::DeferredWrite;

/// A response, with what follows from it.
pub(crate) struct Outcome {
    pub(crate) response: Response,
    /// The error that the response reports outside its body: a redirect with `error` (RFC 6749 §4.1.2.1).
    pub(crate) error: Option<Error>,
    /// A write to make after the response.
    pub(crate) after: Option<DeferredWrite>,
}

impl From<Response> for Outcome {
    fn from(response: Response) -> Self {
        Self { response, error: None, after: None }
    }
}
