//! The bodies of requests and responses. `docs/openapi.json` is generated from these types (`tests/openapi.rs`); their doc
//! comments are its descriptions.

use crate::edge::config::keys::PublicKey;
use crate::edge::ident::Sid;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[cfg(test)]
use schemars::JsonSchema;

/// `grant_type` of a token exchange (RFC 8693 §2.1).
pub(crate) const GRANT_TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// `grant_type` of a web login (RFC 6749 §4.1.3).
pub(crate) const GRANT_AUTHORIZATION_CODE: &str = "authorization_code";
/// `grant_type` of a refresh (RFC 6749 §6).
pub(crate) const GRANT_REFRESH_TOKEN: &str = "refresh_token";

/// `POST /oauth/token`: token exchange (RFC 8693), a web login's code (RFC 6749 §4.1.3), or refresh (§6).
#[derive(Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct TokenRequest {
    /// `urn:ietf:params:oauth:grant-type:token-exchange`, `authorization_code` or `refresh_token`.
    pub(crate) grant_type: String,
    /// The appid.
    #[serde(default)]
    #[cfg_attr(test, schemars(required))]
    pub(crate) client_id: String,
    /// Token exchange: the code from `wx.login`.
    pub(crate) subject_token: Option<String>,
    /// Token exchange: `urn:wechat:params:oauth:token-type:js-code`.
    pub(crate) subject_token_type: Option<String>,
    /// Refresh: the token to rotate. Token exchange: the old refresh token, so that the session keeps its id.
    pub(crate) refresh_token: Option<String>,
    /// Web login: the authorization code from the redirect.
    pub(crate) code: Option<String>,
    /// Web login: the address to which the code was sent.
    pub(crate) redirect_uri: Option<String>,
    /// Web login: the code verifier (RFC 7636).
    pub(crate) code_verifier: Option<String>,
    /// Ignored: tokens have no scope. If it is present, the reply has an empty `scope`.
    pub(crate) scope: Option<String>,
    /// Token exchange: the session's name in the user's list, at most 64 characters. Default: derived from User-Agent.
    pub(crate) label: Option<String>,
}

/// `POST /oauth/revoke` (RFC 7009).
#[derive(Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct RevokeRequest {
    /// The appid.
    #[serde(default)]
    #[cfg_attr(test, schemars(required))]
    pub(crate) client_id: String,
    /// An access or refresh token of any age.
    pub(crate) token: String,
    /// Extension: `true` ends all sessions of the user, if the token's own session is alive. A refresh token of an expired
    /// session ends the sessions that began before it was issued; any other token ends its own session at most.
    pub(crate) everywhere: Option<String>,
}

/// `POST /oauth/introspect` (RFC 7662).
#[derive(Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct IntrospectRequest {
    /// An access or refresh token.
    pub(crate) token: String,
}

/// `POST /admin/revoke` and `POST /admin/erase`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct AdminRequest {
    /// The appid of an app that lists this backend.
    pub(crate) client_id: String,
    /// The user's openid in this app.
    pub(crate) openid: String,
}

/// `POST /wechat/open-data`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct OpenDataRequest {
    /// WeChat's encryptedData, unchanged.
    pub(crate) encrypted_data: String,
    /// WeChat's iv, unchanged.
    pub(crate) iv: String,
}

/// `POST /wechat/user-info/verify`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct UserInfoRequest {
    /// WeChat's rawData, byte for byte.
    pub(crate) raw_data: String,
    /// WeChat's signature. An empty one does not match.
    #[serde(default)]
    #[cfg_attr(test, schemars(required))]
    pub(crate) signature: String,
}

/// `POST /wechat/phone`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct PhoneRequest {
    /// The code from the phone number button.
    pub(crate) code: String,
}

/// The reply of the token endpoint (RFC 6749 §5.1, RFC 8693 §2.2.1).
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct TokenReply {
    /// A JWT (RFC 9068).
    pub(crate) access_token: String,
    /// `Bearer`.
    pub(crate) token_type: &'static str,
    /// Lifetime of the access token, seconds.
    pub(crate) expires_in: u64,
    /// An opaque token. It replaces the one that was presented.
    pub(crate) refresh_token: String,
    /// Token exchange: `urn:ietf:params:oauth:token-type:access_token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) issued_token_type: Option<&'static str>,
    /// Empty, if the request had a scope: none is granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<&'static str>,
}

/// The reply of introspection (RFC 7662 §2.2). For anything but an active token of the backend's own apps it is
/// `{"active": false}`.
#[derive(Serialize, Default)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct Introspection {
    /// Whether the token is valid and its session is alive.
    pub(crate) active: bool,
    /// `Bearer` for an access token; absent for a refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token_type: Option<&'static str>,
    /// The issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) iss: Option<String>,
    /// The openid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sub: Option<String>,
    /// The app's audience. Access tokens only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) aud: Option<String>,
    /// The appid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<String>,
    /// Issue time, seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) iat: Option<u64>,
    /// Expiry, seconds since 1970. For a refresh token: the end of its session if it stays unused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exp: Option<u64>,
    /// The token's id. Access tokens only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) jti: Option<String>,
    /// The session's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sid: Option<Sid>,
    /// Time of the login, milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auth: Option<u64>,
    /// The user's unionid, if WeChat gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unionid: Option<String>,
}

/// The reply of `GET /sessions`.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct Sessions {
    /// The caller's sessions, newest login first, at most 32.
    pub(crate) sessions: Vec<Session>,
    /// Whether there are more.
    pub(crate) more: bool,
}

/// One session of the caller.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct Session {
    /// The id for `DELETE /sessions/{id}`.
    pub(crate) id: Sid,
    /// Whether it is the caller's own session.
    pub(crate) current: bool,
    /// Name of the device, from the client or derived from User-Agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// Time of the last login, seconds since 1970.
    pub(crate) logged_in_at: u64,
    /// Day (UTC) of the last refresh that is at least an hour old, or of the login if there is none; seconds since 1970.
    pub(crate) refreshed_at: u64,
}

/// `GET /account`: the data stored about the caller. Of keys it shows only that they exist.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct Account {
    /// The appid.
    pub(crate) client_id: String,
    /// The caller's openid.
    pub(crate) openid: String,
    /// The caller's unionid, if WeChat gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unionid: Option<String>,
    /// The caller's sessions, newest login first, at most 32.
    pub(crate) sessions: Vec<Session>,
    /// Whether there are more.
    pub(crate) more: bool,
    /// Whether the newest session_key is stored.
    pub(crate) session_key_stored: bool,
    /// Sessions that began at or before this time have ended; seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) revoked_before: Option<u64>,
}

/// The reply of `POST /wechat/open-data`.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct OpenDataReply<'a> {
    /// The decrypted object, with WeChat's own fields.
    pub(crate) data: &'a Value,
}

/// The reply of `POST /wechat/user-info/verify`.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct UserInfoVerified {
    /// Always true; a mismatch is an error.
    pub(crate) valid: bool,
}

/// The reply of `POST /wechat/phone`.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct PhoneReply {
    /// With the country code if the number is foreign.
    pub(crate) phone_number: String,
    /// Without the country code.
    pub(crate) pure_phone_number: String,
    /// Without a plus sign, for example `86`.
    pub(crate) country_code: String,
}

/// An empty object.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct Done {}

/// `GET /.well-known/oauth-authorization-server` (RFC 8414).
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct Metadata<'a> {
    /// The issuer identifier.
    pub(crate) issuer: &'a str,
    /// URL of `GET /web/login`.
    pub(crate) authorization_endpoint: String,
    /// URL of `POST /oauth/token`.
    pub(crate) token_endpoint: String,
    /// URL of `POST /oauth/revoke`.
    pub(crate) revocation_endpoint: String,
    /// URL of `POST /oauth/introspect`.
    pub(crate) introspection_endpoint: String,
    /// URL of the JWKS.
    pub(crate) jwks_uri: String,
    /// Token exchange, authorization code and refresh token.
    pub(crate) grant_types_supported: [&'static str; 3],
    /// `code`.
    pub(crate) response_types_supported: [&'static str; 1],
    /// `S256`.
    pub(crate) code_challenge_methods_supported: [&'static str; 1],
    /// Always true (RFC 9207).
    pub(crate) authorization_response_iss_parameter_supported: bool,
    /// `none`: clients are public.
    pub(crate) token_endpoint_auth_methods_supported: [&'static str; 1],
    /// `none`: clients are public.
    pub(crate) revocation_endpoint_auth_methods_supported: [&'static str; 1],
    /// `client_secret_basic`, for backends.
    pub(crate) introspection_endpoint_auth_methods_supported: [&'static str; 1],
}

/// `GET /.well-known/openid-configuration`: the same metadata for libraries that only read this address. The edge issues no
/// ID tokens, so the list of their algorithms is empty.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct OpenIdMetadata<'a> {
    #[serde(flatten)]
    pub(crate) metadata: Metadata<'a>,
    /// `pairwise`: an openid identifies a user in one app only.
    pub(crate) subject_types_supported: [&'static str; 1],
    /// Empty.
    pub(crate) id_token_signing_alg_values_supported: [&'static str; 0],
}

/// `GET /.well-known/jwks.json` (RFC 7517).
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct Jwks<'a> {
    /// The public signing keys.
    pub(crate) keys: Vec<&'a PublicKey>,
}

/// `GET /healthz`.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct Health {
    /// Always `ok`.
    pub(crate) status: &'static str,
}

/// The body of every error.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct ErrorBody<'a> {
    /// The OAuth error code.
    pub(crate) error: &'a str,
    /// A text for developers. It may change.
    pub(crate) error_description: &'a str,
    /// The stable error code; `docs/errors.md` lists all.
    pub(crate) code: &'a str,
    /// The id of the request in the edge's log.
    pub(crate) request_id: &'a str,
    /// Seconds to wait before another attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after: Option<u32>,
}
