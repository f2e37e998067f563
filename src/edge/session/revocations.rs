//! Writes that end sessions, and the removal of a session record that was written while its session was being ended.
//!
//! A revocation writes `e1` or `x1` first and deletes afterwards. A login or a rotation writes its record first and reads
//! `e1` and `x1` afterwards. If reads are current, one of the two therefore sees the other.

use super::records::{Records, SessionLookup, SessionRecord, key_name, session_name, sessions_prefix, tombstone_name};
use crate::edge::config::app::App;
use crate::edge::error::StoreFailure;
use crate::edge::ident::{Sid, UserName};
use crate::edge::ports::{Ports, Put};
use crate::edge::stored;

/// Operations per round trip. Workers allows 1,000 operations in one request; an erasure that needs more fails, and
/// continues when it is repeated.
const BATCH: usize = 100;

/// The write of a rotated session record, which follows the response.
#[derive(Debug, Clone)]
pub(crate) struct DeferredWrite {
    put: Put,
    user: UserName,
    /// Time of the login, ms since 1970.
    auth: u64,
}

impl DeferredWrite {
    /// The write of this session record at `now`, ms since 1970.
    pub(crate) fn new<P: Ports>(
        records: &Records<'_, P>,
        app: &App,
        user: UserName,
        sid: &Sid,
        record: &SessionRecord,
        now: u64,
    ) -> Self {
        Self { put: records.session(app, &user, sid, record, now), user, auth: record.auth }
    }

    /// Writes the record, and deletes it if all sessions of the user were ended in the meantime.
    pub(crate) async fn write<P: Ports>(&self, records: &Records<'_, P>) -> Result<(), StoreFailure> {
        let Self { put, user, auth } = self;
        records.ports.put(core::slice::from_ref(put)).await?;
        if records.find_revocation(user, None).await?.is_revoked(*auth) {
            records.ports.delete(core::slice::from_ref(&put.key)).await?;
        }
        Ok(())
    }
}

/// Access to the revocations of one deployment.
pub(crate) struct Revocations<'a, P> {
    pub(crate) records: Records<'a, P>,
}

impl<P: Ports> Revocations<'_, P> {
    /// Ends every session of the user that began by now, and in any case the login at `auth`, ms since 1970. `known` is an
    /// earlier read of the user's records: a known end is never lowered, even if the clock of another location is ahead.
    pub(crate) async fn revoke_all(
        &self,
        app: &App,
        user: &UserName,
        known: &SessionLookup,
        auth: u64,
    ) -> Result<(), StoreFailure> {
        // u64::MAX stands for an `e1` that does not open. It ends all sessions while it exists, and is replaced here.
        let known = known.revoked_before.filter(|end| *end != u64::MAX).unwrap_or_default();
        let end = self.records.ports.now_ms().max(known).max(auth);
        self.records.ports.put(&[self.records.revoked_before(app, user, end)]).await
    }

    /// Ends each session whose last login was at or before `end`, ms since 1970, by a tombstone of its own: an `e1` with a
    /// time in the past could replace a later one.
    pub(crate) async fn revoke_begun_by(&self, app: &App, user: &UserName, end: u64) -> Result<(), StoreFailure> {
        let prefix = sessions_prefix(user);
        let mut after = None;
        loop {
            let page = self.records.ports.list(&prefix, after.as_deref()).await?;
            let sids = page.names.iter().filter_map(|name| Sid::try_from(name.strip_prefix(&prefix)?.to_owned()).ok());
            for sids in sids.collect::<Vec<_>>().chunks(BATCH / 2) {
                let names = sids.iter().flat_map(|sid| [session_name(user, sid), tombstone_name(user, sid)]);
                let names: Vec<String> = names.collect();
                let blobs = self.records.ports.get(&names).await?;
                let ends = |(name, blobs): (&String, &[Option<Vec<u8>>])| {
                    let [session, None] = blobs else { return false };
                    let body = session.as_ref().and_then(|blob| self.records.open(name, blob));
                    let record: Option<SessionRecord> = body.and_then(|body| stored::parse(&body));
                    record.is_none_or(|record| record.auth <= end)
                };
                let sessions = names.iter().step_by(2).zip(blobs.chunks(2)).zip(sids);
                let puts: Vec<Put> = sessions
                    .filter(|(session, _)| ends(*session))
                    .map(|(_, sid)| self.records.tombstone(app, user, sid))
                    .collect();
                if !puts.is_empty() {
                    self.records.ports.put(&puts).await?;
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// Deletes the records that grant: the user's key and all sessions, including `own` even if it is not listed yet. The
    /// records that revoke stay until the last token has expired.
    pub(crate) async fn erase(&self, user: &UserName, own: Option<&Sid>) -> Result<(), StoreFailure> {
        let mut known: Vec<String> = own.map(|sid| session_name(user, sid)).into_iter().collect();
        known.push(key_name(user));
        let mut after = None;
        loop {
            let page = self.records.ports.list(&sessions_prefix(user), after.as_deref()).await?;
            let mut names = page.names;
            names.retain(|name| !known.contains(name));
            names.append(&mut known);
            for batch in names.chunks(BATCH) {
                self.records.ports.delete(batch).await?;
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// Whether the login at `auth`, ms since 1970, was revoked after its records `puts` were written. If it was, deletes
    /// them.
    pub(crate) async fn was_revoked(
        &self,
        user: &UserName,
        sid: Option<&Sid>,
        auth: u64,
        puts: &[Put],
    ) -> Result<bool, StoreFailure> {
        let revoked = self.records.find_revocation(user, sid).await?.is_revoked(auth);
        if revoked {
            let names: Vec<String> = puts.iter().map(|put| put.key.clone()).collect();
            self.records.ports.delete(&names).await?;
        }
        Ok(revoked)
    }
}
