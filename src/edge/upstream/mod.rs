//! Calls of WeChat's server API.

pub(crate) mod access_token;
pub(crate) mod transport;

use super::config::Config;
use super::config::app::{App, Credentials};
use super::error::{Caller, Error};
use super::ports::{Call, Fetch, Ports};
use crate::wechat::reply::{self, CodeSession, Errcode, Meaning, Phone, ReplyError, WebSession};
use crate::wechat::{Code, OpenId, PhoneCode, SessionKey};
use access_token::{Owner, with_token};
use transport::{call, call_once};

/// Redeems a code from `wx.login` with the AppSecret, or through the third-party platform that the app has authorized
/// (§3.6).
pub(crate) async fn code_session<P: Ports>(
    ports: &P,
    config: &Config,
    app: &App,
    code: Code,
) -> Result<CodeSession, Error> {
    // These types only hold unreserved characters, so nothing needs escaping.
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

/// Redeems WeChat's code of a web login (§3.8).
pub(crate) async fn web_session(
    ports: &impl Fetch,
    config: &Config,
    app: &App,
    code: Code,
) -> Result<WebSession, Error> {
    let Credentials::Secret(secret) = &app.credentials else {
        return Err(Error::Operator(format!("{}: web login needs the app's secret", app.appid.as_str())));
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

/// Redeems a code from the phone number button. The call carries the openid, so that WeChat rejects the code of another
/// user (§3.5).
pub(crate) async fn phone<P: Ports>(
    ports: &P,
    config: &Config,
    app: &App,
    code: PhoneCode,
    openid: &OpenId,
) -> Result<Phone, Error> {
    let body = serde_json::json!({ "code": code.spend(), "openid": openid.as_str() }).to_string();
    // For this call 40013 means that the code is of another app (§3.5).
    const FOREIGN: Errcode = Errcode(40013);
    with_token(ports, config, Owner::App(app), async |token| {
        let url = format!("{}/wxa/business/getuserphonenumber?access_token={}", config.wechat_api, token.reveal());
        let reply = call_once(ports, &Call::post(url, body.clone())).await?;
        reply::phone(&reply, &app.appid).map_err(|error| match error {
            ReplyError::Refused { errcode: FOREIGN, .. } => Error::Caller(Caller::CodeInvalid),
            other => other.into(),
        })
    })
    .await
}

/// Asks WeChat whether this session_key has expired (§3.2). The answer depends on the key only.
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
