//! The backends of all apps in one table, keyed by a keyed hash of id and secret: checking a secret is one
//! hash and one look-up, however many apps there are.

use super::NameKey;
use crate::wechat::AppId;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use zeroize::Zeroizing;

/// A backend's id and secret, as one app lists them.
pub(super) struct Credential {
    pub(super) id: String,
    pub(super) secret: Zeroizing<String>,
}

/// A backend, and the apps that list it.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) id: String,
    apps: BTreeSet<AppId>,
}

impl Backend {
    pub(crate) fn serves(&self, app: &AppId) -> bool {
        self.apps.contains(app)
    }
}

/// The key is secret and the hash one-way, so the time of a look-up tells a caller nothing about a secret.
/// Two apps may have different backends of the same id.
#[derive(Debug)]
pub(crate) struct Backends(BTreeMap<Fingerprint, Backend>);

impl Backends {
    pub(super) fn new(key: &NameKey, listed: Vec<(AppId, Credential)>) -> Self {
        let mut backends = BTreeMap::new();
        for (app, Credential { id, secret }) in listed {
            let fingerprint = Fingerprint::new(key, &id, &secret);
            let backend = backends.entry(fingerprint).or_insert_with(|| Backend { id, apps: BTreeSet::new() });
            backend.apps.insert(app);
        }
        Self(backends)
    }

    /// The backend with this id and secret.
    pub(super) fn find(&self, key: &NameKey, id: &str, secret: &str) -> Option<&Backend> {
        self.0.get(&Fingerprint::new(key, id, secret))
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Fingerprint([u8; 32]);

impl core::fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Fingerprint([redacted])")
    }
}

impl Fingerprint {
    fn new(NameKey(key): &NameKey, id: &str, secret: &str) -> Self {
        // The length separates id and secret. A hash that nobody sees cannot be extended, so no HMAC is needed.
        let hash = Sha256::new_with_prefix(b"wxauth/backend/1").chain_update(key.as_slice());
        let hash = hash.chain_update((id.len() as u64).to_le_bytes()).chain_update(id).chain_update(secret);
        Self(hash.finalize().into())
    }
}
