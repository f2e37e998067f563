//! What clients discover: RFC 8414 metadata, RFC 7517 keys.

use super::Flow;
use super::exchange;
use crate::edge::http::Response;
use crate::edge::ports::Ports;
use serde_json::json;

impl<P: Ports> Flow<'_, P> {
    pub(crate) fn metadata(&self) -> Response {
        let issuer = &self.config.issuer;
        public(&json!({
            "issuer": issuer,
            "token_endpoint": format!("{issuer}/oauth/token"),
            "revocation_endpoint": format!("{issuer}/oauth/revoke"),
            "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
            "grant_types_supported": [exchange::GRANT_TYPE, "refresh_token"],
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": ["none"],
            "revocation_endpoint_auth_methods_supported": ["none"],
        }))
    }

    pub(crate) fn jwks(&self) -> Response {
        let keys: Vec<_> = self.config.signing_keys.iter().map(|key| &key.public).collect();
        public(&json!({ "keys": keys }))
    }
}

/// Cacheable for less than the hour that a new key is published before use.
fn public(body: &serde_json::Value) -> Response {
    Response::json(200, body)
        .header("cache-control", "public, max-age=600".to_owned())
        .header("access-control-allow-origin", "*".to_owned())
}
