//! `POST /oauth/token`, RFC 8693: a code of `wx.login` becomes a session.

use super::Flow;
use crate::edge::config::{App, Kind};
use crate::edge::error::{Caller, Error};
use crate::edge::http::Response;
use crate::edge::label;
use crate::edge::ports::{Limit, Ports, random};
use crate::edge::records::{Found, SessionRecord, Sid};
use crate::edge::tokens::Subject;
use crate::edge::upstream;
use crate::edge::wire::TokenRequest;
use crate::wechat::Code;
use crate::wechat::ident::IdentError;
use crate::wechat::reply::CodeSession;

pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JS_CODE: &str = "urn:wechat:params:oauth:token-type:js-code";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

impl<P: Ports> Flow<'_, P> {
    pub(crate) async fn exchange(&self, app: &App, request: TokenRequest) -> Result<Response, Error> {
        if request.subject_token_type.as_deref() != Some(JS_CODE) || app.kind != Kind::MiniProgram {
            return Err(Error::Caller(Caller::GrantTypeUnsupported));
        }
        let code = Code::parse(&request.subject_token.unwrap_or_default()).map_err(|error| {
            Error::Caller(match error {
                IdentError::Missing => Caller::CodeMissing,
                IdentError::Malformed => Caller::CodeMalformed,
            })
        })?;
        let label = match &request.label {
            Some(label) => Some(label::parse(label).ok_or(Error::Caller(Caller::ParameterMalformed("label")))?),
            None => label::of_user_agent(self.request.user_agent.as_deref().unwrap_or_default()),
        };
        if let Some(address) = &self.request.address {
            self.limit(Limit::Address, &format!("{}:{address}", app.appid.as_str())).await?;
        }
        let CodeSession { openid, session_key, unionid } =
            upstream::code_session(self.ports, self.config, app, code).await?;

        let records = self.records();
        let user = records.user(&app.appid, &openid);
        self.limit(Limit::User, user.as_str()).await?;
        // The old token is only looked at: identity comes from WeChat alone.
        let continued = request
            .refresh_token
            .and_then(|token| self.tokens().unseal(app, &token))
            .filter(|(_, subject)| subject.openid == openid);
        let found = match &continued {
            Some((old, _)) => self.find(app, &user, &old.sid).await?,
            None => Found { newest_key: records.newest_key(&user).await?, ..Found::default() },
        };
        // A re-login goes on where the old session was, as one more rotation, unless that session
        // was revoked.
        let (sid, n) = match continued {
            Some((old, _)) if !found.buried => (old.sid, old.n.saturating_add(1)),
            _ => (Sid::new(random(self.ports)), 0),
        };

        let record = SessionRecord::new(n - 1, self.now, self.now, Some(&session_key))
            .named(unionid.as_ref().map(|unionid| unionid.as_str().to_owned()), label);
        let mut puts = vec![records.session(app, &user, &sid, &record, self.now)];
        if found.newest_key.is_none_or(|newest| newest.reveal() != session_key.reveal()) {
            puts.push(records.key(app, &user, &session_key));
        }
        self.ports.put(&puts).await?;
        let subject = Subject { openid, unionid, sid, auth: self.now };
        let reply = self.tokens().issue(app, &subject, n, self.now, Some(ACCESS_TOKEN)).await?;
        Ok(Response::json(200, &reply))
    }
}
