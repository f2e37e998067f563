//! `POST /oauth/token` with `authorization_code` (RFC 6749 §4.1.3): the code of a web login becomes a session.
//!
//! A code cannot be made single-use on KV. A replay with the right verifier leads to the same session until that session
//! is refreshed, so a client whose reply was lost may send the code again. It does not create a second session or reset
//! the rotation, and its refresh token is caught by reuse detection.

use super::context::Flow;
use super::token_reply::token_reply;
use crate::edge::config::app::App;
use crate::edge::error::{Caller, Error};
use crate::edge::http::Response;
use crate::edge::http::wire::TokenRequest;
use crate::edge::ports::{Limit, Ports};
use crate::edge::session::authorization_code::AuthorizationCode;
use crate::edge::session::label;
use crate::edge::session::records::SessionRecord;
use crate::edge::session::tokens::Subject;
use crate::wechat::{OpenId, UnionId};

/// Redeems the edge's own authorization code.
pub(super) async fn redeem<P: Ports>(flow: &Flow<'_, P>, app: &App, request: TokenRequest) -> Result<Response, Error> {
    const INVALID: Error = Error::Caller(Caller::LoginCodeInvalid);
    let code = request.code.ok_or(Error::Caller(Caller::CodeMissing))?;
    let code = AuthorizationCode::open(&flow.config.sealer, &code, flow.now).ok_or(INVALID)?;
    let (redirect_uri, verifier) =
        (request.redirect_uri.unwrap_or_default(), request.code_verifier.unwrap_or_default());
    if code.appid != app.appid.as_str() || !code.is_for(&redirect_uri, &verifier) {
        return Err(INVALID);
    }
    let openid = OpenId::parse(&code.openid).map_err(|_| INVALID)?;
    let sid = code.sid();
    let user = flow.records().user(&app.appid, &openid);
    flow.limit(Limit::User, user.as_str()).await?;
    let found = flow.find(app, &user, &sid).await?;
    if found.is_revoked(code.iat) {
        return Err(Error::Caller(Caller::SessionEnded));
    }
    // A session that was refreshed shows that the code was used (RFC 6749 §4.1.2).
    if found.session.as_ref().is_some_and(|session| session.g >= 0) {
        return Err(Error::Caller(Caller::LoginCodeUsed));
    }
    if found.session.is_none() {
        let label = label::of_user_agent(flow.request.user_agent.as_deref().unwrap_or_default());
        let record = SessionRecord::new(-1, flow.now, code.iat, None).named(code.unionid.clone(), label);
        let put = flow.records().session(app, &user, &sid, &record, flow.now);
        flow.ports.put(core::slice::from_ref(&put)).await?;
        if flow.revocations().was_revoked(&user, Some(&sid), code.iat, &[put]).await? {
            return Err(Error::Caller(Caller::SessionEnded));
        }
    }
    let unionid = code.unionid.and_then(|unionid| UnionId::parse(&unionid).ok());
    let subject = Subject { openid, unionid, sid, auth: code.iat };
    let tokens = flow.tokens().issue(app, &subject, 0, flow.now).await?;
    Ok(token_reply(tokens, None, request.scope))
}
