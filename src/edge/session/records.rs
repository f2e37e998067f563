//! The records of sessions in the store: their names, contents and lifetimes (`docs/storage.md`).
//!
//! A write that grants never rewrites or deletes a record that revokes. A session (`s1`) and its tombstone (`x1`) therefore
//! have keys of their own, and a late write of one does not undo the other.

use crate::edge::config::Config;
use crate::edge::config::app::App;
use crate::edge::config::seal::Purpose;
use crate::edge::error::StoreFailure;
use crate::edge::ident::{Sid, UserName};
use crate::edge::ports::{Page, Ports, Put, random};
use crate::edge::stored::{self, Stored};
use crate::wechat::{AppId, Object, OpenId, SessionKey};
use core::fmt;
use serde::Serialize;
use std::collections::BTreeSet;
use zeroize::Zeroizing;

/// The shortest lifetime that KV accepts.
const MIN_TTL_S: u64 = 60;
/// Grace in which the last refresh token is still accepted. A tombstone outlives its session by it.
pub(crate) const GRACE_S: u64 = 120;
/// Delay after which a rotation appears in the list of sessions, far longer than the grace.
const LISTING_DELAY_MS: u64 = 3_600_000;
const DAY_MS: u64 = 86_400_000;

/// The kinds of records that a lookup reads.
const KINDS: [&str; 4] = ["s1", "e1", "x1", "k1"];

/// Prefix of the names of all `s1` of a user.
pub(super) fn sessions_prefix(user: &UserName) -> String {
    format!("s1:{}:", user.as_str())
}

fn tombstones_prefix(user: &UserName) -> String {
    format!("x1:{}:", user.as_str())
}

/// Name of an `s1`.
pub(super) fn session_name(user: &UserName, sid: &Sid) -> String {
    sessions_prefix(user) + sid.as_str()
}

/// Name of an `x1`.
pub(super) fn tombstone_name(user: &UserName, sid: &Sid) -> String {
    tombstones_prefix(user) + sid.as_str()
}

/// Name of a `k1`.
pub(super) fn key_name(user: &UserName) -> String {
    format!("k1:{}", user.as_str())
}

fn revoked_before_name(user: &UserName) -> String {
    format!("e1:{}", user.as_str())
}

/// The content of `s1`. It changes by optional fields only, so that records of older versions open, and records of newer
/// versions open after a rollback.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct SessionRecord {
    /// The highest refresh generation that was presented; −1 after a login.
    pub(crate) g: i64,
    /// Time at which it was first presented, ms since 1970.
    pub(crate) t: u64,
    /// Time of the login, ms since 1970.
    pub(crate) auth: u64,
    /// The session_key of that login.
    session_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unionid: Option<String>,
    /// The session's name in the user's list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// Time of the last rotation at least [`LISTING_DELAY_MS`] before `t`, ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    earlier: Option<u64>,
}

impl Stored for SessionRecord {
    fn read(fields: &Object) -> Option<Self> {
        Some(Self {
            g: fields.integer("g")?,
            t: fields.number("t")?,
            auth: fields.number("auth")?,
            session_key: fields.owned("session_key"),
            unionid: fields.owned("unionid"),
            label: fields.owned("label"),
            earlier: fields.number("earlier"),
        })
    }
}

impl SessionRecord {
    /// A record without unionid and label.
    pub(crate) fn new(g: i64, t: u64, auth: u64, session_key: Option<&SessionKey>) -> Self {
        Self { g, t, auth, session_key: session_key.map(|key| key.reveal().to_owned()), ..Self::default() }
    }

    /// The session_key of the login, if the record has one.
    pub(crate) fn session_key(&self) -> Option<SessionKey> {
        SessionKey::parse(self.session_key.as_deref()?).ok()
    }

    /// Sets `unionid` and `label`.
    pub(crate) fn named(self, unionid: Option<String>, label: Option<String>) -> Self {
        Self { unionid, label, ..self }
    }

    /// The record after a rotation to generation `g` at `t`, ms since 1970.
    pub(crate) fn rotated(self, g: i64, t: u64) -> Self {
        let earlier = if t.saturating_sub(self.t) >= LISTING_DELAY_MS { Some(self.t) } else { self.earlier };
        Self { g, t, earlier, ..self }
    }

    /// The day of the last rotation that is at least an hour old, or of the login if there is none; ms since 1970. A list
    /// that showed rotations immediately would tell the holder of a stolen token when to present it within the grace.
    pub(crate) fn last_seen(&self, now: u64) -> u64 {
        let is_old = now.saturating_sub(self.t) >= LISTING_DELAY_MS;
        let seen = if is_old { self.t } else { self.earlier.unwrap_or(self.auth) };
        seen - seen % DAY_MS
    }
}

impl fmt::Debug for SessionRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionRecord {{ g: {}, t: {}, auth: {} }}", self.g, self.t, self.auth)
    }
}

/// The records of one session, as one read found them. A record that was not requested counts as missing.
#[derive(Debug, Clone, Default)]
pub(crate) struct SessionLookup {
    /// `s1`. A record that does not open counts as missing.
    pub(crate) session: Option<SessionRecord>,
    /// Whether `x1` exists, readable or not.
    pub(crate) tombstoned: bool,
    /// `e1`: sessions that began at or before this time have ended, ms since 1970. A record that does not open ends all.
    pub(crate) revoked_before: Option<u64>,
    /// `k1`.
    pub(crate) newest_key: Option<SessionKey>,
    /// Kinds of the records that exist and do not open: altered, copied, or sealed under a key that is gone.
    pub(crate) unreadable: Vec<&'static str>,
}

impl SessionLookup {
    /// Whether the tokens of the login at `auth`, ms since 1970, are revoked. `auth` must be the token's own: a later login
    /// with the same session id does not revive older tokens.
    pub(crate) fn is_revoked(&self, auth: u64) -> bool {
        self.tombstoned || self.revoked_before.is_some_and(|before| auth <= before)
    }
}

/// Access to the records of one deployment.
pub(crate) struct Records<'a, P> {
    pub(crate) ports: &'a P,
    pub(crate) config: &'a Config,
}

impl<P: Ports> Records<'_, P> {
    /// The name of the user with this openid in this app.
    pub(crate) fn user(&self, appid: &AppId, openid: &OpenId) -> UserName {
        UserName::new(&self.config.name_key, appid, openid)
    }

    /// Reads `s1`, `e1` and `x1` in one round trip.
    pub(crate) async fn find(&self, user: &UserName, sid: &Sid) -> Result<SessionLookup, StoreFailure> {
        self.look_up(&[session_name(user, sid), revoked_before_name(user), tombstone_name(user, sid)]).await
    }

    /// Reads `s1`, `e1`, `x1` and `k1` in one round trip.
    pub(crate) async fn find_with_key(&self, user: &UserName, sid: &Sid) -> Result<SessionLookup, StoreFailure> {
        let names = [session_name(user, sid), revoked_before_name(user), tombstone_name(user, sid), key_name(user)];
        self.look_up(&names).await
    }

    /// Reads `k1`.
    pub(crate) async fn find_key(&self, user: &UserName) -> Result<SessionLookup, StoreFailure> {
        self.look_up(&[key_name(user)]).await
    }

    /// Reads `e1` and, for a session, `x1`.
    pub(crate) async fn find_revocation(
        &self,
        user: &UserName,
        sid: Option<&Sid>,
    ) -> Result<SessionLookup, StoreFailure> {
        let tombstone = sid.map(|sid| tombstone_name(user, sid));
        let names: Vec<String> = core::iter::once(revoked_before_name(user)).chain(tombstone).collect();
        self.look_up(&names).await
    }

    async fn look_up(&self, names: &[String]) -> Result<SessionLookup, StoreFailure> {
        let mut found = SessionLookup::default();
        for (name, blob) in names.iter().zip(self.ports.get(names).await?) {
            let Some(blob) = blob else { continue };
            let body = self.open(name, &blob);
            let kind = KINDS.into_iter().find(|kind| name.starts_with(kind)).unwrap_or_default();
            match kind {
                "s1" => found.session = body.as_ref().and_then(|body| stored::parse(body)),
                "k1" => found.newest_key = body.as_ref().and_then(|body| parse_key(body)),
                "e1" => found.revoked_before = Some(parse_revoked_before(body.as_ref())),
                _ => found.tombstoned = true,
            }
            if body.is_none() && kind != "x1" {
                found.unreadable.push(kind);
            }
        }
        Ok(found)
    }

    /// Lists the living sessions of the user, newest login first, at most `max`, and whether there are more.
    pub(crate) async fn sessions(
        &self,
        user: &UserName,
        max: usize,
    ) -> Result<(Vec<(Sid, SessionRecord)>, bool), StoreFailure> {
        let (sessions, tombstones) = (sessions_prefix(user), tombstones_prefix(user));
        let Page { mut names, next } = self.ports.list(&sessions, None).await?;
        let ended = self.ports.list(&tombstones, None).await?;
        // Both pages are ordered by session id. A page of tombstones that is not the last covers the ids up to its own
        // last one only.
        let covered = ended.next.as_ref().and(ended.names.last()).and_then(|name| name.strip_prefix(&tombstones));
        let is_covered = |sid: &str| covered.is_none_or(|last| sid <= last);
        let tombstoned: BTreeSet<_> = ended.names.iter().filter_map(|name| name.strip_prefix(&tombstones)).collect();
        names.retain(|name| {
            name.strip_prefix(&sessions).is_some_and(|sid| is_covered(sid) && !tombstoned.contains(sid))
        });
        let more = names.len() > max || next.is_some() || ended.next.is_some();
        names.truncate(max);
        names.push(revoked_before_name(user));
        let mut blobs = self.ports.get(&names).await?;
        let revoked_before = names.pop().zip(blobs.pop().flatten());
        let revoked_before = revoked_before.map(|(name, blob)| parse_revoked_before(self.open(&name, &blob).as_ref()));
        let read = |(name, blob): (&String, Option<Vec<u8>>)| {
            let sid = Sid::try_from(name.strip_prefix(&sessions)?.to_owned()).ok()?;
            let record: SessionRecord = stored::parse(&self.open(name, &blob?)?)?;
            revoked_before.is_none_or(|before| record.auth > before).then_some((sid, record))
        };
        let mut living: Vec<_> = names.iter().zip(blobs).filter_map(read).collect();
        // Ordered by login: an order by rotations would show when they happened.
        living.sort_unstable_by_key(|(_, record)| core::cmp::Reverse(record.auth));
        Ok((living, more))
    }

    /// The write of a session record at `now`, ms since 1970.
    pub(crate) fn session(&self, app: &App, user: &UserName, sid: &Sid, record: &SessionRecord, now: u64) -> Put {
        let ttl_s = app.ttl.idle_s.min(app.session_left_s(record.auth, now));
        self.put(session_name(user, sid), &serde_json::to_vec(record).unwrap_or_default(), ttl_s)
    }

    /// The write of a tombstone. It lives as long as a token of the session could, counted from now, because the session's
    /// age is not always known.
    pub(crate) fn tombstone(&self, app: &App, user: &UserName, sid: &Sid) -> Put {
        self.put(tombstone_name(user, sid), b"", app.ttl.session_s + GRACE_S)
    }

    /// The write of `e1`, which ends every session that began at or before `end`, ms since 1970.
    pub(super) fn revoked_before(&self, app: &App, user: &UserName, end: u64) -> Put {
        let body = serde_json::to_vec(&end).unwrap_or_default();
        self.put(revoked_before_name(user), &body, app.ttl.session_s + GRACE_S)
    }

    /// The write of the user's newest session_key.
    pub(crate) fn key(&self, app: &App, user: &UserName, key: &SessionKey) -> Put {
        self.put(key_name(user), key.reveal().as_bytes(), app.ttl.idle_s.min(app.ttl.session_s))
    }

    fn put(&self, key: String, plain: &[u8], ttl_s: u64) -> Put {
        let value = self.config.sealer.seal(Purpose::Record, &key, random(self.ports), plain);
        Put { key, value, ttl_s: ttl_s.max(MIN_TTL_S) }
    }

    /// Opens the value of a record; `None` on any failure.
    pub(super) fn open(&self, name: &str, blob: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.config.sealer.open(Purpose::Record, name, blob)
    }
}

fn parse_key(body: &[u8]) -> Option<SessionKey> {
    SessionKey::parse(core::str::from_utf8(body).ok()?).ok()
}

/// The time in an `e1`, ms since 1970. A record that cannot be read ends all sessions.
fn parse_revoked_before(body: Option<&Zeroizing<Vec<u8>>>) -> u64 {
    body.and_then(|body| core::str::from_utf8(body).ok()?.parse().ok()).unwrap_or(u64::MAX)
}
