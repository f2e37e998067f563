//! `POST /wechat/phone`: exchanges a code from the phone number button for the caller's number.

use super::caller;
use super::context::Flow;
use crate::edge::error::{Caller, Error};
use crate::edge::http::Response;
use crate::edge::http::wire::{PhoneReply, PhoneRequest};
use crate::edge::ports::Ports;
use crate::edge::upstream;
use crate::wechat::PhoneCode;
use crate::wechat::reply::Phone;

/// Redeems the code.
pub(crate) async fn redeem<P: Ports>(flow: &Flow<'_, P>) -> Result<Response, Error> {
    let caller = caller::authenticate(flow).await?;
    let PhoneRequest { code } = flow.request.json()?;
    let code = PhoneCode::parse(&code).map_err(|_| Error::Caller(Caller::CodeMalformed))?;
    let Phone { phone_number, pure_phone_number, country_code } =
        upstream::phone(flow.ports, flow.config, caller.app, code, &caller.openid).await?;
    Ok(Response::json(200, &PhoneReply { phone_number, pure_phone_number, country_code }))
}
