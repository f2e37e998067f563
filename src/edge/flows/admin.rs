//! `POST /admin/revoke` and `POST /admin/erase`: an app's backend ends the sessions of a user by openid (a stolen phone) or
//! erases the user. Both are idempotent.

use super::caller;
use super::context::Flow;
use super::erase::erase_user;
use crate::edge::audit::Audit;
use crate::edge::config::app::App;
use crate::edge::config::backends::Backend;
use crate::edge::error::{Caller, Error};
use crate::edge::http::Response;
use crate::edge::http::wire::{AdminRequest, Done};
use crate::edge::ident::UserName;
use crate::edge::ports::Ports;
use crate::wechat::OpenId;

/// Ends all sessions of the user.
pub(crate) async fn revoke<P: Ports>(flow: &Flow<'_, P>) -> Result<Response, Error> {
    let backend = caller::backend(flow)?;
    let (app, user) = user_of(flow, backend)?;
    let known = flow.records().find_revocation(&user, None).await?;
    flow.revocations().revoke_all(app, &user, &known, 0).await?;
    let (client_id, user) = (app.appid.as_str(), user.as_str());
    flow.ports.audit(&Audit::AdminRevoke { backend: &backend.id, client_id, user });
    Ok(Response::json(200, &Done {}))
}

/// Erases the user.
pub(crate) async fn erase<P: Ports>(flow: &Flow<'_, P>) -> Result<Response, Error> {
    let backend = caller::backend(flow)?;
    let (app, user) = user_of(flow, backend)?;
    let known = flow.records().find_revocation(&user, None).await?;
    erase_user(flow, app, &user, &known, None).await?;
    let (client_id, user) = (app.appid.as_str(), user.as_str());
    flow.ports.audit(&Audit::AdminErase { backend: &backend.id, client_id, user });
    Ok(Response::json(200, &Done {}))
}

/// The app and user that the body names; the app must list the backend.
fn user_of<'a, P: Ports>(flow: &Flow<'a, P>, backend: &Backend) -> Result<(&'a App, UserName), Error> {
    let AdminRequest { client_id, openid } = flow.request.json()?;
    let app = caller::app_of(flow, backend, &client_id).ok_or(Error::Caller(Caller::AppForeign))?;
    let openid = OpenId::parse(&openid).map_err(|_| Error::Caller(Caller::ParameterMalformed("openid")))?;
    Ok((app, flow.records().user(&app.appid, &openid)))
}
