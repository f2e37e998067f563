//! `POST /oauth/revoke`, RFC 7009: ends the session of a refresh or access token, of whatever
//! generation and age. Answers 200 only when it is so. With `everywhere=true`, our extension, all
//! sessions of the token's user: a phone that was offline can still say so later, by its refresh
//! token alone.

use super::Flow;
use crate::edge::error::Error;
use crate::edge::http::Response;
use crate::edge::ports::Ports;
use crate::edge::wire::{Done, RevokeRequest};
use crate::wechat::OpenId;

impl<P: Ports> Flow<'_, P> {
    pub(crate) async fn revoke(&self) -> Result<Response, Error> {
        let RevokeRequest { client_id, token, everywhere } = self.request.json_or_form()?;
        let app = self.client(&client_id)?;
        let session = match self.tokens().unseal(app, &token) {
            Some((token, subject)) => Some((subject.openid, token.sid)),
            None => self
                .tokens()
                .verify_signature(&token)
                .await
                .filter(|claims| claims.client_id == app.appid.as_str())
                .and_then(|claims| Some((OpenId::parse(&claims.sub).ok()?, claims.sid))),
        };
        // A token that means nothing needs no revoking (RFC 7009 §2.2).
        if let Some((openid, sid)) = session {
            let records = self.records();
            let user = records.user(&app.appid, &openid);
            self.limit_user("revoke", &user).await?;
            let put = match everywhere.as_deref() {
                Some("true") => records.everywhere(app, &user, self.now),
                _ => records.tombstone(app, &user, &sid),
            };
            self.ports.put(&[put]).await?;
        }
        Ok(Response::json(200, &Done {}))
    }
}
