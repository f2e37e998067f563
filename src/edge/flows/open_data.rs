//! `POST /wechat/open-data`: decrypts `encryptedData` under the session_key of the caller's session.
//!
//! The result is data, not an identity, because CBC is malleable. An openId in it that is not the session's own is refused
//! like any other failure.

use super::caller;
use super::context::Flow;
use crate::edge::audit::Audit;
use crate::edge::error::{Caller, DecryptReason, Error};
use crate::edge::http::Response;
use crate::edge::http::wire::{OpenDataReply, OpenDataRequest};
use crate::edge::ports::Ports;
use crate::wechat::open_data::{EncryptedData, OpenData, OpenDataError};

/// Decrypts open data of the caller.
pub(crate) async fn decrypt<P: Ports>(flow: &Flow<'_, P>) -> Result<Response, Error> {
    let caller = caller::authenticate_with_key(flow).await?;
    let OpenDataRequest { encrypted_data, iv } = flow.request.json()?;
    let sealed = EncryptedData::parse(&encrypted_data, &iv)?;
    let keys = caller.session_keys();
    if keys.is_empty() {
        return Err(Error::Caller(Caller::SessionKeyStale(None)));
    }
    let opened: Result<OpenData, OpenDataError> = keys
        .iter()
        .map(|key| sealed.open(key, &caller.app.appid))
        .reduce(|first, next| first.or(next))
        .unwrap_or(Err(OpenDataError::Padding));
    let data = match opened {
        Ok(data) => data,
        Err(error) => {
            if error == OpenDataError::WatermarkForeign {
                let (client_id, user) = (caller.app.appid.as_str(), caller.user.as_str());
                flow.ports.audit(&Audit::WatermarkMismatch { client_id, user });
            }
            return Err(caller::classify_key_failure(
                flow,
                &caller,
                Caller::DecryptFailed(DecryptReason::OpenData(error)),
            )
            .await);
        }
    };
    if data.openid().is_some_and(|openid| openid != caller.openid.as_str()) {
        return Err(Error::Caller(Caller::DecryptFailed(DecryptReason::ForeignOpenId)));
    }
    let max_age_s = caller.app.open_data_max_age_s;
    if max_age_s != 0 && !data.is_fresh(flow.now / 1000, max_age_s) {
        return Err(Error::Caller(Caller::DataStale));
    }
    Ok(Response::json(200, &OpenDataReply { data: data.data() }))
}
