//! `POST /wechat/user-info/verify`: whether WeChat signed this `rawData` for the session that asks.

use super::Flow;
use crate::edge::error::{Caller, Error};
use crate::edge::http::{Params, Request, Response};
use crate::edge::ports::Ports;
use crate::wechat::signature;

impl<P: Ports> Flow<'_, P> {
    pub(crate) async fn verify_user_info(&self, request: &Request) -> Result<Response, Error> {
        let caller = self.authenticate(request).await?;
        let params = Params::json(request)?;
        let raw_data = params.require("raw_data")?;
        // An empty signature is as wrong as any other, and gets the same answer.
        let given = params.get("signature").unwrap_or_default();
        let keys = caller.session_keys();
        if keys.is_empty() {
            return Err(Error::Caller(Caller::SessionKeyStale));
        }
        if keys.iter().any(|key| signature::verify_user_info(raw_data, given, key).is_ok()) {
            Ok(Response::json(200, &serde_json::json!({ "valid": true })))
        } else {
            Err(self.blame(&caller, Caller::SignatureMismatch).await)
        }
    }
}
