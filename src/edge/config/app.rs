//! One app of `WECHAT_APPS`. An error names the field. It does not show the value, which may be a secret, unless the field
//! holds addresses.

use super::address::{is_origin, is_url};
use super::backends::Credential;
use crate::wechat::push::EncodingAesKey;
use crate::wechat::{AppId, AppSecret, Object};
use core::ops::RangeInclusive;
use secrecy::SecretString;
use serde_json::Value;

const DAY_S: u64 = 86_400;

/// The settings of one app.
#[derive(Debug)]
pub(crate) struct App {
    /// The key of the app in `WECHAT_APPS`.
    pub(crate) appid: AppId,
    /// `secret` or `component`.
    pub(crate) credentials: Credentials,
    /// Default: mini program.
    pub(crate) kind: Kind,
    /// `aud` of its access tokens.
    pub(crate) audience: String,
    /// Origins whose pages may call for this app, besides the issuer's own.
    pub(crate) allowed_origins: Vec<String>,
    /// Addresses to which a web login may return; compared byte for byte.
    pub(crate) redirect_uris: Vec<String>,
    /// `None` if the app receives no messages.
    pub(crate) push: Option<Push>,
    /// Maximum age of open data in seconds; 0 disables the check.
    pub(crate) open_data_max_age_s: u64,
    /// Lifetimes of its tokens and sessions.
    pub(crate) ttl: Ttl,
}

/// Settings of the message push (§3.7).
#[derive(Debug)]
pub(crate) struct Push {
    /// The token under which WeChat signs.
    pub(crate) token: SecretString,
    /// The key of encrypted mode. Without it a message cannot erase a user.
    pub(crate) key: Option<EncodingAesKey>,
    /// The address to which messages are forwarded.
    pub(crate) forward_url: Option<String>,
}

/// Credentials of an app at WeChat.
#[derive(Debug)]
pub(crate) enum Credentials {
    /// The app's own AppSecret.
    Secret(AppSecret),
    /// Those of a third-party platform that the app has authorized (§3.6).
    Component(Component),
}

/// A third-party platform. Its own token server supplies access tokens, because WeChat sends the tickets there.
#[derive(Debug)]
pub(crate) struct Component {
    /// The platform's appid (`component_appid`).
    pub(crate) appid: AppId,
    /// Answers `GET ?appid=` of the platform or of the app with `{access_token, expires_in}`.
    pub(crate) token_url: String,
    /// Bearer token for `token_url`.
    pub(crate) token_secret: SecretString,
}

/// The kind of an app, as WeChat registers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// 小程序: logs in by `wx.login`.
    MiniProgram,
    /// 公众号: logs in on web pages inside WeChat.
    OfficialAccount,
    /// 网站应用: logs in by QR code.
    Website,
}

/// Lifetimes in seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ttl {
    /// Of an access token.
    pub(crate) access_s: u64,
    /// Of a session without a refresh.
    pub(crate) idle_s: u64,
    /// Of a session from its login on.
    pub(crate) session_s: u64,
}

impl App {
    /// Seconds left of the absolute life of a session whose login was at `auth`; both times in ms since 1970.
    pub(crate) fn session_left_s(&self, auth: u64, now: u64) -> u64 {
        auth.saturating_add(self.ttl.session_s * 1000).saturating_sub(now) / 1000
    }
}

const FIELDS: [&str; 14] = [
    "secret",
    "component",
    "kind",
    "audience",
    "backends",
    "redirect_uris",
    "allowed_origins",
    "push_token",
    "encoding_aes_key",
    "push_forward_url",
    "open_data_max_age_s",
    "access_token_ttl_s",
    "session_idle_ttl_s",
    "session_ttl_s",
];
const COMPONENT_FIELDS: [&str; 3] = ["appid", "token_url", "token_secret"];

type Result<T> = core::result::Result<T, String>;

/// Parses the settings of one app.
pub(super) fn parse(appid: &str, fields: &Object) -> Result<App> {
    reject_unknown(fields, &FIELDS)?;
    // The lifetimes of tombstones depend on these bounds (docs/storage.md).
    let ttl = Ttl {
        access_s: number(fields, "access_token_ttl_s", 600, 60..=3600)?,
        idle_s: number(fields, "session_idle_ttl_s", 14 * DAY_S, 60..=30 * DAY_S)?,
        session_s: number(fields, "session_ttl_s", 30 * DAY_S, 60..=30 * DAY_S)?,
    };
    Ok(App {
        appid: AppId::parse(appid).map_err(|_| "is not an appid")?,
        credentials: credentials(fields)?,
        kind: kind(fields)?,
        audience: text(fields, "audience")?.unwrap_or(appid).to_owned(),
        allowed_origins: list(fields, "allowed_origins", is_origin, "https://host[:port]")?,
        redirect_uris: list(fields, "redirect_uris", |uri| is_url(uri) && !uri.contains('#'), "https://…")?,
        push: push(fields)?,
        open_data_max_age_s: number(fields, "open_data_max_age_s", 600, 0..=u64::MAX)?,
        ttl,
    })
}

/// Rejects unknown fields: a typo must not silently disable a setting.
fn reject_unknown(fields: &Object, names: &[&str]) -> Result<()> {
    match fields.names().find(|name| !names.contains(name)) {
        Some(name) => Err(format!("unknown field {name}; known fields are {}", names.join(", "))),
        None => Ok(()),
    }
}

fn text<'a>(fields: &'a Object, name: &str) -> Result<Option<&'a str>> {
    match fields.get(name).map(Value::as_str) {
        None => Ok(None),
        Some(Some(text)) if !text.is_empty() => Ok(Some(text)),
        Some(_) => Err(format!("{name} must be a string that is not empty")),
    }
}

fn number(fields: &Object, name: &str, default: u64, bounds: RangeInclusive<u64>) -> Result<u64> {
    match fields.get(name).map(Value::as_u64) {
        None => Ok(default),
        Some(Some(number)) if bounds.contains(&number) => Ok(number),
        Some(_) => Err(format!("{name} must be {} to {} seconds", bounds.start(), bounds.end())),
    }
}

fn list(fields: &Object, name: &str, fits: impl Fn(&str) -> bool, form: &str) -> Result<Vec<String>> {
    let Some(value) = fields.get(name) else { return Ok(Vec::new()) };
    let items = value.as_array().ok_or_else(|| format!("{name} must be a list of {form}"))?;
    let item = |item: &Value| {
        let text = item.as_str().unwrap_or_default();
        if fits(text) { Ok(text.to_owned()) } else { Err(format!("{name}: \"{text}\" does not have the form {form}")) }
    };
    items.iter().map(item).collect()
}

fn address(fields: &Object, name: &str) -> Result<Option<String>> {
    match text(fields, name)? {
        Some(url) if !is_url(url) || url.contains(['?', '#']) => {
            Err(format!("{name} must be https://… without a query"))
        }
        url => Ok(url.map(str::to_owned)),
    }
}

fn kind(fields: &Object) -> Result<Kind> {
    match text(fields, "kind")? {
        None | Some("mini_program") => Ok(Kind::MiniProgram),
        Some("official_account") => Ok(Kind::OfficialAccount),
        Some("website") => Ok(Kind::Website),
        Some(_) => Err("kind must be mini_program, official_account or website".to_owned()),
    }
}

fn credentials(fields: &Object) -> Result<Credentials> {
    match (text(fields, "secret")?, fields.get("component")) {
        (Some(secret), None) => {
            Ok(Credentials::Secret(AppSecret::parse(secret).map_err(|_| "secret is malformed".to_owned())?))
        }
        (None, Some(_)) => component(&fields.object("component").ok_or("component must be an object")?),
        (None, None) => Err("missing field secret".to_owned()),
        (Some(_), Some(_)) => Err("has both secret and component; use one of them".to_owned()),
    }
}

fn component(fields: &Object) -> Result<Credentials> {
    reject_unknown(fields, &COMPONENT_FIELDS)?;
    let appid = AppId::parse(fields.text("appid").unwrap_or_default());
    let missing = |name: &str| format!("component needs {name}");
    Ok(Credentials::Component(Component {
        appid: appid.map_err(|_| missing("appid"))?,
        token_url: address(fields, "token_url")?.ok_or_else(|| missing("token_url"))?,
        token_secret: text(fields, "token_secret")?.ok_or_else(|| missing("token_secret"))?.into(),
    }))
}

/// Parses the backends that may introspect the app's tokens and administer its users.
pub(super) fn backends(fields: &Object) -> Result<Vec<Credential>> {
    let Some(_) = fields.get("backends") else { return Ok(Vec::new()) };
    let backends = fields.object("backends").ok_or(r#"backends must be {"<id>": "<secret>"}"#)?;
    let backend = |id: &str| match backends.text(id) {
        Some(secret) if !secret.is_empty() && !id.is_empty() && !id.contains(':') => {
            Ok(Credential { id: id.to_owned(), secret: secret.into() })
        }
        _ => Err("backends has an id or secret that is empty or not a string, or an id with a colon".to_owned()),
    };
    backends.names().map(backend).collect()
}

fn push(fields: &Object) -> Result<Option<Push>> {
    let key = text(fields, "encoding_aes_key")?.map(EncodingAesKey::parse).transpose();
    let key = key.map_err(|_| "encoding_aes_key must be the 43 characters that mp.weixin.qq.com shows")?;
    let forward_url = address(fields, "push_forward_url")?;
    match text(fields, "push_token")? {
        Some(token) => Ok(Some(Push { token: token.into(), key, forward_url })),
        None if key.is_none() && forward_url.is_none() => Ok(None),
        None => Err("message push needs push_token".to_owned()),
    }
}
