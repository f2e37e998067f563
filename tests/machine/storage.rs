//! Storage: what survives a restart, log-outs that last, revocations that are not forgotten.

use crate::phone::{Phone, Storage, Stored, tokens};
use wxauth::machine::{
    EdgeFailure, Effect, ErrorCode, Event, LoginMode, Machine, OpId, Outcome, PrivacyMode, SessionState,
};

fn entries(record: &str, status: &str) -> Stored {
    Stored { record: record.into(), status: status.into() }
}

fn launched_with(stored: Stored) -> Phone {
    let mut phone = Phone::new(LoginMode::Silent, PrivacyMode::Official);
    phone.launch(Some(stored));
    phone
}

fn log_out(phone: &mut Phone) -> &mut Phone {
    phone.tell(Event::Logout { waiter: 700, everywhere: false })
}

#[test]
fn what_is_stored_decides_whether_the_launch_logs_in() {
    use SessionState::{Guest, LoggedIn, LoggedOut, LoggingIn};
    let later = 1_790_000_600_000_u64;
    let held = format!("wxauth3 5 1 0 1 1 {later} access refresh .");
    let old_held = format!("wxauth2 1 0 0 1 1 {later} access refresh");
    let cases = [
        ("nothing", String::new(), "", LoggingIn),
        ("a session", held.clone(), "wxauth3 5 in .", LoggedIn),
        ("a session of an earlier release", old_held.clone(), "", LoggedIn),
        (
            "a session whose access token is over",
            "wxauth3 5 1 0 1 1 17 access refresh .".into(),
            "wxauth3 5 in .",
            LoggingIn,
        ),
        ("a log-out", "wxauth3 6 1 0 1 1 0 - - .".into(), "wxauth3 6 out .", LoggedOut),
        ("a log-out of an earlier release", "wxauth2 1 0 1 1 1 0 - - refresh".into(), "", LoggedOut),
        ("a log-out of an earlier release, cut", "wxauth2 1 0 1 1".into(), "", LoggedOut),
        ("a log-out whose tokens could not be removed", held.clone(), "wxauth3 6 out .", LoggedOut),
        ("a status removed because storage was full", held.clone(), "", LoggedOut),
        ("a log-out, cut among its revocations", String::new(), "wxauth3 6 out refr", LoggedOut),
        ("a session of before the last log-out and log-in", held.clone(), "wxauth3 8 in .", LoggingIn),
        ("a log-in whose status could not be written", held.clone(), "wxauth3 4 out .", LoggedIn),
        ("a cut record", held[..40].into(), "wxauth3 5 in .", LoggingIn),
        ("a cut record after a log-out", held[..40].into(), "wxauth3 6 out .", LoggedOut),
        ("a cut record alone", held[..40].into(), "", Guest),
        ("a cut status", held.clone(), "wxauth3 6", Guest),
        ("a newer record", "wxauth9 something newer".into(), "wxauth3 5 in .", LoggingIn),
        ("a newer record alone", "wxauth9 something newer".into(), "", Guest),
        ("a newer status", held.clone(), "wxauth9 in", Guest),
        ("a record of an older version", "wxauth1 1 0 0 9 a b".into(), "", Guest),
        ("an old record that ends after its status", "wxauth2 1 0 0".into(), "", LoggingIn),
        ("an old record without a status", "wxauth2 1 0".into(), "", Guest),
        ("someone else's text", "{\"token\":1}".into(), "", LoggingIn),
        ("no text", "\u{fffd}".into(), "", LoggingIn),
        ("a stamp that is no number", held.replacen('5', "x", 1), "wxauth3 5 in .", LoggingIn),
        ("a word too many", format!("{held} more ."), "wxauth3 5 in .", LoggingIn),
        ("a token that is none", held.replace("refresh", "ref\u{e9}"), "wxauth3 5 in .", LoggingIn),
        (
            "the largest numbers",
            format!("wxauth3 {0} {1} 0 {1} 1 {0} access refresh .", u64::MAX, u32::MAX),
            "wxauth3 5 in .",
            LoggedIn,
        ),
    ];
    for (name, record, status, expected) in cases {
        let mut phone = launched_with(entries(&record, status));
        assert_eq!(phone.state(), expected, "{name}");
        assert_eq!(phone.count("CallLogin") + phone.count("Refresh"), usize::from(expected == LoggingIn), "{name}");
        // The user may always log in.
        phone.tell(Event::Login(1));
        if phone.outcome(1).is_none() {
            if phone.count("Refresh") > 0 {
                phone.tokens("Refresh")
            } else {
                phone.log_in()
            };
        }
        assert_eq!((phone.state(), phone.degraded()), (LoggedIn, false), "{name}");
        let again = phone.restarted();
        assert_eq!((again.state(), again.count("CallLogin"), again.count("Refresh")), (LoggedIn, 0, 0), "{name}");
    }
}

#[test]
fn a_log_out_lasts_whatever_storage_does_then_or_at_the_restart() {
    let all = [Storage::Works, Storage::Fails, Storage::Unreadable, Storage::Full, Storage::Silent];
    for at_log_out in [Storage::Works, Storage::Unreadable, Storage::Full] {
        for at_restart in all {
            let name = format!("{at_log_out:?}, then {at_restart:?}");
            let mut phone = Phone::logged_in();
            phone.storage = at_log_out;
            log_out(&mut phone).unreachable("Revoke");
            let mut next = phone.restarted_with(at_restart);
            next.tell(Event::Ready(1)).request(2).wait(20_000);
            assert_eq!((next.count("CallLogin"), next.count("Refresh")), (0, 0), "{name}");
            assert!(matches!(next.outcome(1), Some(Outcome::Done)), "{name}");
            let code = next.failed_with(2);
            assert!([ErrorCode::LoggedOut, ErrorCode::LoginRequired].contains(&code), "{name}");
            if at_restart == Storage::Works {
                assert_eq!((code, next.state()), (ErrorCode::LoggedOut, SessionState::LoggedOut), "{name}");
                assert!(next.count("Revoke") > 0, "{name}: the session is still to be revoked");
            }
            next.storage = Storage::Works;
            next.tell(Event::Login(3)).log_in();
            assert!(matches!(next.outcome(3), Some(Outcome::Done)), "{name}");
            assert_eq!(next.restarted().state(), SessionState::LoggedIn, "{name}");
        }
    }
}

#[test]
fn storage_that_answers_late_is_believed_then() {
    let mut out = Phone::logged_in();
    log_out(&mut out);
    for (stored, expected) in [(out.stored.clone(), 0), (Stored::default(), 1)] {
        let mut phone = Phone::new(LoginMode::Silent, PrivacyMode::Official);
        phone.storage = Storage::Silent;
        phone.tell(Event::Launched { seed: 7 }).tell(Event::Ready(1)).wait(4_000);
        assert!(matches!(phone.outcome(1), Some(Outcome::Done)), "callers do not wait for it");
        assert!(phone.degraded());
        assert_eq!(phone.count("CallLogin"), 0, "whether the user is logged out is not known");
        let first = phone.asked.iter().find_map(|effect| match effect {
            Effect::ReadRecord { op, .. } => Some(*op),
            _ => None,
        });
        phone.storage = Storage::Works;
        phone.stored = stored.clone();
        let op = first.unwrap();
        phone.tell(Event::RecordRead { op, record: Some(stored.record), status: Some(stored.status) });
        assert_eq!(phone.count("CallLogin"), expected);
    }
}

#[test]
fn a_caller_who_comes_while_storage_is_in_doubt_makes_it_be_read_again() {
    let mut phone = Phone::new(LoginMode::Silent, PrivacyMode::Official);
    phone.storage = Storage::Fails;
    phone.launch(None).request(1).wait(600_000);
    assert_eq!(phone.failed_with(1), ErrorCode::LoginRequired);
    phone.storage = Storage::Silent;
    phone.request(2).wait(4_000);
    assert_eq!(phone.failed_with(2), ErrorCode::LoginRequired, "it does not wait for ever");
    phone.storage = Storage::Works;
    phone.request(3).log_in();
    assert_eq!(phone.sent(3).len(), 1);
}

#[test]
fn a_refused_token_and_storage_that_cannot_be_read_may_be_a_log_out_elsewhere() {
    let mut phone = Phone::logged_in();
    phone.storage = Storage::Fails;
    phone.request(1).reply(1, 401).refused("Refresh", 400, "session_ended").wait(10_000);
    assert_eq!((phone.failed_with(1), phone.count("CallLogin")), (ErrorCode::LoginRequired, 1));
    phone.storage = Storage::Works;
    phone.request(2).refused("Refresh", 400, "session_ended").log_in();
    assert_eq!(phone.sent(2).len(), 1);
}

#[test]
fn a_login_is_remembered_when_storage_works_again() {
    let mut phone = Phone::new(LoginMode::Silent, PrivacyMode::Official);
    phone.storage = Storage::Fails;
    phone.launch(None).tell(Event::Login(1)).log_in();
    assert!(phone.degraded() && matches!(phone.outcome(1), Some(Outcome::Done)));
    phone.storage = Storage::Works;
    phone.wait(60_000);
    assert!(!phone.degraded());
    assert_eq!(phone.restarted().state(), SessionState::LoggedIn);
}

#[test]
fn full_storage_degrades_and_requests_go_on() {
    let mut phone = Phone::logged_in();
    phone.storage = Storage::Full;
    phone.request(1).reply(1, 401).tokens("Refresh").reply(1, 200);
    assert!(matches!(phone.outcome(1), Some(Outcome::Deliver { .. })) && phone.degraded());
    phone.storage = Storage::Works;
    phone.wait(60_000);
    assert!(!phone.degraded());
}

#[test]
fn one_write_is_under_way_at_a_time_and_the_newest_state_is_stored() {
    let mut phone = Phone::logged_in();
    phone.storage = Storage::Silent;
    let from = phone.asked.len();
    phone.request(1).reply(1, 401);
    let open = |phone: &Phone| -> Vec<Effect> {
        phone.asked[from..].iter().filter(|effect| matches!(effect, Effect::Save { .. })).cloned().collect()
    };
    // The flight's own read is answered, the renewal succeeds, and the user logs out while the tokens are written.
    let read = |phone: &mut Phone| {
        let op = phone.last_op("ReadRecord");
        let Stored { record, status } = phone.stored.clone();
        phone.tell(Event::RecordRead { op, record: Some(record), status: Some(status) });
    };
    read(&mut phone);
    phone.tokens("Refresh");
    read(&mut phone);
    assert_eq!(open(&phone).len(), 1, "the record");
    log_out(&mut phone);
    assert_eq!(open(&phone).len(), 1, "the write under way is waited for");
    let op = phone.last_op("Save");
    phone.storage = Storage::Works;
    phone.tell(Event::Stored { op });
    assert_eq!(phone.restarted().state(), SessionState::LoggedOut);
}

#[test]
fn only_the_edges_own_word_settles_a_revocation() {
    for status in [200, 302, 400, 401, 403, 404, 408, 425, 429, 500, 503, 0] {
        let mut phone = Phone::logged_in();
        log_out(&mut phone);
        match status {
            0 => phone.unreachable("Revoke"),
            _ => phone.refused("Revoke", status, ""),
        };
        phone.wait(30_000);
        assert!(phone.count("Revoke") > 1, "{status}: tried again while the app is shown");
        let next = phone.restarted();
        assert_eq!(next.count("Revoke"), 1, "{status}: and after a restart");
    }
}

#[test]
fn retried_revocations_rest_longer_each_time() {
    let mut phone = Phone::logged_in();
    log_out(&mut phone);
    let mut tries = Vec::new();
    for second in 0..1_800 {
        if phone.count("Revoke") > tries.len() {
            tries.push(second);
            phone.refused("Revoke", 503, "storage_unavailable");
        }
        phone.wait(1_000);
    }
    assert!((8..=16).contains(&tries.len()), "{tries:?}");
}

#[test]
fn a_revocation_that_the_edge_does_not_take_holds_up_no_other() {
    let mut phone = Phone::logged_in();
    log_out(&mut phone).refused("Revoke", 403, "");
    phone.log_in_again();
    log_out(&mut phone);
    let revoked: Vec<String> = phone
        .asked
        .iter()
        .filter_map(|effect| match effect {
            Effect::Revoke { refresh_token, .. } => Some(refresh_token.reveal().to_owned()),
            _ => None,
        })
        .collect();
    assert_eq!(revoked.len(), 2);
    assert_ne!(revoked[0], revoked[1]);
}

#[test]
fn many_log_outs_without_an_edge_are_all_remembered_and_the_newest_last() {
    let mut phone = Phone::logged_in();
    for _ in 0..20 {
        phone.tell(Event::Logout { waiter: 10_000 + phone.codes, everywhere: false });
        phone.tell(Event::Login(20_000 + phone.codes)).log_in().wait(1_000);
    }
    let owed = phone.stored.status.split(' ').filter(|word| word.starts_with("refresh")).count();
    assert_eq!(owed, 16);
    let last = phone.stored.status.split(' ').rev().nth(1).unwrap().to_owned();
    let held_before_last = tokens(exchange_ops(&phone).into_iter().rev().nth(1).unwrap());
    assert_eq!(last, held_before_last.refresh_token.reveal());
}

fn exchange_ops(phone: &Phone) -> Vec<OpId> {
    let exchange = |effect: &Effect| match effect {
        Effect::Exchange { op, .. } => Some(*op),
        _ => None,
    };
    phone.asked.iter().filter_map(exchange).collect()
}

#[test]
fn everywhere_means_everywhere_in_every_phase() {
    type Prepare = fn(&mut Phone);
    let phases: [(&str, Prepare, &str); 4] = [
        ("a session is held", |_| {}, ""),
        (
            "a renewal is out",
            |phone| {
                phone.request(1).reply(1, 401);
            },
            "Refresh",
        ),
        (
            "a revocation is out",
            |phone| {
                log_out(phone);
            },
            "",
        ),
        (
            "a login's exchange is out",
            |phone| {
                log_out(phone).tell(Event::Login(2)).code();
            },
            "Exchange",
        ),
    ];
    for (name, prepare, answered) in phases {
        let mut phone = Phone::logged_in();
        prepare(&mut phone);
        phone.tell(Event::Logout { waiter: 9, everywhere: true });
        if !answered.is_empty() {
            phone.tokens(answered);
        }
        for _ in 0..4 {
            let op = phone.last_op("Revoke");
            phone.tell(Event::Revoked { op });
        }
        let last = phone.asked.iter().rev().find_map(|effect| match effect {
            Effect::Revoke { everywhere, .. } => Some(*everywhere),
            _ => None,
        });
        assert_eq!(last, Some(true), "{name}");
        assert!(!phone.stored.status.contains("refresh"), "{name}: all are settled");
    }
    let mut cold = Phone::silent();
    cold.code().tell(Event::Logout { waiter: 9, everywhere: true }).tokens("Exchange");
    assert!(cold.asked.iter().any(|effect| matches!(effect, Effect::Revoke { everywhere: true, .. })));
}

#[test]
fn the_flight_recorder_gets_entries_that_parse_and_have_no_token() {
    let mut phone = Phone::logged_in();
    phone.tell(Event::Logout { waiter: 1, everywhere: true }).log_in_again();
    let Stored { record, status } = phone.stored.clone();
    assert!(record.contains("access") && record.contains("refresh") && status.contains("*refresh"));
    let redacted = entries(&Machine::redacted_record(&record), &Machine::redacted_record(&status));
    assert!(!format!("{redacted:?}").contains("refresh") && !format!("{redacted:?}").contains("access"));
    let next = launched_with(redacted);
    assert_eq!((next.state(), next.count("Revoke"), next.count("CallLogin")), (SessionState::LoggedIn, 1, 0));
    for (line, expected) in [("", ""), ("{}", "unreadable"), ("wxauth1 0 0 access", "wxauth unreadable")] {
        assert_eq!(Machine::redacted_record(line), expected);
    }
}

#[test]
fn a_lock_that_is_never_granted_and_one_that_is_granted_late_hang_nothing() {
    let mut phone = Phone::logged_in();
    phone.tell(Event::Expired(phone_generation(&phone)));
    phone.holds_lock_back = true;
    phone.request(1).wait(10_000);
    assert_eq!(phone.count("Refresh"), 0, "another context holds it");
    phone.wait(6_000);
    assert_eq!((phone.count("Refresh"), phone.count("ReleaseLock")), (1, phone.count("AcquireLock")));
    phone.tokens("Refresh").reply(1, 200);
    assert!(matches!(phone.outcome(1), Some(Outcome::Deliver { .. })));
}

#[test]
fn the_lock_is_released_after_the_result_is_stored() {
    let mut phone = Phone::logged_in();
    phone.request(1).reply(1, 401);
    assert_eq!(phone.count("AcquireLock"), phone.count("ReleaseLock") + 1);
    phone.tokens("Refresh");
    assert_eq!(phone.count("AcquireLock"), phone.count("ReleaseLock"));
    let at = |wanted| phone.asked.iter().rposition(|effect| crate::phone::name(effect) == wanted).unwrap();
    assert!(at("Save") < at("ReleaseLock"));
}

fn phone_generation(phone: &Phone) -> wxauth::machine::Generation {
    let generation = phone.asked.iter().rev().find_map(|effect| match effect {
        Effect::State { state } => Some(state.generation),
        _ => None,
    });
    generation.unwrap()
}

#[test]
fn a_revocation_failure_with_a_huge_retry_after_is_bounded() {
    let mut phone = Phone::logged_in();
    log_out(&mut phone);
    let op = phone.last_op("Revoke");
    let failure = EdgeFailure::Refused { status: 429, code: String::new(), retry_after_s: Some(u32::MAX) };
    phone.tell(Event::EdgeFailed { op, failure }).wait(310_000);
    assert_eq!(phone.count("Revoke"), 2);
}
