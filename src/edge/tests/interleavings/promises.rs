//! The promises of docs/storage.md, checked by an observer after the last request.

use super::requests::{Actor, Ends, Setup, Tokens, backend, log_in, refresh, user, web_log_in};
use super::scheduler::{Answer, Scheduler, Stored};
use crate::edge::config::seal::Purpose;
use crate::edge::ident::UserName;
use crate::wechat::{AppId, OpenId};
use serde_json::json;

/// After this time no read is stale.
const CONVERGED_MS: u64 = 60_000;

pub(super) const PROMISES: [&str; 10] =
    [ACCESS, INTROSPECTION, REFRESH, MINT, ERASURE, DEVICES, DEAD_ON_ARRIVAL, NOT_REVOKED, ROTATED_OUT, INTERNAL_ERROR];
const ACCESS: &str = "an access token of a revoked session is refused";
const INTROSPECTION: &str = "introspection of a revoked session's tokens says inactive";
const REFRESH: &str = "a refresh token of a revoked session is refused";
const MINT: &str = "no token is minted after a revocation was answered";
const ERASURE: &str = "an erasure leaves no earlier session and no session_key";
const DEVICES: &str = "the list of devices shows no revoked session";
const DEAD_ON_ARRIVAL: &str = "no login is answered with tokens that are already revoked";
const NOT_REVOKED: &str = "a session that was not revoked stays alive";
const ROTATED_OUT: &str = "a refresh token that was rotated out long ago is refused";
const INTERNAL_ERROR: &str = "no request is answered 500";

/// The course of one request.
#[derive(Debug, Clone)]
pub(super) struct RequestLog {
    pub(super) actor: Actor,
    /// The step of the scheduler, from 1.
    pub(super) began: Option<usize>,
    pub(super) answered: Option<usize>,
    pub(super) answer: Option<Answer>,
}

impl RequestLog {
    fn is_success(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| answer.status < 300)
    }
}

/// Faults under which some promises do not apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Conditions {
    /// Reads may be stale.
    pub(super) stale: bool,
    /// Writes may fail and isolates may end.
    pub(super) faulty: bool,
}

/// The login of a token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Login {
    /// Before the requests.
    Before,
    /// Before the requests; its session was also ended before them.
    Ended,
    /// By the request of this index.
    Of(usize),
}

/// Tokens of a client, and the login that they belong to.
struct Held {
    tokens: Tokens,
    login: Login,
    newest: bool,
}

pub(super) fn broken(
    setup: &Setup,
    logs: &[RequestLog],
    kv: &Stored,
    reused: bool,
    now: u64,
    conditions: Conditions,
) -> Vec<&'static str> {
    let mut broken = Vec::new();
    let mut held = vec![
        Held { tokens: setup.phone.last().unwrap().clone(), login: Login::Before, newest: true },
        Held { tokens: setup.tablet.clone(), login: Login::Before, newest: true },
        Held { tokens: setup.browser.clone(), login: Login::Before, newest: true },
        Held { tokens: setup.ended.clone(), login: Login::Ended, newest: true },
    ];
    for (index, log) in logs.iter().enumerate() {
        let Some(answer) = log.answer.as_ref() else { continue };
        if answer.status == 500 {
            broken.push(INTERNAL_ERROR);
        }
        let Some(tokens) = Tokens::of(answer, log.actor.app()) else { continue };
        if log.actor == Actor::ThiefPresentsAnOldToken {
            broken.push(ROTATED_OUT);
        }
        let login = if log.actor.logs_in() { Login::Of(index) } else { Login::Before };
        for other in &mut held {
            other.newest &= other.tokens.sid != tokens.sid;
        }
        held.push(Held { tokens, login, newest: true });
    }

    let revocations = || logs.iter().filter(|log| log.actor.ends(setup) != Ends::None);
    let may_meet = |log: &RequestLog, tokens: &Tokens| match log.actor.ends(setup) {
        Ends::None => false,
        Ends::All => log.actor.app() == tokens.app,
        Ends::These(sids) => sids.contains(&tokens.sid),
    };
    let again = [Actor::PhoneLogsInAgain, Actor::PhoneLogsInAgainWithItsFirstToken];
    let logs_in_again = logs.iter().any(|log| again.contains(&log.actor));
    let meets = |log: &RequestLog, tokens: &Tokens| match log.actor {
        // With a token of a session that is over it ends at most that session.
        Actor::PhoneLogsOutEverywhere if reused || others_end_phone(setup, logs) => setup.phone[0].sid == tokens.sid,
        // After a new login the session counts as begun later.
        Actor::ExpiredSessionLogsOutEverywhere if logs_in_again => setup.expired.sid == tokens.sid,
        _ => may_meet(log, tokens),
    };
    let logged_in = |login| match login {
        Login::Before => Some((0, 0)),
        Login::Ended => None,
        Login::Of(index) => logs[index].began.zip(logs[index].answered),
    };
    let is_over = |held: &Held| {
        if held.login == Login::Ended {
            return true;
        }
        let Some((_, answered)) = logged_in(held.login) else { return false };
        revocations()
            .any(|log| log.is_success() && meets(log, &held.tokens) && log.began.is_some_and(|began| answered < began))
    };
    // No request that can end it was sent after its login began.
    let is_alive = |held: &Held| {
        let Some((began, _)) = logged_in(held.login) else { return false };
        let before =
            |log: &RequestLog| log.answered.is_some_and(|answered| held.login != Login::Before && answered < began);
        !revocations().any(|log| log.began.is_some() && may_meet(log, &held.tokens) && !before(log))
    };

    let later = now + CONVERGED_MS;
    let ask = |request| Scheduler::new(kv.clone(), later).run(request);
    let is_active = |tokens: &Tokens, token: &str| {
        tokens.app == "wx1" && ask(backend("/oauth/introspect", &json!({ "token": token }))).json()["active"] == true
    };
    for held in &held {
        let Held { tokens, .. } = held;
        let access = ask(user("GET", "/account", tokens)).status;
        let refreshed = ask(refresh(tokens)).status;
        let (access_active, refresh_active) = (is_active(tokens, &tokens.access), is_active(tokens, &tokens.refresh));
        if is_over(held) {
            broken.extend((access != 401).then_some(ACCESS));
            broken.extend((access_active || refresh_active).then_some(INTROSPECTION));
            broken.extend((refreshed != 400).then_some(REFRESH));
        }
        if !conditions.stale && !conditions.faulty && !reused && is_alive(held) {
            let introspected = tokens.app != "wx1" || access_active;
            let lives = access == 200 && introspected && (!held.newest || refreshed == 200);
            broken.extend((!lives).then_some(NOT_REVOKED));
        }
        // A login that was answered after the last revocation.
        if let Login::Of(index) = held.login
            && !conditions.stale
            && !conditions.faulty
            && !reused
            && logs[index].actor.logs_in()
            && revocations()
                .all(|log| log.began.is_none() || log.answered.is_some_and(|at| at < logs[index].answered.unwrap()))
            && access != 200
        {
            broken.push(DEAD_ON_ARRIVAL);
        }
    }
    for log in logs.iter().filter(|log| log.is_success()) {
        let Some(session) = log.actor.refreshes(setup) else { continue };
        let late = |revocation: &RequestLog| {
            revocation.is_success() && meets(revocation, session) && revocation.answered < log.answered
        };
        if !conditions.stale && revocations().any(late) {
            broken.push(MINT);
        }
    }
    if !conditions.stale && !conditions.faulty {
        broken.extend(erasure(setup, logs, kv).then_some(ERASURE));
    }
    let shown: Vec<_> = held.iter().map(|held| Shown { held, is_over: is_over(held) }).collect();
    broken.extend(devices(setup, kv, later, &shown).then_some(DEVICES));
    broken.sort_unstable();
    broken.dedup();
    broken
}

/// Whether another request can have ended the session of the phone before the phone logs out everywhere.
fn others_end_phone(setup: &Setup, logs: &[RequestLog]) -> bool {
    let phone = logs.iter().find(|log| log.actor == Actor::PhoneLogsOutEverywhere);
    let answered = phone.and_then(|phone| phone.answered).unwrap_or(usize::MAX);
    let ends = |log: &RequestLog| match log.actor.ends(setup) {
        Ends::None => false,
        Ends::All => log.actor.app() == "wx1",
        Ends::These(sids) => sids.contains(&setup.phone[0].sid),
    };
    let mut others = logs.iter().filter(|log| log.actor != Actor::PhoneLogsOutEverywhere);
    others.any(|log| ends(log) && log.began.is_some_and(|began| began < answered))
}

/// Whether a record that is older than an erasure is left.
fn erasure(setup: &Setup, logs: &[RequestLog], kv: &Stored) -> bool {
    let erased = |log: &&RequestLog| log.actor.erases() && log.is_success();
    let Some(erased) = logs.iter().find(erased) else { return false };
    // Another writer of e1 may come after the erasure and does not erase.
    if logs.iter().any(|log| !log.actor.erases() && log.actor.ends(setup) == Ends::All && log.began.is_some()) {
        return false;
    }
    let scheduler = Scheduler::new(kv.clone(), setup.now);
    let config = (*scheduler.0.config).as_ref().unwrap();
    let appid = AppId::parse(erased.actor.app()).unwrap();
    let user = UserName::new(&config.name_key, &appid, &OpenId::parse("oMei").unwrap());
    let open = |name: &str| -> Option<serde_json::Value> {
        let body = config.sealer.open(Purpose::Record, name, kv.get(name)?)?;
        serde_json::from_slice(&body).ok()
    };
    let ended = open(&format!("e1:{}", user.as_str())).and_then(|end| end.as_u64()).unwrap_or_default();
    let sessions = kv.keys().filter(|name| name.starts_with(&format!("s1:{}:", user.as_str())));
    let began: Vec<u64> = sessions.map(|name| open(name).unwrap()["auth"].as_u64().unwrap()).collect();
    let key = kv.contains_key(&format!("k1:{}", user.as_str()));
    began.iter().any(|began| *began <= ended) || (key && began.is_empty())
}

struct Shown<'a> {
    held: &'a Held,
    is_over: bool,
}

/// Whether the list of a new login shows a session that is over.
fn devices(setup: &Setup, kv: &Stored, now: u64, shown: &[Shown<'_>]) -> bool {
    for (app, request) in [("wx1", log_in(None)), ("wx2", web_log_in(9, now))] {
        if !shown.iter().any(|Shown { held, is_over }| *is_over && held.tokens.app == app) {
            continue;
        }
        let scheduler = Scheduler::new(kv.clone(), now);
        let mine = Tokens::of(&scheduler.run(request), app).unwrap();
        let listed = scheduler.run(user("GET", "/sessions", &mine)).json();
        let is_over = |session: &serde_json::Value| {
            // A login with an old token keeps the session id.
            let is_later = session["logged_in_at"].as_u64().unwrap() >= setup.now / 1000;
            let is_same =
                |held: &Held| held.tokens.sid == session["id"] && matches!(held.login, Login::Of(_)) == is_later;
            let mut same = shown.iter().filter(|shown| is_same(shown.held)).peekable();
            same.peek().is_some() && same.all(|shown| shown.is_over)
        };
        if listed["sessions"].as_array().unwrap().iter().any(is_over) {
            return true;
        }
    }
    false
}
