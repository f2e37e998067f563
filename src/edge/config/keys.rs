//! Signing keys and the name key. A signing key is a private P-256 JWK, identified by its RFC 7638 thumbprint.
//!
//! The first signing key signs; all are published. To rotate: append the new key, wait an hour, move it to the front, and
//! remove the old one after `access_token_ttl_s` plus 5 minutes (docs/operations.md).

use crate::wechat::{Object, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// A public key, as the JWKS publishes it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PublicKey {
    kty: &'static str,
    crv: &'static str,
    x: String,
    y: String,
    /// The RFC 7638 thumbprint.
    pub(crate) kid: String,
    alg: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
}

/// A private signing key.
#[derive(Debug, Clone)]
pub(crate) struct SigningKey {
    /// The public half.
    pub(crate) public: PublicKey,
    /// The private scalar as base64url.
    d: SecretString,
}

impl SigningKey {
    /// Parses one private JWK. The error is the rest of a sentence that begins with the variable.
    pub(crate) fn parse(jwk: &Object) -> Result<Self, &'static str> {
        let part = |name: &str| jwk.owned(name).ok_or("needs kty, crv, x, y and d in each key");
        let [x, y] = [part("x")?, part("y")?];
        let d = SecretString::from(part("d")?);
        if part("kty")? != "EC" || part("crv")? != "P-256" {
            return Err("must have kty EC and crv P-256 in each key");
        }
        for coordinate in [&x, &y, d.expose_secret()] {
            if URL_SAFE_NO_PAD.decode(coordinate).map(|bytes| bytes.len()) != Ok(32) {
                return Err("must have base64url of 32 bytes as x, y and d of each key");
            }
        }
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(canonical));
        let public = PublicKey { kty: "EC", crv: "P-256", x, y, kid, alg: "ES256", usage: "sig" };
        Ok(Self { public, d })
    }

    /// The private JWK, only for the import into WebCrypto.
    pub(crate) fn reveal_jwk(&self) -> [(&'static str, &str); 5] {
        let PublicKey { kty, crv, x, y, .. } = &self.public;
        [("kty", kty), ("crv", crv), ("x", x), ("y", y), ("d", self.d.expose_secret())]
    }
}

impl PublicKey {
    /// The public JWK, for the import into WebCrypto.
    pub(crate) fn jwk(&self) -> [(&'static str, &str); 4] {
        [("kty", self.kty), ("crv", self.crv), ("x", &self.x), ("y", &self.y)]
    }
}

/// The key of the hashes that name users in the store and backends in memory. It does not rotate: records would no longer
/// be found.
pub(crate) struct NameKey(Zeroizing<[u8; 32]>);

impl NameKey {
    /// The key of these bytes.
    pub(super) fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self(key)
    }

    /// HMAC-SHA256 of the parts.
    pub(crate) fn hmac(&self, parts: &[&[u8]]) -> [u8; 32] {
        digest::hmac_sha256(self.0.as_slice(), parts)
    }
}

impl core::fmt::Debug for NameKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("NameKey([redacted])")
    }
}
