//! `POST /wechat/open-data`: decrypts `encryptedData` for the session that asks.
//!
//! What it says is data, not identity: CBC is malleable, so an openId inside that is not the
//! session's own is refused like any other failure.

use super::Flow;
use crate::edge::error::{Caller, DecryptReason, Error};
use crate::edge::http::{Params, Request, Response};
use crate::edge::ports::Ports;
use crate::wechat::open_data::{EncryptedData, OpenData, OpenDataError};

impl<P: Ports> Flow<'_, P> {
    pub(crate) async fn open_data(&self, request: &Request) -> Result<Response, Error> {
        let caller = self.authenticate(request).await?;
        let params = Params::json(request)?;
        let sealed = EncryptedData::parse(params.require("encrypted_data")?, params.require("iv")?)?;
        let keys = caller.session_keys();
        if keys.is_empty() {
            return Err(Error::Caller(Caller::SessionKeyStale));
        }
        let opened: Result<OpenData, OpenDataError> = keys
            .iter()
            .map(|key| sealed.open(key, &caller.app.appid))
            .reduce(|first, next| first.or(next))
            .unwrap_or(Err(OpenDataError::Padding));
        let data = match opened {
            Ok(data) => data,
            Err(error) => {
                return Err(self.blame(&caller, Caller::DecryptFailed(DecryptReason::OpenData(error))).await);
            }
        };
        if data.openid().is_some_and(|openid| openid != caller.openid.as_str()) {
            return Err(Error::Caller(Caller::DecryptFailed(DecryptReason::ForeignOpenId)));
        }
        let max_age_s = caller.app.open_data_max_age_s;
        if max_age_s != 0 && !data.is_fresh(self.now / 1000, max_age_s) {
            return Err(Error::Caller(Caller::DataStale));
        }
        Ok(Response::json(200, &serde_json::json!({ "data": data.data() })))
    }
}
