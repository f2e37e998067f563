//! `POST /wechat/user-info/verify`: verifies WeChat's signature of `rawData` under the session_key of the caller's session.

use super::caller;
use super::context::Flow;
use crate::edge::error::{Caller, Error};
use crate::edge::http::Response;
use crate::edge::http::wire::{UserInfoRequest, UserInfoVerified};
use crate::edge::ports::Ports;
use crate::wechat::signature;

/// Verifies the signature.
pub(crate) async fn verify<P: Ports>(flow: &Flow<'_, P>) -> Result<Response, Error> {
    let caller = caller::authenticate_with_key(flow).await?;
    let UserInfoRequest { raw_data, signature: given } = flow.request.json()?;
    let keys = caller.session_keys();
    if keys.is_empty() {
        return Err(Error::Caller(Caller::SessionKeyStale(None)));
    }
    if keys.iter().any(|key| signature::verify_user_info(&raw_data, &given, key).is_ok()) {
        Ok(Response::json(200, &UserInfoVerified { valid: true }))
    } else {
        Err(caller::classify_key_failure(flow, &caller, Caller::SignatureMismatch).await)
    }
}
