//! Pages of other origins. A preflight cannot say which app it is for, so it is answered for the
//! origins of all apps together; the request itself then has to come from its own app's, or is 403.
//! Credentials are never allowed: the one cookie is of a web login, which is a navigation and no script's request.

use crate::edge::config::{App, Config};
use crate::edge::http::endpoint::{Access, Path, list};
use crate::edge::http::{Request, Response};

/// A day is the most that browsers keep; two hours is Chromium's.
const MAX_AGE_S: &str = "7200";

/// Whether a request may speak for this app. Without an Origin it comes from no page; the issuer's own
/// pages always may.
pub(crate) fn admits(config: &Config, app: &App, request: &Request) -> bool {
    let Some(origin) = &request.origin else { return true };
    *origin == config.issuer || app.allowed_origins.contains(origin)
}

/// Answers `OPTIONS`.
pub(crate) fn preflight(config: &Config, path: &Path<'_>, request: &Request) -> Response {
    let response = Response::no_content();
    let response = expose(config, path, request, response);
    if !response.headers.iter().any(|(name, _)| *name == "access-control-allow-origin") {
        return response;
    }
    response
        .header("access-control-allow-methods", list(path.methods))
        .header("access-control-allow-headers", "authorization, content-type")
        .header("access-control-max-age", MAX_AGE_S)
}

/// Lets the page read the answer, errors included, where its origin is one of an app's.
pub(crate) fn expose(config: &Config, path: &Path<'_>, request: &Request, response: Response) -> Response {
    let access = path.methods.first().map(|(_, endpoint)| endpoint.access());
    match (access, &request.origin) {
        (Some(Access::Public), _) => response.header("access-control-allow-origin", "*"),
        (Some(Access::Client | Access::User), origin) => {
            let response = response.header("vary", "Origin");
            match origin.as_ref().filter(|origin| config.knows_origin(origin)) {
                Some(origin) => response
                    .header("access-control-allow-origin", origin)
                    .header("access-control-expose-headers", "Date, Retry-After"),
                None => response,
            }
        }
        _ => response,
    }
}
