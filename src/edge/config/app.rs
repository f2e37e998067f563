//! One app of `WECHAT_APPS`. What is wrong is said by the field's name; values may be secrets, and are
//! shown only where they are addresses.

use super::{App, Component, Credential, Credentials, DAY_S, Hidden, Kind, Push, Ttl, is_origin, is_url};
use crate::wechat::push::EncodingAesKey;
use crate::wechat::{AppId, AppSecret, Object};
use core::ops::RangeInclusive;
use serde_json::Value;
use zeroize::Zeroizing;

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

pub(super) fn parse(appid: &str, fields: &Object) -> Result<App> {
    known(fields, &FIELDS)?;
    let ttl = Ttl {
        access_s: number(fields, "access_token_ttl_s", 600, 60..=3600)?,
        idle_s: number(fields, "session_idle_ttl_s", 14 * DAY_S, 60..=30 * DAY_S)?,
        session_s: number(fields, "session_ttl_s", 30 * DAY_S, 60..=30 * DAY_S)?,
    };
    Ok(App {
        appid: AppId::parse(appid).map_err(|_| "is no appid")?,
        credentials: credentials(fields)?,
        kind: kind(fields)?,
        audience: text(fields, "audience")?.unwrap_or(appid).to_owned(),
        allowed_origins: list(fields, "allowed_origins", is_origin, "https://host[:port]")?,
        redirect_uris: list(fields, "redirect_uris", |uri| is_url(uri) && !uri.contains('#'), "https://…")?,
        push: push(fields)?,
        open_data_max_age_s: number(fields, "open_data_max_age_s", 600, 0..=u64::MAX)?,
        // Tombstones and token life are reckoned with these bounds (docs/storage.md).
        ttl,
    })
}

/// A name that is misspelt would be a setting that is not there.
fn known(fields: &Object, names: &[&str]) -> Result<()> {
    match fields.names().find(|name| !names.contains(name)) {
        Some(name) => Err(format!("unknown field {name}; there are {}", names.join(", "))),
        None => Ok(()),
    }
}

fn text<'a>(fields: &'a Object, name: &str) -> Result<Option<&'a str>> {
    match fields.get(name).map(Value::as_str) {
        None => Ok(None),
        Some(Some(text)) if !text.is_empty() => Ok(Some(text)),
        Some(_) => Err(format!("{name} must be a text, and not empty")),
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
        if fits(text) { Ok(text.to_owned()) } else { Err(format!("{name}: \"{text}\" is not of the form {form}")) }
    };
    items.iter().map(item).collect()
}

fn address(fields: &Object, name: &str) -> Result<Option<String>> {
    match text(fields, name)? {
        Some(url) if !is_url(url) || url.contains(['?', '#']) => {
            Err(format!("{name} must be https://…, without a query"))
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
        (Some(_), Some(_)) => Err("has secret and component; one of them speaks for the app".to_owned()),
    }
}

fn component(fields: &Object) -> Result<Credentials> {
    known(fields, &COMPONENT_FIELDS)?;
    let appid = AppId::parse(fields.text("appid").unwrap_or_default());
    let missing = |name: &str| format!("component needs {name}");
    Ok(Credentials::Component(Component {
        appid: appid.map_err(|_| missing("appid"))?,
        token_url: address(fields, "token_url")?.ok_or_else(|| missing("token_url"))?,
        token_secret: hidden(text(fields, "token_secret")?.ok_or_else(|| missing("token_secret"))?),
    }))
}

/// Backends that may introspect the app's tokens and administer its users.
pub(super) fn backends(fields: &Object) -> Result<Vec<Credential>> {
    let Some(_) = fields.get("backends") else { return Ok(Vec::new()) };
    let backends = fields.object("backends").ok_or(r#"backends must be {"<id>": "<secret>"}"#)?;
    let backend = |id: &str| match backends.text(id) {
        Some(secret) if !secret.is_empty() && !id.is_empty() && !id.contains(':') => {
            Ok(Credential { id: id.to_owned(), secret: Zeroizing::new(secret.to_owned()) })
        }
        _ => Err("a backend's id or secret is empty, or the id has a colon".to_owned()),
    };
    backends.names().map(backend).collect()
}

fn push(fields: &Object) -> Result<Option<Push>> {
    let key = text(fields, "encoding_aes_key")?.map(EncodingAesKey::parse).transpose();
    let key = key.map_err(|_| "encoding_aes_key must be the 43 characters of the MP backend")?;
    let forward_url = address(fields, "push_forward_url")?;
    match text(fields, "push_token")? {
        Some(token) => Ok(Some(Push { token: hidden(token), key, forward_url })),
        None if key.is_none() && forward_url.is_none() => Ok(None),
        None => Err("message push needs push_token".to_owned()),
    }
}

fn hidden(text: &str) -> Hidden {
    Hidden(Zeroizing::new(text.to_owned()))
}
