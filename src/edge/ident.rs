//! Identifiers: the user's name in the store, the session id, and the claims of an access token.

use super::config::keys::NameKey;
use super::stored::Stored;
use crate::wechat::{AppId, Object, OpenId};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

/// A user of one app, as the names of records and the log show it: base64url of the first 16 bytes of
/// HMAC-SHA256(`NAME_KEY`, appid ‖ 0 ‖ openid). A dump of the store does not identify users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserName(String);

impl UserName {
    /// The name of the user with this openid in this app.
    pub(crate) fn new(key: &NameKey, appid: &AppId, openid: &OpenId) -> Self {
        let digest = key.hmac(&[appid.as_str().as_bytes(), &[0], openid.as_str().as_bytes()]);
        Self(URL_SAFE_NO_PAD.encode(digest.get(..16).unwrap_or(&digest)))
    }

    /// The base64url text, 22 characters.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A session id: 16 random bytes as base64url.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Sid(String);

impl Sid {
    /// The id made of these bytes.
    pub(crate) fn new(bytes: [u8; 16]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The base64url text, 22 characters.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Sid {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        match URL_SAFE_NO_PAD.decode(&text) {
            Ok(bytes) if bytes.len() == 16 => Ok(Self(text)),
            _ => Err("not a session id"),
        }
    }
}

impl From<Sid> for String {
    fn from(sid: Sid) -> Self {
        sid.0
    }
}

/// The claims of an access token (RFC 9068 §2.2). There is no unionid, because tokens end up in logs.
#[derive(Clone, Serialize)]
pub(crate) struct Claims {
    /// The issuer.
    pub(crate) iss: String,
    /// The openid in this app.
    pub(crate) sub: String,
    /// The app's configured audience.
    pub(crate) aud: String,
    /// The appid.
    pub(crate) client_id: String,
    /// Issue time, seconds since 1970.
    pub(crate) iat: u64,
    /// Expiry, seconds since 1970.
    pub(crate) exp: u64,
    /// The token's id: 16 random bytes as base64url.
    pub(crate) jti: String,
    /// The session.
    pub(crate) sid: Sid,
    /// Time of the login, ms since 1970. Every check compares it with the user's `e1`. A token of a version that did
    /// not write this claim counts as 0, so that any log-out everywhere ends it.
    pub(crate) auth: u64,
}

impl Stored for Claims {
    fn read(fields: &Object) -> Option<Self> {
        Some(Self {
            iss: fields.owned("iss")?,
            sub: fields.owned("sub")?,
            aud: fields.owned("aud")?,
            client_id: fields.owned("client_id")?,
            iat: fields.number("iat")?,
            exp: fields.number("exp")?,
            jti: fields.owned("jti")?,
            sid: Sid::try_from(fields.owned("sid")?).ok()?,
            auth: fields.number("auth").unwrap_or_default(),
        })
    }
}
