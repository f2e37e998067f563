//! Writes that end sessions, and how a write that grants is undone where it met such an end on its way.
//!
//! An end (`e1`, `x1`) is written first and whatever it ends is deleted afterwards. A login or a rotation writes its
//! record first and reads the ends afterwards. Where reads are current, one of the two therefore sees the other.

use crate::edge::config::App;
use crate::edge::ports::{Ports, Put, StoreFailure};
use crate::edge::session::records::{
    Found, Records, SessionRecord, Sid, UserName, key_name, session_name, sessions_prefix, tombstone_name,
};
use crate::edge::stored;

/// Operations at once. Workers allows 1,000 in one request; an erasure that needs more fails, and goes on where it is repeated.
const BATCH: usize = 100;

/// The session record of a rotation, written after the answer.
#[derive(Debug, Clone)]
pub(crate) struct LateSession {
    put: Put,
    user: UserName,
    /// When the user logged in, ms.
    auth: u64,
}

impl<P: Ports> Records<'_, P> {
    pub(crate) fn late_session(
        &self,
        app: &App,
        user: UserName,
        sid: &Sid,
        record: &SessionRecord,
        now: u64,
    ) -> LateSession {
        LateSession { put: self.session(app, &user, sid, record, now), user, auth: record.auth }
    }

    /// Writes the record, and removes it again where all sessions were ended meanwhile.
    pub(crate) async fn write_late(&self, late: &LateSession) -> Result<(), StoreFailure> {
        self.ports.put(core::slice::from_ref(&late.put)).await?;
        if self.find_revocation(&late.user, None).await?.is_revoked(late.auth) {
            self.ports.delete(core::slice::from_ref(&late.put.key)).await?;
        }
        Ok(())
    }

    /// Ends every session that has begun by now, and the login at `auth` in any case. `known` is what was read of the
    /// user before: an end is never set back, also where the clock of another location is ahead.
    pub(crate) async fn end_all(
        &self,
        app: &App,
        user: &UserName,
        known: &Found,
        auth: u64,
    ) -> Result<(), StoreFailure> {
        // One that does not open ends all for as long as it is there; it is replaced.
        let known = known.revoked_before.filter(|end| *end != u64::MAX).unwrap_or_default();
        let end = self.ports.now_ms().max(known).max(auth);
        self.ports.put(&[self.everywhere(app, user, end)]).await
    }

    /// Ends each session whose last login was by `end`, by its own tombstone: an `e1` of a time that is past could replace
    /// a later one.
    pub(crate) async fn end_begun_by(&self, app: &App, user: &UserName, end: u64) -> Result<(), StoreFailure> {
        let prefix = sessions_prefix(user);
        let mut after = None;
        loop {
            let page = self.ports.list(&prefix, after.as_deref()).await?;
            let sids = page.names.iter().filter_map(|name| Sid::try_from(name.strip_prefix(&prefix)?.to_owned()).ok());
            for sids in sids.collect::<Vec<_>>().chunks(BATCH / 2) {
                let names = sids.iter().flat_map(|sid| [session_name(user, sid), tombstone_name(user, sid)]);
                let names: Vec<String> = names.collect();
                let blobs = self.ports.get(&names).await?;
                let ends = |(name, blobs): (&String, &[Option<Vec<u8>>])| {
                    let [session, None] = blobs else { return false };
                    let body = session.as_ref().and_then(|blob| self.open(name, blob));
                    let record: Option<SessionRecord> = body.and_then(|body| stored::parse(&body));
                    record.is_none_or(|record| record.auth <= end)
                };
                let sessions = names.iter().step_by(2).zip(blobs.chunks(2)).zip(sids);
                let puts: Vec<Put> = sessions
                    .filter(|(session, _)| ends(*session))
                    .map(|(_, sid)| self.tombstone(app, user, sid))
                    .collect();
                if !puts.is_empty() {
                    self.ports.put(&puts).await?;
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// Deletes what grants: sessions, among them `own` whether it is listed or not, and the key. What revokes stays until
    /// the last token is dead.
    pub(crate) async fn erase(&self, user: &UserName, own: Option<&Sid>) -> Result<(), StoreFailure> {
        let mut known: Vec<String> = own.map(|sid| session_name(user, sid)).into_iter().collect();
        known.push(key_name(user));
        let mut after = None;
        loop {
            let page = self.ports.list(&sessions_prefix(user), after.as_deref()).await?;
            let mut names = page.names;
            names.retain(|name| !known.contains(name));
            names.append(&mut known);
            for batch in names.chunks(BATCH) {
                self.ports.delete(batch).await?;
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// Whether the login at `auth`, whose records `puts` are written, was ended meanwhile. Its records are gone then.
    pub(crate) async fn was_ended(
        &self,
        user: &UserName,
        sid: Option<&Sid>,
        auth: u64,
        puts: &[Put],
    ) -> Result<bool, StoreFailure> {
        let ended = self.find_revocation(user, sid).await?.is_revoked(auth);
        if ended {
            let names: Vec<String> = puts.iter().map(|put| put.key.clone()).collect();
            self.ports.delete(&names).await?;
        }
        Ok(ended)
    }
}
