//! What a flow needs of the world, as small traits: workerd provides them for real, tests with
//! fakes. One thread, so the futures need not be `Send`.

use crate::edge::audit::Audit;
use crate::edge::config::keys::{PublicKey, SigningKey};
use crate::edge::guesses::Guesses;
use crate::edge::isolate::Verified;
use crate::edge::upstream::access_token::Slot;

/// For the whole of a call outward, unless the request itself ends before.
pub(crate) const CALL_MS: u32 = 5_000;

/// Milliseconds since 1970. On Workers the clock stands still while a request computes and moves with its IO.
pub(crate) trait Clock {
    fn now_ms(&self) -> u64;
}

pub(crate) trait Random {
    fn fill(&self, bytes: &mut [u8]);
}

/// The session store: KV, with KV's promises and no more (`docs/storage.md`).
pub(crate) trait Store {
    /// The values under these names, in their order, in one round trip.
    async fn get(&self, names: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreFailure>;
    /// All of them, in one round trip. Where one fails, the others may have been done.
    async fn put(&self, puts: &[Put]) -> Result<(), StoreFailure>;
    /// All of them, in one round trip. A name that is not there is fine.
    async fn delete(&self, names: &[String]) -> Result<(), StoreFailure>;
    /// One page of the names that begin so, in ascending order: the first, or the one that `after` names.
    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page, StoreFailure>;
}

/// A page of names: at most 1,000.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) names: Vec<String>,
    /// Names the next page; absent on the last.
    pub(crate) next: Option<String>,
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

/// A call outward. No `Debug`: the url may carry the AppSecret.
#[derive(Default)]
pub(crate) struct Call {
    pub(crate) url: String,
    /// What to POST; without it the call is a GET.
    pub(crate) body: Option<String>,
    pub(crate) content_type: Option<String>,
    /// A credential of ours there, for the Authorization header.
    pub(crate) bearer: Option<String>,
}

impl Call {
    pub(crate) fn get(url: String) -> Self {
        Self { url, ..Self::default() }
    }

    pub(crate) fn post(url: String, body: String) -> Self {
        Self { url, body: Some(body), ..Self::default() }
    }
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

/// Which rate limit: wrangler.toml has the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Logins from one address to one app. Generous: a carrier's NAT has many users.
    Address,
    /// What costs us something, of one user.
    User,
}

pub(crate) trait RateLimit {
    /// Whether one more is within the limit. Where nobody knows, it is, and the log says so.
    async fn allows(&self, limit: Limit, key: &str) -> bool;
}

/// The request's deadline has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overdue;

/// What an isolate remembers between requests, and waiting within one.
pub(crate) trait Isolate {
    fn slot<T>(&self, name: &str, act: impl FnOnce(&mut Slot) -> T) -> T;
    /// Access tokens whose signature was right, by their SHA-256.
    fn verified<T>(&self, act: impl FnOnce(&mut Verified) -> T) -> T;
    /// Wrong guesses of backend secrets.
    fn guesses<T>(&self, act: impl FnOnce(&mut Guesses) -> T) -> T;
    async fn pause(&self, ms: u32) -> Result<(), Overdue>;
}

/// Lines for those who audit, beside the one line a request.
pub(crate) trait AuditLog {
    fn audit(&self, audit: &Audit<'_>);
}

pub(crate) trait Ports: Clock + Random + Store + Fetch + Es256 + RateLimit + Isolate + AuditLog {}
impl<T: Clock + Random + Store + Fetch + Es256 + RateLimit + Isolate + AuditLog> Ports for T {}

/// `N` random bytes.
pub(crate) fn random<const N: usize>(ports: &impl Random) -> [u8; N] {
    let mut bytes = [0; N];
    ports.fill(&mut bytes);
    bytes
}
