//! `POST /oauth/token`, by grant.

use super::context::Flow;
use super::outcome::Outcome;
use crate::edge::error::{Caller, Error};
use crate::edge::http::wire::{GRANT_AUTHORIZATION_CODE, GRANT_REFRESH_TOKEN, GRANT_TOKEN_EXCHANGE, TokenRequest};
use crate::edge::ports::Ports;

impl<P: Ports> Flow<'_, P> {
    /// Answers with a new pair of tokens.
    pub(crate) async fn token(&self) -> Result<Outcome, Error> {
        let request: TokenRequest = self.request.json_or_form()?;
        let app = self.client(&request.client_id)?;
        match request.grant_type.as_str() {
            GRANT_TOKEN_EXCHANGE => self.exchange(app, request).await.map(Outcome::from),
            GRANT_AUTHORIZATION_CODE => self.redeem_authorization_code(app, request).await.map(Outcome::from),
            GRANT_REFRESH_TOKEN => self.refresh(app, request).await,
            _ => Err(Error::Caller(Caller::GrantTypeUnsupported)),
        }
    }
}
