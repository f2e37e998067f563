//! `/wechat/events/{appid}`: WeChat's message push (§3.7, §4.1).
//!
//! The URL check is answered. A cancelled WeChat account is erased, if the message is encrypted and of
//! the last 300 s: plain mode signs no body, so whoever has seen one call could erase anybody. For the
//! same reason an app that has an `encoding_aes_key` takes no plain text at all. Messages that WeChat
//! signed go on, as they came, to `push_forward_url`; a cancellation that is too old does not.
//!
//! WeChat waits 5 s and then sends the message again, up to three times (§3.7). `Endpoint::deadline_ms`
//! ends this request before that. Erasing twice is the same as once; the receiver of forwarded messages
//! removes doubles itself (`docs/push.md`).

use super::Flow;
use crate::edge::audit::Audit;
use crate::edge::config::{App, Push};
use crate::edge::error::{Caller, Error};
use crate::edge::http::Response;
use crate::edge::http::params::Query;
use crate::edge::ports::{Call, Ports};
use crate::edge::upstream;
use crate::wechat::message::Message;
use crate::wechat::push::EncodingAesKey;
use crate::wechat::{OpenId, push};

/// How old, or how far ahead, a message may be that erases. WeChat repeats one for seconds.
const MAX_AGE_S: u64 = 300;
const CANCELLATION: &str = "user_authorization_cancellation";
/// What WeChat takes for "received".
const RECEIVED: &str = "success";
/// All that stands beside the ciphertext in encrypted mode. In 兼容模式 the message stands there, too, and
/// nothing signs that copy.
const ENVELOPE: [&str; 3] = ["Encrypt", "ToUserName", "AppId"];

impl<P: Ports> Flow<'_, P> {
    /// GET: WeChat tries the address.
    pub(crate) async fn check_events(&self, appid: &str) -> Result<Response, Error> {
        let (_, push) = self.pushed(appid)?;
        let query = self.request.query()?;
        verify_way(push, &query)?;
        Ok(Response::plain(query.get("echostr").to_owned()))
    }

    /// POST: a message.
    pub(crate) async fn event(&self, appid: &str) -> Result<Response, Error> {
        let (app, push) = self.pushed(appid)?;
        let query = self.request.query()?;
        match (&push.key, query.get("encrypt_type") == "aes") {
            (Some(key), true) => {
                let message = open(app, push, key, &query, self.request.text()?)?;
                self.act_on(app, &query, &message).await?;
            }
            (Some(_), false) => return Err(Error::Caller(Caller::PushPlain)),
            (None, true) => {
                let problem = format!("{}: encoding_aes_key is not set", app.appid.as_str());
                return Err(Error::Operator(problem));
            }
            // Only the way of the message is signed, not what it says: it goes on unread.
            (None, false) => verify_way(push, &query)?,
        }
        let Some(forward_url) = &push.forward_url else { return Ok(Response::plain(RECEIVED.to_owned())) };
        // With the query it came with, so that the backend's own SDK checks and opens it as ever.
        let call = Call {
            content_type: self.request.content_type.clone(),
            ..Call::post(format!("{forward_url}?{}", self.request.query), self.request.text()?.to_owned())
        };
        let reply = upstream::forward(self.ports, &call).await?;
        Ok(Response::plain(reply))
    }

    fn pushed(&self, appid: &str) -> Result<(&App, &Push), Error> {
        let app = self.config.app(appid).ok_or(Error::Caller(Caller::NotFound))?;
        app.push.as_ref().map(|push| (app, push)).ok_or(Error::Caller(Caller::NotFound))
    }

    /// Erases the user of a cancelled account.
    async fn act_on(&self, app: &App, query: &Query, message: &Message) -> Result<(), Error> {
        let openid = message.get("OpenID").and_then(|openid| OpenId::parse(openid).ok());
        let (Some(CANCELLATION), Some(openid)) = (message.get("Event"), openid) else { return Ok(()) };
        let sent: u64 = query.get("timestamp").parse().unwrap_or_default();
        if (self.now / 1000).abs_diff(sent) > MAX_AGE_S {
            return Err(Error::Caller(Caller::PushStale));
        }
        let user = self.records().user(&app.appid, &openid);
        let known = self.records().find_revocation(&user, None).await?;
        self.erase(app, &user, &known, None).await?;
        let (client_id, user) = (app.appid.as_str(), user.as_str());
        self.ports.audit(&Audit::CancellationErase { client_id, user });
        Ok(())
    }
}

/// Checks what the URL check and plain mode sign: the query alone.
fn verify_way(push: &Push, query: &Query) -> Result<(), Error> {
    let mut parts = [push.token.reveal(), query.get("timestamp"), query.get("nonce")];
    push::verify(&mut parts, query.get("signature")).map_err(|_| Error::Caller(Caller::PushSignature))
}

/// The message inside an encrypted one. Of the body, only `Encrypt` is looked for before the signature
/// that covers it is checked.
fn open(app: &App, push: &Push, key: &EncodingAesKey, query: &Query, body: &str) -> Result<Message, Error> {
    const MALFORMED: Error = Error::Caller(Caller::PushMalformed(None));
    let envelope = Message::parse(body).ok_or(MALFORMED)?;
    let encrypt = envelope.get("Encrypt").ok_or(MALFORMED)?;
    let mut parts = [push.token.reveal(), query.get("timestamp"), query.get("nonce"), encrypt];
    push::verify(&mut parts, query.get("msg_signature")).map_err(|_| Error::Caller(Caller::PushSignature))?;
    if envelope.names().any(|name| !ENVELOPE.contains(&name)) {
        return Err(Error::Caller(Caller::PushPlain));
    }
    let opened = key.decrypt(encrypt, &app.appid).map_err(|error| Error::Caller(Caller::PushMalformed(Some(error))))?;
    Message::parse(&opened).ok_or(MALFORMED)
}
