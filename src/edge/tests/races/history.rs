//! Twelve hours of one user: a phone refreshes, repeats requests, loses answers and logs in again with a token of any age.
//! Some histories have a thief with a copy of its token, some a request that ends the session and an observer that then
//! tries the tokens of the ended session.

use super::edge::{Answer, Edge};
use super::store::{Faults, Kv, LOCATIONS};
use super::time::Time;
use crate::edge::config::Config;
use crate::edge::testing::fakes::{NOW, exchange, variables};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const LENGTH: u64 = 12 * HOUR;
const TRIES: usize = 4;

/// Counts of one or several histories.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Answered requests for tokens.
    pub(super) refreshes: u64,
    /// Revocations answered with success.
    pub(super) revokes: u64,
    /// The longest time from the answer to a revocation to a request that still got a token, ms.
    pub(super) latest_mint: u64,
    /// The longest time from the answer to a revocation to a request whose earlier token was still accepted, ms.
    pub(super) latest_use: u64,
    /// Refused refreshes of honest clients whose session was not revoked.
    pub(super) false_logouts: u64,
    pub(super) internal_errors: u64,
    pub(super) unavailable: u64,
    /// Stolen refresh tokens that were used.
    pub(super) thefts: usize,
    /// Times from a thief's first use to the audit line, ms.
    pub(super) found: Vec<u64>,
}

impl Outcome {
    pub(super) fn and(mut self, other: Self) -> Self {
        self.refreshes += other.refreshes;
        self.revokes += other.revokes;
        self.latest_mint = self.latest_mint.max(other.latest_mint);
        self.latest_use = self.latest_use.max(other.latest_use);
        self.false_logouts += other.false_logouts;
        self.internal_errors += other.internal_errors;
        self.unavailable += other.unavailable;
        self.thefts += other.thefts;
        self.found.extend(other.found);
        self
    }
}

/// The shared state of one history.
#[derive(Clone)]
struct Scene {
    edge: Edge,
    outcome: Rc<RefCell<Outcome>>,
    /// The phone's refresh and access token.
    tokens: Rc<RefCell<(String, String)>>,
    /// The first refresh after this is raced by a revoke.
    revoke_from: Rc<RefCell<Option<u64>>>,
    /// Earlier refresh tokens of the phone.
    earlier: Rc<RefCell<Vec<String>>>,
    /// When the revocation was first sent. A repetition may find it done, and does not end sessions begun since.
    revoke_sent: Rc<RefCell<Option<u64>>>,
    /// The session that the revocation ends; `None` if it ends all.
    revoke_sid: Rc<RefCell<Option<String>>>,
    /// When the revocation was answered.
    revoked: Rc<RefCell<Option<u64>>>,
    /// When the last login of each session was answered.
    logins: Rc<RefCell<BTreeMap<String, u64>>>,
    /// When the thief first used the token.
    stolen: Rc<RefCell<Option<u64>>>,
}

pub(super) fn history(seed: u64, faults: Faults) -> Outcome {
    let time = Time::default();
    let rng = Rc::new(RefCell::new(fastrand::Rng::with_seed(seed)));
    let kv = Kv::new(time.clone(), faults, rng);
    let config = Rc::new(Config::parse(&variables()));
    let edge = Edge { kv, location: 0, config, found: Rc::default() };
    let scene = Scene {
        edge,
        outcome: Rc::default(),
        tokens: Rc::default(),
        revoke_from: Rc::default(),
        earlier: Rc::default(),
        revoke_sent: Rc::default(),
        revoke_sid: Rc::default(),
        revoked: Rc::default(),
        logins: Rc::default(),
        stolen: Rc::default(),
    };
    time.spawn(phone(scene.clone()));
    // A third of the histories have a thief, a third a revocation; some have both.
    if scene.edge.kv.chance(0.33) {
        time.spawn(thief(scene.clone()));
    }
    if scene.edge.kv.chance(0.33) {
        let at = scene.edge.kv.between(MINUTE, LENGTH - HOUR);
        *scene.revoke_from.borrow_mut() = Some(at);
    }
    time.run();
    let mut outcome = scene.outcome.take();
    if let (Some(from), Some(at)) = (*scene.stolen.borrow(), scene.edge.found.borrow().first()) {
        outcome.found.push(at.saturating_sub(from));
    }
    outcome
}

impl Scene {
    fn now(&self) -> u64 {
        self.edge.kv.time.now()
    }

    async fn sleep(&self, low: u64, high: u64) {
        self.edge.kv.time.sleep(self.edge.kv.between(low, high)).await;
    }

    fn anywhere(&self) -> Edge {
        self.edge.at(self.edge.kv.between(0, LOCATIONS as u64 - 1) as usize)
    }

    /// At the home location, nine times out of ten.
    fn near(&self, home: usize) -> Edge {
        if self.edge.kv.chance(0.1) { self.anywhere() } else { self.edge.at(home) }
    }

    /// Requests tokens, up to [`TRIES`] times.
    async fn token(&self, edge: Edge, body: Value) -> Option<Answer> {
        for _ in 0..TRIES {
            let answer = edge.ask("POST", "/oauth/token", "", &body).await;
            match answer {
                Some(Answer { status: 200 | 400, .. }) => {
                    self.outcome.borrow_mut().refreshes += 1;
                    self.note_mint(answer.as_ref().unwrap());
                    return answer;
                }
                Some(Answer { status: 503, .. }) => self.outcome.borrow_mut().unavailable += 1,
                Some(Answer { status, .. }) if status >= 500 => self.outcome.borrow_mut().internal_errors += 1,
                _ => {}
            }
            self.sleep(1_000, 5_000).await;
        }
        None
    }

    /// Counts a token that was issued after the revocation. The token names its session and the arrival of its request.
    fn note_mint(&self, answer: &Answer) {
        let Some(token) = answer.body["access_token"].as_str() else { return };
        let claims = claims_of(token);
        let sid = claims["sid"].as_str().unwrap().to_owned();
        if answer.body["issued_token_type"].is_string() {
            self.logins.borrow_mut().insert(sid, self.now());
            return;
        }
        let (Some(sent), Some(revoked)) = (*self.revoke_sent.borrow(), *self.revoked.borrow()) else { return };
        let is_meant = self.revoke_sid.borrow().as_ref().is_none_or(|ended| *ended == sid);
        // A session that began during the revocation may be ended or not.
        if is_meant && self.logins.borrow()[&sid] < sent {
            // iat is truncated to the second, so the time is too short by less than one second.
            let at = (claims["iat"].as_u64().unwrap() * 1000).saturating_sub(NOW);
            let mut outcome = self.outcome.borrow_mut();
            outcome.latest_mint = outcome.latest_mint.max(at.saturating_sub(revoked));
        }
    }

    async fn log_in(&self, edge: Edge) -> bool {
        let mut old = self.tokens.borrow().0.clone();
        // Sometimes the phone was restored from a backup.
        if self.edge.kv.chance(0.2) && !self.earlier.borrow().is_empty() {
            let last = self.earlier.borrow().len() as u64 - 1;
            old.clone_from(&self.earlier.borrow()[self.edge.kv.between(0, last) as usize]);
        }
        let mut body = exchange();
        body["refresh_token"] = old.into();
        let Some(Answer { status: 200, body }) = self.token(edge, body).await else { return false };
        self.keep(&body);
        true
    }

    fn keep(&self, body: &Value) {
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        let before = self.tokens.replace((text("refresh_token"), text("access_token")));
        self.earlier.borrow_mut().extend(Some(before.0).filter(|token| !token.is_empty()));
    }
}

fn claims_of(access_token: &str) -> Value {
    let claims = URL_SAFE_NO_PAD.decode(access_token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&claims).unwrap()
}

fn refresh(token: &str) -> Value {
    json!({ "client_id": "wx1", "grant_type": "refresh_token", "refresh_token": token })
}

async fn phone(scene: Scene) {
    let home = scene.edge.kv.between(0, LOCATIONS as u64 - 1) as usize;
    while !scene.log_in(scene.edge.at(home)).await {}
    while scene.now() < LENGTH {
        match scene.edge.kv.between(0, 9) {
            0..=5 => scene.sleep(9 * MINUTE, 11 * MINUTE).await,
            6..=8 => scene.sleep(500, 30_000).await,
            _ => scene.sleep(HOUR, 3 * HOUR).await,
        }
        // For example because the session_key has changed.
        if scene.edge.kv.chance(0.02) {
            scene.log_in(scene.near(home)).await;
        }
        let token = scene.tokens.borrow().0.clone();
        if scene.revoke_from.borrow().is_some_and(|from| scene.now() >= from) {
            *scene.revoke_from.borrow_mut() = None;
            scene.edge.kv.time.spawn(revoker(scene.clone()));
        }
        // Sometimes two instances of the client refresh at the same time.
        if scene.edge.kv.chance(0.05) {
            let (other, edge, token) = (scene.clone(), scene.near(home), token.clone());
            scene.edge.kv.time.spawn(async move {
                other.token(edge, refresh(&token)).await;
            });
        }
        match scene.token(scene.near(home), refresh(&token)).await {
            Some(Answer { status: 200, body }) => scene.keep(&body),
            Some(Answer { status: 400, .. }) => {
                let honest = scene.revoke_sent.borrow().is_none() && scene.stolen.borrow().is_none();
                if honest {
                    scene.outcome.borrow_mut().false_logouts += 1;
                }
                while scene.now() < LENGTH && !scene.log_in(scene.near(home)).await {}
            }
            _ => {}
        }
    }
}

async fn thief(scene: Scene) {
    scene.sleep(MINUTE, LENGTH / 2).await;
    let mut token = scene.tokens.borrow().0.clone();
    scene.sleep(0, 20 * MINUTE).await;
    *scene.stolen.borrow_mut() = Some(scene.now());
    scene.outcome.borrow_mut().thefts += 1;
    while scene.now() < LENGTH {
        let answer = scene.token(scene.anywhere(), refresh(&token)).await;
        let Some(Answer { status: 200, body }) = answer else { return };
        token = body["refresh_token"].as_str().unwrap().to_owned();
        scene.sleep(MINUTE, 15 * MINUTE).await;
    }
}

/// Ends the session while the phone refreshes it.
async fn revoker(scene: Scene) {
    const BACKEND: &str = "Basic YXBpOnNlY3JldA==";
    scene.sleep(0, 400).await;
    let (refresh, access) = scene.tokens.borrow().clone();
    let bearer = format!("Bearer {access}");
    let user = json!({ "client_id": "wx1", "openid": "oMei" });
    let way = scene.edge.kv.between(0, 4);
    if way == 0 {
        *scene.revoke_sid.borrow_mut() = claims_of(&access)["sid"].as_str().map(str::to_owned);
    }
    *scene.revoke_sent.borrow_mut() = Some(scene.now());
    // Sometimes with a concurrent writer of e1.
    if scene.edge.kv.chance(0.3) {
        let (edge, user) = (scene.anywhere(), user.clone());
        scene.edge.kv.time.spawn(async move {
            edge.ask("POST", "/admin/revoke", BACKEND, &user).await;
        });
    }
    for _ in 0..TRIES {
        let edge = scene.anywhere();
        let mut token = json!({ "client_id": "wx1", "token": refresh });
        let answer = match way {
            0 => edge.ask("POST", "/oauth/revoke", "", &token).await,
            1 => {
                token["everywhere"] = "true".into();
                edge.ask("POST", "/oauth/revoke", "", &token).await
            }
            2 => edge.ask("POST", "/admin/revoke", BACKEND, &user).await,
            3 => edge.ask("DELETE", "/sessions", &bearer, &json!({})).await,
            _ => edge.ask("DELETE", "/account", &bearer, &json!({})).await,
        };
        match answer {
            Some(Answer { status: 200 | 204, .. }) => {
                scene.outcome.borrow_mut().revokes += 1;
                *scene.revoked.borrow_mut() = Some(scene.now());
                return observe(scene, &refresh, &access).await;
            }
            // The access token has expired, or the session is over.
            Some(Answer { status: 401, .. }) => return,
            Some(Answer { status, .. }) if status >= 500 && status != 503 => {
                scene.outcome.borrow_mut().internal_errors += 1;
            }
            _ => scene.sleep(500, 2_000).await,
        }
    }
}

/// Tries the earlier tokens at each endpoint that checks one, until the access token has expired.
async fn observe(scene: Scene, refresh_token: &str, access: &str) {
    let revoked = scene.now();
    while scene.now() < revoked + 10 * MINUTE {
        let sent = scene.now();
        let edge = scene.anywhere();
        let account = edge.ask("GET", "/account", &format!("Bearer {access}"), &json!({})).await;
        let mut accepted = account.is_some_and(|answer| answer.status == 200);
        for token in [access, refresh_token] {
            let body = json!({ "token": token });
            let answer = edge.ask("POST", "/oauth/introspect", "Basic YXBpOnNlY3JldA==", &body).await;
            accepted |= answer.is_some_and(|answer| answer.body["active"] == true);
        }
        // Before convergence a refresh could rotate the token of the phone.
        if sent > revoked + scene.edge.kv.faults.staleness {
            let answer = edge.ask("POST", "/oauth/token", "", &refresh(refresh_token)).await;
            accepted |= answer.is_some_and(|answer| answer.status == 200);
        }
        if accepted {
            let mut outcome = scene.outcome.borrow_mut();
            outcome.latest_use = outcome.latest_use.max(sent - revoked);
        }
        scene.sleep(1_000, 20_000).await;
    }
}
