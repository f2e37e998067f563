//! The operator's configuration, parsed once. Every mistake names its variable and what to do;
//! with one, every request answers 500 `misconfigured`.

use super::keys::SigningKey;
use super::seal::Sealer;
use crate::wechat::{AppId, AppSecret};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

const WECHAT_API: &str = "https://api.weixin.qq.com";

#[derive(Debug)]
pub(crate) struct Config {
    /// Never taken from the Host header. No slash at the end.
    pub(crate) issuer: String,
    /// WeChat's, or the simulator's.
    pub(crate) wechat_api: String,
    pub(crate) apps: BTreeMap<AppId, App>,
    /// Newest first.
    pub(crate) signing_keys: Vec<SigningKey>,
    pub(crate) sealer: Sealer,
    pub(crate) name_key: NameKey,
}

/// Keys the names of KV records. It does not rotate: the names would be lost.
pub(crate) struct NameKey(pub(crate) Zeroizing<[u8; 32]>);

impl core::fmt::Debug for NameKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("NameKey([redacted])")
    }
}

/// One app's settings.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) appid: AppId,
    pub(crate) secret: AppSecret,
    pub(crate) kind: Kind,
    /// `aud` of its tokens.
    pub(crate) audience: String,
    /// 0 turns the age check of open data off.
    pub(crate) open_data_max_age_s: u64,
    pub(crate) ttl: Ttl,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    #[default]
    MiniProgram,
    OfficialAccount,
    Website,
}

/// Lifetimes in seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ttl {
    pub(crate) access_s: u64,
    /// Without a refresh.
    pub(crate) idle_s: u64,
    /// From the login on, whatever happens.
    pub(crate) session_s: u64,
}

/// What is wrong, for the operator's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misconfigured {
    pub(crate) variable: String,
    pub(crate) problem: String,
}

impl Misconfigured {
    fn new(variable: &str, problem: impl Into<String>) -> Self {
        Self { variable: variable.to_owned(), problem: problem.into() }
    }
}

impl Config {
    /// Parses the variables; `vars` may hold others too.
    pub(crate) fn parse(vars: &BTreeMap<String, String>) -> Result<Self, Misconfigured> {
        let required = |name: &str| {
            vars.get(name)
                .filter(|value| !value.is_empty())
                .ok_or_else(|| Misconfigured::new(name, "is not set; `npm run keys` makes the keys"))
        };
        let mut apps = BTreeMap::new();
        for (name, json) in vars.iter().filter(|(name, _)| name.starts_with("WECHAT_APPS")) {
            parse_apps(name, json, &mut apps)?;
        }
        if apps.is_empty() {
            return Err(Misconfigured::new(
                "WECHAT_APPS",
                r#"is not set or names no app; {"<appid>": {"secret": "…"}}"#,
            ));
        }
        Ok(Self {
            issuer: parse_base("ISSUER", required("ISSUER")?)?,
            wechat_api: parse_base("WECHAT_API_BASE", vars.get("WECHAT_API_BASE").map_or(WECHAT_API, String::as_str))?,
            apps,
            signing_keys: parse_signing_keys(required("SIGNING_KEYS")?)?,
            sealer: parse_sealing_keys(required("SEALING_KEYS")?)?,
            name_key: NameKey(parse_key("NAME_KEY", required("NAME_KEY")?)?),
        })
    }
}

/// An address without path, query or slash at the end; plain http on this machine only.
fn parse_base(name: &str, value: &str) -> Result<String, Misconfigured> {
    let value = value.trim_end_matches('/');
    let host = value.strip_prefix("https://").or_else(|| {
        value.strip_prefix("http://").filter(|host| host.starts_with("127.0.0.1") || host.starts_with("localhost"))
    });
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']) => Ok(value.to_owned()),
        _ => Err(Misconfigured::new(name, "must be https://host, without a path (http:// for 127.0.0.1 only)")),
    }
}

fn parse_apps(name: &str, json: &str, apps: &mut BTreeMap<AppId, App>) -> Result<(), Misconfigured> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wire {
        secret: String,
        #[serde(default)]
        kind: Kind,
        audience: Option<String>,
        open_data_max_age_s: Option<u64>,
        access_token_ttl_s: Option<u64>,
        session_idle_ttl_s: Option<u64>,
        session_ttl_s: Option<u64>,
        // Read by endpoints that are on their way; accepted, so that one configuration serves.
        #[serde(default, rename = "backends")]
        _backends: BTreeMap<String, String>,
        #[serde(default, rename = "redirect_uris")]
        _redirect_uris: Vec<String>,
        #[serde(default, rename = "allowed_origins")]
        _allowed_origins: Vec<String>,
        #[serde(rename = "push_token")]
        _push_token: Option<String>,
        #[serde(rename = "encoding_aes_key")]
        _encoding_aes_key: Option<String>,
        #[serde(rename = "push_forward_url")]
        _push_forward_url: Option<String>,
    }
    let wire: BTreeMap<String, Wire> =
        serde_json::from_str(json).map_err(|error| Misconfigured::new(name, redact(&error)))?;
    for (appid, app) in wire {
        let wrong = |problem: &str| Misconfigured::new(name, format!("{appid}: {problem}"));
        let parsed = AppId::parse(&appid).map_err(|_| wrong("is no appid"))?;
        let secret = AppSecret::parse(&app.secret).map_err(|_| wrong("secret is empty or malformed"))?;
        let ttl = Ttl {
            access_s: app.access_token_ttl_s.unwrap_or(600),
            idle_s: app.session_idle_ttl_s.unwrap_or(14 * 86_400),
            session_s: app.session_ttl_s.unwrap_or(30 * 86_400),
        };
        // Tombstones and token life are reckoned with these bounds (docs/storage.md).
        if !(60..=3600).contains(&ttl.access_s) || !(60..=30 * 86_400).contains(&ttl.session_s) || ttl.idle_s < 60 {
            return Err(wrong("access_token_ttl_s must be 60 to 3600, session TTLs 60 to 2592000"));
        }
        let app = App {
            audience: app.audience.unwrap_or_else(|| appid.clone()),
            appid: parsed.clone(),
            secret,
            kind: app.kind,
            open_data_max_age_s: app.open_data_max_age_s.unwrap_or(600),
            ttl,
        };
        if apps.insert(parsed, app).is_some() {
            return Err(wrong("is configured twice"));
        }
    }
    Ok(())
}

/// serde's message without the values it may quote: they are secrets.
fn redact(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let kind = message.split(['`', '"', ':']).next().unwrap_or_default().trim();
    let field = message.split('`').nth(1).filter(|_| kind == "unknown field" || kind == "missing field");
    match field {
        Some(field) => format!("{kind} {field} at line {} column {}", error.line(), error.column()),
        None => format!("is not the JSON it must be, at line {} column {}", error.line(), error.column()),
    }
}

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<serde_json::Value>,
}

fn parse_jwk_set(name: &str, json: &str) -> Result<Vec<serde_json::Value>, Misconfigured> {
    let set: JwkSet = serde_json::from_str(json)
        .map_err(|_| Misconfigured::new(name, r#"is no JWK Set ({"keys": […]}); `npm run keys` makes one"#))?;
    if set.keys.is_empty() { Err(Misconfigured::new(name, "has no key")) } else { Ok(set.keys) }
}

fn parse_signing_keys(json: &str) -> Result<Vec<SigningKey>, Misconfigured> {
    const NAME: &str = "SIGNING_KEYS";
    parse_jwk_set(NAME, json)?
        .into_iter()
        .map(|jwk| SigningKey::parse(jwk).map_err(|problem| Misconfigured::new(NAME, problem)))
        .collect()
}

fn parse_sealing_keys(json: &str) -> Result<Sealer, Misconfigured> {
    const NAME: &str = "SEALING_KEYS";
    let keys: Vec<_> = parse_jwk_set(NAME, json)?
        .iter()
        .map(|jwk| parse_key(NAME, jwk.get("k").and_then(serde_json::Value::as_str).unwrap_or_default()))
        .collect::<Result<_, _>>()?;
    Sealer::new(&keys).ok_or_else(|| Misconfigured::new(NAME, "has no key"))
}

fn parse_key(name: &str, text: &str) -> Result<Zeroizing<[u8; 32]>, Misconfigured> {
    let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).unwrap_or_default());
    let key = bytes.as_slice().try_into().map(Zeroizing::new);
    key.map_err(|_| Misconfigured::new(name, "must be base64url of 32 bytes, without padding"))
}
