//! Session: one login for all callers, generations, deadlines.

use crate::device::{Device, Storage, name, tokens};
#[cfg(target_family = "wasm")]
use crate::test;
use std::collections::{BTreeMap, BTreeSet};
use wxauth::machine::{
    EdgeFailure, Effect, ErrorCode, Event, Generation, LoginMode, OpId, Outcome, PrivacyMode, SessionState, Tokens,
};

#[test]
fn five_cold_requests_make_one_login() {
    let mut device = Device::new(LoginMode::OnDemand, PrivacyMode::Official);
    device.launch(None);
    for waiter in 1..=5 {
        device.request(waiter);
    }
    device.log_in();
    assert_eq!((device.count("CallLogin"), device.count("Exchange"), device.count("Send")), (1, 1, 5));
}

#[test]
fn the_state_changes_before_its_callers_settle() {
    let mut device = Device::silent();
    device.dispatch(Event::Ready(1)).code();
    let exchange = device.last_op("Exchange");
    device.effects.clear();
    device.tokens_for_op(exchange);
    let at = |wanted: &str| device.effects.iter().position(|effect| name(effect) == wanted).unwrap();
    assert!(at("State") < at("Settle"));
    assert_eq!(device.state(), SessionState::LoggedIn);
}

#[test]
fn a_late_401_of_an_older_generation_replays_and_never_logs_in() {
    let mut device = Device::logged_in();
    for waiter in 1..=3 {
        device.request(waiter);
    }
    device.reply(1, 401).tokens("Refresh");
    let logins = device.count("CallLogin");
    device.reply(2, 401).reply(3, 401);
    assert_eq!((device.count("Refresh"), device.count("CallLogin")), (1, logins));
    for waiter in 1..=3 {
        device.reply(waiter, 200);
        assert!(matches!(device.outcome(waiter), Some(Outcome::Deliver { .. })));
        assert_eq!(device.sent(waiter).len(), 2);
        assert_ne!(device.sent(waiter)[0], device.sent(waiter)[1]);
    }
}

#[test]
fn a_third_401_is_delivered_to_the_caller() {
    let mut device = Device::logged_in();
    device.request(1).reply(1, 401).tokens("Refresh").reply(1, 401).tokens("Refresh").reply(1, 401);
    assert!(matches!(device.outcome(1), Some(Outcome::Deliver { .. })));
    assert_eq!(device.count("Refresh"), 2);
}

#[test]
fn a_token_with_a_lifetime_of_0_is_used_once_and_not_refreshed() {
    let mut device = Device::silent();
    device.request(1).code();
    let op = device.last_op("Exchange");
    let tokens = Tokens { expires_in_s: 0, ..tokens(op) };
    device.dispatch(Event::TokensArrived { op, tokens, server_now: Some(device.now) });
    assert_eq!((device.sent(1).len(), device.count("Refresh"), device.count("CallLogin")), (1, 0, 1));
}

#[test]
fn a_failed_login_rejects_every_caller_and_the_next_request_starts_a_new_one() {
    let mut device = Device::silent();
    device.request(1).dispatch(Event::Ready(2));
    for _ in 0..3 {
        device.login_failed().wait(5_000);
    }
    assert_eq!(device.failed_with(1), ErrorCode::WechatLoginFailed);
    assert_eq!(device.failed_with(2), ErrorCode::WechatLoginFailed);
    assert_eq!(device.count("CallLogin"), 3);
    device.request(3).log_in().reply(3, 200);
    assert!(matches!(device.outcome(3), Some(Outcome::Deliver { .. })));
}

#[test]
fn a_login_without_a_callback_times_out() {
    let mut device = Device::silent();
    device.request(1).wait(60_000);
    assert_eq!(device.failed_with(1), ErrorCode::WechatLoginTimeout);
}

#[test]
fn an_exchange_of_unknown_outcome_is_retried_with_a_new_code() {
    let mut device = Device::silent();
    device.request(1).code().unreachable("Exchange").wait(2_000).log_in();
    let codes: BTreeSet<_> = device
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Exchange { code, .. } => Some(code.reveal().to_owned()),
            _ => None,
        })
        .collect();
    assert_eq!((codes.len(), device.count("Exchange"), device.sent(1).len()), (2, 2, 1));
}

#[test]
fn a_used_code_causes_a_new_login() {
    let mut device = Device::silent();
    device.request(1).code().refused("Exchange", 400, "code_used").wait(2_000).log_in();
    assert_eq!(device.sent(1).len(), 1);
}

#[test]
fn the_login_of_a_blocked_user_is_not_retried() {
    let mut device = Device::silent();
    device.request(1).code().refused("Exchange", 403, "user_blocked").wait(60_000);
    assert_eq!((device.failed_with(1), device.count("CallLogin")), (ErrorCode::LoginBlocked, 1));
}

#[test]
fn a_429_delays_every_login_until_retry_after() {
    let mut device = Device::silent();
    device.request(1).code();
    let failure = EdgeFailure::Refused { status: 429, code: "upstream_rate_limited".into(), retry_after_s: Some(60) };
    let op = device.last_op("Exchange");
    device.dispatch(Event::EdgeFailed { op, failure });
    let Some(Outcome::Failed { code: ErrorCode::RateLimited, retry_after, .. }) = device.outcome(1) else { panic!() };
    assert_eq!(*retry_after, Some(60));
    device.wait(30_000).request(2);
    assert_eq!((device.failed_with(2), device.count("CallLogin")), (ErrorCode::RateLimited, 1));
    device.wait(31_000).request(3);
    assert_eq!(device.count("CallLogin"), 2);
}

#[test]
fn a_dead_refresh_token_causes_a_silent_login_that_continues_the_session() {
    let mut device = Device::logged_in();
    device.request(1).reply(1, 401).refused("Refresh", 400, "session_ended").code();
    let Some(Effect::Exchange { refresh_token: Some(_), .. }) =
        device.effects.iter().rev().find(|effect| name(effect) == "Exchange")
    else {
        panic!("the exchange has the old refresh token")
    };
    device.tokens("Exchange").reply(1, 200);
    assert!(matches!(device.outcome(1), Some(Outcome::Deliver { .. })));
}

#[test]
fn a_live_session_survives_a_restart_without_a_call() {
    let stored = Device::logged_in().stored;
    let mut device = Device::new(LoginMode::Silent, PrivacyMode::Official);
    device.request(1).launch(Some(stored));
    assert_eq!((device.count("CallLogin"), device.count("Refresh"), device.sent(1).len()), (0, 0, 1));
}

#[test]
fn hidden_time_does_not_count_and_three_seconds_remain_after_shown() {
    let mut device = Device::silent();
    device.request(1).wait(9_000).dispatch(Event::Hidden);
    device.now += 240_000;
    device.dispatch(Event::Shown).wait(2_500);
    assert_eq!(device.count("CallLogin"), 1);
    device.log_in();
    assert_eq!(device.sent(1).len(), 1);
}

#[test]
fn a_minute_in_the_background_does_not_shorten_a_deadline() {
    let mut device = Device::silent();
    device.request(1).wait(2_000).dispatch(Event::Hidden);
    device.now += 60_000;
    device.dispatch(Event::Shown).wait(7_500);
    assert_eq!(device.count("CallLogin"), 1, "eight of ten seconds were left");
    device.wait(1_500);
    assert_eq!(device.count("CallLogin"), 2);
}

#[test]
fn a_clock_set_by_two_days_neither_logs_out_nor_times_out() {
    for jump in [-172_800_000_i64, 172_800_000] {
        let mut device = Device::logged_in();
        device.request(1);
        device.now = device.now.saturating_add_signed(jump);
        device.wait(1_000).reply(1, 401).tokens("Refresh").reply(1, 200);
        assert!(matches!(device.outcome(1), Some(Outcome::Deliver { .. })));
        let refreshes = device.count("Refresh");
        device.request(2);
        assert_eq!((device.sent(2).len(), device.count("Refresh")), (1, refreshes), "the new clock offset is used");
        assert_eq!(device.count("CallLogin"), 1);
    }
}

#[test]
fn a_log_out_persists_and_its_revocation_is_retried() {
    let mut device = Device::logged_in();
    device.request(1).dispatch(Event::Logout { waiter: 2, everywhere: false }).unreachable("Revoke").request(3);
    assert!(matches!(device.outcome(2), Some(Outcome::Done)));
    assert_eq!((device.failed_with(3), device.state()), (ErrorCode::LoggedOut, SessionState::LoggedOut));

    let mut next = device.restarted();
    next.dispatch(Event::Ready(1)).dispatch(Event::Request { waiter: 2, guest: true });
    assert_eq!((next.count("CallLogin"), next.count("Revoke")), (0, 1));
    assert!(matches!(next.outcome(1), Some(Outcome::Done)));
    assert_eq!(next.sent(2), [None]);
    let op = next.last_op("Revoke");
    next.dispatch(Event::Revoked { op }).dispatch(Event::Login(3)).log_in();
    assert!(matches!(next.outcome(3), Some(Outcome::Done)));
    assert!(!next.stored.status.contains("refresh"), "no revocation is pending");
}

#[test]
fn calls_before_the_launch_apply_to_the_stored_session() {
    let stored = Device::logged_in().stored;
    let mut device = Device::new(LoginMode::Silent, PrivacyMode::Official);
    device.dispatch(Event::Logout { waiter: 1, everywhere: false }).launch(Some(stored));
    assert!(matches!(device.outcome(1), Some(Outcome::Done)));
    assert_eq!((device.state(), device.count("Revoke")), (SessionState::LoggedOut, 1));

    let mut next = Device::new(LoginMode::Silent, PrivacyMode::Official);
    next.dispatch(Event::Login(1))
        .dispatch(Event::Login(2))
        .dispatch(Event::Cancelled(2))
        .launch(Some(device.stored.clone()));
    next.log_in();
    assert!(matches!(next.outcome(1), Some(Outcome::Done)));
    assert_eq!(next.failed_with(2), ErrorCode::Cancelled);
}

#[test]
fn tokens_that_arrive_after_a_log_out_are_revoked() {
    let mut device = Device::silent();
    device.code().dispatch(Event::Logout { waiter: 1, everywhere: false }).tokens("Exchange");
    assert_eq!((device.state(), device.count("Revoke")), (SessionState::LoggedOut, 1));
}

#[test]
fn a_guest_request_causes_no_login() {
    let mut device = Device::new(LoginMode::OnDemand, PrivacyMode::Official);
    device.launch(None);
    device.dispatch(Event::Ready(1)).dispatch(Event::Request { waiter: 2, guest: true }).reply(2, 401);
    assert_eq!((device.count("CallLogin"), device.sent(2)), (0, vec![None]));
    assert!(matches!((device.outcome(1), device.outcome(2)), (Some(Outcome::Done), Some(Outcome::Deliver { .. }))));
}

#[test]
fn a_page_without_wx_login_is_a_guest() {
    let mut device = Device::new(LoginMode::Never, PrivacyMode::Official);
    device.launch(None);
    device.dispatch(Event::Ready(1)).request(2).dispatch(Event::Login(3));
    assert!(matches!(device.outcome(1), Some(Outcome::Done)));
    assert_eq!((device.failed_with(2), device.failed_with(3)), (ErrorCode::LoginRequired, ErrorCode::LoginRequired));
}

#[test]
fn in_explicit_mode_only_login_starts_a_login() {
    let mut device = Device::new(LoginMode::Explicit, PrivacyMode::Official);
    device.launch(None);
    device
        .dispatch(Event::Ready(1))
        .request(2)
        .dispatch(Event::Token(3))
        .dispatch(Event::Request { waiter: 4, guest: true });
    assert!(matches!(device.outcome(1), Some(Outcome::Done)));
    assert_eq!((device.failed_with(2), device.failed_with(3)), (ErrorCode::LoginRequired, ErrorCode::LoginRequired));
    assert_eq!((device.sent(4), device.count("CallLogin")), (vec![None], 0));
    device.dispatch(Event::Login(5)).log_in();
    assert!(matches!(device.outcome(5), Some(Outcome::Done)));
    assert_eq!((device.state(), device.count("CallLogin")), (SessionState::LoggedIn, 1));
}

#[test]
fn in_explicit_mode_an_ended_session_becomes_a_guest() {
    let stored = Device::logged_in().stored;
    for ended_by_request in [false, true] {
        let mut device = Device::new(LoginMode::Explicit, PrivacyMode::Official);
        device.now += 10_000_000;
        device.launch(Some(stored.clone()));
        let wanted = if ended_by_request { Event::Request { waiter: 1, guest: false } } else { Event::Ready(1) };
        device.dispatch(wanted).refused("Refresh", 400, "session_ended");
        match ended_by_request {
            false => assert!(matches!(device.outcome(1), Some(Outcome::Done))),
            true => assert_eq!(device.failed_with(1), ErrorCode::LoginRequired),
        }
        assert_eq!((device.state(), device.count("CallLogin")), (SessionState::Guest, 0));
        let mut next = Device::new(LoginMode::Explicit, PrivacyMode::Official);
        next.now = device.now;
        next.launch(Some(device.stored.clone()));
        next.dispatch(Event::Ready(1));
        assert_eq!((next.state(), next.count("Refresh")), (SessionState::Guest, 0), "the ended session is forgotten");
    }
}

#[test]
fn a_request_layer_gets_tokens_and_reports_expired_generations() {
    let mut device = Device::logged_in();
    device.dispatch(Event::Token(1));
    let Some(Outcome::Token { generation, .. }) = device.outcome(1).cloned() else { panic!() };
    device.dispatch(Event::Expired(Generation(generation.0 + 7))).dispatch(Event::Token(2));
    assert_eq!(device.count("Refresh"), 0);
    device.dispatch(Event::Expired(generation)).dispatch(Event::Token(3)).tokens("Refresh");
    assert!(matches!(device.outcome(3), Some(Outcome::Token { .. })));
}

#[test]
fn cancelling_one_caller_does_not_affect_the_others() {
    let mut device = Device::silent();
    device.request(1).request(2).dispatch(Event::Cancelled(1)).log_in();
    assert_eq!((device.failed_with(1), device.sent(1).len(), device.sent(2).len()), (ErrorCode::Cancelled, 0, 1));
}

#[test]
fn a_second_wx_login_waits_for_the_deadline_of_the_first() {
    // wx.login never answers; a caller arrives every 777 ms.
    let mut device = Device::silent();
    let mut pending: BTreeMap<OpId, u64> = BTreeMap::new();
    let mut seen = 0;
    for round in 0..200_u64 {
        device.request(u32::try_from(round).unwrap() + 1);
        for effect in &device.effects[seen..] {
            if let Effect::CallLogin { op, timeout } = effect {
                pending.retain(|_, deadline| *deadline > device.now);
                assert!(pending.is_empty(), "a second wx.login while one is in progress");
                pending.insert(*op, device.now + u64::from(*timeout));
            }
        }
        seen = device.effects.len();
        device.wait(777);
    }
    assert!(device.count("CallLogin") > 3);
}

#[test]
fn a_code_older_than_five_minutes_or_from_the_future_is_replaced() {
    for jump in [300_001, 172_800_000, -1, -172_800_000] {
        let mut device = Device::silent();
        device.request(1).dispatch(Event::Hidden);
        device.now = device.now.saturating_add_signed(jump);
        device.dispatch(Event::Shown).code();
        assert_eq!(device.count("Exchange"), 0, "{jump} ms");
        device.wait(2_000).log_in().reply(1, 200);
        assert!(matches!(device.outcome(1), Some(Outcome::Deliver { .. })));
    }
    let mut device = Device::silent();
    device.dispatch(Event::Hidden);
    device.now += 300_000;
    device.dispatch(Event::Shown).code();
    assert_eq!(device.count("Exchange"), 1, "a code is valid for five minutes");
}

#[test]
fn a_configured_body_code_means_expired() {
    let mut device = Device::logged_in();
    device.request(1).request(2).reply_with(1, 200, "40101").tokens("Refresh").reply_with(2, 200, "7").reply(1, 200);
    assert_eq!((device.sent(1).len(), device.sent(2).len(), device.count("Refresh")), (2, 1, 1));
    assert!(matches!(device.outcome(2), Some(Outcome::Deliver { of: 2 })));
}

#[test]
fn a_login_after_a_log_out_during_wx_login_uses_the_same_call() {
    let mut device = Device::silent();
    device.dispatch(Event::Logout { waiter: 1, everywhere: false }).dispatch(Event::Login(2));
    assert_eq!(device.count("CallLogin"), 1);
    device.log_in();
    assert!(matches!(device.outcome(2), Some(Outcome::Done)));
    let mut device = Device::silent();
    device.dispatch(Event::Logout { waiter: 1, everywhere: false }).code().wait(60_000);
    assert_eq!((device.count("CallLogin"), device.count("Exchange")), (1, 0), "no login continues after the log-out");
    let mut device = Device::silent();
    device.dispatch(Event::Logout { waiter: 1, everywhere: false }).login_failed().wait(60_000);
    assert_eq!((device.count("CallLogin"), device.state()), (1, SessionState::LoggedOut));
}

#[test]
fn a_login_after_a_log_out_waits_for_the_exchange_in_progress() {
    let mut device = Device::silent();
    device.code().dispatch(Event::Logout { waiter: 1, everywhere: false }).dispatch(Event::Login(2));
    assert_eq!(device.count("CallLogin"), 1, "one exchange at a time");
    device.tokens("Exchange");
    assert_eq!((device.count("CallLogin"), device.count("Revoke")), (2, 1), "its session is revoked");
    device.log_in();
    assert!(matches!(device.outcome(2), Some(Outcome::Done)));
    let mut device = Device::silent();
    device.code().dispatch(Event::Logout { waiter: 1, everywhere: false }).dispatch(Event::Login(2)).wait(10_000);
    assert_eq!(device.count("CallLogin"), 2, "an exchange that is never answered does not block it");
}

#[test]
fn a_log_out_everywhere_stays_pending_until_the_edge_answers() {
    let everywhere = |device: &Device| {
        let last = device.effects.iter().rev().find_map(|effect| match effect {
            Effect::Revoke { everywhere, .. } => Some(*everywhere),
            _ => None,
        });
        last.unwrap()
    };
    let mut device = Device::logged_in();
    device.dispatch(Event::Logout { waiter: 1, everywhere: true }).unreachable("Revoke");
    assert!(matches!(device.outcome(1), Some(Outcome::Done)) && everywhere(&device));
    assert!(everywhere(&device.restarted()), "also after a restart");
}

#[test]
fn an_exchange_is_retried_only_if_a_retry_can_succeed() {
    let tries = |status, code: &str| {
        let mut device = Device::silent();
        device.request(1);
        for _ in 0..5 {
            if device.outcome(1).is_none() {
                device.code().refused("Exchange", status, code).wait(5_000);
            }
        }
        (device.count("Exchange"), device.failed_with(1))
    };
    for (status, code) in [(400, "code_invalid"), (400, "code_used"), (502, "upstream_malformed"), (503, ""), (408, "")]
    {
        assert_eq!(tries(status, code), (3, ErrorCode::EdgeFailed), "{status} {code}");
    }
    for (status, code) in
        [(401, "client_unknown"), (500, "misconfigured"), (404, ""), (403, ""), (400, "body_malformed")]
    {
        assert_eq!(tries(status, code), (1, ErrorCode::Misconfigured), "{status} {code}");
    }
    assert_eq!(tries(403, "user_blocked"), (1, ErrorCode::LoginBlocked));
}

#[test]
fn a_malformed_code_counts_as_a_failed_wx_login() {
    let mut device = Device::silent();
    for code in ["", "two words"] {
        let op = device.last_op("CallLogin");
        device.dispatch(Event::code_issued(op, code.into())).wait(5_000);
    }
    assert_eq!((device.count("CallLogin"), device.count("Exchange")), (3, 0));
    let op = device.last_op("CallLogin");
    device.dispatch(Event::code_issued(op, "code".into()));
    assert_eq!(device.count("Exchange"), 1);
}

#[test]
fn a_malformed_token_counts_as_a_reply_without_the_edges_code() {
    let mut device = Device::logged_in();
    device.request(1).reply(1, 401);
    for (access, refresh) in [("", "refresh"), ("access", ""), ("two words", "refresh")] {
        assert!(device.outcome(1).is_none());
        let op = device.last_op("Refresh");
        device.dispatch(Event::tokens_arrived(op, access.into(), refresh.into(), 600, None)).wait(5_000);
    }
    assert_eq!((device.failed_with(1), device.count("CallLogin")), (ErrorCode::EdgeFailed, 1));
    device.request(2);
    let op = device.last_op("Refresh");
    device.dispatch(Event::tokens_arrived(op, "access".into(), "refresh".into(), 600, None));
    assert_eq!(device.sent(2), [Some("access".to_owned())]);
}

#[test]
fn the_state_is_starting_until_storage_answers() {
    let mut device = Device::new(LoginMode::Silent, PrivacyMode::Official);
    device.storage = Storage::Silent;
    device.launch(None);
    assert_eq!(device.state(), SessionState::Starting);
    let op = device.last_op("ReadRecord");
    device.storage = Storage::Works;
    device.dispatch(Event::RecordRead { op, record: Some(String::new()), status: Some(String::new()) });
    assert_eq!(device.state(), SessionState::LoggingIn);
}

#[test]
fn a_session_with_a_live_token_is_logged_in_also_during_a_login() {
    let mut device = Device::logged_in().restarted();
    device.dispatch(Event::KeyReady(1));
    let op = device.last_op("CheckSession");
    device.dispatch(Event::SessionChecked { op, alive: false });
    assert_eq!((device.count("CallLogin"), device.state()), (1, SessionState::LoggedIn));
}

#[test]
fn a_session_with_an_expired_token_is_logged_in_after_a_failed_refresh() {
    let mut device = Device::logged_in();
    device.now += 3_600_000;
    device.request(1);
    assert_eq!(device.state(), SessionState::LoggingIn);
    for _ in 0..3 {
        device.unreachable("Refresh").wait(5_000);
    }
    assert_eq!((device.failed_with(1), device.state()), (ErrorCode::EdgeUnreachable, SessionState::LoggedIn));
}

#[test]
fn a_log_out_during_a_login_settles_ready_and_sends_guest_requests_without_a_session() {
    let mut device = Device::silent();
    device.dispatch(Event::Ready(1)).dispatch(Event::Request { waiter: 2, guest: true }).request(3);
    device.dispatch(Event::Token(4)).dispatch(Event::Login(5));
    device.dispatch(Event::Logout { waiter: 6, everywhere: false }).wait(3_000);
    assert!(matches!(device.outcome(1), Some(Outcome::Done)));
    assert_eq!(device.sent(2), [None]);
    for waiter in [3, 4, 5] {
        assert_eq!((device.failed_with(waiter), device.sent(waiter).len()), (ErrorCode::LoggedOut, 0));
    }
}
