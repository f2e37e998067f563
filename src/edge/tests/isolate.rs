//! The memory of an isolate: verified tokens and wrong backend secrets.

use crate::edge::http::problem;
use crate::edge::isolate::{Guesser, Guesses, VerifiedClaims};

use crate::edge::ident::Claims;
use crate::edge::testing::fakes::{NOW, World};
use serde_json::json;

#[test]
fn a_signature_is_verified_once_for_each_token() {
    let world = World::new();
    let tokens = [world.log_in().unwrap(), world.log_in().unwrap()];
    for _ in 0..3 {
        for tokens in &tokens {
            assert!(world.send("GET", "/account", &json!({ "bearer": tokens["access_token"] })).is_ok());
        }
    }
    assert_eq!(world.verifications.get(), 2);
}

fn claims(n: usize) -> Claims {
    let claims = json!({
        "iss": "i", "sub": "o1", "aud": "wx1", "client_id": "wx1", "iat": 1, "exp": 2, "jti": n.to_string(),
        "sid": "AQEBAQEBAQEBAQEBAQEBAQ",
    });
    crate::edge::stored::parse(claims.to_string().as_bytes()).unwrap()
}

#[test]
fn a_thousand_tokens_are_remembered_and_a_newer_one_takes_an_older_ones_place() {
    let digest = |n: usize, rest: u8| {
        let mut digest = [rest; 32];
        digest[..2].copy_from_slice(&u16::try_from(n).unwrap().to_le_bytes());
        digest
    };
    let mut known = VerifiedClaims::default();
    (0..1024).for_each(|n| known.insert(digest(n, 0), claims(n)));
    for n in 0..1024 {
        assert_eq!(known.get(&digest(n, 0)).unwrap().jti, n.to_string());
        assert!(known.get(&digest(n, 1)).is_none(), "another token of the same place");
    }
    known.insert(digest(7, 1), claims(7));
    assert!(known.get(&digest(7, 0)).is_none() && known.get(&digest(7, 1)).is_some());
}

#[test]
fn expired_pairs_are_dropped_before_living_ones() {
    let mut guesses = Guesses::default();
    let guesser = |n: u64| Guesser::new("192.0.2.1", &n.to_string());
    (0..512).for_each(|n| guesses.add(guesser(n), NOW));
    (512..1024).for_each(|n| guesses.add(guesser(n), NOW + 1));
    guesses.add(guesser(0), NOW);
    assert_eq!(guesses.len(), 1024, "one that is counted already needs no room");
    guesses.add(guesser(1024), NOW + 60_000);
    assert_eq!(guesses.len(), 513);
}

/// The pairs of address and id are counted apart, whatever their lengths.
#[test]
fn pairs_whose_address_and_id_join_to_the_same_text_are_counted_apart() {
    let world = World::new();
    let guess = |address: &str, basic: &str| {
        let body = json!({ "basic": basic, "token": "x", "address": address });
        world.post("/oauth/introspect", &body).map_or_else(|error| problem::code(&error), |_| "known")
    };
    (0..10).for_each(|_| assert_eq!(guess("192.0.2.1", "1api:x"), "backend_unknown"));
    assert_eq!(guess("192.0.2.11", "api:secret"), "known");
}
