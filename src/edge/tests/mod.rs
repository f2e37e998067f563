//! Native tests of the edge. KV, WebCrypto and HTTP are tested in workerd (`tests/edge`).
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod access_token;
mod authorization;
mod backends;
mod budget;
mod config;
mod cors;
mod documents;
mod errors;
mod events;
mod flows;
mod fuzz_seeds;
mod interleavings;
mod introspection;
mod isolate;
mod limits;
mod open_data;
mod openapi;
mod params;
mod push;
mod races;
mod reach;
mod revocation;
mod scale;
mod secrets;
mod sessions;
mod standards;
mod upgrade;
mod web_login;

use crate::edge::config::Config;
use crate::edge::config::keys::SigningKey;
use crate::edge::config::seal::{Purpose, Sealer};
use crate::edge::flows::refresh::{Verdict, decide};
use crate::edge::ident::{Sid, UserName};
use crate::edge::session::records::{SessionLookup, SessionRecord};
use crate::edge::session::tokens::RefreshToken;
use crate::edge::testing::fakes::{JWK, NOW, variables};
use crate::wechat::{AppId, Object, OpenId};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use zeroize::Zeroizing;

const MINUTE: u64 = 60_000;

fn token(n: i64, iat: u64) -> RefreshToken {
    let token = serde_json::json!({
        "appid": "wx1", "openid": "o1", "unionid": null, "sid": Sid::new([1; 16]), "auth": NOW - 60 * MINUTE,
        "n": n, "iat": iat,
    });
    crate::edge::stored::parse(token.to_string().as_bytes()).unwrap()
}

fn stored(g: i64, t: u64) -> SessionLookup {
    SessionLookup { session: Some(SessionRecord::new(g, t, NOW - 60 * MINUTE, None)), ..SessionLookup::default() }
}

#[test]
fn the_next_token_rotates_and_writes_once() {
    let Verdict::Rotate(Some(record)) = decide(&token(4, NOW - MINUTE), &stored(3, NOW - 5 * MINUTE), NOW) else {
        panic!()
    };
    assert_eq!((record.g, record.t), (4, NOW));
}

#[test]
fn the_current_and_the_previous_token_are_answered_within_the_grace_without_a_write() {
    for n in [3, 4] {
        assert_eq!(decide(&token(n, NOW), &stored(4, NOW - 2 * MINUTE), NOW), Verdict::Rotate(None));
        assert_eq!(decide(&token(n, NOW), &stored(4, NOW - 2 * MINUTE - 1), NOW), Verdict::Reused);
    }
    assert_eq!(decide(&token(2, NOW), &stored(4, NOW), NOW), Verdict::Reused);
}

#[test]
fn without_a_record_only_a_token_of_the_last_120_s_is_accepted() {
    let Verdict::Rotate(Some(record)) = decide(&token(4, NOW - 2 * MINUTE), &SessionLookup::default(), NOW) else {
        panic!()
    };
    assert_eq!(record.g, 4);
    assert_eq!(decide(&token(4, NOW - 2 * MINUTE - 1), &SessionLookup::default(), NOW), Verdict::Ended);
}

#[test]
fn a_tombstone_or_an_e1_record_ends_a_session_whatever_its_record_holds() {
    let tombstoned = SessionLookup { tombstoned: true, ..stored(3, NOW) };
    assert_eq!(decide(&token(4, NOW), &tombstoned, NOW), Verdict::Ended);
    let auth = NOW - 60 * MINUTE;
    for (before, ended) in [(auth - 1, false), (auth, true), (NOW, true)] {
        let everywhere = SessionLookup { revoked_before: Some(before), ..stored(3, NOW) };
        assert_eq!(decide(&token(4, NOW), &everywhere, NOW) == Verdict::Ended, ended, "{before}");
    }
}

proptest! {
    #[test]
    fn no_verdict_panics_and_a_revoked_session_never_rotates(
        n in any::<i64>(), iat in any::<u64>(), g in any::<i64>(), t in any::<u64>(), now in any::<u64>(),
        present in any::<bool>(), tombstoned in any::<bool>(), auth in any::<u64>(),
        revoked_before in any::<Option<u64>>(),
    ) {
        let session = present.then(|| SessionRecord::new(g, t, 0, None));
        let mut token = token(n.clamp(-1, 1 << 40), iat);
        token.auth = auth;
        let found = SessionLookup { session, tombstoned, revoked_before, ..SessionLookup::default() };
        let is_revoked = tombstoned || revoked_before.is_some_and(|before| auth <= before);
        prop_assert!(!is_revoked || decide(&token, &found, now) == Verdict::Ended);
    }

    #[test]
    fn sealed_blobs_open_whole_and_under_their_own_name_only(plain in prop::collection::vec(any::<u8>(), 0..300), at in any::<usize>()) {
        let sealer = Sealer::new(&[Zeroizing::new([1; 32])]).unwrap();
        let blob = sealer.seal(Purpose::Record, "s1:a:b", [9; 12], &plain);
        prop_assert_eq!(sealer.open(Purpose::Record, "s1:a:b", &blob).unwrap().to_vec(), plain);
        prop_assert!(sealer.open(Purpose::Record, "s1:a:c", &blob).is_none());
        prop_assert!(sealer.open(Purpose::Refresh, "s1:a:b", &blob).is_none());
        prop_assert!(sealer.open(Purpose::Record, "s1:a:b", &blob[..at % blob.len()]).is_none());
        let mut flipped = blob.clone();
        flipped[at % blob.len()] ^= 1;
        prop_assert!(sealer.open(Purpose::Record, "s1:a:b", &flipped).is_none());
    }

    #[test]
    fn an_invalid_configuration_names_its_variable(apps in "\\PC{0,200}", keys in "\\PC{0,200}") {
        let mut vars = variables();
        vars.insert("WECHAT_APPS".into(), apps);
        prop_assert_eq!(Config::parse(&vars).unwrap_err().variable, "WECHAT_APPS");
        let mut vars = variables();
        vars.insert("SIGNING_KEYS".into(), keys);
        prop_assert_eq!(Config::parse(&vars).unwrap_err().variable, "SIGNING_KEYS");
    }
}

#[test]
fn a_blob_opens_until_its_key_is_removed() {
    let (old, new) = (Zeroizing::new([1; 32]), Zeroizing::new([2; 32]));
    let blob = Sealer::new(std::slice::from_ref(&old)).unwrap().seal(Purpose::Refresh, "x", [0; 12], b"plain");
    assert!(Sealer::new(&[new.clone(), old]).unwrap().open(Purpose::Refresh, "x", &blob).is_some());
    assert!(Sealer::new(&[new]).unwrap().open(Purpose::Refresh, "x", &blob).is_none());
}

#[test]
fn two_sealing_keys_of_one_kid_are_refused() {
    // A kid has 32 bits, so about 80,000 keys contain two of the same kid.
    let mut seen = std::collections::HashMap::new();
    let pair = (0_u64..).find_map(|n| {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&n.to_le_bytes());
        let kid: [u8; 4] = Sha256::digest(key)[..4].try_into().unwrap();
        seen.insert(kid, key).map(|other| [Zeroizing::new(other), Zeroizing::new(key)])
    });
    let [first, second] = pair.unwrap();
    assert_ne!(first, second);
    assert!(Sealer::new(&[first.clone(), second]).is_err());
    assert!(Sealer::new(&[first.clone(), first.clone()]).is_err());
    assert!(Sealer::new(&[first]).is_ok());
}

#[test]
fn configuration_merges_apps_and_trims_the_issuer() {
    let config = Config::parse(&variables()).unwrap();
    assert_eq!((config.issuer.as_str(), config.app("wx2").is_some()), ("https://auth.example.com", true));
    assert_eq!(config.app("wx1").unwrap().open_data_max_age_s, 600);
    assert!(!format!("{config:?}").contains("870MB6"), "Debug shows no key");
}

#[test]
fn a_missing_variable_is_named() {
    for name in ["ISSUER", "SIGNING_KEYS", "SEALING_KEYS", "NAME_KEY"] {
        let mut vars = variables();
        vars.remove(name);
        assert_eq!(Config::parse(&vars).unwrap_err().variable, name);
    }
}

#[test]
fn the_kid_is_the_rfc_7638_thumbprint() {
    let key = SigningKey::parse(&Object::parse(JWK).unwrap()).unwrap();
    // RFC 7638 over crv, kty, x and y; computed with Python's hashlib.
    assert_eq!(key.public.kid, "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s");
}

#[test]
fn one_openid_in_two_apps_is_two_users() {
    let config = Config::parse(&variables()).unwrap();
    let name =
        |appid: &str| UserName::new(&config.name_key, &AppId::parse(appid).unwrap(), &OpenId::parse("oSame").unwrap());
    assert_ne!(name("wx1"), name("wx2"));
    assert_eq!(name("wx1"), name("wx1"));
    let mut vars = variables();
    vars.insert("NAME_KEY".into(), "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA".into());
    let other = Config::parse(&vars).unwrap().name_key;
    let [appid, openid] = ["wx1", "oSame"];
    let renamed = UserName::new(&other, &AppId::parse(appid).unwrap(), &OpenId::parse(openid).unwrap());
    assert_ne!(renamed, name("wx1"), "the name depends on NAME_KEY");
}
