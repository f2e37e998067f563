//! The edge's own authorization code: a sealed blob with the user and the client of a web login, valid for one minute.

use crate::edge::config::seal::{Purpose, Sealer};
use crate::edge::ident::Sid;
use crate::edge::stored::{self, Stored};
use crate::wechat::Object;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

const LIFE_MS: u64 = 60_000;
/// The name under which codes are sealed.
const NAME: &str = "code";
/// Length of a code verifier (RFC 7636 §4.1).
const VERIFIER: core::ops::RangeInclusive<usize> = 43..=128;
/// Maximum length of a code.
const MAX_CODE: usize = 4096;

/// The content of an authorization code.
#[derive(Serialize)]
pub(crate) struct AuthorizationCode {
    pub(crate) appid: String,
    pub(crate) openid: String,
    pub(crate) unionid: Option<String>,
    pub(crate) redirect_uri: String,
    /// base64url of the verifier's SHA-256 (method S256).
    pub(crate) code_challenge: String,
    /// The code's id: 16 random bytes as base64url.
    pub(crate) jti: String,
    /// Issue time, ms since 1970. It is also the time of the login, so that a replay leads to the same session.
    pub(crate) iat: u64,
}

impl Stored for AuthorizationCode {
    fn read(fields: &Object) -> Option<Self> {
        Some(Self {
            appid: fields.owned("appid")?,
            openid: fields.owned("openid")?,
            unionid: fields.owned("unionid"),
            redirect_uri: fields.owned("redirect_uri")?,
            code_challenge: fields.owned("code_challenge")?,
            jti: fields.owned("jti")?,
            iat: fields.number("iat")?,
        })
    }
}

impl AuthorizationCode {
    /// Seals the code.
    pub(crate) fn seal(&self, sealer: &Sealer, nonce: [u8; 12]) -> String {
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(self).unwrap_or_default());
        URL_SAFE_NO_PAD.encode(sealer.seal(Purpose::Web, NAME, nonce, &plain))
    }

    /// Opens a code that has not expired at `now`, ms since 1970.
    pub(crate) fn open(sealer: &Sealer, code: &str, now: u64) -> Option<Self> {
        let blob = URL_SAFE_NO_PAD.decode(Some(code).filter(|code| code.len() <= MAX_CODE)?).ok()?;
        let code: Self = stored::parse(&sealer.open(Purpose::Web, NAME, &blob)?)?;
        (now.saturating_sub(code.iat) <= LIFE_MS).then_some(code)
    }

    /// Whether the request comes from the client that started the login: the same `redirect_uri`, and the verifier of its
    /// challenge.
    pub(crate) fn is_for(&self, redirect_uri: &str, verifier: &str) -> bool {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
        let proven: bool = challenge.as_bytes().ct_eq(self.code_challenge.as_bytes()).into();
        VERIFIER.contains(&verifier.len()) && proven && self.redirect_uri == redirect_uri
    }

    /// The id of the session that the code begins: a replay leads to the same session. The id is derived from random bytes
    /// that only this code holds.
    pub(crate) fn sid(&self) -> Sid {
        let digest: [u8; 32] = Sha256::digest(["wxauth/sid/1".as_bytes(), self.jti.as_bytes()].concat()).into();
        let mut sid = [0; 16];
        sid.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Sid::new(sid)
    }
}
