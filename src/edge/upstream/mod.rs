//! Calls to WeChat. One retry, and only where no byte of a reply came: anything else may have
//! spent the code (§3.4).

pub(crate) mod access_token;

use crate::edge::config::{App, Config, Credentials};
use crate::edge::error::{Caller, Error, Wechat};
use crate::edge::ports::{Call, Fetch, FetchFailure, Ports, Reply};
use crate::edge::upstream::access_token::{Owner, with_token};
use crate::wechat::reply::{self, CodeSession, Errcode, Meaning, Phone, ReplyError, WebSession};
use crate::wechat::{Code, OpenId, PhoneCode, SessionKey};

/// Redeems a code of `wx.login`: by the AppSecret, or through the third-party platform that the app
/// authorised (§3.6).
pub(crate) async fn code_session<P: Ports>(
    ports: &P,
    config: &Config,
    app: &App,
    code: Code,
) -> Result<CodeSession, Error> {
    // All are of unreserved characters by their types, so nothing needs escaping.
    let (api, appid, code) = (&config.wechat_api, app.appid.as_str(), code.spend());
    let grant = format!("appid={appid}&js_code={code}&grant_type=authorization_code");
    match &app.credentials {
        Credentials::Secret(secret) => {
            let url = format!("{api}/sns/jscode2session?{grant}&secret={}", secret.reveal());
            Ok(reply::code_session(&call(ports, &Call::get(url)).await?)?)
        }
        Credentials::Component(component) => {
            let component_appid = component.appid.as_str();
            with_token(ports, config, Owner::Component(app), async |token| {
                let token = token.reveal();
                let url = format!(
                    "{api}/sns/component/jscode2session?{grant}&component_appid={component_appid}&component_access_token={token}"
                );
                Ok(reply::code_session(&call(ports, &Call::get(url)).await?)?)
            })
            .await
        }
    }
}

/// Redeems a code of a web login (§3.8).
pub(crate) async fn web_session(
    ports: &impl Fetch,
    config: &Config,
    app: &App,
    code: Code,
) -> Result<WebSession, Error> {
    let Credentials::Secret(secret) = &app.credentials else {
        return Err(Error::Operator(format!("{}: a web login needs the app's secret", app.appid.as_str())));
    };
    let url = format!(
        "{}/sns/oauth2/access_token?appid={}&secret={}&code={}&grant_type=authorization_code",
        config.wechat_api,
        app.appid.as_str(),
        secret.reveal(),
        code.spend(),
    );
    Ok(reply::web_session(&call(ports, &Call::get(url)).await?)?)
}

/// The number behind a phone button's code. The openid is always sent, so that WeChat refuses
/// another user's code (§3.5).
pub(crate) async fn phone<P: Ports>(
    ports: &P,
    config: &Config,
    app: &App,
    code: PhoneCode,
    openid: &OpenId,
) -> Result<Phone, Error> {
    let body = serde_json::json!({ "code": code.spend(), "openid": openid.as_str() }).to_string();
    // Here 40013 is about the code: it is another app's (§3.5).
    const FOREIGN: Errcode = Errcode(40013);
    with_token(ports, config, Owner::App(app), async |token| {
        let url = format!("{}/wxa/business/getuserphonenumber?access_token={}", config.wechat_api, token.reveal());
        let reply = once(ports, &Call::post(url, body.clone())).await?;
        reply::phone(&reply, &app.appid).map_err(|error| match error {
            ReplyError::Refused { errcode: FOREIGN, .. } => Error::Caller(Caller::CodeInvalid),
            other => other.into(),
        })
    })
    .await
}

/// Whether WeChat says that this session_key is dead (§3.2). It depends on the key alone.
pub(crate) async fn is_key_dead<P: Ports>(
    ports: &P,
    config: &Config,
    app: &App,
    openid: &OpenId,
    key: &SessionKey,
) -> Result<bool, Error> {
    with_token(ports, config, Owner::App(app), async |token| {
        let url = format!(
            "{}/wxa/checksession?access_token={}&openid={}&signature={}&sig_method=hmac_sha256",
            config.wechat_api,
            token.reveal(),
            openid.as_str(),
            key.sign(b""),
        );
        match reply::acknowledged(&call(ports, &Call::get(url)).await?) {
            Ok(()) => Ok(false),
            Err(ReplyError::Refused { errcode, .. }) if errcode.meaning() == Meaning::SessionKeyDead => Ok(true),
            Err(error) => Err(error.into()),
        }
    })
    .await
}

pub(crate) async fn call(ports: &impl Fetch, call: &Call) -> Result<Vec<u8>, Error> {
    match ports.fetch(call).await {
        Err(FetchFailure::Unreachable) => once(ports, call).await,
        other => body_of(other),
    }
}

/// Hands a message on, once. What the operator's server answers goes back to WeChat.
pub(crate) async fn forward(ports: &impl Fetch, call: &Call) -> Result<String, Error> {
    match ports.fetch(call).await {
        Ok(Reply { status: 200..=299, body }) => {
            String::from_utf8(body).map_err(|_| Error::Wechat(Wechat::ForwardFailed))
        }
        _ => Err(Error::Wechat(Wechat::ForwardFailed)),
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
