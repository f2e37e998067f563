//! Access tokens of WeChat's server API (§3.3): kept in the isolate and in KV, asked for in normal mode,
//! which is idempotent, so there is no lock and no fight. One is replaced only when WeChat refused
//! it and it is still the one that is kept. None is ever forced: where another server forces, normal
//! mode gives the new one.

use crate::edge::config::seal::Purpose;
use crate::edge::config::{App, Config, Credentials};
use crate::edge::error::{Error, Wechat};
use crate::edge::ports::{CALL_MS, Call, Ports, Put, random};
use crate::edge::stored::{self, Stored};
use crate::edge::upstream;
use crate::wechat::Object;
use crate::wechat::reply::{self, WechatToken};
use serde::Serialize;

/// WeChat renews a token five minutes before its end; from then on there is a newer one.
const RENEWED_S: u64 = 300;
/// A fetch that takes longer than a call may was abandoned: its client hung up.
const ABANDONED_MS: u64 = CALL_MS as u64 + 250;
const PAUSE_MS: u32 = 50;

/// A token, and until when it is worth using, ms.
#[derive(Clone, Serialize)]
pub(crate) struct Kept {
    token: String,
    until: u64,
}

/// What an isolate knows of one token.
///
/// One request fetches and the others look at this slot again and again: workerd lets no request await
/// another's promise. Fetches are numbered, so that those who waited for one share its outcome, also its
/// failure: each beginning a fetch of its own would make the last one wait for all.
#[derive(Default)]
pub(crate) struct Slot {
    kept: Option<Kept>,
    /// How many fetches have begun.
    begun: u64,
    /// Since when the last of them is under way, if it is.
    under_way: Option<u64>,
    /// The last fetch that ended, and how.
    ended: Option<(u64, Result<Kept, Error>)>,
}

enum Look {
    There(Kept),
    /// The fetch that was waited for has ended so.
    Ended(Result<Kept, Error>),
    /// Another request is fetching: this number.
    Wait(u64),
    /// This one is to fetch: this number.
    Fetch(u64),
}

impl Slot {
    /// `waited_for`: the fetch that this request found under way before.
    fn look(&mut self, now: u64, dead: Option<&WechatToken>, waited_for: Option<u64>) -> Look {
        if let Some(kept) = self.kept.as_ref().filter(|kept| kept.serves(now, dead)) {
            return Look::There(kept.clone());
        }
        if let (Some(awaited), Some((number, outcome))) = (waited_for, &self.ended)
            && *number >= awaited
        {
            return Look::Ended(outcome.clone());
        }
        if self.under_way.is_some_and(|since| now.saturating_sub(since) < ABANDONED_MS) {
            return Look::Wait(self.begun);
        }
        self.begun += 1;
        self.under_way = Some(now);
        Look::Fetch(self.begun)
    }

    fn end(&mut self, number: u64, outcome: &Result<Kept, Error>) {
        if let Ok(kept) = outcome {
            self.kept = Some(kept.clone());
        }
        // Otherwise it was given up for abandoned, and another fetch is under way.
        if number == self.begun {
            self.under_way = None;
        }
        if self.ended.as_ref().is_none_or(|(last, _)| *last < number) {
            self.ended = Some((number, outcome.clone()));
        }
    }
}

impl Stored for Kept {
    fn read(fields: &Object) -> Option<Self> {
        Some(Self { token: fields.owned("token")?, until: fields.number("until")? })
    }
}

impl Kept {
    fn serves(&self, now: u64, dead: Option<&WechatToken>) -> bool {
        now < self.until && dead.is_none_or(|dead| dead.reveal() != self.token)
    }
}

/// Whose token: an app's own, or a third-party platform's (§3.6).
#[derive(Clone, Copy)]
pub(crate) enum Owner<'a> {
    App(&'a App),
    Component(&'a App),
}

impl Owner<'_> {
    /// The KV key: `t1:` and the appid.
    fn name(self) -> String {
        let appid = match self {
            Self::Component(App { credentials: Credentials::Component(component), .. }) => &component.appid,
            Self::App(app) | Self::Component(app) => &app.appid,
        };
        format!("t1:{}", appid.as_str())
    }

    /// How to ask for it: WeChat by the AppSecret, or the platform's own token server.
    fn call(self, config: &Config) -> Call {
        let (Self::App(app) | Self::Component(app)) = self;
        match &app.credentials {
            Credentials::Secret(secret) => {
                let body = serde_json::json!({
                    "grant_type": "client_credential",
                    "appid": app.appid.as_str(),
                    "secret": secret.reveal(),
                });
                Call::post(format!("{}/cgi-bin/stable_token", config.wechat_api), body.to_string())
            }
            Credentials::Component(component) => {
                let appid = match self {
                    Self::App(app) => &app.appid,
                    Self::Component(_) => &component.appid,
                };
                let url = format!("{}?appid={}", component.token_url, appid.as_str());
                Call { bearer: Some(component.token_secret.reveal().to_owned()), ..Call::get(url) }
            }
        }
    }
}

/// Runs a call that needs a token; once more where WeChat says that the token is dead.
pub(crate) async fn with_token<P: Ports, T>(
    ports: &P,
    config: &Config,
    owner: Owner<'_>,
    call: impl AsyncFn(&WechatToken) -> Result<T, Error>,
) -> Result<T, Error> {
    let token = obtain(ports, config, owner, None).await?;
    match call(&token).await {
        Err(Error::Wechat(Wechat::TokenDead { .. })) => {
            let fresh = obtain(ports, config, owner, Some(&token)).await?;
            call(&fresh).await
        }
        other => other,
    }
}

/// A token other than the dead one.
async fn obtain<P: Ports>(
    ports: &P,
    config: &Config,
    owner: Owner<'_>,
    dead: Option<&WechatToken>,
) -> Result<WechatToken, Error> {
    let name = owner.name();
    // `Date.now()` may stand still within a request, so the waiting time is counted here.
    let mut waited = 0;
    let mut waited_for = None;
    let number = loop {
        let now = ports.now_ms().max(waited);
        match ports.slot(&name, |slot| slot.look(now, dead, waited_for)) {
            Look::There(kept) => return Ok(WechatToken::new(kept.token)),
            Look::Ended(outcome) => return Ok(WechatToken::new(outcome?.token)),
            Look::Fetch(number) => break number,
            Look::Wait(number) => {
                waited_for = Some(number);
                ports.pause(PAUSE_MS).await?;
                waited = now + u64::from(PAUSE_MS);
            }
        }
    };
    let fetched = fetch(ports, config, owner, &name, dead).await;
    ports.slot(&name, |slot| slot.end(number, &fetched));
    Ok(WechatToken::new(fetched?.token))
}

async fn fetch<P: Ports>(
    ports: &P,
    config: &Config,
    owner: Owner<'_>,
    name: &str,
    dead: Option<&WechatToken>,
) -> Result<Kept, Error> {
    let now = ports.now_ms();
    // Without KV there is still WeChat.
    let blob = ports.get(&[name.to_owned()]).await.ok().and_then(|mut blobs| blobs.pop().flatten());
    let kept: Option<Kept> =
        blob.and_then(|blob| config.sealer.open(Purpose::Record, name, &blob)).and_then(|body| stored::parse(&body));
    if let Some(kept) = kept.filter(|kept| kept.serves(now, dead)) {
        return Ok(kept);
    }
    let reply = upstream::call(ports, &owner.call(config)).await?;
    let fresh = reply::stable_token(&reply)?;
    let life_s = u64::from(fresh.expires_in_s).saturating_sub(RENEWED_S);
    let kept = Kept { token: fresh.token.reveal().to_owned(), until: now + life_s * 1000 };
    if life_s >= 60 {
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(&kept).unwrap_or_default());
        let value = config.sealer.seal(Purpose::Record, name, random(ports), &plain);
        // A failed put costs the next isolate a call.
        let _ = ports.put(&[Put { key: name.to_owned(), value, ttl_s: life_s }]).await;
    }
    Ok(kept)
}
