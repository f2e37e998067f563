//! `POST /oauth/token` with `refresh_token` (RFC 6749 §6): rotation.
//!
//! [`decide`] is a pure function of the token, the records and the time, so that tests can run it against a store that is
//! stale, loses writes and has races.

use super::context::Flow;
use super::outcome::Outcome;
use super::token_reply::token_reply;
use crate::edge::audit::Audit;
use crate::edge::config::app::App;
use crate::edge::error::{Caller, Error};
use crate::edge::http::wire::TokenRequest;
use crate::edge::ports::{Limit, Ports};
use crate::edge::session::records::{GRACE_S, SessionLookup, SessionRecord};
use crate::edge::session::revocations::DeferredWrite;
use crate::edge::session::tokens::RefreshToken;

const GRACE_MS: u64 = GRACE_S * 1000;

/// The answer to a refresh token that opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Answer with the token of generation n + 1. Write the record, if there is one, after the response.
    Rotate(Option<SessionRecord>),
    /// The session has ended.
    Ended,
    /// The token was used before and its grace has passed: it, or its successor, was stolen. End the session.
    Reused,
}

/// Decides at `now`, ms since 1970; `docs/storage.md` explains the steps.
pub(crate) fn decide(token: &RefreshToken, found: &SessionLookup, now: u64) -> Verdict {
    if found.is_revoked(token.auth) {
        return Verdict::Ended;
    }
    let record = match &found.session {
        Some(record) => record.clone(),
        // The store does not show the login or rotation that issued this token yet. The token proves it.
        None if now.saturating_sub(token.iat) <= GRACE_MS => {
            SessionRecord::new(token.n.saturating_sub(1), now, token.auth, None).named(token.unionid.clone(), None)
        }
        None => return Verdict::Ended,
    };
    if token.n > record.g {
        Verdict::Rotate(Some(record.rotated(token.n, now)))
    } else if token.n >= record.g.saturating_sub(1) && now.saturating_sub(record.t) <= GRACE_MS {
        // Two concurrent requests, or a lost response.
        Verdict::Rotate(None)
    } else {
        Verdict::Reused
    }
}

/// Rotates a refresh token.
pub(super) async fn rotate<P: Ports>(flow: &Flow<'_, P>, app: &App, request: TokenRequest) -> Result<Outcome, Error> {
    const ENDED: Error = Error::Caller(Caller::SessionEnded);
    let token = request.refresh_token.ok_or(Error::Caller(Caller::ParameterMissing("refresh_token")))?;
    let (token, subject) = flow.tokens().unseal(app, &token).ok_or(ENDED)?;
    if app.session_left_s(subject.auth, flow.now) == 0 {
        return Err(ENDED);
    }
    let records = flow.records();
    let user = records.user(&app.appid, &subject.openid);
    flow.limit(Limit::User, user.as_str()).await?;
    let found = flow.find(app, &user, &token.sid).await?;
    match decide(&token, &found, flow.now) {
        Verdict::Rotate(record) => {
            let tokens = flow.tokens().issue(app, &subject, token.n.saturating_add(1), flow.now).await?;
            let response = token_reply(tokens, None, request.scope);
            let after = record.map(|record| DeferredWrite::new(&records, app, user, &token.sid, &record, flow.now));
            Ok(Outcome { after, ..Outcome::from(response) })
        }
        Verdict::Ended => Err(ENDED),
        Verdict::Reused => {
            flow.ports.audit(&Audit::refresh_reused(&app.appid, &user, &token.sid));
            flow.ports.put(&[records.tombstone(app, &user, &token.sid)]).await?;
            Err(ENDED)
        }
    }
}
