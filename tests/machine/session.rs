//! Session: one login, generations, and an end to every wait.

use crate::phone::{Phone, name, tokens};
use std::collections::{BTreeMap, BTreeSet};
use wxauth::machine::{
    EdgeFailure, Effect, ErrorCode, Event, Generation, LoginMode, OpId, Outcome, PrivacyMode, SessionState, Tokens,
};

#[test]
fn five_cold_requests_make_one_login() {
    let mut phone = Phone::new(LoginMode::OnDemand, PrivacyMode::Official);
    phone.launch(None);
    for waiter in 1..=5 {
        phone.request(waiter);
    }
    phone.log_in();
    assert_eq!((phone.count("CallLogin"), phone.count("Exchange"), phone.count("Send")), (1, 1, 5));
}

#[test]
fn whoever_is_settled_finds_the_new_state() {
    let mut phone = Phone::silent();
    phone.tell(Event::Ready(1)).code();
    let exchange = phone.last_op("Exchange");
    phone.asked.clear();
    phone.tokens_for_op(exchange);
    let at = |wanted: &str| phone.asked.iter().position(|effect| name(effect) == wanted).unwrap();
    assert!(at("State") < at("Settle"));
    assert_eq!(phone.state(), SessionState::LoggedIn);
}

#[test]
fn a_late_401_of_an_older_generation_replays_and_never_logs_in() {
    let mut phone = Phone::logged_in();
    for waiter in 1..=3 {
        phone.request(waiter);
    }
    phone.reply(1, 401).tokens("Refresh");
    let logins = phone.count("CallLogin");
    phone.reply(2, 401).reply(3, 401);
    assert_eq!((phone.count("Refresh"), phone.count("CallLogin")), (1, logins));
    for waiter in 1..=3 {
        phone.reply(waiter, 200);
        assert!(matches!(phone.outcome(waiter), Some(Outcome::Deliver { .. })));
        assert_eq!(phone.sent(waiter).len(), 2);
        assert_ne!(phone.sent(waiter)[0], phone.sent(waiter)[1]);
    }
}

#[test]
fn a_server_that_always_says_401_gets_its_401_delivered() {
    let mut phone = Phone::logged_in();
    phone.request(1).reply(1, 401).tokens("Refresh").reply(1, 401).tokens("Refresh").reply(1, 401);
    assert!(matches!(phone.outcome(1), Some(Outcome::Deliver { .. })));
    assert_eq!(phone.count("Refresh"), 2);
}

#[test]
fn a_token_with_no_life_left_is_used_and_not_renewed_in_circles() {
    let mut phone = Phone::silent();
    phone.request(1).code();
    let op = phone.last_op("Exchange");
    let tokens = Tokens { expires_in_s: 0, ..tokens(op) };
    phone.tell(Event::TokensArrived { op, tokens, server_now: Some(phone.now) });
    assert_eq!((phone.sent(1).len(), phone.count("Refresh"), phone.count("CallLogin")), (1, 0, 1));
}

#[test]
fn a_login_that_fails_rejects_everyone_and_the_next_request_tries_afresh() {
    let mut phone = Phone::silent();
    phone.request(1).tell(Event::Ready(2));
    for _ in 0..3 {
        phone.login_failed().wait(5_000);
    }
    assert_eq!(phone.failed_with(1), ErrorCode::WechatLoginFailed);
    assert_eq!(phone.failed_with(2), ErrorCode::WechatLoginFailed);
    assert_eq!(phone.count("CallLogin"), 3);
    phone.request(3).log_in().reply(3, 200);
    assert!(matches!(phone.outcome(3), Some(Outcome::Deliver { .. })));
}

#[test]
fn a_login_that_never_calls_back_ends_by_its_deadline() {
    let mut phone = Phone::silent();
    phone.request(1).wait(60_000);
    assert_eq!(phone.failed_with(1), ErrorCode::WechatLoginTimeout);
}

#[test]
fn an_exchange_of_unknown_outcome_takes_a_fresh_code() {
    let mut phone = Phone::silent();
    phone.request(1).code().unreachable("Exchange").wait(2_000).log_in();
    let codes: BTreeSet<_> = phone
        .asked
        .iter()
        .filter_map(|effect| match effect {
            Effect::Exchange { code, .. } => Some(code.reveal().to_owned()),
            _ => None,
        })
        .collect();
    assert_eq!((codes.len(), phone.count("Exchange"), phone.sent(1).len()), (2, 2, 1));
}

#[test]
fn a_used_code_is_answered_with_a_fresh_login() {
    let mut phone = Phone::silent();
    phone.request(1).code().refused("Exchange", 400, "code_used").wait(2_000).log_in();
    assert_eq!(phone.sent(1).len(), 1);
}

#[test]
fn a_blocked_user_is_not_tried_again() {
    let mut phone = Phone::silent();
    phone.request(1).code().refused("Exchange", 403, "user_blocked").wait(60_000);
    assert_eq!((phone.failed_with(1), phone.count("CallLogin")), (ErrorCode::LoginBlocked, 1));
}

#[test]
fn throttling_keeps_everyone_away_until_its_time() {
    let mut phone = Phone::silent();
    phone.request(1).code();
    let failure = EdgeFailure::Refused { status: 429, code: "upstream_rate_limited".into(), retry_after_s: Some(60) };
    let op = phone.last_op("Exchange");
    phone.tell(Event::EdgeFailed { op, failure });
    let Some(Outcome::Failed { code: ErrorCode::RateLimited, retry_after, .. }) = phone.outcome(1) else { panic!() };
    assert_eq!(*retry_after, Some(60));
    phone.wait(30_000).request(2);
    assert_eq!((phone.failed_with(2), phone.count("CallLogin")), (ErrorCode::RateLimited, 1));
    phone.wait(31_000).request(3);
    assert_eq!(phone.count("CallLogin"), 2);
}

#[test]
fn a_dead_refresh_token_becomes_a_silent_login_that_continues_the_session() {
    let mut phone = Phone::logged_in();
    phone.request(1).reply(1, 401).refused("Refresh", 400, "session_ended").code();
    let Some(Effect::Exchange { refresh_token: Some(_), .. }) =
        phone.asked.iter().rev().find(|effect| name(effect) == "Exchange")
    else {
        panic!("the old refresh token goes along")
    };
    phone.tokens("Exchange").reply(1, 200);
    assert!(matches!(phone.outcome(1), Some(Outcome::Deliver { .. })));
}

#[test]
fn a_live_session_survives_a_restart_without_any_call() {
    let stored = Phone::logged_in().stored;
    let mut phone = Phone::new(LoginMode::Silent, PrivacyMode::Official);
    phone.request(1).launch(Some(stored));
    assert_eq!((phone.count("CallLogin"), phone.count("Refresh"), phone.sent(1).len()), (0, 0, 1));
}

#[test]
fn hidden_time_does_not_count_and_three_seconds_remain_after_shown() {
    let mut phone = Phone::silent();
    phone.request(1).wait(9_000).tell(Event::Hidden);
    phone.now += 240_000;
    phone.tell(Event::Shown).wait(2_500);
    assert_eq!(phone.count("CallLogin"), 1);
    phone.log_in();
    assert_eq!(phone.sent(1).len(), 1);
}

#[test]
fn what_was_left_of_a_deadline_is_left_after_a_minute_in_the_background() {
    let mut phone = Phone::silent();
    phone.request(1).wait(2_000).tell(Event::Hidden);
    phone.now += 60_000;
    phone.tell(Event::Shown).wait(7_500);
    assert_eq!(phone.count("CallLogin"), 1, "eight of its ten seconds were left");
    phone.wait(1_500);
    assert_eq!(phone.count("CallLogin"), 2);
}

#[test]
fn a_phone_clock_set_by_two_days_neither_logs_out_nor_times_out() {
    for jump in [-172_800_000_i64, 172_800_000] {
        let mut phone = Phone::logged_in();
        phone.request(1);
        phone.now = phone.now.saturating_add_signed(jump);
        phone.wait(1_000).reply(1, 401).tokens("Refresh").reply(1, 200);
        assert!(matches!(phone.outcome(1), Some(Outcome::Deliver { .. })));
        let refreshes = phone.count("Refresh");
        phone.request(2);
        assert_eq!((phone.sent(2).len(), phone.count("Refresh")), (1, refreshes), "the new offset is learnt");
        assert_eq!(phone.count("CallLogin"), 1);
    }
}

#[test]
fn logging_out_persists_and_revokes_later() {
    let mut phone = Phone::logged_in();
    phone.request(1).tell(Event::Logout { waiter: 2, everywhere: false }).unreachable("Revoke").request(3);
    assert!(matches!(phone.outcome(2), Some(Outcome::Done)));
    assert_eq!((phone.failed_with(3), phone.state()), (ErrorCode::LoggedOut, SessionState::LoggedOut));

    let mut next = phone.restarted();
    next.tell(Event::Ready(1)).tell(Event::Request { waiter: 2, guest: true });
    assert_eq!((next.count("CallLogin"), next.count("Revoke")), (0, 1));
    assert!(matches!(next.outcome(1), Some(Outcome::Done)));
    assert_eq!(next.sent(2), [None]);
    let op = next.last_op("Revoke");
    next.tell(Event::Revoked { op }).tell(Event::Login(3)).log_in();
    assert!(matches!(next.outcome(3), Some(Outcome::Done)));
    assert!(!next.stored.status.contains("refresh"), "nothing is owed any more");
}

#[test]
fn what_is_asked_before_the_launch_is_asked_of_the_session_it_brings() {
    let stored = Phone::logged_in().stored;
    let mut phone = Phone::new(LoginMode::Silent, PrivacyMode::Official);
    phone.tell(Event::Logout { waiter: 1, everywhere: false }).launch(Some(stored));
    assert!(matches!(phone.outcome(1), Some(Outcome::Done)));
    assert_eq!((phone.state(), phone.count("Revoke")), (SessionState::LoggedOut, 1));

    let mut next = Phone::new(LoginMode::Silent, PrivacyMode::Official);
    next.tell(Event::Login(1)).tell(Event::Login(2)).tell(Event::Cancelled(2)).launch(Some(phone.stored.clone()));
    next.log_in();
    assert!(matches!(next.outcome(1), Some(Outcome::Done)));
    assert_eq!(next.failed_with(2), ErrorCode::Cancelled);
}

#[test]
fn tokens_that_arrive_after_a_logout_are_revoked() {
    let mut phone = Phone::silent();
    phone.code().tell(Event::Logout { waiter: 1, everywhere: false }).tokens("Exchange");
    assert_eq!((phone.state(), phone.count("Revoke")), (SessionState::LoggedOut, 1));
}

#[test]
fn guests_need_no_login() {
    let mut phone = Phone::new(LoginMode::OnDemand, PrivacyMode::Official);
    phone.launch(None);
    phone.tell(Event::Ready(1)).tell(Event::Request { waiter: 2, guest: true }).reply(2, 401);
    assert_eq!((phone.count("CallLogin"), phone.sent(2)), (0, vec![None]));
    assert!(matches!((phone.outcome(1), phone.outcome(2)), (Some(Outcome::Done), Some(Outcome::Deliver { .. }))));
}

#[test]
fn a_page_without_wx_login_is_a_guest() {
    let mut phone = Phone::new(LoginMode::Never, PrivacyMode::Official);
    phone.launch(None);
    phone.tell(Event::Ready(1)).request(2).tell(Event::Login(3));
    assert!(matches!(phone.outcome(1), Some(Outcome::Done)));
    assert_eq!((phone.failed_with(2), phone.failed_with(3)), (ErrorCode::LoginRequired, ErrorCode::LoginRequired));
}

#[test]
fn a_page_with_a_web_login_leaves_only_for_a_caller_of_login() {
    let mut phone = Phone::new(LoginMode::Explicit, PrivacyMode::Official);
    phone.launch(None);
    phone.tell(Event::Ready(1)).request(2).tell(Event::Token(3)).tell(Event::Request { waiter: 4, guest: true });
    assert!(matches!(phone.outcome(1), Some(Outcome::Done)));
    assert_eq!((phone.failed_with(2), phone.failed_with(3)), (ErrorCode::LoginRequired, ErrorCode::LoginRequired));
    assert_eq!((phone.sent(4), phone.count("CallLogin")), (vec![None], 0));
    phone.tell(Event::Login(5)).log_in();
    assert!(matches!(phone.outcome(5), Some(Outcome::Done)));
    assert_eq!((phone.state(), phone.count("CallLogin")), (SessionState::LoggedIn, 1));
}

#[test]
fn a_page_whose_session_has_ended_stays_and_its_visitor_is_a_guest() {
    let stored = Phone::logged_in().stored;
    for ended_by_request in [false, true] {
        let mut phone = Phone::new(LoginMode::Explicit, PrivacyMode::Official);
        phone.now += 10_000_000;
        phone.launch(Some(stored.clone()));
        let wanted = if ended_by_request { Event::Request { waiter: 1, guest: false } } else { Event::Ready(1) };
        phone.tell(wanted).refused("Refresh", 400, "session_ended");
        match ended_by_request {
            false => assert!(matches!(phone.outcome(1), Some(Outcome::Done))),
            true => assert_eq!(phone.failed_with(1), ErrorCode::LoginRequired),
        }
        assert_eq!((phone.state(), phone.count("CallLogin")), (SessionState::Guest, 0));
        let mut next = Phone::new(LoginMode::Explicit, PrivacyMode::Official);
        next.now = phone.now;
        next.launch(Some(phone.stored.clone()));
        next.tell(Event::Ready(1));
        assert_eq!((next.state(), next.count("Refresh")), (SessionState::Guest, 0), "the ended session is forgotten");
    }
}

#[test]
fn own_request_layers_get_tokens_and_report_generations() {
    let mut phone = Phone::logged_in();
    phone.tell(Event::Token(1));
    let Some(Outcome::Token { generation, .. }) = phone.outcome(1).cloned() else { panic!() };
    phone.tell(Event::Expired(Generation(generation.0 + 7))).tell(Event::Token(2));
    assert_eq!(phone.count("Refresh"), 0);
    phone.tell(Event::Expired(generation)).tell(Event::Token(3)).tokens("Refresh");
    assert!(matches!(phone.outcome(3), Some(Outcome::Token { .. })));
}

#[test]
fn a_cancelled_caller_leaves_alone() {
    let mut phone = Phone::silent();
    phone.request(1).request(2).tell(Event::Cancelled(1)).log_in();
    assert_eq!((phone.failed_with(1), phone.sent(1).len(), phone.sent(2).len()), (ErrorCode::Cancelled, 0, 1));
}

#[test]
fn a_second_login_waits_for_the_first_ones_deadline() {
    // wx.login never answers, and a caller comes every 777 ms.
    let mut phone = Phone::silent();
    let mut outstanding: BTreeMap<OpId, u64> = BTreeMap::new();
    let mut seen = 0;
    for round in 0..200_u64 {
        phone.request(u32::try_from(round).unwrap() + 1);
        for effect in &phone.asked[seen..] {
            if let Effect::CallLogin { op, timeout } = effect {
                outstanding.retain(|_, deadline| *deadline > phone.now);
                assert!(outstanding.is_empty(), "a second wx.login while one is in flight");
                outstanding.insert(*op, phone.now + u64::from(*timeout));
            }
        }
        seen = phone.asked.len();
        phone.wait(777);
    }
    assert!(phone.count("CallLogin") > 3);
}

#[test]
fn a_code_that_slept_too_long_or_came_from_the_future_is_replaced() {
    for jump in [300_001, 172_800_000, -1, -172_800_000] {
        let mut phone = Phone::silent();
        phone.request(1).tell(Event::Hidden);
        phone.now = phone.now.saturating_add_signed(jump);
        phone.tell(Event::Shown).code();
        assert_eq!(phone.count("Exchange"), 0, "{jump} ms");
        phone.wait(2_000).log_in().reply(1, 200);
        assert!(matches!(phone.outcome(1), Some(Outcome::Deliver { .. })));
    }
    let mut phone = Phone::silent();
    phone.tell(Event::Hidden);
    phone.now += 300_000;
    phone.tell(Event::Shown).code();
    assert_eq!(phone.count("Exchange"), 1, "five minutes are its life");
}

#[test]
fn a_body_code_that_was_configured_means_expired() {
    let mut phone = Phone::logged_in();
    phone.request(1).request(2).reply_with(1, 200, "40101").tokens("Refresh").reply_with(2, 200, "7").reply(1, 200);
    assert_eq!((phone.sent(1).len(), phone.sent(2).len(), phone.count("Refresh")), (2, 1, 1));
    assert!(matches!(phone.outcome(2), Some(Outcome::Deliver { of: 2 })));
}

#[test]
fn a_logout_during_wx_login_and_a_login_after_it_share_the_one_call() {
    let mut phone = Phone::silent();
    phone.tell(Event::Logout { waiter: 1, everywhere: false }).tell(Event::Login(2));
    assert_eq!(phone.count("CallLogin"), 1);
    phone.log_in();
    assert!(matches!(phone.outcome(2), Some(Outcome::Done)));
    let mut phone = Phone::silent();
    phone.tell(Event::Logout { waiter: 1, everywhere: false }).code().wait(60_000);
    assert_eq!((phone.count("CallLogin"), phone.count("Exchange")), (1, 0), "nothing goes on by itself");
    let mut phone = Phone::silent();
    phone.tell(Event::Logout { waiter: 1, everywhere: false }).login_failed().wait(60_000);
    assert_eq!((phone.count("CallLogin"), phone.state()), (1, SessionState::LoggedOut));
}

#[test]
fn a_login_after_a_logout_waits_for_the_exchange_that_the_logout_overtook() {
    let mut phone = Phone::silent();
    phone.code().tell(Event::Logout { waiter: 1, everywhere: false }).tell(Event::Login(2));
    assert_eq!(phone.count("CallLogin"), 1, "one exchange at a time");
    phone.tokens("Exchange");
    assert_eq!((phone.count("CallLogin"), phone.count("Revoke")), (2, 1), "its session is ended");
    phone.log_in();
    assert!(matches!(phone.outcome(2), Some(Outcome::Done)));
    let mut phone = Phone::silent();
    phone.code().tell(Event::Logout { waiter: 1, everywhere: false }).tell(Event::Login(2)).wait(10_000);
    assert_eq!(phone.count("CallLogin"), 2, "an exchange that never ends does not block it");
}

#[test]
fn logging_out_everywhere_is_owed_until_the_edge_has_heard() {
    let everywhere = |phone: &Phone| {
        let last = phone.asked.iter().rev().find_map(|effect| match effect {
            Effect::Revoke { everywhere, .. } => Some(*everywhere),
            _ => None,
        });
        last.unwrap()
    };
    let mut phone = Phone::logged_in();
    phone.tell(Event::Logout { waiter: 1, everywhere: true }).unreachable("Revoke");
    assert!(matches!(phone.outcome(1), Some(Outcome::Done)) && everywhere(&phone));
    assert!(everywhere(&phone.restarted()), "also after a restart");
}

#[test]
fn only_what_another_try_can_help_is_tried_again() {
    let tries = |status, code: &str| {
        let mut phone = Phone::silent();
        phone.request(1);
        for _ in 0..5 {
            if phone.outcome(1).is_none() {
                phone.code().refused("Exchange", status, code).wait(5_000);
            }
        }
        (phone.count("Exchange"), phone.failed_with(1))
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
