//! What the endpoints do, one file a use case. A flow takes what was parsed and gives a
//! [`Response`] or an [`Error`].

mod account;
mod admin;

pub(crate) mod authorization_code;
pub(crate) mod exchange;
mod introspect;
mod metadata;
mod open_data;
mod phone;
mod push;
pub(crate) mod refresh;
pub(crate) mod revoke;
mod sessions;
mod user_info;
mod web_login;

use crate::edge::audit::Audit;
use crate::edge::config::{App, Config};
use crate::edge::error::{Caller, Error};
use crate::edge::http::cors;
use crate::edge::http::wire::{TokenReply, TokenRequest};
use crate::edge::http::{Basic, Request, Response};
use crate::edge::ports::{Limit, Ports};
use crate::edge::session::records::{Found, Records, Sid, UserName};
use crate::edge::session::tokens::Tokens;
use crate::edge::upstream;
use crate::wechat::{OpenId, SessionKey};

/// What every flow has at hand.
pub(crate) struct Flow<'a, P> {
    pub(crate) ports: &'a P,
    pub(crate) config: &'a Config,
    pub(crate) request: &'a Request,
    /// When the request arrived, ms.
    pub(crate) now: u64,
}

/// What the token endpoint answers. No token has a scope, and a client that asked for one has to be told
/// (RFC 6749 §3.3).
pub(crate) fn issued(reply: TokenReply, scope: Option<String>) -> Response {
    let reply = TokenReply { scope: scope.map(|_| ""), ..reply };
    // RFC 6749 §5.1, for caches of HTTP/1.0.
    Response::json(200, &reply).header("pragma", "no-cache")
}

/// Who sent a bearer token, with what the store knows of the session.
pub(crate) struct Authenticated<'a> {
    pub(crate) app: &'a App,
    pub(crate) openid: OpenId,
    pub(crate) user: UserName,
    pub(crate) sid: Sid,
    /// When the user logged in, ms.
    pub(crate) auth: u64,
    pub(crate) found: Found,
}

impl<'a, P: Ports> Flow<'a, P> {
    pub(crate) fn new(ports: &'a P, config: &'a Config, request: &'a Request) -> Self {
        Self { ports, config, request, now: ports.now_ms() }
    }

    pub(crate) fn records(&self) -> Records<'a, P> {
        Records { ports: self.ports, config: self.config }
    }

    pub(crate) fn tokens(&self) -> Tokens<'a, P> {
        Tokens { ports: self.ports, config: self.config }
    }

    /// `POST /oauth/token`, by grant.
    pub(crate) async fn token(&self) -> Result<Response, Error> {
        let request: TokenRequest = self.request.json_or_form()?;
        let app = self.client(&request.client_id)?;
        match request.grant_type.as_str() {
            exchange::GRANT_TYPE => self.exchange(app, request).await,
            authorization_code::GRANT_TYPE => self.web_exchange(app, request).await,
            "refresh_token" => self.refresh(app, request).await,
            _ => Err(Error::Caller(Caller::GrantTypeUnsupported)),
        }
    }

    /// The app named by `client_id`; a public client proves nothing more. Libraries that know no public
    /// clients name it by HTTP Basic with an empty secret (RFC 6749 §2.3.1). An app has no other secret here.
    pub(crate) fn client(&self, client_id: &str) -> Result<&'a App, Error> {
        const UNKNOWN: Error = Error::Caller(Caller::ClientUnknown);
        let basic = self.request.basic();
        let client_id = match basic.as_ref().and_then(Basic::pair) {
            Some((id, "")) if client_id.is_empty() || client_id == id => id,
            Some(_) => return Err(UNKNOWN),
            None => client_id,
        };
        self.admit(self.config.app(client_id).ok_or(UNKNOWN)?)
    }

    /// Whether the page that asks, if it is one, is the app's.
    fn admit(&self, app: &'a App) -> Result<&'a App, Error> {
        if cors::admits(self.config, app, self.request) {
            Ok(app)
        } else {
            Err(Error::Caller(Caller::OriginNotAllowed))
        }
    }

    pub(crate) async fn limit(&self, limit: Limit, key: &str) -> Result<(), Error> {
        if self.ports.allows(limit, key).await { Ok(()) } else { Err(Error::Caller(Caller::RateLimited)) }
    }

    /// The limit of calls with an access token, and that of revocations. Each is counted apart from logins
    /// and refreshes: a token of an ended session must not use up what its user needs to log in.
    pub(crate) async fn limit_user(&self, what: &'static str, user: &UserName) -> Result<(), Error> {
        self.limit(Limit::User, &format!("{}:{what}", user.as_str())).await
    }

    /// Reads one session's records; those that do not open are audited.
    pub(crate) async fn find(&self, app: &App, user: &UserName, sid: &Sid) -> Result<Found, Error> {
        let found = self.records().find(user, sid).await?;
        Ok(self.audited(app, user, found))
    }

    /// The same, with the user's newest session_key.
    pub(crate) async fn find_with_key(&self, app: &App, user: &UserName, sid: &Sid) -> Result<Found, Error> {
        let found = self.records().find_with_key(user, sid).await?;
        Ok(self.audited(app, user, found))
    }

    pub(crate) fn audited(&self, app: &App, user: &UserName, found: Found) -> Found {
        for record in &found.unreadable {
            let (client_id, user) = (app.appid.as_str(), user.as_str());
            self.ports.audit(&Audit::RecordUnreadable { client_id, user, record });
        }
        found
    }

    /// Something did not open or verify: is that the key's doing? WeChat is asked about the key,
    /// so the answer tells nothing about the data; where WeChat is silent, it is `failure`.
    pub(crate) async fn blame(&self, caller: &Authenticated<'_>, failure: Caller) -> Error {
        let Some(key) = caller.session_keys().into_iter().last() else {
            return Error::Caller(Caller::SessionKeyStale(None));
        };
        let reason = match failure {
            Caller::DecryptFailed(reason) => Some(reason),
            _ => None,
        };
        let dead = upstream::is_key_dead(self.ports, self.config, caller.app, &caller.openid, &key).await;
        Error::Caller(if dead == Ok(true) { Caller::SessionKeyStale(reason) } else { failure })
    }

    /// The session a request speaks for, within its user's limit. Every way in which it does not is one answer.
    pub(crate) async fn authenticate(&self) -> Result<Authenticated<'a>, Error> {
        let caller = self.bearer().await?;
        let found = self.find(caller.app, &caller.user, &caller.sid).await?;
        caller.with(found)
    }

    /// The same, with the user's newest session_key.
    pub(crate) async fn authenticate_with_key(&self) -> Result<Authenticated<'a>, Error> {
        let caller = self.bearer().await?;
        let found = self.find_with_key(caller.app, &caller.user, &caller.sid).await?;
        caller.with(found)
    }

    /// The session of the bearer token, of which the store was not asked yet.
    async fn bearer(&self) -> Result<Authenticated<'a>, Error> {
        let token = self.request.bearer().ok_or(INVALID)?;
        let claims = self.tokens().verify(token, self.now).await?;
        let openid = OpenId::parse(&claims.sub).map_err(|_| INVALID)?;
        let app = self.admit(self.config.app(&claims.client_id).ok_or(INVALID)?)?;
        let user = self.records().user(&app.appid, &openid);
        self.limit_user("call", &user).await?;
        Ok(Authenticated { app, openid, user, sid: claims.sid, auth: claims.auth, found: Found::default() })
    }
}

const INVALID: Error = Error::Caller(Caller::SessionInvalid);

impl Authenticated<'_> {
    fn with(self, found: Found) -> Result<Self, Error> {
        if found.is_revoked(self.auth) { Err(INVALID) } else { Ok(Self { found, ..self }) }
    }

    /// The session's own key, then the user's newest, if that is another.
    pub(crate) fn session_keys(&self) -> Vec<SessionKey> {
        let own = self.found.session.as_ref().and_then(|session| session.session_key());
        let newest = self.found.newest_key.clone();
        let same = own.as_ref().zip(newest.as_ref()).is_some_and(|(own, newest)| own.reveal() == newest.reveal());
        own.into_iter().chain(newest.filter(|_| !same)).collect()
    }
}
