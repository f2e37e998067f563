//! `GET /account` and `DELETE /account`: shows or erases the data stored about the caller.

use super::caller;
use super::context::Flow;
use super::erase::erase_user;
use super::sessions::{LIST_MAX, listed};
use crate::edge::audit::Audit;
use crate::edge::error::Error;
use crate::edge::http::Response;
use crate::edge::http::wire::Account;
use crate::edge::ports::Ports;

/// Shows the stored data. Of keys it shows only that they exist.
pub(crate) async fn show<P: Ports>(flow: &Flow<'_, P>) -> Result<Response, Error> {
    let caller = caller::authenticate_with_key(flow).await?;
    let (sessions, more) = flow.records().sessions(&caller.user, LIST_MAX).await?;
    let account = Account {
        client_id: caller.app.appid.as_str().to_owned(),
        openid: caller.openid.as_str().to_owned(),
        unionid: caller.found.session.as_ref().and_then(|session| session.unionid.clone()),
        sessions: listed(&caller, sessions, flow.now),
        more,
        session_key_stored: caller.found.newest_key.is_some(),
        revoked_before: caller.found.revoked_before.map(|ms| ms / 1000),
    };
    Ok(Response::json(200, &account))
}

/// Ends all sessions and erases the stored data.
pub(crate) async fn erase<P: Ports>(flow: &Flow<'_, P>) -> Result<Response, Error> {
    let caller = caller::authenticate(flow).await?;
    erase_user(flow, caller.app, &caller.user, &caller.found, Some((&caller.sid, caller.auth))).await?;
    let (client_id, user) = (caller.app.appid.as_str(), caller.user.as_str());
    flow.ports.audit(&Audit::AccountErase { client_id, user });
    Ok(Response::no_content())
}
