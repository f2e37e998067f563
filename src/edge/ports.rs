//! What a flow needs of the world, as small traits: workerd provides them for real, tests with
//! fakes. One thread, so the futures need not be `Send`.

use super::keys::{PublicKey, SigningKey};

/// Milliseconds since 1970. Frozen during a request on Workers, so it is asked at the start.
pub(crate) trait Clock {
    fn now_ms(&self) -> u64;
}

pub(crate) trait Random {
    fn fill(&self, bytes: &mut [u8]);
}

/// The session store: KV, with KV's promises and no more (`docs/storage.md`).
pub(crate) trait Store {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreFailure>;
    async fn put(&self, put: &Put) -> Result<(), StoreFailure>;
}

/// One write.
#[derive(Debug, Clone)]
pub(crate) struct Put {
    pub(crate) key: String,
    pub(crate) value: Vec<u8>,
    pub(crate) ttl_s: u64,
}

/// The store did not do it; why is in the log, not in the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoreFailure(pub(crate) String);

/// Calls WeChat. Redirects are not followed: the secret in the query must not travel.
pub(crate) trait Fetch {
    async fn fetch(&self, call: &Call) -> Result<Reply, FetchFailure>;
}

/// A call to WeChat. No `Debug`: the url carries the AppSecret.
pub(crate) struct Call {
    pub(crate) url: String,
    /// JSON to POST; without it the call is a GET.
    pub(crate) body: Option<String>,
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FetchFailure {
    /// No byte of a reply came.
    Unreachable,
    /// The reply began and did not end; the call must not be made again.
    BrokenOff,
    /// The deadline passed.
    TimedOut,
    /// More than a reply of WeChat's can be.
    TooLarge,
}

/// ES256 over bytes; the signature is r ‖ s, as JWS has it.
pub(crate) trait Es256 {
    async fn sign(&self, key: &SigningKey, message: &[u8]) -> Option<Vec<u8>>;
    async fn verify(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool;
}

pub(crate) trait Ports: Clock + Random + Store + Fetch + Es256 {}
impl<T: Clock + Random + Store + Fetch + Es256> Ports for T {}

/// `N` random bytes.
pub(crate) fn random<const N: usize>(ports: &impl Random) -> [u8; N] {
    let mut bytes = [0; N];
    ports.fill(&mut bytes);
    bytes
}
