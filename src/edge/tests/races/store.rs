//! An adversarial KV: each location sees each write at any time within S, independent of other keys; writes fail, get lost,
//! or take effect and report an error; reads may be truncated.

use super::time::Time;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

pub(super) const LOCATIONS: usize = 2;

/// Probabilities of faults.
#[derive(Debug, Clone, Copy)]
pub(super) struct Faults {
    /// The longest time to convergence, ms.
    pub(super) staleness: u64,
    /// A write reports 429 and has no effect.
    pub(super) refused: f64,
    /// A write reports an error and takes effect.
    pub(super) ambiguous: f64,
    /// A write of a session is confirmed and has no effect.
    pub(super) lost: f64,
    /// A read of a session or session_key is truncated.
    pub(super) corrupt: f64,
    /// A request is lost; the same for its answer.
    pub(super) network: f64,
}

struct Version {
    /// `None` if deleted.
    value: Option<Vec<u8>>,
    /// When each location starts to see it, ms.
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

    /// Writes a value. Returns whether the write reports success.
    pub(super) fn write(&self, location: usize, name: &str, value: Option<Vec<u8>>) -> bool {
        if self.chance(self.faults.refused) {
            return false;
        }
        let now = self.time.now();
        // Often visible immediately at the own location and as late as possible at the other.
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
