//! `POST /oauth/token`, RFC 6749 §4.1.3: the code of a web login becomes a session. A client whose answer was
//! lost may send the code again, with its verifier: it meets the same session, until that is refreshed.
//! Nothing can make a code single-use on KV. A repetition makes no second session, and its refresh token is
//! found out like any copy.

use super::{Flow, issued};
use crate::edge::config::App;
use crate::edge::error::{Caller, Error};
use crate::edge::http::Response;
use crate::edge::http::wire::TokenRequest;
use crate::edge::ports::{Limit, Ports};
use crate::edge::session::authorization_code::WebCode;
use crate::edge::session::label;
use crate::edge::session::records::SessionRecord;
use crate::edge::session::tokens::Subject;
use crate::wechat::{OpenId, UnionId};

pub(crate) const GRANT_TYPE: &str = "authorization_code";

impl<P: Ports> Flow<'_, P> {
    pub(crate) async fn web_exchange(&self, app: &App, request: TokenRequest) -> Result<Response, Error> {
        const WRONG: Error = Error::Caller(Caller::LoginCodeInvalid);
        let code = request.code.ok_or(Error::Caller(Caller::CodeMissing))?;
        let code = WebCode::open(&self.config.sealer, &code, self.now).ok_or(WRONG)?;
        let (redirect_uri, verifier) =
            (request.redirect_uri.unwrap_or_default(), request.code_verifier.unwrap_or_default());
        if code.appid != app.appid.as_str() || !code.is_for(&redirect_uri, &verifier) {
            return Err(WRONG);
        }
        let openid = OpenId::parse(&code.openid).map_err(|_| WRONG)?;
        let sid = code.sid();
        let user = self.records().user(&app.appid, &openid);
        self.limit(Limit::User, user.as_str()).await?;
        let found = self.find(app, &user, &sid).await?;
        if found.is_revoked(code.iat) {
            return Err(Error::Caller(Caller::SessionEnded));
        }
        // RFC 6749 §4.1.2: where the session is known to have gone on, its code was used.
        if found.session.as_ref().is_some_and(|session| session.g >= 0) {
            return Err(Error::Caller(Caller::LoginCodeUsed));
        }
        if found.session.is_none() {
            let label = label::of_user_agent(self.request.user_agent.as_deref().unwrap_or_default());
            let record = SessionRecord::new(-1, self.now, code.iat, None).named(code.unionid.clone(), label);
            let put = self.records().session(app, &user, &sid, &record, self.now);
            self.ports.put(core::slice::from_ref(&put)).await?;
            if self.records().was_ended(&user, Some(&sid), code.iat, &[put]).await? {
                return Err(Error::Caller(Caller::SessionEnded));
            }
        }
        let unionid = code.unionid.and_then(|unionid| UnionId::parse(&unionid).ok());
        let subject = Subject { openid, unionid, sid, auth: code.iat };
        let reply = self.tokens().issue(app, &subject, 0, self.now, None).await?;
        Ok(issued(reply, request.scope))
    }
}
