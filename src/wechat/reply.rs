//! WeChat's server replies (§3), parsed from bytes.
//!
//! The content type is ignored (jscode2session says `text/plain`), a byte-order mark and white
//! space around the JSON are tolerated, and success means that the fields are there: real
//! successes carry no `errcode` (§3.1).

use super::{AppId, OpenId, SessionKey, UnionId};
use core::fmt;
use serde::Deserialize;
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
    #[derive(Deserialize)]
    struct Wire {
        openid: Option<String>,
        session_key: Option<String>,
        unionid: Option<String>,
    }
    let wire: Wire = parse(body)?;
    let openid = wire.openid.and_then(|text| OpenId::parse(&text).ok());
    let session_key = wire.session_key.and_then(|text| SessionKey::parse(&text).ok());
    let (Some(openid), Some(session_key)) = (openid, session_key) else {
        return Err(ReplyError::Malformed);
    };
    let unionid = unionid(wire.unionid.as_deref())?;
    Ok(CodeSession { openid, session_key, unionid })
}

/// Parses the reply of `GET /sns/oauth2/access_token`. WeChat's own tokens in it are not kept.
pub fn web_session(body: &[u8]) -> Result<WebSession, ReplyError> {
    #[derive(Deserialize)]
    struct Wire {
        openid: Option<String>,
        unionid: Option<String>,
        is_snapshotuser: Option<u8>,
    }
    let wire: Wire = parse(body)?;
    let openid = wire.openid.and_then(|text| OpenId::parse(&text).ok()).ok_or(ReplyError::Malformed)?;
    let unionid = unionid(wire.unionid.as_deref())?;
    Ok(WebSession { openid, unionid, is_snapshot: wire.is_snapshotuser.is_some_and(|flag| flag != 0) })
}

/// Absent and empty are none.
fn unionid(text: Option<&str>) -> Result<Option<UnionId>, ReplyError> {
    match text {
        None | Some("") => Ok(None),
        Some(text) => UnionId::parse(text).map(Some).map_err(|_| ReplyError::Malformed),
    }
}

/// Parses the reply of `POST /cgi-bin/stable_token`. A life of more than two hours is cut to two;
/// one that is no positive whole number is no token (negative test T43).
pub fn stable_token(body: &[u8]) -> Result<StableToken, ReplyError> {
    const LONGEST_S: u64 = 7200;
    #[derive(Deserialize)]
    struct Wire {
        access_token: Option<String>,
        expires_in: Option<u64>,
    }
    let wire: Wire = parse(body)?;
    match (wire.access_token, wire.expires_in) {
        (Some(token), Some(life @ 1..)) if !token.is_empty() => Ok(StableToken {
            token: WechatToken(token),
            expires_in_s: u32::try_from(life.min(LONGEST_S)).unwrap_or_default(),
        }),
        _ => Err(ReplyError::Malformed),
    }
}

/// Parses the reply of `POST /wxa/business/getuserphonenumber`, whose watermark must name `appid`.
pub fn phone(body: &[u8], appid: &AppId) -> Result<Phone, ReplyError> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum CountryCode {
        Text(String),
        Number(u16),
    }
    #[derive(Deserialize)]
    struct Watermark {
        appid: String,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Info {
        phone_number: String,
        pure_phone_number: String,
        country_code: CountryCode,
        watermark: Watermark,
    }
    #[derive(Deserialize)]
    struct Wire {
        phone_info: Option<Info>,
    }
    let info = parse::<Wire>(body)?.phone_info.ok_or(ReplyError::Malformed)?;
    if info.watermark.appid != appid.as_str() || info.phone_number.is_empty() {
        return Err(ReplyError::Malformed);
    }
    let country_code = match info.country_code {
        CountryCode::Text(text) => text,
        CountryCode::Number(number) => number.to_string(),
    };
    Ok(Phone { phone_number: info.phone_number, pure_phone_number: info.pure_phone_number, country_code })
}

/// Parses a reply that says no more than whether (`wxa/checksession`).
pub fn acknowledged(body: &[u8]) -> Result<(), ReplyError> {
    #[derive(Deserialize)]
    struct Wire {
        #[allow(dead_code, reason = "its presence is the success")]
        errcode: i64,
    }
    parse::<Wire>(body).map(|_| ())
}

fn parse<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, ReplyError> {
    #[derive(Deserialize)]
    struct Verdict {
        errcode: Option<i64>,
        errmsg: Option<String>,
    }
    let text = core::str::from_utf8(body).map_err(|_| ReplyError::Malformed)?;
    let text = text.trim_start_matches('\u{feff}').trim();
    let verdict: Verdict = serde_json::from_str(text).map_err(|_| ReplyError::Malformed)?;
    match verdict.errcode {
        None | Some(0) => serde_json::from_str(text).map_err(|_| ReplyError::Malformed),
        Some(errcode) => {
            Err(ReplyError::Refused { errcode: Errcode(errcode), rid: verdict.errmsg.as_deref().and_then(rid) })
        }
    }
}

/// The request's name out of an errmsg: `… rid: 632d16be-15ad5486-1e378de4` or `[ req_id: Aij… ]`.
fn rid(errmsg: &str) -> Option<String> {
    let (_, after) = errmsg.split_once("rid:").or_else(|| errmsg.split_once("req_id:"))?;
    let rid: String =
        after.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect();
    (!rid.is_empty()).then_some(rid)
}
