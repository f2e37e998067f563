//! KV at its worst: what is written is seen at each location whenever it likes within S; one key says
//! nothing about another; writes fail, get lost, or are done and reported as failed; what is read may
//! be cut off.

use super::time::Time;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

pub(super) const LOCATIONS: usize = 2;

/// What goes wrong, as chances.
#[derive(Debug, Clone, Copy)]
pub(super) struct Faults {
    /// The store's convergence, ms.
    pub(super) staleness: u64,
    /// A write answers 429 and is not done.
    pub(super) refused: f64,
    /// A write answers an error and is done.
    pub(super) ambiguous: f64,
    /// A write of a session is confirmed and never seen: the isolate died, or KV did.
    pub(super) lost: f64,
    /// A read of a session or key comes back cut off.
    pub(super) corrupt: f64,
    /// A request, or its answer, is lost on the way; each.
    pub(super) network: f64,
}

struct Version {
    /// None: deleted.
    value: Option<Vec<u8>>,
    /// From when on each location sees it.
    seen: [u64; LOCATIONS],
}

#[derive(Clone)]
pub(super) struct Kv {
    pub(super) time: Time,
    pub(super) faults: Faults,
    pub(super) rng: Rc<RefCell<fastrand::Rng>>,
    keys: Rc<RefCell<BTreeMap<String, Vec<Version>>>>,
}

impl Kv {
    pub(super) fn new(time: Time, faults: Faults, rng: Rc<RefCell<fastrand::Rng>>) -> Self {
        Self { time, faults, rng, keys: Rc::default() }
    }

    pub(super) fn chance(&self, probability: f64) -> bool {
        self.rng.borrow_mut().f64() < probability
    }

    pub(super) fn between(&self, low: u64, high: u64) -> u64 {
        self.rng.borrow_mut().u64(low..=high.max(low))
    }

    pub(super) fn read(&self, location: usize, name: &str) -> Option<Vec<u8>> {
        let keys = self.keys.borrow();
        let seen = keys.get(name)?.iter().rev().find(|version| version.seen[location] <= self.time.now())?;
        let mut value = seen.value.clone()?;
        if !name.starts_with("e1") && !name.starts_with("x1") && self.chance(self.faults.corrupt) {
            value.truncate(value.len() / 2);
        }
        Some(value)
    }

    /// Whether the writer is told that it went well.
    pub(super) fn write(&self, location: usize, name: &str, value: Option<Vec<u8>>) -> bool {
        if self.chance(self.faults.refused) {
            return false;
        }
        let now = self.time.now();
        // Often at once where it was written, often as late as may be elsewhere; neither is promised.
        let seen = core::array::from_fn(|at| match self.between(0, 3) {
            0 => now + self.faults.staleness,
            1 | 2 if at == location => now,
            _ => now + self.between(0, self.faults.staleness),
        });
        if !(name.starts_with("s1") && self.chance(self.faults.lost)) {
            self.keys.borrow_mut().entry(name.to_owned()).or_default().push(Version { value, seen });
        }
        !self.chance(self.faults.ambiguous)
    }

    pub(super) fn names(&self, location: usize, prefix: &str) -> Vec<String> {
        let keys = self.keys.borrow();
        let names = keys.keys().filter(|name| name.starts_with(prefix));
        names.filter(|name| self.read(location, name).is_some()).cloned().collect()
    }
}
