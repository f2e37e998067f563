//! Shared parts of the simulations of concurrent requests, which supply the store, the clock and randomness.

use crate::edge::config::keys::{PublicKey, SigningKey};
use crate::edge::error::{FetchFailure, Overdue};
use crate::edge::isolate::{Guesses, TokenSlot, VerifiedClaims};
use crate::edge::ports::{Call, Es256, Fetch, Isolate, Limit, RateLimit, Reply};
use sha2::{Digest as _, Sha256};

/// WeChat's reply to a code: the user of every simulation.
pub(crate) const CODE_SESSION: &str = r#"{"openid":"oMei","session_key":"tiihtNczf5v6AKRyjwEUhQ=="}"#;

/// Ports of a simulation. Signatures are hashes, no rate limit is reached, WeChat knows one user and any code, and the
/// isolate remembers nothing between requests.
pub(crate) trait Simulation {
    /// Returns when WeChat's reply has arrived.
    async fn wechat_replies(&self);

    /// Returns after `ms` of simulated time.
    async fn sleep(&self, _: u32) {}
}

impl<T: Simulation> Fetch for T {
    async fn fetch(&self, _: &Call) -> Result<Reply, FetchFailure> {
        self.wechat_replies().await;
        Ok(Reply { status: 200, body: CODE_SESSION.as_bytes().to_vec() })
    }
}

impl<T: Simulation> Es256 for T {
    async fn sign(&self, key: &SigningKey, message: &[u8]) -> Option<Vec<u8>> {
        Some(hash(&key.public, message))
    }
    async fn verify(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        hash(key, message) == signature
    }
}

impl<T: Simulation> RateLimit for T {
    async fn allows(&self, _: Limit, _: &str) -> bool {
        true
    }
}

impl<T: Simulation> Isolate for T {
    fn token_slot<R>(&self, _: &str, act: impl FnOnce(&mut TokenSlot) -> R) -> R {
        act(&mut TokenSlot::default())
    }
    fn verified_claims<R>(&self, act: impl FnOnce(&mut VerifiedClaims) -> R) -> R {
        act(&mut VerifiedClaims::default())
    }
    fn guesses<R>(&self, act: impl FnOnce(&mut Guesses) -> R) -> R {
        act(&mut Guesses::default())
    }
    async fn pause(&self, ms: u32) -> Result<(), Overdue> {
        self.sleep(ms).await;
        Ok(())
    }
}

/// The signature of every fake: SHA-256 of the key's id and the message.
pub(crate) fn hash(key: &PublicKey, message: &[u8]) -> Vec<u8> {
    Sha256::digest([key.kid.as_bytes(), message].concat()).to_vec()
}
