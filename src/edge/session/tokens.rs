//! Access and refresh tokens. The access token is a JWT that anyone can verify with the JWKS (RFC 9068). The refresh token
//! is sealed and carries its own proof, so that a stale or missing record does not log an honest client out.

use crate::edge::config::Config;
use crate::edge::config::app::App;
use crate::edge::config::seal::Purpose;
use crate::edge::error::{Caller, Error};
use crate::edge::ident::{Claims, Sid};
use crate::edge::ports::{Ports, random};
use crate::edge::stored::{self, Stored};
use crate::wechat::{Object, OpenId, UnionId};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use core::fmt;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// RFC 9068 §2.1.
const TYPE: &str = "at+jwt";
const ALGORITHM: &str = "ES256";
/// Maximum length of a token. A refresh token with the longest unionid has about 400 characters.
const MAX_TOKEN: usize = 2048;

/// The user and session of a token.
#[derive(Clone)]
pub(crate) struct Subject {
    pub(crate) openid: OpenId,
    pub(crate) unionid: Option<UnionId>,
    pub(crate) sid: Sid,
    /// Time of the login, ms since 1970.
    pub(crate) auth: u64,
}

/// The JOSE header of an access token.
#[derive(Serialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// The content of a refresh token.
#[derive(Clone, Serialize)]
pub(crate) struct RefreshToken {
    pub(crate) appid: String,
    openid: String,
    pub(crate) unionid: Option<String>,
    pub(crate) sid: Sid,
    /// Time of the login, ms since 1970.
    pub(crate) auth: u64,
    /// Generation: its number in the rotation.
    pub(crate) n: i64,
    /// Issue time, ms since 1970.
    pub(crate) iat: u64,
}

/// A new pair of tokens.
pub(crate) struct IssuedTokens {
    /// A JWT.
    pub(crate) access_token: String,
    /// Lifetime of the access token, seconds.
    pub(crate) expires_in: u64,
    /// A sealed [`RefreshToken`] as base64url.
    pub(crate) refresh_token: String,
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

/// Issues, verifies and opens the tokens of one deployment.
pub(crate) struct TokenIssuer<'a, P> {
    pub(crate) ports: &'a P,
    pub(crate) config: &'a Config,
}

impl<P: Ports> TokenIssuer<'_, P> {
    /// Issues an access token and the refresh token of generation `n` at `now`, ms since 1970.
    pub(crate) async fn issue(&self, app: &App, subject: &Subject, n: i64, now: u64) -> Result<IssuedTokens, Error> {
        // An access token does not outlive its session.
        let expires_in = app.ttl.access_s.min(app.session_left_s(subject.auth, now));
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
        let access_token = self.sign(&claims).await?;
        Ok(IssuedTokens { access_token, expires_in, refresh_token: self.seal(app, subject, n, now) })
    }

    async fn sign(&self, claims: &Claims) -> Result<String, Error> {
        let key = self.config.signing_keys.first().ok_or(Error::Us("no signing key"))?;
        let header = Header { alg: ALGORITHM.to_owned(), typ: TYPE.to_owned(), kid: key.public.kid.clone() };
        let message = format!("{}.{}", encode(&header), encode(claims));
        let signature = self.ports.sign(key, message.as_bytes()).await.ok_or(Error::Us("signing failed"))?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Verifies an access token and its expiry at `now`, ms since 1970, as an offline verifier does.
    pub(crate) async fn verify(&self, token: &str, now: u64) -> Result<Claims, Error> {
        let claims = self.verify_signature(token).await.ok_or(Error::Caller(Caller::SessionInvalid))?;
        if claims.exp > now / 1000 { Ok(claims) } else { Err(Error::Caller(Caller::SessionInvalid)) }
    }

    /// Verifies an access token except for its expiry. An expired token may still end its session.
    pub(crate) async fn verify_signature(&self, token: &str) -> Option<Claims> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let digest = Sha256::digest(token).into();
        if let Some(claims) = self.ports.verified_claims(|cache| cache.get(&digest)) {
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
        self.ports.verified_claims(|cache| cache.insert(digest, claims.clone()));
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

    /// Opens a refresh token of `app`. Whether its session is alive, the store decides.
    pub(crate) fn unseal(&self, app: &App, token: &str) -> Option<(RefreshToken, Subject)> {
        self.unseal_any(token).filter(|(token, _)| token.appid == app.appid.as_str())
    }

    /// Opens a refresh token of any app.
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
    // Headers and claims consist of strings and numbers, which always serialize.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap_or_default())
}

fn decode<T: Stored>(part: &str) -> Option<T> {
    stored::parse(&URL_SAFE_NO_PAD.decode(part).ok()?)
}
