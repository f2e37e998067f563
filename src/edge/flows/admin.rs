//! `POST /admin/revoke` and `POST /admin/erase`: for an app's backend, by openid: a stolen phone, a
//! wish to be forgotten. Both may be repeated.

use super::Flow;
use crate::edge::audit::Audit;
use crate::edge::config::{App, Backend};
use crate::edge::error::{Caller, Error};
use crate::edge::guesses::Guesser;
use crate::edge::http::Response;
use crate::edge::http::wire::{AdminRequest, Done};
use crate::edge::ports::Ports;
use crate::edge::session::records::{Found, Sid, UserName};
use crate::wechat::OpenId;

impl<'a, P: Ports> Flow<'a, P> {
    pub(crate) async fn admin_revoke(&self) -> Result<Response, Error> {
        let backend = self.backend()?;
        let (app, user) = self.named(backend)?;
        let known = self.records().find_revocation(&user, None).await?;
        self.records().end_all(app, &user, &known, 0).await?;
        let (client_id, user) = (app.appid.as_str(), user.as_str());
        self.ports.audit(&Audit::AdminRevoke { backend: &backend.id, client_id, user });
        Ok(Response::json(200, &Done {}))
    }

    pub(crate) async fn admin_erase(&self) -> Result<Response, Error> {
        let backend = self.backend()?;
        let (app, user) = self.named(backend)?;
        let known = self.records().find_revocation(&user, None).await?;
        self.erase(app, &user, &known, None).await?;
        let (client_id, user) = (app.appid.as_str(), user.as_str());
        self.ports.audit(&Audit::AdminErase { backend: &backend.id, client_id, user });
        Ok(Response::json(200, &Done {}))
    }

    /// Ends everything first, so that what is deleted cannot come back; then deletes. `own` is the session of a caller,
    /// and when it began.
    pub(crate) async fn erase(
        &self,
        app: &App,
        user: &UserName,
        known: &Found,
        own: Option<(&Sid, u64)>,
    ) -> Result<(), Error> {
        let records = self.records();
        records.end_all(app, user, known, own.map_or(0, |(_, auth)| auth)).await?;
        Ok(records.erase(user, own.map(|(sid, _)| sid)).await?)
    }

    /// The backend of an HTTP Basic header. Some clients percent-encode id and secret, as RFC 6749
    /// §2.3.1 wants; some do not. Wrong guesses are counted.
    pub(crate) fn backend(&self) -> Result<&'a Backend, Error> {
        const UNKNOWN: Error = Error::Caller(Caller::BackendUnknown);
        let basic = self.request.basic().ok_or(UNKNOWN)?;
        let (id, secret) = basic.pair().ok_or(UNKNOWN)?;
        let decoded_id = form_decoded(id);
        // One id has many encoded spellings, and they are counted as one.
        let counted = decoded_id.as_deref().unwrap_or(id);
        let guesser = self.request.address.as_deref().map(|address| Guesser::new(address, counted));
        if guesser.is_some_and(|guesser| self.ports.guesses(|guesses| guesses.are_over(guesser, self.now))) {
            return Err(Error::Caller(Caller::RateLimited));
        }
        let decoded = || {
            let secret = zeroize::Zeroizing::new(form_decoded(secret)?);
            self.config.backend(decoded_id.as_deref()?, &secret)
        };
        self.config.backend(id, secret).or_else(decoded).ok_or_else(|| {
            if let Some(guesser) = guesser {
                self.ports.guesses(|guesses| guesses.add(guesser, self.now));
            }
            UNKNOWN
        })
    }

    /// The app, if it is one of the backend's.
    pub(crate) fn app_of(&self, backend: &Backend, appid: &str) -> Option<&'a App> {
        self.config.app(appid).filter(|app| backend.serves(&app.appid))
    }

    fn named(&self, backend: &Backend) -> Result<(&'a App, UserName), Error> {
        let AdminRequest { client_id, openid } = self.request.json()?;
        let app = self.app_of(backend, &client_id).ok_or(Error::Caller(Caller::AppForeign))?;
        let openid = OpenId::parse(&openid).map_err(|_| Error::Caller(Caller::ParameterMalformed("openid")))?;
        Ok((app, self.records().user(&app.appid, &openid)))
    }
}

/// One name or value of a form, decoded. `None` with a separator in it: an encoder would have encoded that.
fn form_decoded(text: &str) -> Option<String> {
    let whole = !text.contains(['&', '=']);
    let mut pairs = form_urlencoded::parse(text.as_bytes());
    pairs.next().filter(|_| whole).map(|(name, _)| name.into_owned())
}
