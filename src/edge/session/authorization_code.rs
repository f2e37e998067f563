//! Our own authorization code: a sealed blob of a minute that says who logged in, and for which client.

use crate::edge::config::seal::{Purpose, Sealer};
use crate::edge::session::records::Sid;
use crate::edge::stored::{self, Stored};
use crate::wechat::Object;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

const LIFE_MS: u64 = 60_000;
const NAME: &str = "code";
/// RFC 7636 §4.1.
const VERIFIER: core::ops::RangeInclusive<usize> = 43..=128;
/// Longer than any code of ours.
const MAX: usize = 4096;

#[derive(Serialize)]
pub(crate) struct WebCode {
    pub(crate) appid: String,
    pub(crate) openid: String,
    pub(crate) unionid: Option<String>,
    pub(crate) redirect_uri: String,
    /// base64url of SHA-256 of the verifier: S256 is the only method.
    pub(crate) code_challenge: String,
    pub(crate) jti: String,
    /// ms. Also when the session begins, so that a replay begins the same one.
    pub(crate) iat: u64,
}

impl Stored for WebCode {
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

impl WebCode {
    pub(crate) fn seal(&self, sealer: &Sealer, nonce: [u8; 12]) -> String {
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(self).unwrap_or_default());
        URL_SAFE_NO_PAD.encode(sealer.seal(Purpose::Web, NAME, nonce, &plain))
    }

    /// Opens a code that is not too old.
    pub(crate) fn open(sealer: &Sealer, code: &str, now: u64) -> Option<Self> {
        let blob = URL_SAFE_NO_PAD.decode(Some(code).filter(|code| code.len() <= MAX)?).ok()?;
        let code: Self = stored::parse(&sealer.open(Purpose::Web, NAME, &blob)?)?;
        (now.saturating_sub(code.iat) <= LIFE_MS).then_some(code)
    }

    /// Whether this is the client that began: the same address, and the verifier of its challenge.
    pub(crate) fn is_for(&self, redirect_uri: &str, verifier: &str) -> bool {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
        let proven: bool = challenge.as_bytes().ct_eq(self.code_challenge.as_bytes()).into();
        VERIFIER.contains(&verifier.len()) && proven && self.redirect_uri == redirect_uri
    }

    /// The session that it begins, always the same. It is as unguessable as the code was.
    pub(crate) fn sid(&self) -> Sid {
        let digest: [u8; 32] = Sha256::digest(["wxauth/sid/1".as_bytes(), self.jti.as_bytes()].concat()).into();
        let mut sid = [0; 16];
        sid.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Sid::new(sid)
    }
}
