//! The backends of all apps in one table, keyed by a keyed hash of id and secret. Checking a secret takes one hash and one
//! lookup, for any number of apps.

use super::keys::NameKey;
use crate::wechat::AppId;
use secrecy::{ExposeSecret as _, SecretString};
use std::collections::{BTreeMap, BTreeSet};

/// A backend's id and secret, as one app lists them.
pub(super) struct Credential {
    pub(super) id: String,
    pub(super) secret: SecretString,
}

/// A backend, with the apps that list it.
#[derive(Debug)]
pub(crate) struct Backend {
    /// The id, for the audit log.
    pub(crate) id: String,
    apps: BTreeSet<AppId>,
}

impl Backend {
    /// Whether the app lists this backend.
    pub(crate) fn serves(&self, app: &AppId) -> bool {
        self.apps.contains(app)
    }
}

/// The table of backends. The key of the hash is secret, so the time of a lookup does not depend on the secret in a way
/// that a caller could use. Two apps may list different backends with the same id.
#[derive(Debug)]
pub(crate) struct Backends(BTreeMap<Fingerprint, Backend>);

impl Backends {
    /// The table of the backends that the apps list.
    pub(super) fn new(key: &NameKey, listed: Vec<(AppId, Credential)>) -> Self {
        let mut backends = BTreeMap::new();
        for (app, Credential { id, secret }) in listed {
            let fingerprint = Fingerprint::new(key, &id, secret.expose_secret());
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

/// HMAC-SHA256 of a backend's id and secret.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Fingerprint([u8; 32]);

impl core::fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Fingerprint([redacted])")
    }
}

impl Fingerprint {
    fn new(key: &NameKey, id: &str, secret: &str) -> Self {
        // The prefix separates these hashes from those of user names, the length separates id and secret.
        let length = (id.len() as u64).to_le_bytes();
        Self(key.hmac(&[b"wxauth/backend/1", &length, id.as_bytes(), secret.as_bytes()]))
    }
}
