//! Wrong guesses of backend secrets, counted in one isolate by address and backend id. Past the limit that
//! pair is refused for a minute without a comparison, also with the right secret: a guesser learns nothing,
//! and other addresses are not affected.

use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

const LIMIT: u32 = 10;
const MINUTE_MS: u64 = 60_000;
/// Pairs that are remembered. Whoever fills the table to make it forget a pair spends this many requests on it.
const CAPACITY: usize = 1024;

/// An address and the backend id it used. A hash, so that its size does not depend on the caller.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Guesser([u8; 32]);

impl Guesser {
    pub(crate) fn new(address: &str, id: &str) -> Self {
        let length = (address.len() as u64).to_le_bytes();
        Self(Sha256::new_with_prefix(length).chain_update(address).chain_update(id).finalize().into())
    }
}

struct Count {
    wrong: u32,
    /// One minute after the last wrong guess, ms.
    until: u64,
}

#[derive(Default)]
pub(crate) struct Guesses(BTreeMap<Guesser, Count>);

impl Guesses {
    pub(crate) fn are_over(&self, guesser: Guesser, now: u64) -> bool {
        self.0.get(&guesser).is_some_and(|count| count.wrong >= LIMIT && now < count.until)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn add(&mut self, guesser: Guesser, now: u64) {
        if !self.0.contains_key(&guesser) {
            self.make_room(now);
        }
        let count = self.0.entry(guesser).or_insert(Count { wrong: 0, until: 0 });
        count.wrong = if now < count.until { count.wrong.saturating_add(1) } else { 1 };
        count.until = now.saturating_add(MINUTE_MS);
    }

    /// Forgets what is over; if that is not enough, what will be over first.
    fn make_room(&mut self, now: u64) {
        if self.0.len() < CAPACITY {
            return;
        }
        self.0.retain(|_, count| now < count.until);
        if self.0.len() < CAPACITY {
            return;
        }
        let oldest = self.0.iter().min_by_key(|(_, count)| count.until).map(|(oldest, _)| *oldest);
        oldest.and_then(|oldest| self.0.remove(&oldest));
    }
}
