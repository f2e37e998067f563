//! `POST /oauth/token`, by grant.

use super::caller;
use super::context::Flow;
use super::outcome::Outcome;
use super::{authorization_code, exchange, refresh};
use crate::edge::error::{Caller, Error};
use crate::edge::http::wire::{GRANT_AUTHORIZATION_CODE, GRANT_REFRESH_TOKEN, GRANT_TOKEN_EXCHANGE, TokenRequest};
use crate::edge::ports::Ports;

/// Answers with a new pair of tokens.
pub(crate) async fn issue<P: Ports>(flow: &Flow<'_, P>) -> Result<Outcome, Error> {
    let request: TokenRequest = flow.request.json_or_form()?;
    let app = caller::client(flow, &request.client_id)?;
    match request.grant_type.as_str() {
        GRANT_TOKEN_EXCHANGE => exchange::redeem(flow, app, request).await.map(Outcome::from),
        GRANT_AUTHORIZATION_CODE => authorization_code::redeem(flow, app, request).await.map(Outcome::from),
        GRANT_REFRESH_TOKEN => refresh::rotate(flow, app, request).await,
        _ => Err(Error::Caller(Caller::GrantTypeUnsupported)),
    }
}
