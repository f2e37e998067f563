//! Access tokens of WeChat's server API (§3.3), cached in the isolate and in the store.
//!
//! Tokens are requested in normal mode, which is idempotent, so no lock is needed. A token is replaced only if WeChat has
//! rejected it and it is still the cached one. Forced refresh is never used: if another server forces one, normal mode
//! returns the new token.

use super::transport;
use crate::edge::config::Config;
use crate::edge::config::app::{App, Credentials};
use crate::edge::config::seal::Purpose;
use crate::edge::error::{Error, Wechat};
use crate::edge::isolate::{CachedToken, SlotState};
use crate::edge::ports::{CALL_MS, Call, Ports, Put, random};
use crate::edge::stored;
use crate::wechat::reply::{self, WechatToken};
use secrecy::ExposeSecret as _;

/// WeChat renews a token this many seconds before its expiry; from then on it has a newer one.
const RENEWED_S: u64 = 300;
/// Time after which a fetch counts as abandoned, ms: longer than a call may take.
const ABANDONED_MS: u64 = CALL_MS as u64 + 250;
/// Interval at which a request polls the fetch of another, ms.
const POLL_MS: u32 = 50;

/// The owner of a token: an app, or the third-party platform of an app (§3.6).
#[derive(Clone, Copy)]
pub(crate) enum Owner<'a> {
    App(&'a App),
    Component(&'a App),
}

impl Owner<'_> {
    /// The name of the record: `t1:` and the appid.
    fn name(self) -> String {
        let appid = match self {
            Self::Component(App { credentials: Credentials::Component(component), .. }) => &component.appid,
            Self::App(app) | Self::Component(app) => &app.appid,
        };
        format!("t1:{}", appid.as_str())
    }

    /// The call that returns the token: to WeChat with the AppSecret, or to the platform's own token server.
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
                Call { bearer: Some(component.token_secret.expose_secret().to_owned()), ..Call::get(url) }
            }
        }
    }
}

/// Runs a call that needs a token, and repeats it once with a fresh token if WeChat rejects the first.
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

/// A token that WeChat has not rejected: from the isolate, the store or WeChat.
async fn obtain<P: Ports>(
    ports: &P,
    config: &Config,
    owner: Owner<'_>,
    refused: Option<&WechatToken>,
) -> Result<WechatToken, Error> {
    let name = owner.name();
    // `Date.now()` is frozen within a Workers request unless IO moves it, so the waiting time is counted here.
    let mut waited_until = 0;
    let mut awaited = None;
    let number = loop {
        let now = ports.now_ms().max(waited_until);
        match ports.token_slot(&name, |slot| slot.lookup(now, refused, awaited, ABANDONED_MS)) {
            SlotState::Usable(cached) => return Ok(WechatToken::new(cached.token)),
            SlotState::Ended(outcome) => return Ok(WechatToken::new(outcome?.token)),
            SlotState::Start(number) => break number,
            // Polled, because workerd forbids awaiting a promise of another request (see `TokenSlot`).
            SlotState::Running(number) => {
                awaited = Some(number);
                ports.pause(POLL_MS).await?;
                waited_until = now + u64::from(POLL_MS);
            }
        }
    };
    let fetched = fetch(ports, config, owner, &name, refused).await;
    ports.token_slot(&name, |slot| slot.finish(number, &fetched));
    Ok(WechatToken::new(fetched?.token))
}

/// Reads the token from the store, or requests it and writes it there.
async fn fetch<P: Ports>(
    ports: &P,
    config: &Config,
    owner: Owner<'_>,
    name: &str,
    refused: Option<&WechatToken>,
) -> Result<CachedToken, Error> {
    let now = ports.now_ms();
    // If the store fails, the token still comes from WeChat.
    let blob = ports.get(&[name.to_owned()]).await.ok().and_then(|mut blobs| blobs.pop().flatten());
    let cached: Option<CachedToken> =
        blob.and_then(|blob| config.sealer.open(Purpose::Record, name, &blob)).and_then(|body| stored::parse(&body));
    if let Some(cached) = cached.filter(|cached| cached.is_usable(now, refused)) {
        return Ok(cached);
    }
    let reply = transport::call(ports, &owner.call(config)).await?;
    let fresh = reply::stable_token(&reply)?;
    let life_s = u64::from(fresh.expires_in_s).saturating_sub(RENEWED_S);
    let cached = CachedToken { token: fresh.token.reveal().to_owned(), until: now + life_s * 1000 };
    // The store accepts no lifetime under 60 s.
    if life_s >= 60 {
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(&cached).unwrap_or_default());
        let value = config.sealer.seal(Purpose::Record, name, random(ports), &plain);
        // If the write fails, the next isolate makes one more call.
        let _ = ports.put(&[Put { key: name.to_owned(), value, ttl_s: life_s }]).await;
    }
    Ok(cached)
}
