//! `POST /oauth/revoke` (RFC 7009): ends the session of a refresh or access token of any generation and age. Answers 200
//! only after the write.
//!
//! The extension `everywhere=true` ends all sessions of the user. It needs a token of a living session, so that a token
//! that leaked long ago cannot log the user out everywhere.

use super::caller;
use super::context::Flow;
use super::refresh::{Verdict, decide};
use crate::edge::config::app::App;
use crate::edge::error::Error;
use crate::edge::http::Response;
use crate::edge::http::wire::{Done, RevokeRequest};
use crate::edge::ident::Claims;
use crate::edge::ports::Ports;
use crate::edge::session::records::{GRACE_S, SessionLookup};
use crate::edge::session::tokens::RefreshToken;
use crate::wechat::OpenId;

/// The sessions that a token may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// None: its session has ended already.
    Nothing,
    /// Its own session.
    Session,
    /// The sessions that began at or before this time, ms since 1970. A phone that was offline until its session expired
    /// logs out late.
    BegunBy(u64),
    /// All sessions of its user.
    All,
}

/// The sessions that a refresh token may end at `now`, ms since 1970.
pub(crate) fn reach_of_refresh(
    app: &App,
    token: &RefreshToken,
    found: &SessionLookup,
    everywhere: bool,
    now: u64,
) -> Reach {
    if found.is_revoked(token.auth) {
        return Reach::Nothing;
    }
    let is_over = app.session_left_s(token.auth, now) == 0;
    if !everywhere {
        return if is_over { Reach::Nothing } else { Reach::Session };
    }
    match &found.session {
        _ if is_over => Reach::BegunBy(token.iat),
        None if now.saturating_sub(token.iat) > GRACE_S * 1000 => Reach::BegunBy(token.iat),
        Some(record) if token.n < record.g && !matches!(decide(token, found, now), Verdict::Rotate(_)) => {
            Reach::Session
        }
        _ => Reach::All,
    }
}

/// The sessions that an access token may end at `now`, ms since 1970.
pub(crate) fn reach_of_access(app: &App, claims: &Claims, found: &SessionLookup, everywhere: bool, now: u64) -> Reach {
    let is_live = claims.exp > now / 1000;
    if found.is_revoked(claims.auth) || (!is_live && app.session_left_s(claims.auth, now) == 0) {
        return Reach::Nothing;
    }
    if everywhere && is_live { Reach::All } else { Reach::Session }
}

/// Ends the sessions within the reach of a token.
pub(crate) async fn revoke<P: Ports>(flow: &Flow<'_, P>) -> Result<Response, Error> {
    let RevokeRequest { client_id, token, everywhere } = flow.request.json_or_form()?;
    let app = caller::client(flow, &client_id)?;
    let everywhere = everywhere.as_deref() == Some("true");
    let records = flow.records();
    let (user, sid, auth, found, reach) = if let Some((token, subject)) = flow.tokens().unseal(app, &token) {
        let user = records.user(&app.appid, &subject.openid);
        flow.limit_user("revoke", &user).await?;
        let found = flow.find(app, &user, &token.sid).await?;
        let reach = reach_of_refresh(app, &token, &found, everywhere, flow.now);
        (user, token.sid, token.auth, found, reach)
    } else if let Some(claims) = flow.tokens().verify_signature(&token).await
        && claims.client_id == app.appid.as_str()
        && let Ok(openid) = OpenId::parse(&claims.sub)
    {
        let user = records.user(&app.appid, &openid);
        flow.limit_user("revoke", &user).await?;
        let found = flow.find(app, &user, &claims.sid).await?;
        let reach = reach_of_access(app, &claims, &found, everywhere, flow.now);
        (user, claims.sid, claims.auth, found, reach)
    } else {
        // An invalid token needs no revocation (RFC 7009 §2.2).
        return Ok(Response::json(200, &Done {}));
    };
    match reach {
        Reach::Nothing => {}
        Reach::All => flow.revocations().revoke_all(app, &user, &found, auth).await?,
        Reach::Session => flow.ports.put(&[records.tombstone(app, &user, &sid)]).await?,
        Reach::BegunBy(end) => {
            flow.revocations().revoke_begun_by(app, &user, end).await?;
            // The token's own session is ended last, so that a repetition after a failure starts again.
            flow.ports.put(&[records.tombstone(app, &user, &sid)]).await?;
        }
    }
    Ok(Response::json(200, &Done {}))
}
