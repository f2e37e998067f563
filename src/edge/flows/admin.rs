//! `POST /admin/revoke` and `POST /admin/erase`: for an app's backend, by openid: a stolen phone, a
//! wish to be forgotten. Both may be repeated.

use super::Flow;
use crate::edge::audit::Audit;
use crate::edge::config::App;
use crate::edge::error::{Caller, Error};
use crate::edge::http::Response;
use crate::edge::ports::Ports;
use crate::edge::records::UserName;
use crate::edge::wire::{AdminRequest, Done};
use crate::wechat::OpenId;
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// A backend that said who it is, and the apps it may ask about.
pub(crate) struct Backend<'a> {
    id: String,
    pub(crate) apps: Vec<&'a App>,
}

impl<'a, P: Ports> Flow<'a, P> {
    pub(crate) async fn admin_revoke(&self) -> Result<Response, Error> {
        let backend = self.backend()?;
        let (app, user) = self.named(&backend)?;
        self.ports.put(&[self.records().everywhere(app, &user, self.now)]).await?;
        let (client_id, user) = (app.appid.as_str(), user.as_str());
        self.ports.audit(&Audit::AdminRevoke { backend: &backend.id, client_id, user });
        Ok(Response::json(200, &Done {}))
    }

    pub(crate) async fn admin_erase(&self) -> Result<Response, Error> {
        let backend = self.backend()?;
        let (app, user) = self.named(&backend)?;
        self.erase(app, &user).await?;
        let (client_id, user) = (app.appid.as_str(), user.as_str());
        self.ports.audit(&Audit::AdminErase { backend: &backend.id, client_id, user });
        Ok(Response::json(200, &Done {}))
    }

    /// Ends everything first, so that what is deleted cannot come back; then deletes.
    pub(crate) async fn erase(&self, app: &App, user: &UserName) -> Result<(), Error> {
        let records = self.records();
        self.ports.put(&[records.everywhere(app, user, self.now)]).await?;
        Ok(records.erase(user).await?)
    }

    /// The backend of an HTTP Basic header. Some clients percent-encode id and secret, as RFC 6749
    /// §2.3.1 wants; some do not.
    pub(crate) fn backend(&self) -> Result<Backend<'a>, Error> {
        const UNKNOWN: Error = Error::Caller(Caller::BackendUnknown);
        let header = self.request.authorization.as_deref().unwrap_or_default();
        let (scheme, encoded) = header.split_once(' ').ok_or(UNKNOWN)?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(UNKNOWN);
        }
        let pair = STANDARD.decode(encoded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let pair = zeroize::Zeroizing::new(pair.ok_or(UNKNOWN)?);
        let (id, secret) = pair.split_once(':').ok_or(UNKNOWN)?;
        for (id, secret) in [(id.to_owned(), secret.to_owned()), (form_decoded(id), form_decoded(secret))] {
            let apps: Vec<_> = self.config.apps.iter().filter(|app| app.has_backend(&id, &secret)).collect();
            if !apps.is_empty() {
                return Ok(Backend { id, apps });
            }
        }
        Err(UNKNOWN)
    }

    fn named(&self, backend: &Backend<'a>) -> Result<(&'a App, UserName), Error> {
        let AdminRequest { client_id, openid } = self.request.json()?;
        let app = backend.apps.iter().find(|app| app.appid.as_str() == client_id);
        let app = app.ok_or(Error::Caller(Caller::AppForeign))?;
        let openid = OpenId::parse(&openid).map_err(|_| Error::Caller(Caller::ParameterMalformed("openid")))?;
        Ok((app, self.records().user(&app.appid, &openid)))
    }
}

/// One name or value of a form, decoded.
fn form_decoded(text: &str) -> String {
    // A separator cannot be in an encoded name, so what is before it is all there is.
    form_urlencoded::parse(text.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}
