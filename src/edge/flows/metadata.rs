//! Discovery: metadata (RFC 8414), keys (RFC 7517) and the OpenAPI document.

use crate::edge::config::Config;
use crate::edge::http::Response;
use crate::edge::http::wire::{
    GRANT_AUTHORIZATION_CODE, GRANT_REFRESH_TOKEN, GRANT_TOKEN_EXCHANGE, Jwks, Metadata, OpenIdMetadata,
};

/// `docs/openapi.json`, minified by `build.rs`. `npm run docs` generates it from [`wire`](crate::edge::http::wire) and
/// [`endpoint`](crate::edge::http::endpoint).
const OPENAPI: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

/// The authorization server metadata.
pub(crate) fn metadata(config: &Config) -> Response {
    cached(Response::json(200, &metadata_body(config)))
}

/// The same metadata for OpenID Connect libraries.
pub(crate) fn openid_metadata(config: &Config) -> Response {
    let metadata = OpenIdMetadata {
        metadata: metadata_body(config),
        subject_types_supported: ["pairwise"],
        id_token_signing_alg_values_supported: [],
    };
    cached(Response::json(200, &metadata))
}

fn metadata_body(config: &Config) -> Metadata<'_> {
    let issuer = config.issuer.as_str();
    let at = |path: &str| format!("{issuer}{path}");
    Metadata {
        issuer,
        authorization_endpoint: at("/web/login"),
        token_endpoint: at("/oauth/token"),
        revocation_endpoint: at("/oauth/revoke"),
        introspection_endpoint: at("/oauth/introspect"),
        jwks_uri: at("/.well-known/jwks.json"),
        grant_types_supported: [GRANT_TOKEN_EXCHANGE, GRANT_AUTHORIZATION_CODE, GRANT_REFRESH_TOKEN],
        response_types_supported: ["code"],
        code_challenge_methods_supported: ["S256"],
        authorization_response_iss_parameter_supported: true,
        token_endpoint_auth_methods_supported: ["none"],
        revocation_endpoint_auth_methods_supported: ["none"],
        introspection_endpoint_auth_methods_supported: ["client_secret_basic"],
    }
}

/// The public signing keys.
pub(crate) fn jwks(config: &Config) -> Response {
    let keys = config.signing_keys.iter().map(|key| &key.public).collect();
    cached(Response::json(200, &Jwks { keys }))
}

/// The OpenAPI document.
pub(crate) fn openapi() -> Response {
    cached(Response::text(200, OPENAPI.to_owned()))
}

/// Cacheable for 10 minutes, far less than the hour for which a new key is published before its use.
fn cached(response: Response) -> Response {
    response.header("cache-control", "public, max-age=600")
}
