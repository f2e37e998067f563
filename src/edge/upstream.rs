//! Calls to WeChat. One retry, and only where no byte of a reply came: anything else may have
//! spent the code (§3.4).

use super::config::{App, Config};
use super::error::{Caller, Error, Wechat};
use super::ports::{Call, Fetch, FetchFailure, Reply};
use crate::wechat::reply::{self, CodeSession, Errcode, Meaning, Phone, ReplyError, WechatToken};
use crate::wechat::{Code, OpenId, PhoneCode, SessionKey};

/// Redeems a code of `wx.login`.
pub(crate) async fn code_session(
    ports: &impl Fetch,
    config: &Config,
    app: &App,
    code: Code,
) -> Result<CodeSession, Error> {
    // All three are of unreserved characters by their types, so nothing needs escaping.
    let url = format!(
        "{}/sns/jscode2session?appid={}&secret={}&js_code={}&grant_type=authorization_code",
        config.wechat_api,
        app.appid.as_str(),
        app.secret.reveal(),
        code.spend(),
    );
    let body = call(ports, &Call { url, body: None }).await?;
    Ok(reply::code_session(&body)?)
}

/// The number behind a phone button's code. The openid is always sent, so that WeChat refuses
/// another user's code (§3.5).
pub(crate) async fn phone(
    ports: &impl Fetch,
    config: &Config,
    app: &App,
    code: PhoneCode,
    openid: &OpenId,
) -> Result<Phone, Error> {
    let token = access_token(ports, config, app).await?;
    let url = format!("{}/wxa/business/getuserphonenumber?access_token={}", config.wechat_api, token.reveal());
    let body = serde_json::json!({ "code": code.spend(), "openid": openid.as_str() }).to_string();
    // Here 40013 is about the code: it is another app's (§3.5).
    const FOREIGN: Errcode = Errcode(40013);
    let reply = once(ports, &Call { url, body: Some(body) }).await?;
    reply::phone(&reply, &app.appid).map_err(|error| match error {
        ReplyError::Refused { errcode: FOREIGN, .. } => Error::Caller(Caller::CodeInvalid),
        other => other.into(),
    })
}

/// Whether WeChat says that this session_key is dead (§3.2). It depends on the key alone.
pub(crate) async fn is_key_dead(
    ports: &impl Fetch,
    config: &Config,
    app: &App,
    openid: &OpenId,
    key: &SessionKey,
) -> Result<bool, Error> {
    let token = access_token(ports, config, app).await?;
    let url = format!(
        "{}/wxa/checksession?access_token={}&openid={}&signature={}&sig_method=hmac_sha256",
        config.wechat_api,
        token.reveal(),
        openid.as_str(),
        key.sign(b""),
    );
    match reply::acknowledged(&call(ports, &Call { url, body: None }).await?) {
        Ok(()) => Ok(false),
        Err(ReplyError::Refused { errcode, .. }) if errcode.meaning() == Meaning::SessionKeyDead => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// `stable_token` in normal mode is idempotent, so any number of isolates may ask (§3.3).
async fn access_token(ports: &impl Fetch, config: &Config, app: &App) -> Result<WechatToken, Error> {
    let body = serde_json::json!({
        "grant_type": "client_credential",
        "appid": app.appid.as_str(),
        "secret": app.secret.reveal(),
    });
    let url = format!("{}/cgi-bin/stable_token", config.wechat_api);
    let reply = call(ports, &Call { url, body: Some(body.to_string()) }).await?;
    Ok(reply::stable_token(&reply)?.token)
}

async fn call(ports: &impl Fetch, call: &Call) -> Result<Vec<u8>, Error> {
    match ports.fetch(call).await {
        Err(FetchFailure::Unreachable) => once(ports, call).await,
        other => body_of(other),
    }
}

/// For what is paid for: never again.
async fn once(ports: &impl Fetch, call: &Call) -> Result<Vec<u8>, Error> {
    body_of(ports.fetch(call).await)
}

fn body_of(reply: Result<Reply, FetchFailure>) -> Result<Vec<u8>, Error> {
    // WeChat answers 200 to errors too (§3.1); anything else is not WeChat speaking.
    match reply? {
        Reply { status: 200, body } => Ok(body),
        Reply { .. } => Err(Error::Wechat(Wechat::Malformed)),
    }
}
