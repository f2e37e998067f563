//! `POST /oauth/revoke`, RFC 7009: ends the session of a refresh or access token, of whatever generation and age. Answers
//! 200 only when it is so.
//!
//! With `everywhere=true`, our extension, it ends all sessions of the token's user. A token that leaked long ago must not
//! be able to: only one whose session lives is.

use super::Flow;
use super::refresh::{Verdict, decide};
use crate::edge::config::App;
use crate::edge::error::Error;
use crate::edge::http::Response;
use crate::edge::http::wire::{Done, RevokeRequest};
use crate::edge::ports::Ports;
use crate::edge::session::records::{Found, GRACE_S, left_s};
use crate::edge::session::tokens::{Claims, RefreshToken};
use crate::wechat::OpenId;

/// The sessions that a token may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Its session is over already.
    Nothing,
    /// Its own session.
    Session,
    /// Each session that had begun by then, ms: a phone that was offline until its session expired logs out late.
    BegunBy(u64),
    /// All sessions of its user.
    All,
}

/// The sessions that a refresh token may end.
pub(crate) fn reach_of_refresh(app: &App, token: &RefreshToken, found: &Found, everywhere: bool, now: u64) -> Reach {
    if found.is_revoked(token.auth) {
        return Reach::Nothing;
    }
    let is_over = left_s(app, token.auth, now) == 0;
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

/// The sessions that an access token may end.
pub(crate) fn reach_of_access(app: &App, claims: &Claims, found: &Found, everywhere: bool, now: u64) -> Reach {
    let is_live = claims.exp > now / 1000;
    if found.is_revoked(claims.auth) || (!is_live && left_s(app, claims.auth, now) == 0) {
        return Reach::Nothing;
    }
    if everywhere && is_live { Reach::All } else { Reach::Session }
}

impl<P: Ports> Flow<'_, P> {
    pub(crate) async fn revoke(&self) -> Result<Response, Error> {
        let RevokeRequest { client_id, token, everywhere } = self.request.json_or_form()?;
        let app = self.client(&client_id)?;
        let everywhere = everywhere.as_deref() == Some("true");
        let records = self.records();
        let (user, sid, auth, found, reach) = if let Some((token, subject)) = self.tokens().unseal(app, &token) {
            let user = records.user(&app.appid, &subject.openid);
            self.limit_user("revoke", &user).await?;
            let found = self.find(app, &user, &token.sid).await?;
            let reach = reach_of_refresh(app, &token, &found, everywhere, self.now);
            (user, token.sid, token.auth, found, reach)
        } else if let Some(claims) = self.tokens().verify_signature(&token).await
            && claims.client_id == app.appid.as_str()
            && let Ok(openid) = OpenId::parse(&claims.sub)
        {
            let user = records.user(&app.appid, &openid);
            self.limit_user("revoke", &user).await?;
            let found = self.find(app, &user, &claims.sid).await?;
            let reach = reach_of_access(app, &claims, &found, everywhere, self.now);
            (user, claims.sid, claims.auth, found, reach)
        } else {
            // A token that means nothing needs no revoking (RFC 7009 §2.2).
            return Ok(Response::json(200, &Done {}));
        };
        match reach {
            Reach::Nothing => {}
            Reach::All => records.end_all(app, &user, &found, auth).await?,
            Reach::Session => self.ports.put(&[records.tombstone(app, &user, &sid)]).await?,
            Reach::BegunBy(end) => {
                records.end_begun_by(app, &user, end).await?;
                // Its own last: until then a repetition does it all again.
                self.ports.put(&[records.tombstone(app, &user, &sid)]).await?;
            }
        }
        Ok(Response::json(200, &Done {}))
    }
}
