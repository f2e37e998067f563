//! Routing of a request to its flow, and the steps that all responses share.

use super::config::{Config, Misconfigured};
use super::error::{Caller, Error, StoreFailure};
use super::flows::context::Flow;
use super::flows::outcome::Outcome;
use super::flows::{
    account, admin, introspect, metadata, open_data, phone, push, revoke, sessions, token, user_info, web_login,
};
use super::http::endpoint::{Access, DEADLINE_MS, Endpoint, Path};
use super::http::problem::{self, Sent};
use super::http::wire::Health;
use super::http::{Body, Request, Response, cors};
use super::ports::Ports;
use super::session::records::Records;
use super::session::revocations::DeferredWrite;

/// The answer to one request.
pub(crate) struct Answer {
    pub(crate) response: Response,
    /// The error, if the response reports one.
    pub(crate) error: Option<Error>,
    /// A write to make after the response.
    pub(crate) after: Option<DeferredWrite>,
    /// The path as in the table of endpoints. `-` for an unknown path, which is text of the caller and is not logged.
    pub(crate) path: &'static str,
}

/// Answers one request. If `config` is an error, every request answers 500 `misconfigured`.
pub(crate) async fn route<P: Ports>(
    ports: &P,
    config: &Result<Config, Misconfigured>,
    request: &Request,
    request_id: &str,
) -> Answer {
    let path = Path::find(&request.path);
    let name = path.map_or("-", |path| path.name);
    let result = match (config, path) {
        (Err(Misconfigured { variable, problem }), _) => Err(Error::Operator(format!("{variable} {problem}"))),
        (Ok(_), None) => Err(Error::Caller(Caller::NotFound)),
        (Ok(config), Some(path)) if request.method == "OPTIONS" => {
            Ok(Outcome::from(cors::preflight(config, &path, request)))
        }
        (Ok(config), Some(path)) => match (path.endpoint(&request.method), &request.body) {
            (Err(caller), _) => Err(Error::Caller(caller)),
            // An endpoint without a body does not run either: the time of the request is used up.
            (Ok(_), Body::Incomplete(reason)) => Err(Error::Caller(Caller::Incomplete(reason))),
            (Ok(endpoint), _) => dispatch(&Flow::new(ports, config, request), endpoint, path.id).await,
        },
    };
    let Outcome { response, error, after } = result.unwrap_or_else(|error| Outcome {
        error: Some(error.clone()),
        ..Outcome::from(problem::response(&error, request_id, sent(path, request)))
    });
    let response = match (config, path) {
        // A page whose origin is not allowed must not read the response.
        (Ok(config), Some(path)) if error != Some(Error::Caller(Caller::OriginNotAllowed)) => {
            cors::expose(config, &path, request, response)
        }
        _ => response,
    };
    Answer { response, error, after, path: name }
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

/// The deadline of a request, ms.
#[cfg_attr(not(target_family = "wasm"), allow(dead_code, reason = "only the runtime has a deadline"))]
pub(crate) fn deadline_ms(request: &Request) -> u32 {
    let endpoint = Path::find(&request.path).and_then(|path| path.endpoint(&request.method).ok());
    endpoint.map_or(DEADLINE_MS, Endpoint::deadline_ms)
}

/// Makes the write that follows a response.
pub(crate) async fn write_deferred<P: Ports>(
    ports: &P,
    config: &Result<Config, Misconfigured>,
    deferred: &DeferredWrite,
) -> Result<(), StoreFailure> {
    match config {
        Ok(config) => deferred.write(&Records { ports, config }).await,
        Err(_) => Ok(()),
    }
}

/// Runs the flow of an endpoint.
async fn dispatch<P: Ports>(flow: &Flow<'_, P>, endpoint: Endpoint, id: &str) -> Result<Outcome, Error> {
    let response = match endpoint {
        Endpoint::Token => return token::issue(flow).await,
        Endpoint::WebLogin => return web_login::start(flow),
        Endpoint::WebCallback => return web_login::finish(flow).await,
        Endpoint::Revoke => revoke::revoke(flow).await,
        Endpoint::Introspect => introspect::introspect(flow).await,
        Endpoint::AdminRevoke => admin::revoke(flow).await,
        Endpoint::AdminErase => admin::erase(flow).await,
        Endpoint::Session => sessions::check(flow).await,
        Endpoint::Sessions => sessions::list(flow).await,
        Endpoint::EndSessions => sessions::end_all(flow).await,
        Endpoint::EndSession => sessions::end(flow, id).await,
        Endpoint::Account => account::show(flow).await,
        Endpoint::EraseAccount => account::erase(flow).await,
        Endpoint::OpenData => open_data::decrypt(flow).await,
        Endpoint::VerifyUserInfo => user_info::verify(flow).await,
        Endpoint::Phone => phone::redeem(flow).await,
        Endpoint::CheckEvents => push::check_url(flow, id).await,
        Endpoint::Event => push::receive(flow, id).await,
        Endpoint::Metadata => Ok(metadata::metadata(flow.config)),
        Endpoint::OpenIdMetadata => Ok(metadata::openid_metadata(flow.config)),
        Endpoint::Jwks => Ok(metadata::jwks(flow.config)),
        Endpoint::OpenApi => Ok(metadata::openapi()),
        Endpoint::Health => Ok(Response::json(200, &Health { status: "ok" })),
    };
    response.map(Outcome::from)
}
