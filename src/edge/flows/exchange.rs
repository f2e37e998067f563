//! `POST /oauth/token` with token exchange (RFC 8693): a code from `wx.login` becomes a session.

use super::context::Flow;
use super::token_reply::token_reply;
use crate::edge::config::app::{App, Kind};
use crate::edge::error::{Caller, Error, User};
use crate::edge::http::Response;
use crate::edge::http::wire::TokenRequest;
use crate::edge::ident::Sid;
use crate::edge::ports::{Limit, Ports, random};
use crate::edge::session::label;
use crate::edge::session::records::SessionRecord;
use crate::edge::session::tokens::Subject;
use crate::edge::upstream;
use crate::wechat::Code;
use crate::wechat::ident::IdentError;
use crate::wechat::reply::CodeSession;

/// `subject_token_type` of a code from `wx.login`.
const JS_CODE: &str = "urn:wechat:params:oauth:token-type:js-code";
/// `issued_token_type` of the reply (RFC 8693 §3).
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// Redeems a code from `wx.login`.
pub(super) async fn redeem<P: Ports>(flow: &Flow<'_, P>, app: &App, request: TokenRequest) -> Result<Response, Error> {
    // RFC 8693 §2.2.2: every error of the subject token is invalid_request.
    match request.subject_token_type.as_deref() {
        None => return Err(Error::Caller(Caller::ParameterMissing("subject_token_type"))),
        Some(JS_CODE) if app.kind == Kind::MiniProgram => {}
        Some(JS_CODE) => return Err(Error::Caller(Caller::GrantTypeUnsupported)),
        Some(_) => return Err(Error::Caller(Caller::ParameterMalformed("subject_token_type"))),
    }
    let code = Code::parse(&request.subject_token.unwrap_or_default()).map_err(|error| {
        Error::Caller(match error {
            IdentError::Missing => Caller::CodeMissing,
            IdentError::Malformed => Caller::CodeMalformed,
        })
    })?;
    let label = match &request.label {
        Some(label) => Some(label::parse(label).ok_or(Error::Caller(Caller::ParameterMalformed("label")))?),
        None => label::of_user_agent(flow.request.user_agent.as_deref().unwrap_or_default()),
    };
    flow.limit_address(app).await?;
    let CodeSession { openid, session_key, unionid } =
        upstream::code_session(flow.ports, flow.config, app, code).await?;

    let records = flow.records();
    let user = records.user(&app.appid, &openid);
    flow.limit(Limit::User, user.as_str()).await?;
    // The old refresh token keeps the session id. It is not an identity: that comes from WeChat only.
    let continued = request
        .refresh_token
        .and_then(|token| flow.tokens().unseal(app, &token))
        .filter(|(_, subject)| subject.openid == openid);
    let found = match &continued {
        Some((old, _)) => flow.find_with_key(app, &user, &old.sid).await?,
        None => flow.audited(app, &user, records.find_key(&user).await?),
    };
    // A re-login continues the old session unless it is revoked. It counts as a use of the old token: a token that was
    // used before neither lowers the generation nor opens a new grace.
    let (kept, g, t) = match (continued, &found.session) {
        (Some((old, _)), _) if found.is_revoked(old.auth) => (None, -1, flow.now),
        (Some((old, _)), Some(session)) if old.n <= session.g => (Some(old.sid), session.g, session.t),
        (Some((old, _)), _) => (Some(old.sid), old.n, flow.now),
        (None, _) => (None, -1, flow.now),
    };
    let sid = kept.clone().unwrap_or_else(|| Sid::new(random(flow.ports)));

    let record = SessionRecord::new(g, t, flow.now, Some(&session_key))
        .named(unionid.as_ref().map(|unionid| unionid.as_str().to_owned()), label);
    let mut puts = vec![records.session(app, &user, &sid, &record, flow.now)];
    if found.newest_key.is_none_or(|newest| newest.reveal() != session_key.reveal()) {
        puts.push(records.key(app, &user, &session_key));
    }
    flow.ports.put(&puts).await?;
    // If the user was logged out or erased in the meantime, the new tokens would be invalid and the record would stay.
    if flow.revocations().was_revoked(&user, kept.as_ref(), flow.now, &puts).await? {
        return Err(Error::User(User::LoginSuperseded));
    }
    let subject = Subject { openid, unionid, sid, auth: flow.now };
    let tokens = flow.tokens().issue(app, &subject, g.saturating_add(1), flow.now).await?;
    Ok(token_reply(tokens, Some(ACCESS_TOKEN), request.scope))
}
