//! `GET /account` and `DELETE /account`: shows or erases the data stored about the caller.

use super::context::Flow;
use super::sessions::{LIST_MAX, listed};
use crate::edge::audit::Audit;
use crate::edge::error::Error;
use crate::edge::http::Response;
use crate::edge::http::wire::Account;
use crate::edge::ports::Ports;

impl<P: Ports> Flow<'_, P> {
    /// Shows the stored data. Of keys it shows only that they exist.
    pub(crate) async fn account(&self) -> Result<Response, Error> {
        let caller = self.authenticate_with_key().await?;
        let (sessions, more) = self.records().sessions(&caller.user, LIST_MAX).await?;
        let account = Account {
            client_id: caller.app.appid.as_str().to_owned(),
            openid: caller.openid.as_str().to_owned(),
            unionid: caller.found.session.as_ref().and_then(|session| session.unionid.clone()),
            sessions: listed(&caller, sessions, self.now),
            more,
            session_key_stored: caller.found.newest_key.is_some(),
            revoked_before: caller.found.revoked_before.map(|ms| ms / 1000),
        };
        Ok(Response::json(200, &account))
    }

    /// Ends all sessions and erases the stored data.
    pub(crate) async fn erase_account(&self) -> Result<Response, Error> {
        let caller = self.authenticate().await?;
        self.erase(caller.app, &caller.user, &caller.found, Some((&caller.sid, caller.auth))).await?;
        let (client_id, user) = (caller.app.appid.as_str(), caller.user.as_str());
        self.ports.audit(&Audit::AccountErase { client_id, user });
        Ok(Response::no_content())
    }
}
