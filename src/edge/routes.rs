//! Path and method to flow. A match: `worker::Router` would add 9 KB, axum 45 KB and two to four
//! times the cost per request.

use super::config::{Config, Misconfigured};
use super::error::{Caller, Error};
use super::flows::{Flow, exchange};
use super::http::{Params, Request, Response};
use super::ports::Ports;

/// Answers one request. `config` is whatever parsing it gave: with a mistake in it, every request
/// says so.
pub(crate) async fn route<P: Ports>(
    ports: &P,
    config: &Result<Config, Misconfigured>,
    request: &Request,
) -> Result<Response, Error> {
    let config = config
        .as_ref()
        .map_err(|Misconfigured { variable, problem }| Error::Operator(format!("{variable} {problem}")))?;
    let flow = Flow { ports, config, now: ports.now_ms() };
    let allowed = match request.path.as_str() {
        "/oauth/token" | "/oauth/revoke" => "POST",
        "/wechat/open-data" | "/wechat/phone" | "/wechat/user-info/verify" => "POST",
        "/.well-known/oauth-authorization-server" | "/.well-known/jwks.json" | "/healthz" => "GET",
        _ => return Err(Error::Caller(Caller::NotFound)),
    };
    if request.method != allowed {
        return Err(Error::Caller(Caller::MethodNotAllowed));
    }
    match request.path.as_str() {
        "/oauth/token" => token(&flow, request).await,
        "/oauth/revoke" => flow.revoke(&Params::json_or_form(request)?).await,
        "/wechat/open-data" => flow.open_data(request).await,
        "/wechat/phone" => flow.phone(request).await,
        "/wechat/user-info/verify" => flow.verify_user_info(request).await,
        "/.well-known/oauth-authorization-server" => Ok(flow.metadata()),
        "/.well-known/jwks.json" => Ok(flow.jwks()),
        _ => Ok(Response::json(200, &serde_json::json!({ "status": "ok" }))),
    }
}

async fn token<P: Ports>(flow: &Flow<'_, P>, request: &Request) -> Result<Response, Error> {
    let params = Params::json_or_form(request)?;
    let app = flow.client(&params)?;
    match params.require("grant_type")? {
        exchange::GRANT_TYPE => flow.exchange(app, &params).await,
        "refresh_token" => flow.refresh(app, &params).await,
        _ => Err(Error::Caller(Caller::GrantTypeUnsupported)),
    }
}
