//! `GET /session`, `GET /sessions`, `DELETE /sessions/{id}`, `DELETE /sessions`: whether the caller's
//! session lives, the caller's devices, log out one, log out everywhere.

use super::{Authenticated, Flow};
use crate::edge::error::{Caller, Error};
use crate::edge::http::Response;
use crate::edge::ports::Ports;
use crate::edge::records::{SessionRecord, Sid};
use crate::edge::wire::{Session, Sessions};

/// As many as are read for one list: a Worker of the free plan has 50 subrequests.
pub(crate) const LISTED: usize = 32;

impl<P: Ports> Flow<'_, P> {
    /// 204 while the caller's session lives, for proxies that check a token before they pass a request on.
    pub(crate) async fn session(&self) -> Result<Response, Error> {
        self.authenticate().await?;
        Ok(Response::no_content())
    }

    pub(crate) async fn sessions(&self) -> Result<Response, Error> {
        let caller = self.authenticate().await?;
        let (sessions, more) = self.records().sessions(&caller.user, LISTED).await?;
        Ok(Response::json(200, &Sessions { sessions: shown(&caller, sessions), more }))
    }

    pub(crate) async fn end_session(&self, id: &str) -> Result<Response, Error> {
        let caller = self.authenticate().await?;
        let sid = Sid::try_from(id.to_owned()).map_err(|_| Error::Caller(Caller::NotFound))?;
        // Whether there is such a session the store may not know yet; in its user's name, no other is met.
        self.ports.put(&[self.records().tombstone(caller.app, &caller.user, &sid)]).await?;
        Ok(Response::no_content())
    }

    pub(crate) async fn end_sessions(&self) -> Result<Response, Error> {
        let caller = self.authenticate().await?;
        self.ports.put(&[self.records().everywhere(caller.app, &caller.user, self.now)]).await?;
        Ok(Response::no_content())
    }
}

pub(crate) fn shown(caller: &Authenticated<'_>, sessions: Vec<(Sid, SessionRecord)>) -> Vec<Session> {
    let session = |(id, record): (Sid, SessionRecord)| Session {
        current: id == caller.sid,
        id,
        label: record.label,
        logged_in_at: record.auth / 1000,
        refreshed_at: record.t / 1000,
    };
    sessions.into_iter().map(session).collect()
}
