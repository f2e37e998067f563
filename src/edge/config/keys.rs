//! Signing keys: P-256 private JWKs, named by their RFC 7638 thumbprint.
//!
//! The first key signs, all are published: to rotate, append the new key, wait an hour, move it
//! to the front, and drop the old one after `access_token_ttl_s` and 5 minutes (docs/operations.md).

use crate::edge::ports::Es256;
use crate::wechat::Object;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use core::fmt;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A public key as the JWKS publishes it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PublicKey {
    kty: &'static str,
    crv: &'static str,
    x: String,
    y: String,
    pub(crate) kid: String,
    alg: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
}

/// A private key. Its scalar has no `Debug`.
#[derive(Clone)]
pub(crate) struct SigningKey {
    pub(crate) public: PublicKey,
    d: Scalar,
}

#[derive(Clone, Zeroize, ZeroizeOnDrop)]
struct Scalar(String);

impl SigningKey {
    /// Parses one private JWK; says what is wrong with it.
    pub(crate) fn parse(jwk: &Object) -> Result<Self, &'static str> {
        let part = |name: &str| jwk.owned(name).ok_or("needs kty, crv, x, y and d");
        let [x, y, d] = [part("x")?, part("y")?, part("d")?];
        if part("kty")? != "EC" || part("crv")? != "P-256" {
            return Err("must be of kty EC and crv P-256");
        }
        for coordinate in [&x, &y, &d] {
            if URL_SAFE_NO_PAD.decode(coordinate).map(|bytes| bytes.len()) != Ok(32) {
                return Err("x, y and d must be base64url of 32 bytes");
            }
        }
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, x, y);
        let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(canonical));
        let public = PublicKey { kty: "EC", crv: "P-256", x, y, kid, alg: "ES256", usage: "sig" };
        Ok(Self { public, d: Scalar(d) })
    }

    /// Whether `d` belongs to `x` and `y`: what it signs, they verify. The message is no JWT.
    pub(crate) async fn is_a_pair(&self, ports: &impl Es256) -> bool {
        const MESSAGE: &[u8] = b"wxauth signing key check";
        match ports.sign(self, MESSAGE).await {
            Some(signature) => ports.verify(&self.public, MESSAGE, &signature).await,
            None => false,
        }
    }

    /// The private JWK, for WebCrypto's import and nothing else.
    pub(crate) fn reveal_jwk(&self) -> [(&'static str, &str); 5] {
        let PublicKey { kty, crv, x, y, .. } = &self.public;
        [("kty", kty), ("crv", crv), ("x", x), ("y", y), ("d", &self.d.0)]
    }
}

impl PublicKey {
    pub(crate) fn jwk(&self) -> [(&'static str, &str); 4] {
        [("kty", self.kty), ("crv", self.crv), ("x", &self.x), ("y", &self.y)]
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public.kid)
    }
}
