//! `/wechat/events/{appid}`: WeChat's message push (§3.7, §4.1).
//!
//! Answers the URL check. Erases the user of a cancelled WeChat account if the message is encrypted and at most 300 s old:
//! plain mode does not sign the body, so anyone who has seen one call could erase any user. For the same reason an app with
//! an `encoding_aes_key` does not accept plain text. Forwards messages with WeChat's signature unchanged to
//! `push_forward_url`, except a cancellation that is too old.
//!
//! WeChat waits 5 s and then sends the message again, up to three times (§3.7); `Endpoint::deadline_ms` ends the request
//! before that. Erasure is idempotent. The receiver of forwarded messages removes duplicates itself (`docs/push.md`).

use super::context::Flow;
use super::erase::erase_user;
use crate::edge::audit::Audit;
use crate::edge::config::app::{App, Push};
use crate::edge::error::{Caller, Error};
use crate::edge::http::Response;
use crate::edge::http::params::Query;
use crate::edge::ports::{Call, Ports};
use crate::edge::upstream::transport;
use crate::wechat::message::Message;
use crate::wechat::push::EncodingAesKey;
use crate::wechat::{OpenId, push};
use secrecy::ExposeSecret as _;

/// Maximum distance between now and the time of a message that erases, seconds. WeChat repeats a message within seconds.
const MAX_AGE_S: u64 = 300;
const CANCELLATION: &str = "user_authorization_cancellation";
/// The answer by which WeChat knows that the message was received (§3.7).
const RECEIVED: &str = "success";
/// Fields of the envelope in encrypted mode. In compatible mode (兼容模式) the envelope also holds an unsigned copy of the
/// message.
const ENVELOPE: [&str; 3] = ["Encrypt", "ToUserName", "AppId"];

/// Answers WeChat's check of the URL (GET).
pub(crate) async fn check_url<P: Ports>(flow: &Flow<'_, P>, appid: &str) -> Result<Response, Error> {
    let (_, push) = pushed(flow, appid)?;
    let query = flow.request.query()?;
    verify_query(push, &query)?;
    Ok(Response::plain(query.get("echostr").to_owned()))
}

/// Receives a message (POST).
pub(crate) async fn receive<P: Ports>(flow: &Flow<'_, P>, appid: &str) -> Result<Response, Error> {
    let (app, push) = pushed(flow, appid)?;
    let query = flow.request.query()?;
    match (&push.key, query.get("encrypt_type") == "aes") {
        (Some(key), true) => {
            let message = open(app, push, key, &query, flow.request.text()?)?;
            act_on(flow, app, &query, &message).await?;
        }
        (Some(_), false) => return Err(Error::Caller(Caller::PushPlain)),
        (None, true) => {
            let problem = format!("{}: encoding_aes_key is not set", app.appid.as_str());
            return Err(Error::Operator(problem));
        }
        // The signature does not cover the body, so the message is forwarded without being read.
        (None, false) => verify_query(push, &query)?,
    }
    let Some(forward_url) = &push.forward_url else { return Ok(Response::plain(RECEIVED.to_owned())) };
    // Forwarded with its query, so that the SDK of the operator's server can verify and decrypt it.
    let call = Call {
        content_type: flow.request.content_type.clone(),
        ..Call::post(format!("{forward_url}?{}", flow.request.query), flow.request.text()?.to_owned())
    };
    let reply = transport::forward(flow.ports, &call).await?;
    Ok(Response::plain(reply))
}

/// The app and its push settings; 404 if it has none.
fn pushed<'a, P: Ports>(flow: &Flow<'a, P>, appid: &str) -> Result<(&'a App, &'a Push), Error> {
    let app = flow.config.app(appid).ok_or(Error::Caller(Caller::NotFound))?;
    app.push.as_ref().map(|push| (app, push)).ok_or(Error::Caller(Caller::NotFound))
}

/// Erases the user if the message is a cancellation.
async fn act_on<P: Ports>(flow: &Flow<'_, P>, app: &App, query: &Query, message: &Message) -> Result<(), Error> {
    let openid = message.get("OpenID").and_then(|openid| OpenId::parse(openid).ok());
    let (Some(CANCELLATION), Some(openid)) = (message.get("Event"), openid) else { return Ok(()) };
    let sent: u64 = query.get("timestamp").parse().unwrap_or_default();
    if (flow.now / 1000).abs_diff(sent) > MAX_AGE_S {
        return Err(Error::Caller(Caller::PushStale));
    }
    let user = flow.records().user(&app.appid, &openid);
    let known = flow.records().find_revocation(&user, None).await?;
    erase_user(flow, app, &user, &known, None).await?;
    let (client_id, user) = (app.appid.as_str(), user.as_str());
    flow.ports.audit(&Audit::CancellationErase { client_id, user });
    Ok(())
}

/// Verifies the signature of the URL check and of plain mode. It covers the query only.
fn verify_query(push: &Push, query: &Query) -> Result<(), Error> {
    let mut parts = [push.token.expose_secret(), query.get("timestamp"), query.get("nonce")];
    push::verify(&mut parts, query.get("signature")).map_err(|_| Error::Caller(Caller::PushSignature))
}

/// Verifies and decrypts a message. Only `Encrypt` is read from the body before the signature that covers it is verified.
fn open(app: &App, push: &Push, key: &EncodingAesKey, query: &Query, body: &str) -> Result<Message, Error> {
    const MALFORMED: Error = Error::Caller(Caller::PushMalformed(None));
    let envelope = Message::parse(body).ok_or(MALFORMED)?;
    let encrypt = envelope.get("Encrypt").ok_or(MALFORMED)?;
    let mut parts = [push.token.expose_secret(), query.get("timestamp"), query.get("nonce"), encrypt];
    push::verify(&mut parts, query.get("msg_signature")).map_err(|_| Error::Caller(Caller::PushSignature))?;
    if envelope.names().any(|name| !ENVELOPE.contains(&name)) {
        return Err(Error::Caller(Caller::PushPlain));
    }
    let opened = key.decrypt(encrypt, &app.appid).map_err(|error| Error::Caller(Caller::PushMalformed(Some(error))))?;
    Message::parse(&opened).ok_or(MALFORMED)
}
