//! The request of a flow with its ports, and the steps that most flows share.

use crate::edge::audit::Audit;
use crate::edge::config::Config;
use crate::edge::config::app::App;
use crate::edge::error::{Caller, Error};
use crate::edge::http::Request;
use crate::edge::ident::{Sid, UserName};
use crate::edge::ports::{Limit, Ports};
use crate::edge::session::records::{Records, SessionLookup};
use crate::edge::session::revocations::Revocations;
use crate::edge::session::tokens::TokenIssuer;

/// A request under way.
pub(crate) struct Flow<'a, P> {
    pub(crate) ports: &'a P,
    pub(crate) config: &'a Config,
    pub(crate) request: &'a Request,
    /// Arrival of the request, ms since 1970.
    pub(crate) now: u64,
}

impl<'a, P: Ports> Flow<'a, P> {
    /// The flow of a request that arrives now.
    pub(crate) fn new(ports: &'a P, config: &'a Config, request: &'a Request) -> Self {
        Self { ports, config, request, now: ports.now_ms() }
    }

    /// The records in the store.
    pub(super) fn records(&self) -> Records<'a, P> {
        Records { ports: self.ports, config: self.config }
    }

    /// The revocations in the store.
    pub(super) fn revocations(&self) -> Revocations<'a, P> {
        Revocations { records: self.records() }
    }

    /// The issuer of tokens.
    pub(super) fn tokens(&self) -> TokenIssuer<'a, P> {
        TokenIssuer { ports: self.ports, config: self.config }
    }

    /// Counts a request against a rate limit.
    pub(super) async fn limit(&self, limit: Limit, key: &str) -> Result<(), Error> {
        if self.ports.allows(limit, key).await { Ok(()) } else { Err(Error::Caller(Caller::RateLimited)) }
    }

    /// Counts a `"call"` with an access token, or a `"revoke"`. Both are counted apart from logins and refreshes, so that a
    /// token of an ended session cannot use up the limit that its user needs to log in.
    pub(super) async fn limit_user(&self, action: &'static str, user: &UserName) -> Result<(), Error> {
        self.limit(Limit::User, &format!("{}:{action}", user.as_str())).await
    }

    /// Counts a login from the caller's address, if it is known.
    pub(super) async fn limit_address(&self, app: &App) -> Result<(), Error> {
        match &self.request.address {
            Some(address) => self.limit(Limit::Address, &format!("{}:{address}", app.appid.as_str())).await,
            None => Ok(()),
        }
    }

    /// Reads the records of one session; audits those that do not open.
    pub(super) async fn find(&self, app: &App, user: &UserName, sid: &Sid) -> Result<SessionLookup, Error> {
        let found = self.records().find(user, sid).await?;
        Ok(self.audited(app, user, found))
    }

    /// Reads the records of one session and the user's newest session_key; audits those that do not open.
    pub(super) async fn find_with_key(&self, app: &App, user: &UserName, sid: &Sid) -> Result<SessionLookup, Error> {
        let found = self.records().find_with_key(user, sid).await?;
        Ok(self.audited(app, user, found))
    }

    /// Audits the records of a lookup that do not open.
    pub(super) fn audited(&self, app: &App, user: &UserName, found: SessionLookup) -> SessionLookup {
        for record in &found.unreadable {
            let (client_id, user) = (app.appid.as_str(), user.as_str());
            self.ports.audit(&Audit::RecordUnreadable { client_id, user, record });
        }
        found
    }
}
