//! `GET /session`, `GET /sessions`, `DELETE /sessions/{id}`, `DELETE /sessions`: whether the caller's
//! session lives, the caller's devices, log out one, log out everywhere.

use super::{Authenticated, Flow};
use crate::edge::error::{Caller, Error};
use crate::edge::http::Response;
use crate::edge::http::wire::{Session, Sessions};
use crate::edge::ports::Ports;
use crate::edge::session::records::{SessionRecord, Sid};

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
        Ok(Response::json(200, &Sessions { sessions: shown(&caller, sessions, self.now), more }))
    }

    pub(crate) async fn end_session(&self, id: &str) -> Result<Response, Error> {
        let caller = self.authenticate().await?;
        let sid = Sid::try_from(id.to_owned()).map_err(|_| Error::Caller(Caller::NotFound))?;
        // Looked up first: a tombstone is kept for 30 days, and any id may be asked for. In the caller's own name, no
        // session of another user is met.
        let found = self.find(caller.app, &caller.user, &sid).await?;
        if !found.buried {
            found.session.ok_or(Error::Caller(Caller::NotFound))?;
            self.ports.put(&[self.records().tombstone(caller.app, &caller.user, &sid)]).await?;
        }
        Ok(Response::no_content())
    }

    pub(crate) async fn end_sessions(&self) -> Result<Response, Error> {
        let caller = self.authenticate().await?;
        self.records().end_all(caller.app, &caller.user, &caller.found, caller.auth).await?;
        Ok(Response::no_content())
    }
}

pub(crate) fn shown(caller: &Authenticated<'_>, sessions: Vec<(Sid, SessionRecord)>, now: u64) -> Vec<Session> {
    let session = |(id, record): (Sid, SessionRecord)| Session {
        current: id == caller.sid,
        id,
        refreshed_at: record.last_seen(now) / 1000,
        label: record.label,
        logged_in_at: record.auth / 1000,
    };
    sessions.into_iter().map(session).collect()
}
