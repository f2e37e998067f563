//! The requests of the model: from the devices of one user, a thief with copies of tokens, a backend and a browser.

use super::scheduler::{Answer, Scheduler, Stored};
use crate::edge::http::Request;
use crate::edge::session::authorization_code::AuthorizationCode;
use crate::edge::testing::fakes::{NOW, exchange, json_request};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const MINUTE: u64 = 60_000;
const VERIFIER: &str = "a verifier of at least forty-three characters";

/// The tokens of one answer.
#[derive(Debug, Clone)]
pub(super) struct Tokens {
    pub(super) access: String,
    pub(super) refresh: String,
    pub(super) app: &'static str,
    pub(super) sid: String,
}

impl Tokens {
    pub(super) fn of(answer: &Answer, app: &'static str) -> Option<Self> {
        let body = answer.json();
        let access = body["access_token"].as_str()?.to_owned();
        let claims = URL_SAFE_NO_PAD.decode(access.split('.').nth(1)?).ok()?;
        let claims: Value = serde_json::from_slice(&claims).ok()?;
        let refresh = body["refresh_token"].as_str()?.to_owned();
        Some(Self { access, refresh, app, sid: claims["sid"].as_str()?.to_owned() })
    }
}

/// The sessions that exist before the requests.
pub(super) struct Setup {
    pub(super) kv: Stored,
    pub(super) now: u64,
    /// The tokens of the phone, oldest first. All but the last were rotated out minutes ago.
    pub(super) phone: Vec<Tokens>,
    /// The tokens of a second device.
    pub(super) tablet: Tokens,
    /// The tokens of a third device, whose session was ended.
    pub(super) ended: Tokens,
    /// The tokens of a fourth device, whose session expired unused. Issued after the login of the phone and before the
    /// logins of the others.
    pub(super) expired: Tokens,
    /// The tokens of a browser.
    pub(super) browser: Tokens,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Actor {
    PhoneRefreshes,
    /// With a copy of the newest refresh token of the phone.
    ThiefRefreshes,
    /// With a copy of a refresh token that was rotated out long ago.
    ThiefPresentsAnOldToken,
    PhoneLogsInAgain,
    /// As a phone that was restored from a backup does.
    PhoneLogsInAgainWithItsFirstToken,
    /// A new device of the user.
    NewDeviceLogsIn,
    TabletRefreshes,
    PhoneLogsOut,
    PhoneLogsOutEverywhere,
    /// With a token of a session that was ended.
    EndedSessionLogsOutEverywhere,
    /// With a token of a session that expired.
    ExpiredSessionLogsOutEverywhere,
    TabletEndsPhone,
    TabletEndsAll,
    PhoneErases,
    BackendRevokes,
    BackendErases,
    BrowserLogsIn,
    /// With the code of a minute ago.
    BrowserRepeatsItsCode,
    BrowserRefreshes,
    BrowserEndsAll,
    BrowserErases,
}

/// The sessions that a request ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ends {
    None,
    All,
    These(Vec<String>),
}

impl Actor {
    pub(super) const PHONES: [Self; 16] = [
        Self::PhoneRefreshes,
        Self::ThiefRefreshes,
        Self::ThiefPresentsAnOldToken,
        Self::PhoneLogsInAgain,
        Self::PhoneLogsInAgainWithItsFirstToken,
        Self::NewDeviceLogsIn,
        Self::TabletRefreshes,
        Self::PhoneLogsOut,
        Self::PhoneLogsOutEverywhere,
        Self::EndedSessionLogsOutEverywhere,
        Self::ExpiredSessionLogsOutEverywhere,
        Self::TabletEndsPhone,
        Self::TabletEndsAll,
        Self::PhoneErases,
        Self::BackendRevokes,
        Self::BackendErases,
    ];
    pub(super) const BROWSERS: [Self; 5] = [
        Self::BrowserLogsIn,
        Self::BrowserRepeatsItsCode,
        Self::BrowserRefreshes,
        Self::BrowserEndsAll,
        Self::BrowserErases,
    ];

    pub(super) fn logs_in(self) -> bool {
        use Actor as A;
        matches!(
            self,
            A::PhoneLogsInAgain | A::PhoneLogsInAgainWithItsFirstToken | A::NewDeviceLogsIn | A::BrowserLogsIn
        )
    }

    pub(super) fn app(self) -> &'static str {
        if Self::BROWSERS.contains(&self) { "wx2" } else { "wx1" }
    }

    pub(super) fn ends(self, setup: &Setup) -> Ends {
        use Actor as A;
        match self {
            A::PhoneLogsOut | A::TabletEndsPhone => Ends::These(vec![setup.phone[0].sid.clone()]),
            A::ExpiredSessionLogsOutEverywhere => {
                Ends::These(vec![setup.phone[0].sid.clone(), setup.expired.sid.clone()])
            }
            A::PhoneLogsOutEverywhere
            | A::TabletEndsAll
            | A::BackendRevokes
            | A::BrowserEndsAll
            | A::PhoneErases
            | A::BackendErases
            | A::BrowserErases => Ends::All,
            _ => Ends::None,
        }
    }

    pub(super) fn erases(self) -> bool {
        matches!(self, Self::PhoneErases | Self::BackendErases | Self::BrowserErases)
    }

    /// The tokens of the session that the request refreshes.
    pub(super) fn refreshes(self, setup: &Setup) -> Option<&Tokens> {
        use Actor as A;
        match self {
            A::PhoneRefreshes | A::ThiefRefreshes | A::ThiefPresentsAnOldToken => setup.phone.last(),
            A::TabletRefreshes => Some(&setup.tablet),
            A::BrowserRefreshes | A::BrowserRepeatsItsCode => Some(&setup.browser),
            _ => None,
        }
    }

    pub(super) fn request(self, setup: &Setup) -> Request {
        use Actor as A;
        let phone = setup.phone.last().unwrap();
        match self {
            A::PhoneRefreshes | A::ThiefRefreshes => refresh(phone),
            A::ThiefPresentsAnOldToken => refresh(&setup.phone[4]),
            A::PhoneLogsInAgain => log_in(Some(phone)),
            A::PhoneLogsInAgainWithItsFirstToken => log_in(setup.phone.first()),
            A::NewDeviceLogsIn => log_in(None),
            A::TabletRefreshes => refresh(&setup.tablet),
            A::PhoneLogsOut => revoke(phone, false),
            A::PhoneLogsOutEverywhere => revoke(phone, true),
            A::EndedSessionLogsOutEverywhere => revoke(&setup.ended, true),
            A::ExpiredSessionLogsOutEverywhere => revoke(&setup.expired, true),
            A::TabletEndsPhone => user("DELETE", &format!("/sessions/{}", phone.sid), &setup.tablet),
            A::TabletEndsAll => user("DELETE", "/sessions", &setup.tablet),
            A::PhoneErases => user("DELETE", "/account", phone),
            A::BackendRevokes => backend("/admin/revoke", &json!({ "client_id": "wx1", "openid": "oMei" })),
            A::BackendErases => backend("/admin/erase", &json!({ "client_id": "wx1", "openid": "oMei" })),
            A::BrowserLogsIn => web_log_in(2, setup.now),
            A::BrowserRepeatsItsCode => web_log_in(1, setup.now - MINUTE),
            A::BrowserRefreshes => refresh(&setup.browser),
            A::BrowserEndsAll => user("DELETE", "/sessions", &setup.browser),
            A::BrowserErases => user("DELETE", "/account", &setup.browser),
        }
    }
}

pub(super) fn user(method: &str, path: &str, tokens: &Tokens) -> Request {
    json_request(method, path, Some(format!("Bearer {}", tokens.access)), &json!({}))
}

pub(super) fn backend(path: &str, body: &Value) -> Request {
    json_request("POST", path, Some("Basic YXBpOnNlY3JldA==".to_owned()), body)
}

pub(super) fn refresh(tokens: &Tokens) -> Request {
    let body = json!({ "client_id": tokens.app, "grant_type": "refresh_token", "refresh_token": tokens.refresh });
    json_request("POST", "/oauth/token", None, &body)
}

fn revoke(tokens: &Tokens, everywhere: bool) -> Request {
    let body = json!({ "client_id": tokens.app, "token": tokens.refresh, "everywhere": everywhere.to_string() });
    json_request("POST", "/oauth/revoke", None, &body)
}

pub(super) fn log_in(old: Option<&Tokens>) -> Request {
    let mut body = exchange();
    body["refresh_token"] = json!(old.map(|tokens| &tokens.refresh));
    json_request("POST", "/oauth/token", None, &body)
}

/// A login with an authorization code, as the callback of a web login issues it.
pub(super) fn web_log_in(number: u8, iat: u64) -> Request {
    let code = AuthorizationCode {
        appid: "wx2".to_owned(),
        openid: "oMei".to_owned(),
        unionid: None,
        redirect_uri: "https://app.example.com/back".to_owned(),
        code_challenge: URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER)),
        jti: format!("code {number}"),
        iat,
    };
    let scheduler = Scheduler::empty();
    let sealer = &(*scheduler.0.config).as_ref().unwrap().sealer;
    let body = json!({
        "client_id": "wx2", "grant_type": "authorization_code", "code": code.seal(sealer, [number; 12]),
        "redirect_uri": code.redirect_uri, "code_verifier": VERIFIER,
    });
    json_request("POST", "/oauth/token", None, &body)
}

pub(super) fn setup() -> Setup {
    let scheduler = Scheduler::empty();
    let at = |ms: u64| scheduler.0.now.set(NOW + ms);
    let tokens = |request| Tokens::of(&scheduler.run(request), "wx1").unwrap();
    let mut phone = vec![tokens(log_in(None))];
    at(MINUTE);
    let expired = tokens(log_in(None));
    scheduler.0.kv.borrow_mut().retain(|name, _| !(name.starts_with("s1:") && name.ends_with(&expired.sid)));
    for n in 1..=6 {
        at(n * 5 * MINUTE);
        phone.push(tokens(refresh(phone.last().unwrap())));
    }
    at(31 * MINUTE);
    let tablet = tokens(log_in(None));
    at(32 * MINUTE);
    let ended = tokens(log_in(None));
    assert_eq!(scheduler.run(user("DELETE", &format!("/sessions/{}", ended.sid), &tablet)).status, 204);
    at(33 * MINUTE);
    let browser = Tokens::of(&scheduler.run(web_log_in(1, scheduler.0.now.get())), "wx2").unwrap();
    at(34 * MINUTE);
    Setup { kv: scheduler.0.kv.take(), now: scheduler.0.now.get(), phone, tablet, ended, expired, browser }
}
