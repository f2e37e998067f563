//! Sealing: AES-256-GCM under a rotating key, as `version ‖ kid ‖ nonce ‖ ciphertext`.
//!
//! The associated data names what is sealed (a KV key, or "refresh"), so a blob moved elsewhere
//! does not open. The first key seals, all open.

use aes_gcm::{
    Aes256Gcm, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use core::fmt;
use hkdf::Hkdf;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const KID: usize = 4;
const NONCE: usize = 12;

/// What a subkey is for. Blobs of one purpose do not open under another.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// Bodies of KV records.
    Record,
    /// Refresh tokens.
    Refresh,
    /// Web logins under way: cookies and codes.
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

/// The sealing keys, newest first.
pub(crate) struct Sealer {
    keys: Vec<Keyed>,
}

struct Keyed {
    kid: [u8; KID],
    record: Aes256Gcm,
    refresh: Aes256Gcm,
    web: Aes256Gcm,
}

impl Keyed {
    fn new(key: &[u8; 32]) -> Self {
        let subkey = |purpose: Purpose| {
            let mut okm = Zeroizing::new([0; 32]);
            // 32 bytes are always within HKDF's reach, so the error has no way to occur.
            let _ = Hkdf::<Sha256>::new(None, key).expand(purpose.label(), okm.as_mut_slice());
            Aes256Gcm::new((&*okm).into())
        };
        let mut kid = [0; KID];
        kid.iter_mut().zip(Sha256::digest(key)).for_each(|(to, from)| *to = from);
        let [record, refresh, web] = [Purpose::Record, Purpose::Refresh, Purpose::Web].map(subkey);
        Self { kid, record, refresh, web }
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
    /// Keys newest first. Two with one kid are refused: what the second sealed would not open.
    pub(crate) fn new(keys: &[Zeroizing<[u8; 32]>]) -> Result<Self, &'static str> {
        let mut keyed: Vec<Keyed> = Vec::new();
        for key in keys.iter().map(|key| Keyed::new(key)) {
            if keyed.iter().any(|other| other.kid == key.kid) {
                return Err("has the same key twice, or two keys of one kid; `npm run keys -- sealing` makes another");
            }
            keyed.push(key);
        }
        if keyed.is_empty() { Err("has no key") } else { Ok(Self { keys: keyed }) }
    }

    /// Seals with the newest key.
    pub(crate) fn seal(&self, purpose: Purpose, name: &str, nonce: [u8; NONCE], plain: &[u8]) -> Vec<u8> {
        let Some(key) = self.keys.first() else { return Vec::new() };
        let payload = Payload { msg: plain, aad: name.as_bytes() };
        // Encryption fails past 64 GiB only; an empty blob would open nowhere.
        let ciphertext = key.cipher(purpose).encrypt(&Nonce::from(nonce), payload).unwrap_or_default();
        [&[VERSION], &key.kid[..], &nonce, &ciphertext].concat()
    }

    /// Opens what any of the keys sealed under this name. Why it does not open is nobody's business.
    pub(crate) fn open(&self, purpose: Purpose, name: &str, blob: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (version, rest) = blob.split_first()?;
        let (kid, rest) = rest.split_first_chunk::<KID>()?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE>()?;
        let key = self.keys.iter().find(|key| *version == VERSION && key.kid == *kid)?;
        let payload = Payload { msg: ciphertext, aad: name.as_bytes() };
        key.cipher(purpose).decrypt(&Nonce::from(*nonce), payload).ok().map(Zeroizing::new)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer([redacted])")
    }
}
