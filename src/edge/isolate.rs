//! The memory of one isolate between requests: verified claims, wrong guesses of backend secrets, and WeChat's access
//! tokens. Losing it costs time, not correctness.

use super::error::Error;
use super::ident::Claims;
use super::stored::Stored;
use crate::wechat::Object;
use crate::wechat::reply::WechatToken;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// SHA-256 of an access token.
type TokenDigest = [u8; 32];

/// Places in [`VerifiedClaims`]. A full table takes 600 KB.
const PLACES: usize = 1024;

/// Cache of the claims of access tokens whose signature is valid. Saves an ES256 verification of 80 µs, most of a
/// request. Expiry, session and revocation are checked again for each request.
///
/// The table has a fixed size: a newer token replaces an older one of the same place.
pub(crate) struct VerifiedClaims(Vec<Option<(TokenDigest, Claims)>>);

impl Default for VerifiedClaims {
    fn default() -> Self {
        Self(vec![None; PLACES])
    }
}

impl VerifiedClaims {
    /// The claims of the token with this digest, if they are in the cache.
    pub(crate) fn get(&self, digest: &TokenDigest) -> Option<Claims> {
        let (known, claims) = self.0.get(place(digest))?.as_ref()?;
        (known == digest).then(|| claims.clone())
    }

    /// Adds the claims of a token whose signature is valid.
    pub(crate) fn insert(&mut self, digest: TokenDigest, claims: Claims) {
        if let Some(place) = self.0.get_mut(place(&digest)) {
            *place = Some((digest, claims));
        }
    }
}

fn place([low, high, ..]: &TokenDigest) -> usize {
    usize::from(u16::from_le_bytes([*low, *high])) % PLACES
}

/// Wrong guesses of one [`Guesser`] after which it is locked.
const GUESS_LIMIT: u32 = 10;
const LOCK_MS: u64 = 60_000;
/// Guessers in [`Guesses`]. Displacing one entry takes as many requests from other addresses or ids.
const GUESSERS: usize = 1024;

/// A caller's address together with the backend id it sent. A hash, so that the size does not depend on the caller.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Guesser([u8; 32]);

impl Guesser {
    /// The guesser of this address and backend id.
    pub(crate) fn new(address: &str, id: &str) -> Self {
        let length = (address.len() as u64).to_le_bytes();
        Self(Sha256::new_with_prefix(length).chain_update(address).chain_update(id).finalize().into())
    }
}

struct GuessCount {
    wrong: u32,
    /// One minute after the last wrong guess, ms since 1970.
    until: u64,
}

/// Counts wrong guesses of backend secrets by address and backend id. A locked pair is refused for a minute without a
/// comparison, also with the right secret, so that a guesser learns nothing. Other addresses are not affected.
#[derive(Default)]
pub(crate) struct Guesses(BTreeMap<Guesser, GuessCount>);

impl Guesses {
    /// Whether the guesser is locked at `now`, ms since 1970.
    pub(crate) fn is_locked(&self, guesser: Guesser, now: u64) -> bool {
        self.0.get(&guesser).is_some_and(|count| count.wrong >= GUESS_LIMIT && now < count.until)
    }

    /// The number of guessers in the table.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Counts a wrong guess at `now`, ms since 1970.
    pub(crate) fn add(&mut self, guesser: Guesser, now: u64) {
        if !self.0.contains_key(&guesser) {
            self.make_room(now);
        }
        let count = self.0.entry(guesser).or_insert(GuessCount { wrong: 0, until: 0 });
        count.wrong = if now < count.until { count.wrong.saturating_add(1) } else { 1 };
        count.until = now.saturating_add(LOCK_MS);
    }

    /// Removes expired entries from a full table; if there are none, the entry that expires first.
    fn make_room(&mut self, now: u64) {
        if self.0.len() < GUESSERS {
            return;
        }
        self.0.retain(|_, count| now < count.until);
        if self.0.len() < GUESSERS {
            return;
        }
        let oldest = self.0.iter().min_by_key(|(_, count)| count.until).map(|(oldest, _)| *oldest);
        oldest.and_then(|oldest| self.0.remove(&oldest));
    }
}

/// An access token of WeChat's server API (§3.3).
#[derive(Clone, Serialize)]
pub(crate) struct CachedToken {
    /// WeChat's text.
    pub(crate) token: String,
    /// Time from which WeChat may have a newer token, ms since 1970.
    pub(crate) until: u64,
}

impl Stored for CachedToken {
    fn read(fields: &Object) -> Option<Self> {
        Some(Self { token: fields.owned("token")?, until: fields.number("until")? })
    }
}

impl CachedToken {
    /// Whether the token can be used at `now`, ms since 1970, and is not the one that WeChat has refused.
    pub(crate) fn is_usable(&self, now: u64, refused: Option<&WechatToken>) -> bool {
        now < self.until && refused.is_none_or(|refused| refused.reveal() != self.token)
    }
}

/// Single flight for one access token of WeChat: one request fetches it, the others poll this slot.
///
/// They poll because workerd forbids a request to await a promise that another request has created: such an await never
/// completes and the request fails. Fetches are numbered, so that the requests which waited for one share its outcome,
/// failures included. If each of them started a fetch of its own instead, the last would wait for all.
#[derive(Default)]
pub(crate) struct TokenSlot {
    cached: Option<CachedToken>,
    /// Number of the last fetch that started.
    started: u64,
    /// Start of that fetch, ms since 1970, while it runs.
    running_since: Option<u64>,
    /// Number and outcome of the last fetch that ended.
    ended: Option<(u64, Result<CachedToken, Error>)>,
}

/// The next step of a request that needs a token.
pub(crate) enum SlotState {
    /// Use this token.
    Usable(CachedToken),
    /// Share the outcome of the fetch that the request waited for.
    Ended(Result<CachedToken, Error>),
    /// Wait for the fetch of this number, which another request runs.
    Running(u64),
    /// Run the fetch of this number.
    Start(u64),
}

impl TokenSlot {
    /// Decides the next step at `now`, ms since 1970. `refused` is a token that WeChat has refused; `awaited` is the number
    /// of the fetch that the request found running before. A fetch that runs for `abandoned_ms` is taken for abandoned: its
    /// client has closed the connection.
    pub(crate) fn lookup(
        &mut self,
        now: u64,
        refused: Option<&WechatToken>,
        awaited: Option<u64>,
        abandoned_ms: u64,
    ) -> SlotState {
        if let Some(cached) = self.cached.as_ref().filter(|cached| cached.is_usable(now, refused)) {
            return SlotState::Usable(cached.clone());
        }
        if let (Some(awaited), Some((number, outcome))) = (awaited, &self.ended)
            && *number >= awaited
        {
            return SlotState::Ended(outcome.clone());
        }
        if self.running_since.is_some_and(|since| now.saturating_sub(since) < abandoned_ms) {
            return SlotState::Running(self.started);
        }
        self.started += 1;
        self.running_since = Some(now);
        SlotState::Start(self.started)
    }

    /// Records the outcome of the fetch of this number.
    pub(crate) fn finish(&mut self, number: u64, outcome: &Result<CachedToken, Error>) {
        if let Ok(cached) = outcome {
            self.cached = Some(cached.clone());
        }
        // A fetch that was taken for abandoned has been replaced by one that still runs.
        if number == self.started {
            self.running_since = None;
        }
        if self.ended.as_ref().is_none_or(|(last, _)| *last < number) {
            self.ended = Some((number, outcome.clone()));
        }
    }
}
