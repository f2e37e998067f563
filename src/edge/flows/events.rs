//! `/wechat/events/{appid}`: WeChat's message push (§3.7, §4.1).
//!
//! The URL check is answered. A cancelled WeChat account is erased, if the message is encrypted and of
//! the last 300 s: plain mode signs no body, so whoever has seen one call could erase anybody.
//! Every message that WeChat signed goes on, as it came, to `push_forward_url`.

use super::Flow;
use crate::edge::audit::Audit;
use crate::edge::config::{App, Push};
use crate::edge::error::{Caller, Error};
use crate::edge::http::Response;
use crate::edge::ports::{Call, Ports};
use crate::edge::upstream;
use crate::wechat::message::Message;
use crate::wechat::{OpenId, push};

/// How old, or how far ahead, a message may be that erases. WeChat repeats one for seconds.
const MAX_AGE_S: u64 = 300;
const CANCELLATION: &str = "user_authorization_cancellation";
/// What WeChat takes for "received".
const RECEIVED: &str = "success";

/// A message that WeChat signed.
enum Signed {
    /// Only its way was signed, not what it says.
    Plain,
    Encrypted(Message),
}

impl<P: Ports> Flow<'_, P> {
    /// GET: WeChat tries the address.
    pub(crate) async fn check_events(&self, appid: &str) -> Result<Response, Error> {
        let (_, push) = self.pushed(appid)?;
        let query = self.request.query();
        let mut parts = [push.token.reveal(), query.get("timestamp"), query.get("nonce")];
        push::verify(&mut parts, query.get("signature")).map_err(|_| Error::Caller(Caller::PushSignature))?;
        Ok(Response::plain(query.get("echostr").to_owned()))
    }

    /// POST: a message.
    pub(crate) async fn event(&self, appid: &str) -> Result<Response, Error> {
        let (app, push) = self.pushed(appid)?;
        let body = self.request.text()?;
        if let Signed::Encrypted(message) = self.signed(app, push, body)? {
            let query = self.request.query();
            let sent: u64 = query.get("timestamp").parse().unwrap_or_default();
            let cancelled = message.get("Event") == Some(CANCELLATION);
            let openid = message.get("OpenID").and_then(|openid| OpenId::parse(openid).ok());
            if let (true, Some(openid)) = (cancelled, openid) {
                if (self.now / 1000).abs_diff(sent) > MAX_AGE_S {
                    return Err(Error::Caller(Caller::PushStale));
                }
                let user = self.records().user(&app.appid, &openid);
                self.erase(app, &user).await?;
                let (client_id, user) = (app.appid.as_str(), user.as_str());
                self.ports.audit(&Audit::CancellationErase { client_id, user });
            }
        }
        let Some(forward_url) = &push.forward_url else { return Ok(Response::plain(RECEIVED.to_owned())) };
        // With the query it came with, so that the backend's own SDK checks and opens it as ever.
        let call = Call {
            content_type: self.request.content_type.clone(),
            ..Call::post(format!("{forward_url}?{}", self.request.query), body.to_owned())
        };
        let reply = upstream::forward(self.ports, &call).await?;
        Ok(Response::plain(reply))
    }

    fn pushed(&self, appid: &str) -> Result<(&App, &Push), Error> {
        let app = self.config.app(appid).ok_or(Error::Caller(Caller::NotFound))?;
        app.push.as_ref().map(|push| (app, push)).ok_or(Error::Caller(Caller::NotFound))
    }

    fn signed(&self, app: &App, push: &Push, body: &str) -> Result<Signed, Error> {
        const WRONG: Error = Error::Caller(Caller::PushSignature);
        let query = self.request.query();
        let (token, timestamp, nonce) = (push.token.reveal(), query.get("timestamp"), query.get("nonce"));
        if query.get("encrypt_type") != "aes" {
            push::verify(&mut [token, timestamp, nonce], query.get("signature")).map_err(|_| WRONG)?;
            return Ok(Signed::Plain);
        }
        let key =
            push.key.as_ref().ok_or(Error::Operator(format!("{}: encoding_aes_key is not set", app.appid.as_str())))?;
        let malformed = Error::Caller(Caller::PushMalformed(None));
        let envelope = Message::parse(body).ok_or(malformed.clone())?;
        let encrypt = envelope.get("Encrypt").ok_or(malformed.clone())?;
        push::verify(&mut [token, timestamp, nonce, encrypt], query.get("msg_signature")).map_err(|_| WRONG)?;
        let opened =
            key.decrypt(encrypt, &app.appid).map_err(|error| Error::Caller(Caller::PushMalformed(Some(error))))?;
        Message::parse(&opened).map(Signed::Encrypted).ok_or(malformed)
    }
}
