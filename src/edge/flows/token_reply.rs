//! The response of the token endpoint.

use crate::edge::http::Response;
use crate::edge::http::wire::TokenReply;
use crate::edge::session::tokens::IssuedTokens;

/// The response with these tokens. Tokens have no scope; the reply to a client that requested one has an empty scope (RFC
/// 6749 §3.3).
pub(super) fn token_reply(
    tokens: IssuedTokens,
    issued_token_type: Option<&'static str>,
    scope: Option<String>,
) -> Response {
    let IssuedTokens { access_token, expires_in, refresh_token } = tokens;
    let reply = TokenReply {
        access_token,
        token_type: "Bearer",
        expires_in,
        refresh_token,
        issued_token_type,
        scope: scope.map(|_| ""),
    };
    // RFC 6749 §5.1, for HTTP/1.0 caches.
    Response::json(200, &reply).header("pragma", "no-cache")
}
