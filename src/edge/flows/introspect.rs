//! `POST /oauth/introspect` (RFC 7662): the state of a token, for the backends of its app. It sees a revocation as soon as
//! the store does; an offline check sees it when the token expires.

use super::caller;
use super::context::Flow;
use super::refresh::{Verdict, decide};
use crate::edge::config::backends::Backend;
use crate::edge::error::Error;
use crate::edge::http::Response;
use crate::edge::http::wire::{IntrospectRequest, Introspection};
use crate::edge::ident::Claims;
use crate::edge::ports::Ports;
use crate::edge::session::tokens::{RefreshToken, Subject};
use crate::wechat::OpenId;

/// Describes an active token, or answers `{"active": false}`.
pub(crate) async fn introspect<P: Ports>(flow: &Flow<'_, P>) -> Result<Response, Error> {
    let backend = caller::backend(flow)?;
    let IntrospectRequest { token } = flow.request.json_or_form()?;
    let found = match flow.tokens().unseal_any(&token) {
        Some((token, subject)) => introspect_refresh_token(flow, backend, token, &subject).await?,
        None => introspect_access_token(flow, backend, &token).await?,
    };
    Ok(Response::json(200, &found.unwrap_or_default()))
}

async fn introspect_refresh_token<P: Ports>(
    flow: &Flow<'_, P>,
    backend: &Backend,
    token: RefreshToken,
    subject: &Subject,
) -> Result<Option<Introspection>, Error> {
    let Some(app) = caller::app_of(flow, backend, &token.appid) else { return Ok(None) };
    let user = flow.records().user(&app.appid, &subject.openid);
    let record = flow.find(app, &user, &token.sid).await?;
    // The token expires with the session, or earlier with the idle time.
    let exp =
        (subject.auth / 1000).saturating_add(app.ttl.session_s).min((token.iat / 1000).saturating_add(app.ttl.idle_s));
    if exp <= flow.now / 1000 || !matches!(decide(&token, &record, flow.now), Verdict::Rotate(_)) {
        return Ok(None);
    }
    Ok(Some(Introspection {
        active: true,
        iss: Some(flow.config.issuer.clone()),
        sub: Some(subject.openid.as_str().to_owned()),
        client_id: Some(app.appid.as_str().to_owned()),
        iat: Some(token.iat / 1000),
        exp: Some(exp),
        sid: Some(token.sid),
        auth: Some(token.auth),
        unionid: token.unionid,
        ..Introspection::default()
    }))
}

async fn introspect_access_token<P: Ports>(
    flow: &Flow<'_, P>,
    backend: &Backend,
    token: &str,
) -> Result<Option<Introspection>, Error> {
    let Ok(claims) = flow.tokens().verify(token, flow.now).await else { return Ok(None) };
    let Some(app) = caller::app_of(flow, backend, &claims.client_id) else { return Ok(None) };
    let Ok(openid) = OpenId::parse(&claims.sub) else { return Ok(None) };
    let user = flow.records().user(&app.appid, &openid);
    let record = flow.find(app, &user, &claims.sid).await?;
    if record.is_revoked(claims.auth) {
        return Ok(None);
    }
    Ok(Some(active(claims, record.session.and_then(|session| session.unionid))))
}

fn active(claims: Claims, unionid: Option<String>) -> Introspection {
    Introspection {
        active: true,
        token_type: Some("Bearer"),
        iss: Some(claims.iss),
        sub: Some(claims.sub),
        aud: Some(claims.aud),
        client_id: Some(claims.client_id),
        iat: Some(claims.iat),
        exp: Some(claims.exp),
        jti: Some(claims.jti),
        sid: Some(claims.sid),
        auth: Some(claims.auth),
        unionid,
    }
}
