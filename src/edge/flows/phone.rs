//! `POST /wechat/phone`: the number behind a phone button's code, for the user who tapped.

use super::Flow;
use crate::edge::error::{Caller, Error};
use crate::edge::http::{Params, Request, Response};
use crate::edge::ports::Ports;
use crate::edge::upstream;
use crate::wechat::PhoneCode;
use crate::wechat::reply::Phone;

impl<P: Ports> Flow<'_, P> {
    pub(crate) async fn phone(&self, request: &Request) -> Result<Response, Error> {
        let caller = self.authenticate(request).await?;
        let params = Params::json(request)?;
        let code = PhoneCode::parse(params.require("code")?).map_err(|_| Error::Caller(Caller::CodeMalformed))?;
        let Phone { phone_number, pure_phone_number, country_code } =
            upstream::phone(self.ports, self.config, caller.app, code, &caller.openid).await?;
        let body = serde_json::json!({
            "phone_number": phone_number,
            "pure_phone_number": pure_phone_number,
            "country_code": country_code,
        });
        Ok(Response::json(200, &body))
    }
}
