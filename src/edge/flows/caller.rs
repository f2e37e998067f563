//! Authentication: the app, the user or the backend that a request speaks for.

use super::context::Flow;
use crate::edge::config::app::App;
use crate::edge::config::backends::Backend;
use crate::edge::error::{Caller, Error};
use crate::edge::http::{Basic, cors};
use crate::edge::ident::{Sid, UserName};
use crate::edge::isolate::Guesser;
use crate::edge::ports::Ports;
use crate::edge::session::records::SessionLookup;
use crate::edge::upstream;
use crate::wechat::{OpenId, SessionKey};

const INVALID: Error = Error::Caller(Caller::SessionInvalid);

/// The user and session of a valid access token, with the session's records.
pub(super) struct Authenticated<'a> {
    pub(super) app: &'a App,
    pub(super) openid: OpenId,
    pub(super) user: UserName,
    pub(super) sid: Sid,
    /// Time of the login, ms since 1970.
    pub(super) auth: u64,
    pub(super) found: SessionLookup,
}

impl Authenticated<'_> {
    /// Adds the records; fails if the session is revoked.
    fn with(self, found: SessionLookup) -> Result<Self, Error> {
        if found.is_revoked(self.auth) { Err(INVALID) } else { Ok(Self { found, ..self }) }
    }

    /// The session's own key, then the user's newest if it differs.
    pub(super) fn session_keys(&self) -> Vec<SessionKey> {
        let own = self.found.session.as_ref().and_then(|session| session.session_key());
        let newest = self.found.newest_key.clone();
        let same = own.as_ref().zip(newest.as_ref()).is_some_and(|(own, newest)| own.reveal() == newest.reveal());
        own.into_iter().chain(newest.filter(|_| !same)).collect()
    }
}

/// The app that `client_id` names. A public client has no other credentials. Libraries without support for public
/// clients send the appid by HTTP Basic with an empty secret (RFC 6749 §2.3.1).
pub(super) fn client<'a, P: Ports>(flow: &Flow<'a, P>, client_id: &str) -> Result<&'a App, Error> {
    const UNKNOWN: Error = Error::Caller(Caller::ClientUnknown);
    let basic = flow.request.basic();
    let client_id = match basic.as_ref().and_then(Basic::pair) {
        Some((id, "")) if client_id.is_empty() || client_id == id => id,
        Some(_) => return Err(UNKNOWN),
        None => client_id,
    };
    admit(flow, flow.config.app(client_id).ok_or(UNKNOWN)?)
}

/// Checks the Origin of the request against the app's.
fn admit<'a, P: Ports>(flow: &Flow<'a, P>, app: &'a App) -> Result<&'a App, Error> {
    if cors::admits(flow.config, app, flow.request) { Ok(app) } else { Err(Error::Caller(Caller::OriginNotAllowed)) }
}

/// The caller of a request with a valid access token, within the user's limit. All failures give the same answer.
pub(super) async fn authenticate<'a, P: Ports>(flow: &Flow<'a, P>) -> Result<Authenticated<'a>, Error> {
    let caller = bearer(flow).await?;
    let found = flow.find(caller.app, &caller.user, &caller.sid).await?;
    caller.with(found)
}

/// Like [`authenticate`], with the user's newest session_key.
pub(super) async fn authenticate_with_key<'a, P: Ports>(flow: &Flow<'a, P>) -> Result<Authenticated<'a>, Error> {
    let caller = bearer(flow).await?;
    let found = flow.find_with_key(caller.app, &caller.user, &caller.sid).await?;
    caller.with(found)
}

/// The caller by the bearer token alone, before the store is read.
async fn bearer<'a, P: Ports>(flow: &Flow<'a, P>) -> Result<Authenticated<'a>, Error> {
    let token = flow.request.bearer().ok_or(INVALID)?;
    let claims = flow.tokens().verify(token, flow.now).await?;
    let openid = OpenId::parse(&claims.sub).map_err(|_| INVALID)?;
    let app = admit(flow, flow.config.app(&claims.client_id).ok_or(INVALID)?)?;
    let user = flow.records().user(&app.appid, &openid);
    flow.limit_user("call", &user).await?;
    Ok(Authenticated { app, openid, user, sid: claims.sid, auth: claims.auth, found: SessionLookup::default() })
}

/// The backend of an HTTP Basic header. Some clients percent-encode id and secret (RFC 6749 §2.3.1), some do not; both
/// are accepted. Wrong guesses are counted.
pub(super) fn backend<'a, P: Ports>(flow: &Flow<'a, P>) -> Result<&'a Backend, Error> {
    const UNKNOWN: Error = Error::Caller(Caller::BackendUnknown);
    let basic = flow.request.basic().ok_or(UNKNOWN)?;
    let (id, secret) = basic.pair().ok_or(UNKNOWN)?;
    let decoded_id = form_decoded(id);
    // All encoded spellings of an id count as one guesser.
    let counted = decoded_id.as_deref().unwrap_or(id);
    let guesser = flow.request.address.as_deref().map(|address| Guesser::new(address, counted));
    if guesser.is_some_and(|guesser| flow.ports.guesses(|guesses| guesses.is_locked(guesser, flow.now))) {
        return Err(Error::Caller(Caller::RateLimited));
    }
    let decoded = || {
        let secret = zeroize::Zeroizing::new(form_decoded(secret)?);
        flow.config.backend(decoded_id.as_deref()?, &secret)
    };
    flow.config.backend(id, secret).or_else(decoded).ok_or_else(|| {
        if let Some(guesser) = guesser {
            flow.ports.guesses(|guesses| guesses.add(guesser, flow.now));
        }
        UNKNOWN
    })
}

/// The app with this appid, if it lists the backend.
pub(super) fn app_of<'a, P: Ports>(flow: &Flow<'a, P>, backend: &Backend, appid: &str) -> Option<&'a App> {
    flow.config.app(appid).filter(|app| backend.serves(&app.appid))
}

/// Decides whether an expired session_key is the cause of `failure`, a failed decryption or signature check. It asks
/// WeChat about the key only, so that the answer reveals nothing about the data. If WeChat does not answer, the result
/// is `failure`.
pub(super) async fn classify_key_failure<P: Ports>(
    flow: &Flow<'_, P>,
    caller: &Authenticated<'_>,
    failure: Caller,
) -> Error {
    let Some(key) = caller.session_keys().into_iter().last() else {
        return Error::Caller(Caller::SessionKeyStale(None));
    };
    let reason = match failure {
        Caller::DecryptFailed(reason) => Some(reason),
        _ => None,
    };
    let dead = upstream::is_key_dead(flow.ports, flow.config, caller.app, &caller.openid, &key).await;
    Error::Caller(if dead == Ok(true) { Caller::SessionKeyStale(reason) } else { failure })
}

/// Form-decodes one name or value. `None` if it contains a separator, which an encoder would have encoded.
fn form_decoded(text: &str) -> Option<String> {
    let whole = !text.contains(['&', '=']);
    let mut pairs = form_urlencoded::parse(text.as_bytes());
    pairs.next().filter(|_| whole).map(|(name, _)| name.into_owned())
}
