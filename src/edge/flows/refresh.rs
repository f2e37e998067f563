//! `POST /oauth/token`, RFC 6749 §6: a refresh token becomes the next one.
//!
//! The decision is [`decide`], a pure function of the token, what the store said and the time, so
//! that it can be simulated against a store that is stale, loses writes and races.

use super::{Flow, issued};
use crate::edge::audit::Audit;
use crate::edge::config::App;
use crate::edge::error::{Caller, Error};
use crate::edge::http::Response;
use crate::edge::http::wire::TokenRequest;
use crate::edge::ports::{Limit, Ports};
use crate::edge::session::records::{Found, GRACE_S, SessionRecord, left_s};
use crate::edge::session::tokens::RefreshToken;

const GRACE_MS: u64 = GRACE_S * 1000;

/// What to do with a refresh token that opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Answer with token n + 1, and write this record, if any, behind the answer's back.
    Rotate(Option<SessionRecord>),
    /// The session is over.
    Ended,
    /// An old token came back after its grace: it was stolen, or its successor was. Bury the session.
    Reused,
}

/// `docs/storage.md` explains the steps.
pub(crate) fn decide(token: &RefreshToken, found: &Found, now: u64) -> Verdict {
    if found.is_revoked(token.auth) {
        return Verdict::Ended;
    }
    let record = match &found.session {
        Some(record) => record.clone(),
        // KV has not converged on the login or rotation that issued this token. It proves itself.
        None if now.saturating_sub(token.iat) <= GRACE_MS => {
            SessionRecord::new(token.n.saturating_sub(1), now, token.auth, None).named(token.unionid.clone(), None)
        }
        None => return Verdict::Ended,
    };
    if token.n > record.g {
        Verdict::Rotate(Some(record.rotated(token.n, now)))
    } else if token.n >= record.g.saturating_sub(1) && now.saturating_sub(record.t) <= GRACE_MS {
        // Two requests at once, or an answer that was lost.
        Verdict::Rotate(None)
    } else {
        Verdict::Reused
    }
}

impl<P: Ports> Flow<'_, P> {
    pub(crate) async fn refresh(&self, app: &App, request: TokenRequest) -> Result<Response, Error> {
        const ENDED: Error = Error::Caller(Caller::SessionEnded);
        let token = request.refresh_token.ok_or(Error::Caller(Caller::ParameterMissing("refresh_token")))?;
        let (token, subject) = self.tokens().unseal(app, &token).ok_or(ENDED)?;
        if left_s(app, subject.auth, self.now) == 0 {
            return Err(ENDED);
        }
        let records = self.records();
        let user = records.user(&app.appid, &subject.openid);
        self.limit(Limit::User, user.as_str()).await?;
        let found = self.find(app, &user, &token.sid).await?;
        match decide(&token, &found, self.now) {
            Verdict::Rotate(record) => {
                let reply = self.tokens().issue(app, &subject, token.n.saturating_add(1), self.now, None).await?;
                let mut response = issued(reply, request.scope);
                response.later = record.map(|record| records.late_session(app, user, &token.sid, &record, self.now));
                Ok(response)
            }
            Verdict::Ended => Err(ENDED),
            Verdict::Reused => {
                self.ports.audit(&Audit::reused(&app.appid, &user, &token.sid));
                self.ports.put(&[records.tombstone(app, &user, &token.sid)]).await?;
                Err(ENDED)
            }
        }
    }
}
