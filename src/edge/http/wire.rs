//! What goes over the wire: the bodies of requests and answers. `docs/openapi.json` is generated
//! from these types (`openapi`), so it cannot say anything else.

use crate::edge::config::keys::PublicKey;
use crate::edge::session::records::Sid;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[cfg(test)]
use schemars::JsonSchema;

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
    /// Token exchange: the code of `wx.login`.
    pub(crate) subject_token: Option<String>,
    /// Token exchange: `urn:wechat:params:oauth:token-type:js-code`.
    pub(crate) subject_token_type: Option<String>,
    /// The token to rotate; in an exchange the old one, so that the session keeps its id.
    pub(crate) refresh_token: Option<String>,
    /// Web login: the code of the redirect.
    pub(crate) code: Option<String>,
    /// Web login: the address it came to.
    pub(crate) redirect_uri: Option<String>,
    /// Web login: what the code_challenge was made of (RFC 7636).
    pub(crate) code_verifier: Option<String>,
    /// No token has a scope; where one is asked for, the reply says so.
    pub(crate) scope: Option<String>,
    /// Token exchange: how the user's list of sessions names this one; of the User-Agent where absent.
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
    /// An access or refresh token, of any age.
    pub(crate) token: String,
    /// Our extension: `true` ends all sessions of the token's user, if the token's own session lives. A refresh token
    /// whose session has expired ends those that had begun when it was issued; any other token ends its own at most.
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
    /// The appid: one of the backend's own.
    pub(crate) client_id: String,
    /// Whose sessions.
    pub(crate) openid: String,
}

/// `POST /wechat/open-data`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct OpenDataRequest {
    /// WeChat's encryptedData, as it came.
    pub(crate) encrypted_data: String,
    /// WeChat's iv, as it came.
    pub(crate) iv: String,
}

/// `POST /wechat/user-info/verify`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct UserInfoRequest {
    /// WeChat's rawData, byte for byte.
    pub(crate) raw_data: String,
    /// WeChat's signature. Empty is as wrong as any other.
    #[serde(default)]
    #[cfg_attr(test, schemars(required))]
    pub(crate) signature: String,
}

/// `POST /wechat/phone`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct PhoneRequest {
    /// The phone button's code.
    pub(crate) code: String,
}

/// What a token endpoint answers (RFC 6749 §5.1, RFC 8693 §2.2.1).
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct TokenReply {
    pub(crate) access_token: String,
    /// `Bearer`.
    pub(crate) token_type: &'static str,
    /// Seconds.
    pub(crate) expires_in: u64,
    pub(crate) refresh_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) issued_token_type: Option<&'static str>,
    /// Empty, where a scope was asked for: none is granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<&'static str>,
}

/// What introspection answers (RFC 7662 §2.2). Whatever is not an active token of the backend's own
/// apps is `{"active": false}` and nothing more.
#[derive(Serialize, Default)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct Introspection {
    pub(crate) active: bool,
    /// `Bearer` for an access token; absent for a refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) iss: Option<String>,
    /// The openid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) aud: Option<String>,
    /// The appid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) iat: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exp: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) jti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sid: Option<Sid>,
    /// When the user logged in, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auth: Option<u64>,
    /// Where WeChat gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unionid: Option<String>,
}

/// `GET /sessions`.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct Sessions {
    pub(crate) sessions: Vec<Session>,
    /// Whether there are more than are listed.
    pub(crate) more: bool,
}

/// One session of the caller.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct Session {
    /// For `DELETE /sessions/{id}`.
    pub(crate) id: Sid,
    /// Whether it is the caller's own.
    pub(crate) current: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// Of the last login, in seconds since 1970.
    pub(crate) logged_in_at: u64,
    /// The day (UTC) of the last rotation that is at least an hour old, in seconds since 1970; of the login before that.
    pub(crate) refreshed_at: u64,
}

/// `GET /account`: all that is stored about the caller. Keys and tokens are said to be there, not shown.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct Account {
    /// The appid.
    pub(crate) client_id: String,
    pub(crate) openid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unionid: Option<String>,
    pub(crate) sessions: Vec<Session>,
    pub(crate) more: bool,
    /// Whether the newest session_key is on record.
    pub(crate) session_key_stored: bool,
    /// Sessions that began at or before this are over; seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) revoked_before: Option<u64>,
}

/// `POST /wechat/open-data`.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct OpenDataReply<'a> {
    /// What WeChat encrypted; its fields are WeChat's.
    pub(crate) data: &'a Value,
}

/// `POST /wechat/user-info/verify`.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct Verified {
    /// Always true; what does not verify is an error.
    pub(crate) valid: bool,
}

/// `POST /wechat/phone`.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct PhoneReply {
    /// With the country code, where it is foreign.
    pub(crate) phone_number: String,
    pub(crate) pure_phone_number: String,
    pub(crate) country_code: String,
}

/// `{}`.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct Done {}

/// `GET /.well-known/oauth-authorization-server` (RFC 8414).
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct Metadata<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) authorization_endpoint: String,
    pub(crate) token_endpoint: String,
    pub(crate) revocation_endpoint: String,
    pub(crate) introspection_endpoint: String,
    pub(crate) jwks_uri: String,
    pub(crate) grant_types_supported: [&'static str; 3],
    pub(crate) response_types_supported: [&'static str; 1],
    pub(crate) code_challenge_methods_supported: [&'static str; 1],
    pub(crate) authorization_response_iss_parameter_supported: bool,
    pub(crate) token_endpoint_auth_methods_supported: [&'static str; 1],
    pub(crate) revocation_endpoint_auth_methods_supported: [&'static str; 1],
    pub(crate) introspection_endpoint_auth_methods_supported: [&'static str; 1],
}

/// `GET /.well-known/openid-configuration`: the same for libraries that know this address alone. The edge
/// issues no ID token, so the list of their algorithms is empty.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct OpenIdMetadata<'a> {
    #[serde(flatten)]
    pub(crate) metadata: Metadata<'a>,
    /// `pairwise`: an openid is of one app.
    pub(crate) subject_types_supported: [&'static str; 1],
    pub(crate) id_token_signing_alg_values_supported: [&'static str; 0],
}

/// `GET /.well-known/jwks.json` (RFC 7517).
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct Jwks<'a> {
    pub(crate) keys: Vec<&'a PublicKey>,
}

/// `GET /healthz`.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct Health {
    /// `ok`.
    pub(crate) status: &'static str,
}

/// Every error.
#[derive(Serialize)]
#[cfg_attr(test, derive(JsonSchema))]
pub(crate) struct ErrorBody<'a> {
    /// OAuth's word.
    pub(crate) error: &'a str,
    /// For the developer. It may change.
    pub(crate) error_description: &'a str,
    /// Ours, and stable: `docs/errors.md` lists them.
    pub(crate) code: &'a str,
    /// Names the line in the log.
    pub(crate) request_id: &'a str,
    /// Seconds, where waiting helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after: Option<u32>,
}
