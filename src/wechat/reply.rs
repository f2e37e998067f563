//! WeChat's server replies (§3), parsed from bytes.
//!
//! The content type is ignored (jscode2session says `text/plain`), a byte-order mark and white
//! space around the JSON are tolerated, and success means that the fields are there: real
//! successes carry no `errcode` (§3.1).

use super::json::Object;
use super::{AppId, OpenId, SessionKey, UnionId};
use core::fmt;
use zeroize::ZeroizeOnDrop;

/// WeChat's number for what went wrong. Open: an unknown one is a value like any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Errcode(pub i64);

/// What an [`Errcode`] asks of us (§3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Wrong, foreign or expired code: a new login is needed.
    CodeInvalid,
    /// The code was redeemed before: a new login is needed.
    CodeUsed,
    /// WeChat is busy. The code may be spent already, so no retry with it.
    Busy,
    /// Over quota: back off for a minute or more.
    Throttled,
    /// Risk control refuses this user.
    UserBlocked,
    /// The operator's configuration is wrong: appid, secret, IP list.
    Misconfigured,
    /// The access_token is dead: fetch one, retry once.
    TokenDead,
    /// The session_key is dead by WeChat's own word.
    SessionKeyDead,
    /// Not in any table.
    Unknown,
}

impl Errcode {
    /// Classifies the number.
    pub fn meaning(self) -> Meaning {
        match self.0 {
            40029 | 41008 => Meaning::CodeInvalid,
            40163 => Meaning::CodeUsed,
            -1 => Meaning::Busy,
            45009 | 45011 => Meaning::Throttled,
            40226 | 50002 => Meaning::UserBlocked,
            40002 | 40013 | 40125 | 40164 | 40243 | 41002 | 41004 | 43002 | 50004 | 50007 | 61003 | 89503 | 89506
            | 89507 => Meaning::Misconfigured,
            40001 | 40014 | 41001 | 42001 => Meaning::TokenDead,
            87007..=87009 => Meaning::SessionKeyDead,
            _ => Meaning::Unknown,
        }
    }
}

/// WeChat answered, and it is no success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplyError {
    /// WeChat said no. `rid` is its name for the request: for the operator's log and support.
    Refused {
        /// Why.
        errcode: Errcode,
        /// `rid` or `req_id` out of the errmsg, where there was one.
        rid: Option<String>,
    },
    /// Not the JSON it should be, or a field missing, empty or ill-formed.
    Malformed,
}

/// Who just logged in (jscode2session).
#[derive(Debug)]
pub struct CodeSession {
    /// The user, as this app sees them.
    pub openid: OpenId,
    /// The key of this login; it supersedes earlier ones.
    pub session_key: SessionKey,
    /// Only where the appid is bound to an Open Platform account (§1.1).
    pub unionid: Option<UnionId>,
}

/// Who came through a web login (§3.8).
#[derive(Debug)]
pub struct WebSession {
    /// The user, as this app sees them.
    pub openid: OpenId,
    /// Only where the appid is bound to an Open Platform account.
    pub unionid: Option<UnionId>,
    /// A virtual account of a snapshot page; it must not become a session.
    pub is_snapshot: bool,
}

/// An app's access_token with its remaining life.
#[derive(Debug)]
pub struct StableToken {
    /// The token.
    pub token: WechatToken,
    /// Seconds it is good for, 1..=7200.
    pub expires_in_s: u32,
}

/// An access_token of WeChat's server API. A secret of the app.
#[derive(Clone, ZeroizeOnDrop)]
pub struct WechatToken(String);

impl WechatToken {
    /// A token as WeChat gave it.
    pub fn new(token: String) -> Self {
        Self(token)
    }

    /// The token, for the query of one request.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// A phone number. Personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Phone {
    /// With the country code where it is foreign.
    pub phone_number: String,
    /// Without the country code.
    pub pure_phone_number: String,
    /// Digits. WeChat sends a string or a number (§3.5).
    pub country_code: String,
}

impl fmt::Debug for WechatToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WechatToken([redacted])")
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone([redacted])")
    }
}

/// Parses the reply of `GET /sns/jscode2session`.
pub fn code_session(body: &[u8]) -> Result<CodeSession, ReplyError> {
    let reply = parse(body)?;
    let session_key = reply.text("session_key").and_then(|text| SessionKey::parse(text).ok());
    Ok(CodeSession {
        openid: openid(&reply)?,
        session_key: session_key.ok_or(ReplyError::Malformed)?,
        unionid: unionid(&reply)?,
    })
}

/// Parses the reply of `GET /sns/oauth2/access_token`. WeChat's own tokens in it are not kept.
pub fn web_session(body: &[u8]) -> Result<WebSession, ReplyError> {
    let reply = parse(body)?;
    let is_snapshot = reply.get("is_snapshotuser").is_some_and(|flag| flag.as_u64() != Some(0));
    Ok(WebSession { openid: openid(&reply)?, unionid: unionid(&reply)?, is_snapshot })
}

fn openid(reply: &Object) -> Result<OpenId, ReplyError> {
    reply.text("openid").and_then(|text| OpenId::parse(text).ok()).ok_or(ReplyError::Malformed)
}

/// Absent and empty are none.
fn unionid(reply: &Object) -> Result<Option<UnionId>, ReplyError> {
    match reply.get("unionid").map(|value| value.as_str()) {
        None | Some(Some("")) => Ok(None),
        Some(Some(text)) => UnionId::parse(text).map(Some).map_err(|_| ReplyError::Malformed),
        Some(None) => Err(ReplyError::Malformed),
    }
}

/// Parses the reply of `POST /cgi-bin/stable_token`. A life of more than two hours is cut to two;
/// one that is no positive whole number is no token (negative test T43).
pub fn stable_token(body: &[u8]) -> Result<StableToken, ReplyError> {
    const LONGEST_S: u64 = 7200;
    let reply = parse(body)?;
    match (reply.text("access_token"), reply.number("expires_in")) {
        (Some(token), Some(life @ 1..)) if !token.is_empty() => Ok(StableToken {
            token: WechatToken(token.to_owned()),
            expires_in_s: u32::try_from(life.min(LONGEST_S)).unwrap_or_default(),
        }),
        _ => Err(ReplyError::Malformed),
    }
}

/// Parses the reply of `POST /wxa/business/getuserphonenumber`, whose watermark must name `appid`.
pub fn phone(body: &[u8], appid: &AppId) -> Result<Phone, ReplyError> {
    phone_info(&parse(body)?, appid).ok_or(ReplyError::Malformed)
}

fn phone_info(reply: &Object, appid: &AppId) -> Option<Phone> {
    let info = reply.object("phone_info")?;
    let phone_number = info.owned("phoneNumber").filter(|number| !number.is_empty())?;
    // A string, or in older samples a number (§3.5).
    let country_code = info.owned("countryCode").or_else(|| info.number("countryCode").map(|code| code.to_string()))?;
    let sealed_for = info.object("watermark")?.owned("appid")?;
    let phone = Phone { phone_number, pure_phone_number: info.owned("purePhoneNumber")?, country_code };
    (sealed_for == appid.as_str()).then_some(phone)
}

/// Parses a reply that says no more than whether (`wxa/checksession`).
pub fn acknowledged(body: &[u8]) -> Result<(), ReplyError> {
    parse(body)?.get("errcode").map(|_| ()).ok_or(ReplyError::Malformed)
}

/// The reply's object, where WeChat did not refuse.
fn parse(body: &[u8]) -> Result<Object, ReplyError> {
    let text = core::str::from_utf8(body).map_err(|_| ReplyError::Malformed)?;
    let reply = Object::parse(text.trim_start_matches('\u{feff}').trim()).ok_or(ReplyError::Malformed)?;
    match reply.get("errcode").map(|errcode| errcode.as_i64()) {
        None | Some(Some(0)) => Ok(reply),
        Some(Some(errcode)) => {
            Err(ReplyError::Refused { errcode: Errcode(errcode), rid: reply.text("errmsg").and_then(rid) })
        }
        Some(None) => Err(ReplyError::Malformed),
    }
}

/// The request's name out of an errmsg: `… rid: 632d16be-15ad5486-1e378de4` or `[ req_id: Aij… ]`.
fn rid(errmsg: &str) -> Option<String> {
    let (_, after) = errmsg.split_once("rid:").or_else(|| errmsg.split_once("req_id:"))?;
    let rid: String =
        after.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect();
    (!rid.is_empty()).then_some(rid)
}
