//! The traits through which flows reach the outside: clock, randomness, store, network, signatures, rate limits, memory
//! and log. `runtime/` implements them on workerd, tests with fakes. Futures run on one thread and need not be
//! `Send`.

use super::audit::Audit;
use super::config::keys::{PublicKey, SigningKey};
use super::error::{FetchFailure, Overdue, StoreFailure};
use super::isolate::{Guesses, TokenSlot, VerifiedClaims};

/// Time limit of one outgoing call, ms, unless the deadline of the request comes first.
pub(crate) const CALL_MS: u32 = 5_000;

/// The wall clock.
pub(crate) trait Clock {
    /// Milliseconds since 1970. On Workers the value changes only with IO, not while a request computes.
    fn now_ms(&self) -> u64;
}

/// A cryptographically secure random number generator.
pub(crate) trait Random {
    /// Fills `bytes` with random bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// The session store, with no more guarantees than KV has (`docs/storage.md`).
pub(crate) trait Store {
    /// The values under these names, in the order of the names, in one round trip.
    async fn get(&self, names: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreFailure>;
    /// Writes all, in one round trip. If it fails, some may have been written.
    async fn put(&self, puts: &[Put]) -> Result<(), StoreFailure>;
    /// Deletes all, in one round trip. A missing name is not an error.
    async fn delete(&self, names: &[String]) -> Result<(), StoreFailure>;
    /// One page of the names with this prefix, in ascending order: the page at the cursor `after`, or the first.
    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page, StoreFailure>;
}

/// A page of at most 1,000 names.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) names: Vec<String>,
    /// Cursor of the next page; `None` on the last.
    pub(crate) next: Option<String>,
}

/// One write.
#[derive(Debug, Clone)]
pub(crate) struct Put {
    pub(crate) key: String,
    pub(crate) value: Vec<u8>,
    /// Lifetime in seconds, at least 60.
    pub(crate) ttl_s: u64,
}

/// Outgoing HTTP. Redirects are not followed, because the query of a call may carry the AppSecret.
pub(crate) trait Fetch {
    /// Makes one call and reads the whole reply.
    async fn fetch(&self, call: &Call) -> Result<Reply, FetchFailure>;
}

/// An outgoing call. It has no `Debug`, because the URL may carry the AppSecret.
#[derive(Default)]
pub(crate) struct Call {
    pub(crate) url: String,
    /// Body of a POST; without it the call is a GET.
    pub(crate) body: Option<String>,
    pub(crate) content_type: Option<String>,
    /// Token for `Authorization: Bearer`.
    pub(crate) bearer: Option<String>,
}

impl Call {
    /// A GET.
    pub(crate) fn get(url: String) -> Self {
        Self { url, ..Self::default() }
    }

    /// A POST without a content type.
    pub(crate) fn post(url: String, body: String) -> Self {
        Self { url, body: Some(body), ..Self::default() }
    }
}

/// The reply to a [`Call`].
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// ES256 over bytes. The signature is r ‖ s, 64 bytes, as in JWS (RFC 7518 §3.4).
pub(crate) trait Es256 {
    /// The signature; `None` if the platform rejects the key.
    async fn sign(&self, key: &SigningKey, message: &[u8]) -> Option<Vec<u8>>;
    /// Whether the signature is valid.
    async fn verify(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool;
}

/// A rate limit; wrangler.toml has the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Logins from one address to one app. Its number is high, because a carrier's NAT has many users.
    Address,
    /// Requests of one user that cost reads, writes or calls of WeChat.
    User,
}

/// Rate limits.
pub(crate) trait RateLimit {
    /// Whether one more request of `key` is within the limit. True, with a note in the log, if the limiter is missing or
    /// fails.
    async fn allows(&self, limit: Limit, key: &str) -> bool;
}

/// Memory of the isolate, and waiting within a request.
pub(crate) trait Isolate {
    /// Gives access to the slot of a WeChat access token by its name in the store.
    fn token_slot<T>(&self, name: &str, act: impl FnOnce(&mut TokenSlot) -> T) -> T;
    /// Gives access to the cache of verified claims.
    fn verified_claims<T>(&self, act: impl FnOnce(&mut VerifiedClaims) -> T) -> T;
    /// Gives access to the counts of wrong guesses.
    fn guesses<T>(&self, act: impl FnOnce(&mut Guesses) -> T) -> T;
    /// Waits for `ms` milliseconds, or until the deadline of the request.
    async fn pause(&self, ms: u32) -> Result<(), Overdue>;
}

/// The audit log.
pub(crate) trait AuditLog {
    /// Writes one event.
    fn audit(&self, audit: &Audit<'_>);
}

/// All ports together.
pub(crate) trait Ports: Clock + Random + Store + Fetch + Es256 + RateLimit + Isolate + AuditLog {}
impl<T: Clock + Random + Store + Fetch + Es256 + RateLimit + Isolate + AuditLog> Ports for T {}

/// `N` random bytes.
pub(crate) fn random<const N: usize>(ports: &impl Random) -> [u8; N] {
    let mut bytes = [0; N];
    ports.fill(&mut bytes);
    bytes
}
