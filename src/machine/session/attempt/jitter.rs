//! Random parts of pauses, which spread the retries of many phones.

/// xorshift32 generator. Not for secrets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Jitter(u32);

impl Default for Jitter {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Jitter {
    /// A generator; the seed 0, of which xorshift returns zeros alone, counts as 1.
    pub(super) fn new(seed: u32) -> Self {
        Self(seed.max(1))
    }

    /// A number from 0 up to and without `limit`.
    pub(super) fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % limit
    }
}
