//! CORS. A preflight does not say for which app it asks, so it is answered for the union of the origins of all apps. The
//! request itself must come from an origin of its own app, or it is 403. Credentials are never allowed: the only cookie
//! belongs to the web login, which is a navigation and not a request of a script.

use super::endpoint::{Access, Path, list};
use super::{Request, Response};
use crate::edge::config::Config;
use crate::edge::config::app::App;

/// Seconds for which a browser caches a preflight: two hours, the maximum of Chromium.
const MAX_AGE_S: &str = "7200";

/// Whether the request may speak for this app. A request without an Origin does not come from a page, and pages of the
/// issuer are always allowed.
pub(crate) fn admits(config: &Config, app: &App, request: &Request) -> bool {
    let Some(origin) = &request.origin else { return true };
    *origin == config.issuer || app.allowed_origins.contains(origin)
}

/// The response to `OPTIONS`.
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

/// Adds the headers that let a page of an app's origin read the response, errors included.
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
