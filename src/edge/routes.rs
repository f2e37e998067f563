//! A request to its flow, and what every answer has in common.

use crate::edge::config::{Config, Misconfigured};
use crate::edge::error::{Caller, Error, Sent};
use crate::edge::flows::Flow;
use crate::edge::http::cors;
use crate::edge::http::endpoint::{Access, DEADLINE_MS, Endpoint, Path};
use crate::edge::http::wire::Health;
use crate::edge::http::{Body, Request, Response};
use crate::edge::ports::{Ports, StoreFailure};
use crate::edge::session::records::Records;
use crate::edge::session::revocations::LateSession;

/// What one request came to.
pub(crate) struct Answer {
    pub(crate) response: Response,
    /// Why, where it is an error.
    pub(crate) error: Option<Error>,
    /// The path as the table names it. An unknown path is the caller's text, and nobody's name.
    pub(crate) path: &'static str,
}

/// Answers one request. `config` is whatever parsing it gave: with a mistake in it, every request
/// says so.
pub(crate) async fn route<P: Ports>(
    ports: &P,
    config: &Result<Config, Misconfigured>,
    request: &Request,
    request_id: &str,
) -> Answer {
    let path = Path::find(&request.path);
    let name = path.map_or("-", |path| path.name);
    let answered = match (config, path) {
        (Err(Misconfigured { variable, problem }), _) => Err(Error::Operator(format!("{variable} {problem}"))),
        (Ok(_), None) => Err(Error::Caller(Caller::NotFound)),
        (Ok(config), Some(path)) if request.method == "OPTIONS" => Ok(cors::preflight(config, &path, request)),
        (Ok(config), Some(path)) => match (path.endpoint(&request.method), &request.body) {
            (Err(caller), _) => Err(Error::Caller(caller)),
            // Also where the endpoint has no use for a body: the time of the request is spent.
            (Ok(_), Body::Incomplete(how)) => Err(Error::Caller(Caller::Incomplete(how))),
            (Ok(endpoint), _) => dispatch(&Flow::new(ports, config, request), endpoint, path.id).await,
        },
    };
    let (response, error) = match answered {
        Ok(mut response) => {
            let because = response.because.take();
            (response, because)
        }
        Err(error) => (error.response(request_id, sent(path, request)), Some(error)),
    };
    let response = match (config, path) {
        // Whose page it is not may not read why.
        (Ok(config), Some(path)) if error != Some(Error::Caller(Caller::OriginNotAllowed)) => {
            cors::expose(config, &path, request, response)
        }
        _ => response,
    };
    Answer { response, error, path: name }
}

fn sent(path: Option<Path<'_>>, request: &Request) -> Sent {
    let access = path.and_then(|path| path.endpoint(&request.method).ok()).map(Endpoint::access);
    if access == Some(Access::Browser) {
        Sent::ByBrowser
    } else if request.bearer().is_some() {
        Sent::WithBearer
    } else {
        Sent::Otherwise
    }
}

/// How long the answer to such a request may take, ms.
#[cfg_attr(not(target_family = "wasm"), allow(dead_code, reason = "the runtime keeps it"))]
pub(crate) fn deadline_ms(request: &Request) -> u32 {
    let endpoint = Path::find(&request.path).and_then(|path| path.endpoint(&request.method).ok());
    endpoint.map_or(DEADLINE_MS, Endpoint::deadline_ms)
}

/// The write that follows an answer.
pub(crate) async fn write_late<P: Ports>(
    ports: &P,
    config: &Result<Config, Misconfigured>,
    late: &LateSession,
) -> Result<(), StoreFailure> {
    match config {
        Ok(config) => Records { ports, config }.write_late(late).await,
        Err(_) => Ok(()),
    }
}

async fn dispatch<P: Ports>(flow: &Flow<'_, P>, endpoint: Endpoint, id: &str) -> Result<Response, Error> {
    match endpoint {
        Endpoint::Token => flow.token().await,
        Endpoint::Revoke => flow.revoke().await,
        Endpoint::Introspect => flow.introspect().await,
        Endpoint::AdminRevoke => flow.admin_revoke().await,
        Endpoint::AdminErase => flow.admin_erase().await,
        Endpoint::Session => flow.session().await,
        Endpoint::Sessions => flow.sessions().await,
        Endpoint::EndSessions => flow.end_sessions().await,
        Endpoint::EndSession => flow.end_session(id).await,
        Endpoint::Account => flow.account().await,
        Endpoint::EraseAccount => flow.erase_account().await,
        Endpoint::OpenData => flow.open_data().await,
        Endpoint::VerifyUserInfo => flow.verify_user_info().await,
        Endpoint::Phone => flow.phone().await,
        Endpoint::WebLogin => flow.web_login(),
        Endpoint::WebCallback => flow.web_callback().await,
        Endpoint::CheckEvents => flow.check_events(id).await,
        Endpoint::Event => flow.event(id).await,
        Endpoint::Metadata => Ok(flow.metadata()),
        Endpoint::OpenIdMetadata => Ok(flow.openid_metadata()),
        Endpoint::Jwks => Ok(flow.jwks()),
        Endpoint::OpenApi => Ok(flow.openapi()),
        Endpoint::Health => Ok(Response::json(200, &Health { status: "ok" })),
    }
}
