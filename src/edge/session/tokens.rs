//! The two tokens. The access token is a JWT that anybody can check with the JWKS (RFC 9068); the
//! refresh token is sealed, so it proves itself and a stale record never logs an honest client out.

use crate::edge::config::seal::Purpose;
use crate::edge::config::{App, Config};
use crate::edge::error::{Caller, Error};
use crate::edge::http::wire::TokenReply;
use crate::edge::ports::{Ports, random};
use crate::edge::session::records::{Sid, left_s};
use crate::edge::stored::{self, Stored};
use crate::wechat::{Object, OpenId, UnionId};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use core::fmt;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// RFC 9068 §2.1.
const TYPE: &str = "at+jwt";
const ALGORITHM: &str = "ES256";
/// Longer than any token we issue: a refresh token with a full unionid has about 400 characters.
const MAX_TOKEN: usize = 2048;

/// Whose session, and which.
#[derive(Clone)]
pub(crate) struct Subject {
    pub(crate) openid: OpenId,
    pub(crate) unionid: Option<UnionId>,
    pub(crate) sid: Sid,
    /// When the user logged in, ms.
    pub(crate) auth: u64,
}

/// The claims of an access token. No unionid: a token lands in every log.
#[derive(Clone, Serialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    /// The openid, in this app.
    pub(crate) sub: String,
    pub(crate) aud: String,
    /// The appid.
    pub(crate) client_id: String,
    pub(crate) iat: u64,
    pub(crate) exp: u64,
    pub(crate) jti: String,
    pub(crate) sid: Sid,
    /// When the user logged in, ms. Every check compares this with `e1`. A token of a version that did not write it
    /// counts as 0: any log-out everywhere ends it.
    pub(crate) auth: u64,
}

#[derive(Serialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// The inside of a refresh token.
#[derive(Clone, Serialize)]
pub(crate) struct RefreshToken {
    pub(crate) appid: String,
    openid: String,
    pub(crate) unionid: Option<String>,
    pub(crate) sid: Sid,
    /// When the user logged in, ms.
    pub(crate) auth: u64,
    /// Its number in the rotation.
    pub(crate) n: i64,
    /// When it was issued, ms.
    pub(crate) iat: u64,
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

impl Stored for Header {
    fn read(fields: &Object) -> Option<Self> {
        Some(Self { alg: fields.owned("alg")?, typ: fields.owned("typ")?, kid: fields.owned("kid")? })
    }
}

impl Stored for RefreshToken {
    fn read(fields: &Object) -> Option<Self> {
        Some(Self {
            appid: fields.owned("appid")?,
            openid: fields.owned("openid")?,
            unionid: fields.owned("unionid"),
            sid: Sid::try_from(fields.owned("sid")?).ok()?,
            auth: fields.number("auth")?,
            n: fields.integer("n")?,
            iat: fields.number("iat")?,
        })
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RefreshToken {{ n: {}, auth: {}, iat: {} }}", self.n, self.auth, self.iat)
    }
}

pub(crate) struct Tokens<'a, P> {
    pub(crate) ports: &'a P,
    pub(crate) config: &'a Config,
}

impl<P: Ports> Tokens<'_, P> {
    /// An access token, and the refresh token number `n`.
    pub(crate) async fn issue(
        &self,
        app: &App,
        subject: &Subject,
        n: i64,
        now: u64,
        issued_token_type: Option<&'static str>,
    ) -> Result<TokenReply, Error> {
        // An access token never outlives its session.
        let expires_in = app.ttl.access_s.min(left_s(app, subject.auth, now));
        let iat = now / 1000;
        let claims = Claims {
            iss: self.config.issuer.clone(),
            sub: subject.openid.as_str().to_owned(),
            aud: app.audience.clone(),
            client_id: app.appid.as_str().to_owned(),
            iat,
            exp: iat + expires_in,
            jti: URL_SAFE_NO_PAD.encode(random::<16>(self.ports)),
            sid: subject.sid.clone(),
            auth: subject.auth,
        };
        Ok(TokenReply {
            access_token: self.sign(&claims).await?,
            token_type: "Bearer",
            expires_in,
            refresh_token: self.seal(app, subject, n, now),
            issued_token_type,
            scope: None,
        })
    }

    async fn sign(&self, claims: &Claims) -> Result<String, Error> {
        let key = self.config.signing_keys.first().ok_or(Error::Us("no signing key"))?;
        let header = Header { alg: ALGORITHM.to_owned(), typ: TYPE.to_owned(), kid: key.public.kid.clone() };
        let message = format!("{}.{}", encode(&header), encode(claims));
        let signature = self.ports.sign(key, message.as_bytes()).await.ok_or(Error::Us("signing failed"))?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Checks an access token that must still be good, as any offline verifier would.
    pub(crate) async fn verify(&self, token: &str, now: u64) -> Result<Claims, Error> {
        let claims = self.verify_signature(token).await.ok_or(Error::Caller(Caller::SessionInvalid))?;
        if claims.exp > now / 1000 { Ok(claims) } else { Err(Error::Caller(Caller::SessionInvalid)) }
    }

    /// Checks an access token of whatever age, which is enough to end its session.
    pub(crate) async fn verify_signature(&self, token: &str) -> Option<Claims> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let digest = Sha256::digest(token).into();
        if let Some(claims) = self.ports.verified(|known| known.claims(&digest)) {
            return Some(claims);
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let header: Header = decode(header)?;
        let key = self.config.signing_keys.iter().find(|key| key.public.kid == header.kid)?;
        if header.alg != ALGORITHM || header.typ != TYPE {
            return None;
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        if !self.ports.verify(&key.public, message.as_bytes(), &signature).await {
            return None;
        }
        let claims: Claims = decode(claims)?;
        let app = self.config.app(&claims.client_id)?;
        if claims.iss != self.config.issuer || claims.aud != app.audience {
            return None;
        }
        self.ports.verified(|known| known.keep(digest, claims.clone()));
        Some(claims)
    }

    fn seal(&self, app: &App, subject: &Subject, n: i64, now: u64) -> String {
        let token = RefreshToken {
            appid: app.appid.as_str().to_owned(),
            openid: subject.openid.as_str().to_owned(),
            unionid: subject.unionid.as_ref().map(|unionid| unionid.as_str().to_owned()),
            sid: subject.sid.clone(),
            auth: subject.auth,
            n,
            iat: now,
        };
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(&token).unwrap_or_default());
        let blob = self.config.sealer.seal(Purpose::Refresh, "refresh", random(self.ports), &plain);
        URL_SAFE_NO_PAD.encode(blob)
    }

    /// Opens a refresh token of `app`. Whether its session lives is for the store to say.
    pub(crate) fn unseal(&self, app: &App, token: &str) -> Option<(RefreshToken, Subject)> {
        self.unseal_any(token).filter(|(token, _)| token.appid == app.appid.as_str())
    }

    /// Opens a refresh token of any app; the token names it.
    pub(crate) fn unseal_any(&self, token: &str) -> Option<(RefreshToken, Subject)> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let blob = URL_SAFE_NO_PAD.decode(token).ok()?;
        let plain = self.config.sealer.open(Purpose::Refresh, "refresh", &blob)?;
        let token: RefreshToken = stored::parse(&plain)?;
        let subject = Subject {
            openid: OpenId::parse(&token.openid).ok()?,
            unionid: token.unionid.as_deref().and_then(|unionid| UnionId::parse(unionid).ok()),
            sid: token.sid.clone(),
            auth: token.auth,
        };
        Some((token, subject))
    }
}

fn encode(value: &impl Serialize) -> String {
    // Our own types of strings and numbers always serialise.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap_or_default())
}

fn decode<T: Stored>(part: &str) -> Option<T> {
    stored::parse(&URL_SAFE_NO_PAD.decode(part).ok()?)
}
