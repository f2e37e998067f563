//! What clients discover: RFC 8414 metadata, RFC 7517 keys, the OpenAPI document.

use super::Flow;
use super::{authorization_code, exchange};
use crate::edge::http::Response;
use crate::edge::http::wire::{Jwks, Metadata, OpenIdMetadata};
use crate::edge::ports::Ports;

/// `docs/openapi.json`, minified by `build.rs`. `npm run docs` generates it from [`wire`](crate::edge::http::wire) and
/// [`endpoint`](crate::edge::http::endpoint).
const OPENAPI: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

impl<P: Ports> Flow<'_, P> {
    pub(crate) fn metadata(&self) -> Response {
        cached(Response::json(200, &self.known()))
    }

    pub(crate) fn openid_metadata(&self) -> Response {
        let metadata = OpenIdMetadata {
            metadata: self.known(),
            subject_types_supported: ["pairwise"],
            id_token_signing_alg_values_supported: [],
        };
        cached(Response::json(200, &metadata))
    }

    fn known(&self) -> Metadata<'_> {
        let issuer = self.config.issuer.as_str();
        let at = |path: &str| format!("{issuer}{path}");
        Metadata {
            issuer,
            authorization_endpoint: at("/web/login"),
            token_endpoint: at("/oauth/token"),
            revocation_endpoint: at("/oauth/revoke"),
            introspection_endpoint: at("/oauth/introspect"),
            jwks_uri: at("/.well-known/jwks.json"),
            grant_types_supported: [exchange::GRANT_TYPE, authorization_code::GRANT_TYPE, "refresh_token"],
            response_types_supported: ["code"],
            code_challenge_methods_supported: ["S256"],
            authorization_response_iss_parameter_supported: true,
            token_endpoint_auth_methods_supported: ["none"],
            revocation_endpoint_auth_methods_supported: ["none"],
            introspection_endpoint_auth_methods_supported: ["client_secret_basic"],
        }
    }

    pub(crate) fn jwks(&self) -> Response {
        let keys = self.config.signing_keys.iter().map(|key| &key.public).collect();
        cached(Response::json(200, &Jwks { keys }))
    }

    pub(crate) fn openapi(&self) -> Response {
        cached(Response::text(200, OPENAPI.to_owned()))
    }
}

/// For less than the hour that a new key is published before use.
fn cached(response: Response) -> Response {
    response.header("cache-control", "public, max-age=600")
}
