//! Storage: sessions, log-outs and pending revocations across restarts.

use crate::device::{Device, Storage, Stored, tokens};
#[cfg(target_family = "wasm")]
use crate::test;
use wxauth::machine::{
    EdgeFailure, Effect, ErrorCode, Event, LoginMode, Machine, OpId, Outcome, PrivacyMode, SessionState,
};

fn entries(record: &str, status: &str) -> Stored {
    Stored { record: record.into(), status: status.into() }
}

fn launched_with(stored: Stored) -> Device {
    let mut device = Device::new(LoginMode::Silent, PrivacyMode::Official);
    device.launch(Some(stored));
    device
}

pub(crate) fn log_out(device: &mut Device) -> &mut Device {
    device.dispatch(Event::Logout { waiter: 700, everywhere: false })
}

#[test]
fn the_stored_entries_decide_whether_the_launch_logs_in() {
    use SessionState::{Guest, LoggedIn, LoggedOut, LoggingIn};
    let later = 1_790_000_600_000_u64;
    let held = format!("wxauth3 5 1 0 1 1 {later} access refresh .");
    let old_held = format!("wxauth2 1 0 0 1 1 {later} access refresh");
    let cases = [
        ("nothing", String::new(), "", LoggingIn),
        ("a session", held.clone(), "wxauth3 5 in .", LoggedIn),
        ("a session of an earlier release", old_held.clone(), "", LoggedIn),
        (
            "a session with an expired access token",
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
        ("a session older than the last log-in", held.clone(), "wxauth3 8 in .", LoggingIn),
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
        ("text of another program", "{\"token\":1}".into(), "", LoggingIn),
        ("text that is not ASCII", "\u{fffd}".into(), "", LoggingIn),
        ("a stamp that is not a number", held.replacen('5', "x", 1), "wxauth3 5 in .", LoggingIn),
        ("an additional word", format!("{held} more ."), "wxauth3 5 in .", LoggingIn),
        ("a malformed token", held.replace("refresh", "ref\u{e9}"), "wxauth3 5 in .", LoggingIn),
        (
            "the largest numbers",
            format!("wxauth3 {0} {1} 0 {1} 1 {0} access refresh .", u64::MAX, u32::MAX),
            "wxauth3 5 in .",
            LoggedIn,
        ),
    ];
    for (name, record, status, expected) in cases {
        let mut device = launched_with(entries(&record, status));
        assert_eq!(device.state(), expected, "{name}");
        assert_eq!(device.count("CallLogin") + device.count("Refresh"), usize::from(expected == LoggingIn), "{name}");
        // A login is possible in every case.
        device.dispatch(Event::Login(1));
        if device.outcome(1).is_none() {
            if device.count("Refresh") > 0 {
                device.tokens("Refresh")
            } else {
                device.log_in()
            };
        }
        assert_eq!((device.state(), device.degraded()), (LoggedIn, false), "{name}");
        let again = device.restarted();
        assert_eq!((again.state(), again.count("CallLogin"), again.count("Refresh")), (LoggedIn, 0, 0), "{name}");
    }
}

#[test]
fn a_log_out_survives_storage_failures_at_the_log_out_and_at_the_restart() {
    let all = [Storage::Works, Storage::Fails, Storage::Unreadable, Storage::Full, Storage::Silent];
    for at_log_out in [Storage::Works, Storage::Unreadable, Storage::Full] {
        for at_restart in all {
            let name = format!("{at_log_out:?}, then {at_restart:?}");
            let mut device = Device::logged_in();
            device.storage = at_log_out;
            log_out(&mut device).unreachable("Revoke");
            let mut next = device.restarted_with(at_restart);
            next.dispatch(Event::Ready(1)).request(2).wait(20_000);
            assert_eq!((next.count("CallLogin"), next.count("Refresh")), (0, 0), "{name}");
            assert!(matches!(next.outcome(1), Some(Outcome::Done)), "{name}");
            let code = next.failed_with(2);
            assert!([ErrorCode::LoggedOut, ErrorCode::LoginRequired].contains(&code), "{name}");
            if at_restart == Storage::Works {
                assert_eq!((code, next.state()), (ErrorCode::LoggedOut, SessionState::LoggedOut), "{name}");
                assert!(next.count("Revoke") > 0, "{name}: the session is still to be revoked");
            }
            next.storage = Storage::Works;
            next.dispatch(Event::Login(3)).log_in();
            assert!(matches!(next.outcome(3), Some(Outcome::Done)), "{name}");
            assert_eq!(next.restarted().state(), SessionState::LoggedIn, "{name}");
        }
    }
}

#[test]
fn a_late_answer_of_storage_is_used() {
    let mut out = Device::logged_in();
    log_out(&mut out);
    for (stored, expected) in [(out.stored.clone(), 0), (Stored::default(), 1)] {
        let mut device = Device::new(LoginMode::Silent, PrivacyMode::Official);
        device.storage = Storage::Silent;
        device.dispatch(Event::Launched { seed: 7 }).dispatch(Event::Ready(1)).wait(4_000);
        assert!(matches!(device.outcome(1), Some(Outcome::Done)), "callers do not wait for storage");
        assert!(device.degraded());
        assert_eq!(device.count("CallLogin"), 0, "the user may be logged out");
        let first = device.effects.iter().find_map(|effect| match effect {
            Effect::ReadRecord { op, .. } => Some(*op),
            _ => None,
        });
        device.storage = Storage::Works;
        device.stored = stored.clone();
        let op = first.unwrap();
        device.dispatch(Event::RecordRead { op, record: Some(stored.record), status: Some(stored.status) });
        assert_eq!(device.count("CallLogin"), expected);
    }
}

#[test]
fn a_new_caller_causes_another_read_of_unreadable_storage() {
    let mut device = Device::new(LoginMode::Silent, PrivacyMode::Official);
    device.storage = Storage::Fails;
    device.launch(None).request(1).wait(600_000);
    assert_eq!(device.failed_with(1), ErrorCode::LoginRequired);
    device.storage = Storage::Silent;
    device.request(2).wait(4_000);
    assert_eq!(device.failed_with(2), ErrorCode::LoginRequired, "the wait is bounded");
    device.storage = Storage::Works;
    device.request(3).log_in();
    assert_eq!(device.sent(3).len(), 1);
}

#[test]
fn a_refused_refresh_with_unreadable_storage_causes_no_login() {
    let mut device = Device::logged_in();
    device.storage = Storage::Fails;
    device.request(1).reply(1, 401).refused("Refresh", 400, "session_ended").wait(10_000);
    assert_eq!((device.failed_with(1), device.count("CallLogin")), (ErrorCode::LoginRequired, 1));
    device.storage = Storage::Works;
    device.request(2).refused("Refresh", 400, "session_ended").log_in();
    assert_eq!(device.sent(2).len(), 1);
}

#[test]
fn a_login_is_stored_when_storage_works_again() {
    let mut device = Device::new(LoginMode::Silent, PrivacyMode::Official);
    device.storage = Storage::Fails;
    device.launch(None).dispatch(Event::Login(1)).log_in();
    assert!(device.degraded() && matches!(device.outcome(1), Some(Outcome::Done)));
    device.storage = Storage::Works;
    device.wait(60_000);
    assert!(!device.degraded());
    assert_eq!(device.restarted().state(), SessionState::LoggedIn);
}

#[test]
fn full_storage_is_shown_as_degraded_and_requests_continue() {
    let mut device = Device::logged_in();
    device.storage = Storage::Full;
    device.request(1).reply(1, 401).tokens("Refresh").reply(1, 200);
    assert!(matches!(device.outcome(1), Some(Outcome::Deliver { .. })) && device.degraded());
    device.storage = Storage::Works;
    device.wait(60_000);
    assert!(!device.degraded());
}

#[test]
fn one_write_is_in_progress_at_a_time_and_the_newest_state_is_stored() {
    let mut device = Device::logged_in();
    device.storage = Storage::Silent;
    let from = device.effects.len();
    device.request(1).reply(1, 401);
    let open = |device: &Device| -> Vec<Effect> {
        device.effects[from..].iter().filter(|effect| matches!(effect, Effect::Save { .. })).cloned().collect()
    };
    // The read before the refresh is answered, the refresh succeeds, and the user logs out during the write.
    let read = |device: &mut Device| {
        let op = device.last_op("ReadRecord");
        let Stored { record, status } = device.stored.clone();
        device.dispatch(Event::RecordRead { op, record: Some(record), status: Some(status) });
    };
    read(&mut device);
    device.tokens("Refresh");
    read(&mut device);
    assert_eq!(open(&device).len(), 1, "the record");
    log_out(&mut device);
    assert_eq!(open(&device).len(), 1, "the next write waits");
    let op = device.last_op("Save");
    device.storage = Storage::Works;
    device.dispatch(Event::Stored { op });
    assert_eq!(device.restarted().state(), SessionState::LoggedOut);
}

#[test]
fn a_revocation_is_retried_unless_the_edge_confirms_it() {
    for status in [200, 302, 400, 401, 403, 404, 408, 425, 429, 500, 503, 0] {
        let mut device = Device::logged_in();
        log_out(&mut device);
        match status {
            0 => device.unreachable("Revoke"),
            _ => device.refused("Revoke", status, ""),
        };
        device.wait(30_000);
        assert!(device.count("Revoke") > 1, "{status}: retried while the app is shown");
        let next = device.restarted();
        assert_eq!(next.count("Revoke"), 1, "{status}: retried after a restart");
    }
}

#[test]
fn revocations_are_retried_with_growing_pauses() {
    let mut device = Device::logged_in();
    log_out(&mut device);
    let mut tries = Vec::new();
    for second in 0..1_800 {
        if device.count("Revoke") > tries.len() {
            tries.push(second);
            device.refused("Revoke", 503, "storage_unavailable");
        }
        device.wait(1_000);
    }
    assert!((8..=16).contains(&tries.len()), "{tries:?}");
}

#[test]
fn a_refused_revocation_does_not_block_the_next_one() {
    let mut device = Device::logged_in();
    log_out(&mut device).refused("Revoke", 403, "");
    device.log_in_again();
    log_out(&mut device);
    let revoked: Vec<String> = device
        .effects
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
fn the_newest_16_pending_revocations_are_stored_in_order() {
    let mut device = Device::logged_in();
    for _ in 0..20 {
        device.dispatch(Event::Logout { waiter: 10_000 + device.codes, everywhere: false });
        device.dispatch(Event::Login(20_000 + device.codes)).log_in().wait(1_000);
    }
    let pending = device.stored.status.split(' ').filter(|word| word.starts_with("refresh")).count();
    assert_eq!(pending, 16);
    let last = device.stored.status.split(' ').rev().nth(1).unwrap().to_owned();
    let previous = tokens(exchange_ops(&device).into_iter().rev().nth(1).unwrap());
    assert_eq!(last, previous.refresh_token.reveal());
}

fn exchange_ops(device: &Device) -> Vec<OpId> {
    let exchange = |effect: &Effect| match effect {
        Effect::Exchange { op, .. } => Some(*op),
        _ => None,
    };
    device.effects.iter().filter_map(exchange).collect()
}

#[test]
fn a_log_out_everywhere_revokes_everywhere_in_every_phase() {
    type Prepare = fn(&mut Device);
    let phases: [(&str, Prepare, &str); 4] = [
        ("logged in", |_| {}, ""),
        (
            "during a refresh",
            |device| {
                device.request(1).reply(1, 401);
            },
            "Refresh",
        ),
        (
            "during a revocation",
            |device| {
                log_out(device);
            },
            "",
        ),
        (
            "during the exchange of a login",
            |device| {
                log_out(device).dispatch(Event::Login(2)).code();
            },
            "Exchange",
        ),
    ];
    for (name, prepare, answered) in phases {
        let mut device = Device::logged_in();
        prepare(&mut device);
        device.dispatch(Event::Logout { waiter: 9, everywhere: true });
        if !answered.is_empty() {
            device.tokens(answered);
        }
        for _ in 0..4 {
            let op = device.last_op("Revoke");
            device.dispatch(Event::Revoked { op });
        }
        let last = device.effects.iter().rev().find_map(|effect| match effect {
            Effect::Revoke { everywhere, .. } => Some(*everywhere),
            _ => None,
        });
        assert_eq!(last, Some(true), "{name}");
        assert!(!device.stored.status.contains("refresh"), "{name}: no revocation is pending");
    }
    let mut cold = Device::silent();
    cold.code().dispatch(Event::Logout { waiter: 9, everywhere: true }).tokens("Exchange");
    assert!(cold.effects.iter().any(|effect| matches!(effect, Effect::Revoke { everywhere: true, .. })));
}

#[test]
fn redacted_entries_parse_and_contain_no_token() {
    let mut device = Device::logged_in();
    device.dispatch(Event::Logout { waiter: 1, everywhere: true }).log_in_again();
    let Stored { record, status } = device.stored.clone();
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
fn a_lock_that_is_never_granted_does_not_block_a_refresh() {
    let mut device = Device::logged_in();
    device.dispatch(Event::Expired(phone_generation(&device)));
    device.lock_is_held_elsewhere = true;
    device.request(1).wait(10_000);
    assert_eq!(device.count("Refresh"), 0, "another context holds the lock");
    device.wait(6_000);
    assert_eq!((device.count("Refresh"), device.count("ReleaseLock")), (1, device.count("AcquireLock")));
    device.tokens("Refresh").reply(1, 200);
    assert!(matches!(device.outcome(1), Some(Outcome::Deliver { .. })));
}

#[test]
fn the_lock_is_released_after_the_result_is_stored() {
    let mut device = Device::logged_in();
    device.request(1).reply(1, 401);
    assert_eq!(device.count("AcquireLock"), device.count("ReleaseLock") + 1);
    device.tokens("Refresh");
    assert_eq!(device.count("AcquireLock"), device.count("ReleaseLock"));
    let at = |wanted| device.effects.iter().rposition(|effect| crate::device::name(effect) == wanted).unwrap();
    assert!(at("Save") < at("ReleaseLock"));
}

#[test]
fn an_attempt_that_another_context_ends_leaves_all_tries_to_the_next() {
    let mut device = Device::logged_in();
    device.request(1).reply(1, 401);
    for _ in 0..2 {
        device.unreachable("Refresh");
        // Another context stores a renewed session before the second pause ends.
        if device.count("Refresh") == 2 {
            let record: Vec<&str> = device.stored.record.split(' ').collect();
            let renewed = [&record[..2], &["2"], &record[3..7], &["other-access", "other-refresh", "."]].concat();
            device.stored.record = renewed.join(" ");
        }
        device.wait(5_000);
    }
    assert_eq!((device.count("Refresh"), device.sends().len()), (2, 2), "the renewed session is used");
    device.reply(1, 401);
    for _ in 0..2 {
        device.unreachable("Refresh").wait(5_000);
        assert!(device.outcome(1).is_none());
    }
    device.unreachable("Refresh");
    assert_eq!(device.failed_with(1), ErrorCode::EdgeUnreachable);
}

fn phone_generation(device: &Device) -> wxauth::machine::Generation {
    let generation = device.effects.iter().rev().find_map(|effect| match effect {
        Effect::State { state } => Some(state.generation),
        _ => None,
    });
    generation.unwrap()
}

#[test]
fn a_huge_retry_after_of_a_revocation_is_bounded() {
    let mut device = Device::logged_in();
    log_out(&mut device);
    let op = device.last_op("Revoke");
    let failure = EdgeFailure::Refused { status: 429, code: String::new(), retry_after_s: Some(u32::MAX) };
    device.dispatch(Event::EdgeFailed { op, failure }).wait(310_000);
    assert_eq!(device.count("Revoke"), 2);
}
