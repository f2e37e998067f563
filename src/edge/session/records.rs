//! What is in KV, under which name, for how long (`docs/storage.md`).
//!
//! Nothing that revokes is ever rewritten or deleted by something that grants: a session (`s1`)
//! and its tombstone (`x1`) are two keys, so a late write of the one cannot undo the other.

use crate::edge::config::seal::Purpose;
use crate::edge::config::{App, Config, NameKey};
use crate::edge::ports::{Page, Ports, Put, StoreFailure, random};
use crate::edge::stored::{self, Stored};
use crate::wechat::{AppId, Object, OpenId, SessionKey};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use core::fmt;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use sha2::Sha256;
use std::collections::BTreeSet;
use zeroize::Zeroizing;

/// KV refuses a shorter TTL.
const MIN_TTL_S: u64 = 60;
/// A tombstone outlives what it buries by the grace of a refresh.
pub(crate) const GRACE_S: u64 = 120;
/// How long a rotation stays out of the lists of sessions. Far more than the grace.
const LAG_MS: u64 = 3_600_000;
const DAY_MS: u64 = 86_400_000;

/// A user of one app, as KV names show them: a keyed hash, so a dump names nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserName(String);

impl UserName {
    pub(crate) fn new(NameKey(key): &NameKey, appid: &AppId, openid: &OpenId) -> Self {
        // HMAC takes a key of any length, so the error has no way to occur.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&**key) else { return Self(String::new()) };
        mac.update(appid.as_str().as_bytes());
        mac.update(&[0]);
        mac.update(openid.as_str().as_bytes());
        let digest = mac.finalize().into_bytes();
        Self(URL_SAFE_NO_PAD.encode(digest.get(..16).unwrap_or_default()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A session's id: 16 random bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Sid(String);

impl Sid {
    pub(crate) fn new(bytes: [u8; 16]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Sid {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        match URL_SAFE_NO_PAD.decode(&text) {
            Ok(bytes) if bytes.len() == 16 => Ok(Self(text)),
            _ => Err("no session id"),
        }
    }
}

impl From<Sid> for String {
    fn from(sid: Sid) -> Self {
        sid.0
    }
}

/// The kinds of records that are read for a session.
const KINDS: [&str; 4] = ["s1", "e1", "x1", "k1"];

pub(super) fn sessions_prefix(user: &UserName) -> String {
    format!("s1:{}:", user.0)
}
fn tombstones_prefix(user: &UserName) -> String {
    format!("x1:{}:", user.0)
}
pub(super) fn session_name(user: &UserName, sid: &Sid) -> String {
    sessions_prefix(user) + &sid.0
}
pub(super) fn tombstone_name(user: &UserName, sid: &Sid) -> String {
    tombstones_prefix(user) + &sid.0
}
pub(super) fn key_name(user: &UserName) -> String {
    format!("k1:{}", user.0)
}
fn everywhere_name(user: &UserName) -> String {
    format!("e1:{}", user.0)
}

/// The body of `s1`. It grows by optional fields only: a record of an older version opens, and so
/// does one of a newer after a rollback.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct SessionRecord {
    /// The highest refresh generation that was presented; −1 after a login.
    pub(crate) g: i64,
    /// When it was first presented, ms.
    pub(crate) t: u64,
    /// When the user logged in, ms.
    pub(crate) auth: u64,
    /// The session_key of that login.
    session_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unionid: Option<String>,
    /// How the user's list of sessions names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// The last rotation that was [`LAG_MS`] older than `t` or more, ms.
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
    pub(crate) fn new(g: i64, t: u64, auth: u64, session_key: Option<&SessionKey>) -> Self {
        Self { g, t, auth, session_key: session_key.map(|key| key.reveal().to_owned()), ..Self::default() }
    }

    pub(crate) fn session_key(&self) -> Option<SessionKey> {
        SessionKey::parse(self.session_key.as_deref()?).ok()
    }

    /// The same, with what is told beside it.
    pub(crate) fn named(self, unionid: Option<String>, label: Option<String>) -> Self {
        Self { unionid, label, ..self }
    }

    pub(crate) fn rotated(self, g: i64, t: u64) -> Self {
        let earlier = if t.saturating_sub(self.t) >= LAG_MS { Some(self.t) } else { self.earlier };
        Self { g, t, earlier, ..self }
    }

    /// The day of the last rotation that is at least an hour old, ms; of the login where there is none. A list that
    /// showed a rotation as it happens would tell the holder of a stolen token when to present it within the grace.
    pub(crate) fn last_seen(&self, now: u64) -> u64 {
        let seen = if now.saturating_sub(self.t) >= LAG_MS { self.t } else { self.earlier.unwrap_or(self.auth) };
        seen - seen % DAY_MS
    }
}

impl fmt::Debug for SessionRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionRecord {{ g: {}, t: {}, auth: {} }}", self.g, self.t, self.auth)
    }
}

/// One session's records as they were read. A record that was not asked for counts as missing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    /// `s1`. A record that does not open counts as missing.
    pub(crate) session: Option<SessionRecord>,
    /// `x1`, whatever is in it.
    pub(crate) buried: bool,
    /// `e1`: sessions that began at or before this are over, ms. One that does not open ends all.
    pub(crate) revoked_before: Option<u64>,
    /// `k1`.
    pub(crate) newest_key: Option<SessionKey>,
    /// Which of them are there and do not open: altered, copied, or of a key that is gone.
    pub(crate) unreadable: Vec<&'static str>,
}

impl Found {
    /// Whether something revoked the tokens of the login at `auth`, ms. It is the token that says of which login it
    /// is: a later login with the same session id does not bring it back.
    pub(crate) fn is_revoked(&self, auth: u64) -> bool {
        self.buried || self.revoked_before.is_some_and(|before| auth <= before)
    }
}

/// The records of one deployment.
pub(crate) struct Records<'a, P> {
    pub(crate) ports: &'a P,
    pub(crate) config: &'a Config,
}

impl<P: Ports> Records<'_, P> {
    pub(crate) fn user(&self, appid: &AppId, openid: &OpenId) -> UserName {
        UserName::new(&self.config.name_key, appid, openid)
    }

    /// Everything about one session but the user's key, in one round trip.
    pub(crate) async fn find(&self, user: &UserName, sid: &Sid) -> Result<Found, StoreFailure> {
        self.look_up(&[session_name(user, sid), everywhere_name(user), tombstone_name(user, sid)]).await
    }

    /// Everything about one session, and the user's newest session_key.
    pub(crate) async fn find_with_key(&self, user: &UserName, sid: &Sid) -> Result<Found, StoreFailure> {
        let names = [session_name(user, sid), everywhere_name(user), tombstone_name(user, sid), key_name(user)];
        self.look_up(&names).await
    }

    /// The user's newest session_key alone.
    pub(crate) async fn find_key(&self, user: &UserName) -> Result<Found, StoreFailure> {
        self.look_up(&[key_name(user)]).await
    }

    /// The user's `e1`, and `x1` of the session if one is named.
    pub(crate) async fn find_revocation(&self, user: &UserName, sid: Option<&Sid>) -> Result<Found, StoreFailure> {
        let tombstone = sid.map(|sid| tombstone_name(user, sid));
        let names: Vec<String> = core::iter::once(everywhere_name(user)).chain(tombstone).collect();
        self.look_up(&names).await
    }

    async fn look_up(&self, names: &[String]) -> Result<Found, StoreFailure> {
        let mut found = Found::default();
        for (name, blob) in names.iter().zip(self.ports.get(names).await?) {
            let Some(blob) = blob else { continue };
            let body = self.open(name, &blob);
            let kind = KINDS.into_iter().find(|kind| name.starts_with(kind)).unwrap_or_default();
            match kind {
                "s1" => found.session = body.as_ref().and_then(|body| stored::parse(body)),
                "k1" => found.newest_key = body.as_ref().and_then(|body| parse_key(body)),
                "e1" => found.revoked_before = Some(end_of(body.as_ref())),
                // Whatever is in it.
                _ => found.buried = true,
            }
            if body.is_none() && kind != "x1" {
                found.unreadable.push(kind);
            }
        }
        Ok(found)
    }

    /// The user's living sessions, newest first, at most `max` of them, and whether there are more.
    pub(crate) async fn sessions(
        &self,
        user: &UserName,
        max: usize,
    ) -> Result<(Vec<(Sid, SessionRecord)>, bool), StoreFailure> {
        let (sessions, tombstones) = (sessions_prefix(user), tombstones_prefix(user));
        let Page { mut names, next } = self.ports.list(&sessions, None).await?;
        let buried = self.ports.list(&tombstones, None).await?;
        // Both pages are in the order of the ids, so a page of tombstones that is not the last one says nothing of
        // the ids behind its own.
        let known_until = buried.next.as_ref().and(buried.names.last()).and_then(|name| name.strip_prefix(&tombstones));
        let is_known = |sid: &str| known_until.is_none_or(|last| sid <= last);
        let is_buried: BTreeSet<_> = buried.names.iter().filter_map(|name| name.strip_prefix(&tombstones)).collect();
        names.retain(|name| name.strip_prefix(&sessions).is_some_and(|sid| is_known(sid) && !is_buried.contains(sid)));
        let more = names.len() > max || next.is_some() || buried.next.is_some();
        names.truncate(max);
        names.push(everywhere_name(user));
        let mut blobs = self.ports.get(&names).await?;
        let everywhere = names.pop().zip(blobs.pop().flatten());
        let everywhere = everywhere.map(|(name, blob)| end_of(self.open(&name, &blob).as_ref()));
        let read = |(name, blob): (&String, Option<Vec<u8>>)| {
            let sid = Sid::try_from(name.strip_prefix(&sessions)?.to_owned()).ok()?;
            let record: SessionRecord = stored::parse(&self.open(name, &blob?)?)?;
            everywhere.is_none_or(|before| record.auth > before).then_some((sid, record))
        };
        let mut living: Vec<_> = names.iter().zip(blobs).filter_map(read).collect();
        // By the login, since an order by rotations would tell of them.
        living.sort_unstable_by_key(|(_, record)| core::cmp::Reverse(record.auth));
        Ok((living, more))
    }

    pub(crate) fn session(&self, app: &App, user: &UserName, sid: &Sid, record: &SessionRecord, now: u64) -> Put {
        let ttl_s = app.ttl.idle_s.min(left_s(app, record.auth, now));
        self.put(session_name(user, sid), &serde_json::to_vec(record).unwrap_or_default(), ttl_s)
    }

    /// Buries a session, for as long as any token of it could live. Its age is not always known,
    /// so it is reckoned from now.
    pub(crate) fn tombstone(&self, app: &App, user: &UserName, sid: &Sid) -> Put {
        self.put(tombstone_name(user, sid), b"", app.ttl.session_s + GRACE_S)
    }

    /// Ends every session that has begun by `end`.
    pub(super) fn everywhere(&self, app: &App, user: &UserName, end: u64) -> Put {
        let body = serde_json::to_vec(&end).unwrap_or_default();
        self.put(everywhere_name(user), &body, app.ttl.session_s + GRACE_S)
    }

    pub(crate) fn key(&self, app: &App, user: &UserName, key: &SessionKey) -> Put {
        self.put(key_name(user), key.reveal().as_bytes(), app.ttl.idle_s.min(app.ttl.session_s))
    }

    fn put(&self, key: String, plain: &[u8], ttl_s: u64) -> Put {
        let value = self.config.sealer.seal(Purpose::Record, &key, random(self.ports), plain);
        Put { key, value, ttl_s: ttl_s.max(MIN_TTL_S) }
    }

    pub(super) fn open(&self, name: &str, blob: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.config.sealer.open(Purpose::Record, name, blob)
    }
}

fn parse_key(body: &[u8]) -> Option<SessionKey> {
    SessionKey::parse(core::str::from_utf8(body).ok()?).ok()
}

/// Since when sessions live, by the body of an `e1`: where it cannot be read, none does.
fn end_of(body: Option<&Zeroizing<Vec<u8>>>) -> u64 {
    body.and_then(|body| core::str::from_utf8(body).ok()?.parse().ok()).unwrap_or(u64::MAX)
}

/// Seconds left of a session's absolute life.
pub(crate) fn left_s(app: &App, auth: u64, now: u64) -> u64 {
    (auth.saturating_add(app.ttl.session_s * 1000)).saturating_sub(now) / 1000
}
