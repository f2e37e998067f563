//! Replies of WeChat's server API (§3), parsed from bytes.
//!
//! The content type is ignored (jscode2session sends `text/plain`). A byte-order mark and white space around the JSON
//! are accepted. A reply is a success if the expected fields are present: real successes have no `errcode` (§3.1).

use super::json::Object;
use super::{AppId, OpenId, SessionKey, UnionId};
use secrecy::{ExposeSecret as _, SecretString};

/// WeChat's error number. Not an enum, because WeChat adds numbers without notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Errcode(pub i64);

/// Meaning of an [`Errcode`], by the reaction it needs (§3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The code is wrong, expired or of another app; a new login is needed.
    CodeInvalid,
    /// The code was used before; a new login is needed.
    CodeUsed,
    /// WeChat is busy. The code may be spent, so it is not sent again.
    Busy,
    /// The quota is exceeded; back off for at least a minute.
    Throttled,
    /// WeChat's risk control refuses this user.
    UserBlocked,
    /// The operator's configuration is wrong: appid, secret or IP allow list.
    Misconfigured,
    /// The access_token is invalid or expired; fetch a new one and retry once.
    TokenDead,
    /// The session_key is no longer valid.
    SessionKeyDead,
    /// The number is not documented.
    Unknown,
}

impl Errcode {
    /// Returns the meaning of the number.
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

/// Reply that is not a success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplyError {
    /// WeChat refused the request.
    Refused {
        /// WeChat's error number.
        errcode: Errcode,
        /// WeChat's identifier of the request, for the operator's log: `rid` or `req_id` in `errmsg`, if present.
        rid: Option<String>,
    },
    /// The reply is not the expected JSON, or a field is missing, empty or malformed.
    Malformed,
}

/// Login of a mini program's user (reply of `jscode2session`).
#[derive(Debug)]
pub struct CodeSession {
    /// The user within this app.
    pub openid: OpenId,
    /// The key of this login; it replaces earlier ones.
    pub session_key: SessionKey,
    /// Present if the appid is bound to an Open Platform account (§1.1).
    pub unionid: Option<UnionId>,
}

/// Login of a web page's user (§3.8).
#[derive(Debug)]
pub struct WebSession {
    /// The user within this app.
    pub openid: OpenId,
    /// Present if the appid is bound to an Open Platform account.
    pub unionid: Option<UnionId>,
    /// The account is the virtual one of a snapshot page; it must not get a session.
    pub is_snapshot: bool,
}

/// An app's access_token with its remaining lifetime.
#[derive(Debug)]
pub struct StableToken {
    /// The access_token.
    pub token: WechatToken,
    /// Remaining lifetime in seconds, 1..=7200.
    pub expires_in_s: u32,
}

/// An access_token of WeChat's server API. A secret of the app; erased from memory when dropped.
#[derive(Debug, Clone)]
pub struct WechatToken(SecretString);

impl WechatToken {
    /// Wraps a token of WeChat.
    pub fn new(token: String) -> Self {
        Self(token.into())
    }

    /// Returns the token, for the query of a request to WeChat.
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }
}

/// A phone number. Personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Phone {
    /// The number; a foreign one begins with its country code.
    pub phone_number: String,
    /// The number without country code.
    pub pure_phone_number: String,
    /// The country code, digits only.
    pub country_code: String,
}

redacted_debug!(Phone);

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

/// Parses the reply of `GET /sns/oauth2/access_token`. The access_token and refresh_token in it are dropped.
pub fn web_session(body: &[u8]) -> Result<WebSession, ReplyError> {
    let reply = parse(body)?;
    let is_snapshot = reply.get("is_snapshotuser").is_some_and(|flag| flag.as_u64() != Some(0));
    Ok(WebSession { openid: openid(&reply)?, unionid: unionid(&reply)?, is_snapshot })
}

fn openid(reply: &Object) -> Result<OpenId, ReplyError> {
    reply.text("openid").and_then(|text| OpenId::parse(text).ok()).ok_or(ReplyError::Malformed)
}

/// Reads the unionid. Absent and empty both mean that there is none.
fn unionid(reply: &Object) -> Result<Option<UnionId>, ReplyError> {
    match reply.get("unionid").map(|value| value.as_str()) {
        None | Some(Some("")) => Ok(None),
        Some(Some(text)) => UnionId::parse(text).map(Some).map_err(|_| ReplyError::Malformed),
        Some(None) => Err(ReplyError::Malformed),
    }
}

/// Parses the reply of `POST /cgi-bin/stable_token`. A lifetime over 7200 s is reduced to 7200 s; a lifetime that is
/// not a positive integer is an error (negative test T43).
pub fn stable_token(body: &[u8]) -> Result<StableToken, ReplyError> {
    const MAX_LIFETIME_S: u64 = 7200;
    let reply = parse(body)?;
    match (reply.text("access_token"), reply.number("expires_in")) {
        (Some(token), Some(lifetime @ 1..)) if !token.is_empty() => Ok(StableToken {
            token: WechatToken(token.into()),
            expires_in_s: u32::try_from(lifetime.min(MAX_LIFETIME_S)).unwrap_or_default(),
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
    // A string; older samples have a number (§3.5).
    let country_code = info.owned("countryCode").or_else(|| info.number("countryCode").map(|code| code.to_string()))?;
    let watermark_appid = info.object("watermark")?.owned("appid")?;
    let phone = Phone { phone_number, pure_phone_number: info.owned("purePhoneNumber")?, country_code };
    (watermark_appid == appid.as_str()).then_some(phone)
}

/// Parses a reply without content, such as that of `wxa/checksession`: `errcode` 0 is a success.
pub fn acknowledged(body: &[u8]) -> Result<(), ReplyError> {
    parse(body)?.get("errcode").map(|_| ()).ok_or(ReplyError::Malformed)
}

/// Parses a reply's JSON object; an error if its `errcode` is not 0.
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

/// Extracts the request's identifier from `errmsg`: `… rid: 632d16be-15ad5486-1e378de4` or `[ req_id: Aij… ]`.
fn rid(errmsg: &str) -> Option<String> {
    let (_, after) = errmsg.split_once("rid:").or_else(|| errmsg.split_once("req_id:"))?;
    let rid: String =
        after.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect();
    (!rid.is_empty()).then_some(rid)
}
