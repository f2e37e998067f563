//! Which sessions a token may end, with and without `everywhere=true`: both sides of each bound.

use super::MINUTE;
use crate::edge::config::app::App;
use crate::edge::flows::revoke::{Reach, reach_of_access, reach_of_refresh};
use crate::edge::ident::Claims;
use crate::edge::session::records::{SessionLookup, SessionRecord};
use crate::edge::session::tokens::RefreshToken;
use crate::edge::testing::fakes::{NOW, World};
use serde_json::json;

const DAY: u64 = 1_440 * MINUTE;
const SID: &str = "AQEBAQEBAQEBAQEBAQEBAQ";

fn with_app<T>(act: impl FnOnce(&App) -> T) -> T {
    act(World::new().config.as_ref().unwrap().app("wx1").unwrap())
}

/// A refresh token number `n` of the login at [`NOW`], issued at `iat`.
fn refresh(n: i64, iat: u64) -> RefreshToken {
    let token = json!({ "appid": "wx1", "openid": "o1", "sid": SID, "auth": NOW, "n": n, "iat": iat });
    crate::edge::stored::parse(token.to_string().as_bytes()).unwrap()
}

fn access(exp_s: u64) -> Claims {
    let claims = json!({
        "iss": "i", "sub": "o1", "aud": "wx1", "client_id": "wx1", "iat": NOW / 1000, "exp": exp_s, "jti": "j", "sid": SID,
        "auth": NOW,
    });
    crate::edge::stored::parse(claims.to_string().as_bytes()).unwrap()
}

fn stored(g: i64, t: u64) -> SessionLookup {
    SessionLookup { session: Some(SessionRecord::new(g, t, NOW, None)), ..SessionLookup::default() }
}

#[test]
fn the_reach_of_a_refresh_token_depends_on_its_age_and_generation() {
    let end = NOW + 30 * DAY;
    let minutes = |n: u64| NOW + n * MINUTE;
    // (name, token, records, now, reach, reach with `everywhere`)
    for (name, token, found, now, own, everywhere) in [
        ("current", refresh(4, NOW), stored(3, NOW), minutes(1), Reach::Session, Reach::All),
        ("presented a moment ago", refresh(4, NOW), stored(4, NOW), minutes(1), Reach::Session, Reach::All),
        ("the newest, presented long ago", refresh(4, NOW), stored(4, NOW), minutes(9), Reach::Session, Reach::All),
        ("the one before, in its grace", refresh(3, NOW), stored(4, NOW), minutes(2), Reach::Session, Reach::All),
        ("the one before, after it", refresh(3, NOW), stored(4, NOW), minutes(2) + 1, Reach::Session, Reach::Session),
        ("rotated out", refresh(2, NOW), stored(4, NOW), minutes(1), Reach::Session, Reach::Session),
        ("missing, fresh", refresh(4, NOW), SessionLookup::default(), minutes(2), Reach::Session, Reach::All),
        (
            "missing, not fresh",
            refresh(4, NOW),
            SessionLookup::default(),
            minutes(2) + 1,
            Reach::Session,
            Reach::BegunBy(NOW),
        ),
        ("one second left", refresh(4, NOW), stored(3, NOW), end - 1000, Reach::Session, Reach::All),
        ("over its absolute life", refresh(4, NOW + 7), stored(3, NOW), end, Reach::Nothing, Reach::BegunBy(NOW + 7)),
        (
            "revoked",
            refresh(4, NOW),
            SessionLookup { tombstoned: true, ..stored(3, NOW) },
            minutes(1),
            Reach::Nothing,
            Reach::Nothing,
        ),
        (
            "revoked with all others",
            refresh(4, NOW),
            SessionLookup { revoked_before: Some(NOW), ..stored(3, NOW) },
            minutes(1),
            Reach::Nothing,
            Reach::Nothing,
        ),
    ] {
        let reach = |everywhere| with_app(|app| reach_of_refresh(app, &token, &found, everywhere, now));
        assert_eq!((reach(false), reach(true)), (own, everywhere), "{name}");
    }
}

#[test]
fn an_access_token_ends_all_sessions_only_until_it_expires() {
    let exp = NOW / 1000 + 600;
    let end = NOW + 30 * DAY;
    let living = || stored(3, NOW);
    for (name, claims, found, now, own, everywhere) in [
        ("living", access(exp), living(), NOW + 599_999, Reach::Session, Reach::All),
        ("expired", access(exp), living(), NOW + 600_000, Reach::Session, Reach::Session),
        ("a session in its last second", access(exp), living(), end - 1000, Reach::Session, Reach::Session),
        ("a session over its absolute life", access(exp), living(), end, Reach::Nothing, Reach::Nothing),
        ("revoked", access(exp), SessionLookup { tombstoned: true, ..living() }, NOW, Reach::Nothing, Reach::Nothing),
    ] {
        let reach = |everywhere| with_app(|app| reach_of_access(app, &claims, &found, everywhere, now));
        assert_eq!((reach(false), reach(true)), (own, everywhere), "{name}");
    }
}
