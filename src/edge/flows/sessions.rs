//! `GET /session`, `GET /sessions`, `DELETE /sessions/{id}` and `DELETE /sessions`: checks the caller's session, lists the
//! caller's sessions, ends one, ends all.

use super::caller::{self, Authenticated};
use super::context::Flow;
use crate::edge::error::{Caller, Error};
use crate::edge::http::Response;
use crate::edge::http::wire::{Session, Sessions};
use crate::edge::ident::Sid;
use crate::edge::ports::Ports;
use crate::edge::session::records::SessionRecord;

/// Maximum number of sessions in a list. Each is one read, and a Worker of the free plan has 50 subrequests.
pub(super) const LIST_MAX: usize = 32;

/// Answers 204 if the caller's session is alive, for proxies that check a token before they pass a request on.
pub(crate) async fn check<P: Ports>(flow: &Flow<'_, P>) -> Result<Response, Error> {
    caller::authenticate(flow).await?;
    Ok(Response::no_content())
}

/// Lists the caller's sessions.
pub(crate) async fn list<P: Ports>(flow: &Flow<'_, P>) -> Result<Response, Error> {
    let caller = caller::authenticate(flow).await?;
    let (sessions, more) = flow.records().sessions(&caller.user, LIST_MAX).await?;
    Ok(Response::json(200, &Sessions { sessions: listed(&caller, sessions, flow.now), more }))
}

/// Ends one session of the caller.
pub(crate) async fn end<P: Ports>(flow: &Flow<'_, P>, id: &str) -> Result<Response, Error> {
    let caller = caller::authenticate(flow).await?;
    let sid = Sid::try_from(id.to_owned()).map_err(|_| Error::Caller(Caller::NotFound))?;
    // The session is looked up first, because a tombstone is stored for 30 days and the caller may send any id. The
    // lookup is by the caller's own name, so it cannot find a session of another user.
    let found = flow.find(caller.app, &caller.user, &sid).await?;
    if !found.tombstoned {
        found.session.ok_or(Error::Caller(Caller::NotFound))?;
        flow.ports.put(&[flow.records().tombstone(caller.app, &caller.user, &sid)]).await?;
    }
    Ok(Response::no_content())
}

/// Ends all sessions of the caller.
pub(crate) async fn end_all<P: Ports>(flow: &Flow<'_, P>) -> Result<Response, Error> {
    let caller = caller::authenticate(flow).await?;
    flow.revocations().revoke_all(caller.app, &caller.user, &caller.found, caller.auth).await?;
    Ok(Response::no_content())
}

/// The sessions as replies show them.
pub(super) fn listed(caller: &Authenticated<'_>, sessions: Vec<(Sid, SessionRecord)>, now: u64) -> Vec<Session> {
    let session = |(id, record): (Sid, SessionRecord)| Session {
        current: id == caller.sid,
        id,
        refreshed_at: record.last_seen(now) / 1000,
        label: record.label,
        logged_in_at: record.auth / 1000,
    };
    sessions.into_iter().map(session).collect()
}
