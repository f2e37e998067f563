//! What the endpoints do, one file a use case. A flow takes what was parsed and gives a
//! [`Response`](super::http::Response) or an [`Error`](super::error::Error).

pub(crate) mod exchange;
pub(crate) mod metadata;
pub(crate) mod open_data;
pub(crate) mod phone;
pub(crate) mod refresh;
pub(crate) mod revoke;
pub(crate) mod user_info;

use super::config::{App, Config};
use super::error::{Caller, Error};
use super::http::{Params, Request};
use super::ports::Ports;
use super::records::{Found, Records};
use super::tokens::Tokens;
use super::upstream;
use crate::wechat::{AppId, OpenId, SessionKey};

/// What every flow has at hand.
pub(crate) struct Flow<'a, P> {
    pub(crate) ports: &'a P,
    pub(crate) config: &'a Config,
    /// When the request arrived, ms.
    pub(crate) now: u64,
}

/// Who sent a bearer token, with what the store knows of the session.
pub(crate) struct Authenticated<'a> {
    pub(crate) app: &'a App,
    pub(crate) openid: OpenId,
    found: Found,
}

impl<'a, P: Ports> Flow<'a, P> {
    pub(crate) fn records(&self) -> Records<'a, P> {
        Records { ports: self.ports, config: self.config }
    }

    pub(crate) fn tokens(&self) -> Tokens<'a, P> {
        Tokens { ports: self.ports, config: self.config }
    }

    /// The app named by `client_id`; a public client proves nothing more.
    pub(crate) fn client(&self, params: &Params) -> Result<&'a App, Error> {
        let unknown = Error::Caller(Caller::ClientUnknown);
        let appid = params.get("client_id").and_then(|text| AppId::parse(text).ok()).ok_or(unknown.clone())?;
        self.config.apps.get(&appid).ok_or(unknown)
    }

    /// Something did not open or verify: is that the key's doing? WeChat is asked about the key,
    /// so the answer tells nothing about the data; where WeChat is silent, it is `failure`.
    pub(crate) async fn blame(&self, caller: &Authenticated<'_>, failure: Caller) -> Error {
        let Some(key) = caller.session_keys().into_iter().last() else {
            return Error::Caller(Caller::SessionKeyStale);
        };
        let dead = upstream::is_key_dead(self.ports, self.config, caller.app, &caller.openid, &key).await;
        Error::Caller(if dead == Ok(true) { Caller::SessionKeyStale } else { failure })
    }

    /// The session a request speaks for. Every way in which it does not is one answer.
    pub(crate) async fn authenticate(&self, request: &Request) -> Result<Authenticated<'a>, Error> {
        const INVALID: Error = Error::Caller(Caller::SessionInvalid);
        let header = request.authorization.as_deref().unwrap_or_default();
        let (scheme, token) = header.split_once(' ').ok_or(INVALID)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(INVALID);
        }
        let claims = self.tokens().verify(token.trim(), self.now).await?;
        let appid = AppId::parse(&claims.client_id).map_err(|_| INVALID)?;
        let openid = OpenId::parse(&claims.sub).map_err(|_| INVALID)?;
        let app = self.config.apps.get(&appid).ok_or(INVALID)?;
        let records = self.records();
        let found = records.find(&records.user(&appid, &openid), &claims.sid).await?;
        // Without its record, the session began no later than the token was issued.
        let auth = found.session.as_ref().map_or(claims.iat * 1000, |session| session.auth);
        if found.is_revoked(auth) { Err(INVALID) } else { Ok(Authenticated { app, openid, found }) }
    }
}

impl Authenticated<'_> {
    /// The session's own key, then the user's newest, if that is another.
    pub(crate) fn session_keys(&self) -> Vec<SessionKey> {
        let own = self.found.session.as_ref().and_then(|session| session.session_key());
        let newest = self.found.newest_key.clone();
        let same = own.as_ref().zip(newest.as_ref()).is_some_and(|(own, newest)| own.reveal() == newest.reveal());
        own.into_iter().chain(newest.filter(|_| !same)).collect()
    }
}
