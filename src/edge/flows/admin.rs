//! `POST /admin/revoke` and `POST /admin/erase`: an app's backend ends the sessions of a user by openid (a stolen phone) or
//! erases the user. Both are idempotent.

use super::context::Flow;
use crate::edge::audit::Audit;
use crate::edge::config::app::App;
use crate::edge::config::backends::Backend;
use crate::edge::error::{Caller, Error};
use crate::edge::http::Response;
use crate::edge::http::wire::{AdminRequest, Done};
use crate::edge::ident::UserName;
use crate::edge::ports::Ports;
use crate::wechat::OpenId;

impl<'a, P: Ports> Flow<'a, P> {
    /// Ends all sessions of the user.
    pub(crate) async fn admin_revoke(&self) -> Result<Response, Error> {
        let backend = self.backend()?;
        let (app, user) = self.user_of(backend)?;
        let known = self.records().find_revocation(&user, None).await?;
        self.revocations().revoke_all(app, &user, &known, 0).await?;
        let (client_id, user) = (app.appid.as_str(), user.as_str());
        self.ports.audit(&Audit::AdminRevoke { backend: &backend.id, client_id, user });
        Ok(Response::json(200, &Done {}))
    }

    /// Erases the user.
    pub(crate) async fn admin_erase(&self) -> Result<Response, Error> {
        let backend = self.backend()?;
        let (app, user) = self.user_of(backend)?;
        let known = self.records().find_revocation(&user, None).await?;
        self.erase(app, &user, &known, None).await?;
        let (client_id, user) = (app.appid.as_str(), user.as_str());
        self.ports.audit(&Audit::AdminErase { backend: &backend.id, client_id, user });
        Ok(Response::json(200, &Done {}))
    }

    /// The app and user that the body names; the app must list the backend.
    fn user_of(&self, backend: &Backend) -> Result<(&'a App, UserName), Error> {
        let AdminRequest { client_id, openid } = self.request.json()?;
        let app = self.app_of(backend, &client_id).ok_or(Error::Caller(Caller::AppForeign))?;
        let openid = OpenId::parse(&openid).map_err(|_| Error::Caller(Caller::ParameterMalformed("openid")))?;
        Ok((app, self.records().user(&app.appid, &openid)))
    }
}
