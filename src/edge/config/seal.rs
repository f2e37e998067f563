//! Sealing: AES-256-GCM under rotating keys, as `version ‖ kid ‖ nonce ‖ ciphertext`.
//!
//! The associated data is the name of the sealed thing (a key of the store, or "refresh"), so that a blob that is copied
//! to another name does not open. The first key seals; all open.

use aes_gcm::{
    Aes256Gcm, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use core::fmt;
use hkdf::Hkdf;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

const VERSION: u8 = 1;
/// Bytes of a key id.
const KID: usize = 4;
/// Bytes of a nonce.
const NONCE: usize = 12;

/// The purpose of a subkey. A blob of one purpose does not open under another.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// Values of the store.
    Record,
    /// Refresh tokens.
    Refresh,
    /// Cookies and codes of web logins.
    Web,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Record => b"wxauth/record/1",
            Self::Refresh => b"wxauth/refresh/1",
            Self::Web => b"wxauth/web/1",
        }
    }
}

/// The sealing keys.
pub(crate) struct Sealer {
    /// The key that seals.
    current: Key,
    /// Older keys, which open only.
    previous: Vec<Key>,
}

/// One sealing key: its id and its subkeys.
struct Key {
    /// The first bytes of the key's SHA-256.
    kid: [u8; KID],
    record: Aes256Gcm,
    refresh: Aes256Gcm,
    web: Aes256Gcm,
}

impl Key {
    /// Derives the subkeys. `None` does not occur: HKDF-SHA256 gives up to 8,160 bytes, and a subkey has 32.
    fn new(key: &[u8; 32]) -> Option<Self> {
        let subkey = |purpose: Purpose| {
            let mut okm = Zeroizing::new([0; 32]);
            Hkdf::<Sha256>::new(None, key).expand(purpose.label(), okm.as_mut_slice()).ok()?;
            Some(Aes256Gcm::new((&*okm).into()))
        };
        let mut kid = [0; KID];
        kid.iter_mut().zip(Sha256::digest(key)).for_each(|(to, from)| *to = from);
        Some(Self {
            kid,
            record: subkey(Purpose::Record)?,
            refresh: subkey(Purpose::Refresh)?,
            web: subkey(Purpose::Web)?,
        })
    }

    fn cipher(&self, purpose: Purpose) -> &Aes256Gcm {
        match purpose {
            Purpose::Record => &self.record,
            Purpose::Refresh => &self.refresh,
            Purpose::Web => &self.web,
        }
    }
}

impl Sealer {
    /// A sealer with these keys, newest first. Two keys with the same id are refused: blobs of the second would not open.
    /// The error is the rest of a sentence that begins with the variable.
    pub(crate) fn new(keys: &[Zeroizing<[u8; 32]>]) -> Result<Self, &'static str> {
        let mut keys = keys.iter().map(|key| Key::new(key).ok_or("has a key from which no subkey can be derived"));
        let current = keys.next().ok_or("has no key")??;
        let mut previous: Vec<Key> = Vec::new();
        for key in keys {
            let key = key?;
            if core::iter::once(&current).chain(&previous).any(|other| other.kid == key.kid) {
                return Err("has two keys with the same id; `npm run keys -- sealing` makes another key");
            }
            previous.push(key);
        }
        Ok(Self { current, previous })
    }

    /// Seals `plain` under `name` with the newest key.
    pub(crate) fn seal(&self, purpose: Purpose, name: &str, nonce: [u8; NONCE], plain: &[u8]) -> Vec<u8> {
        let payload = Payload { msg: plain, aad: name.as_bytes() };
        // AES-GCM fails above 64 GiB only. A blob with an empty ciphertext does not open.
        let ciphertext = self.current.cipher(purpose).encrypt(&Nonce::from(nonce), payload).unwrap_or_default();
        [&[VERSION], &self.current.kid[..], &nonce, &ciphertext].concat()
    }

    /// Opens a blob that any of the keys sealed under `name`. `None` on any failure, without detail: a difference would be
    /// an oracle.
    pub(crate) fn open(&self, purpose: Purpose, name: &str, blob: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (version, rest) = blob.split_first()?;
        let (kid, rest) = rest.split_first_chunk::<KID>()?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE>()?;
        let mut keys = core::iter::once(&self.current).chain(&self.previous);
        let key = keys.find(|key| *version == VERSION && key.kid == *kid)?;
        let payload = Payload { msg: ciphertext, aad: name.as_bytes() };
        key.cipher(purpose).decrypt(&Nonce::from(*nonce), payload).ok().map(Zeroizing::new)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer([redacted])")
    }
}
