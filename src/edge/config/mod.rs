//! The operator's configuration, parsed once. Every mistake names its variable and what to do;
//! with one, every request answers 500 `misconfigured`.

mod app;
mod backends;
pub(crate) mod keys;
pub(crate) mod seal;

pub(crate) use backends::Backend;
use backends::{Backends, Credential};

use crate::edge::config::keys::SigningKey;
use crate::edge::config::seal::Sealer;
use crate::edge::ports::Es256;
use crate::wechat::push::EncodingAesKey;
use crate::wechat::{AppId, AppSecret, Object};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use zeroize::Zeroizing;

const WECHAT_API: &str = "https://api.weixin.qq.com";
const WECHAT_OPEN: &str = "https://open.weixin.qq.com";
const DAY_S: u64 = 86_400;

#[derive(Debug)]
pub(crate) struct Config {
    /// Never taken from the Host header. No slash at the end.
    pub(crate) issuer: String,
    /// WeChat's, or the simulator's.
    pub(crate) wechat_api: String,
    /// Where browsers log in.
    pub(crate) wechat_open: String,
    apps: BTreeMap<String, App>,
    backends: Backends,
    /// `allowed_origins` of all apps.
    origins: BTreeSet<String>,
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
    pub(crate) credentials: Credentials,
    pub(crate) kind: Kind,
    /// `aud` of its tokens.
    pub(crate) audience: String,
    /// Pages other than the issuer's own that may call, as browsers spell an origin.
    pub(crate) allowed_origins: Vec<String>,
    /// Where web logins may lead back to, to the letter.
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) push: Option<Push>,
    /// 0 turns the age check of open data off.
    pub(crate) open_data_max_age_s: u64,
    pub(crate) ttl: Ttl,
}

/// Message push (§3.7).
#[derive(Debug)]
pub(crate) struct Push {
    pub(crate) token: Hidden,
    /// Of encrypted mode; without it nothing erases.
    pub(crate) key: Option<EncodingAesKey>,
    /// Where messages go on to.
    pub(crate) forward_url: Option<String>,
}

/// How an app is spoken for at WeChat.
#[derive(Debug)]
pub(crate) enum Credentials {
    Secret(AppSecret),
    /// By a third-party platform that it authorised (§3.6).
    Component(Component),
}

/// A third-party platform. Its tokens come from its own token server, which has WeChat's tickets.
#[derive(Debug)]
pub(crate) struct Component {
    pub(crate) appid: AppId,
    /// Answers `GET ?appid=` of the platform or of the app with `{access_token, expires_in}`.
    pub(crate) token_url: String,
    pub(crate) token_secret: Hidden,
}

/// A secret that is sent as it is.
pub(crate) struct Hidden(Zeroizing<String>);

impl Hidden {
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl core::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Hidden([redacted])")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
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
    /// Checks that the signing keys sign, which parsing cannot see. Called before the first answer.
    pub(crate) async fn check_signing_keys(&self, ports: &impl Es256) -> Result<(), Misconfigured> {
        for key in &self.signing_keys {
            if !key.is_a_pair(ports).await {
                let kid = &key.public.kid;
                return Err(Misconfigured::new(
                    "SIGNING_KEYS",
                    format!("has a d that does not belong to x and y of key {kid}"),
                ));
            }
        }
        Ok(())
    }

    pub(crate) fn app(&self, appid: &str) -> Option<&App> {
        self.apps.get(appid)
    }

    /// The backend with this id and secret: who may introspect an app's tokens and administer its users.
    pub(crate) fn backend(&self, id: &str, secret: &str) -> Option<&Backend> {
        self.backends.find(&self.name_key, id, secret)
    }

    /// Whether pages of this origin may call for some app.
    pub(crate) fn knows_origin(&self, origin: &str) -> bool {
        origin == self.issuer || self.origins.contains(origin)
    }

    /// Parses the variables; `vars` may hold others too.
    pub(crate) fn parse(vars: &BTreeMap<String, String>) -> Result<Self, Misconfigured> {
        let required = |name: &str| {
            vars.get(name)
                .filter(|value| !value.is_empty())
                .ok_or_else(|| Misconfigured::new(name, "is not set; `npm run keys` makes the keys"))
        };
        let mut apps = BTreeMap::new();
        let mut backends = Vec::new();
        for (name, json) in vars.iter().filter(|(name, _)| name.starts_with("WECHAT_APPS")) {
            parse_apps(name, json, &mut apps, &mut backends)?;
        }
        if apps.is_empty() {
            return Err(Misconfigured::new(
                "WECHAT_APPS",
                r#"is not set or names no app; {"<appid>": {"secret": "…"}}"#,
            ));
        }
        let name_key = NameKey(parse_key("NAME_KEY", required("NAME_KEY")?)?);
        Ok(Self {
            issuer: parse_base("ISSUER", required("ISSUER")?)?,
            wechat_api: parse_base("WECHAT_API_BASE", vars.get("WECHAT_API_BASE").map_or(WECHAT_API, String::as_str))?,
            // The simulator is both.
            wechat_open: match vars.get("WECHAT_OPEN_BASE").or(vars.get("WECHAT_API_BASE")) {
                Some(base) => parse_base("WECHAT_OPEN_BASE", base)?,
                None => WECHAT_OPEN.to_owned(),
            },
            origins: apps.values().flat_map(|app: &App| app.allowed_origins.iter().cloned()).collect(),
            apps,
            backends: Backends::new(&name_key, backends),
            signing_keys: parse_signing_keys(required("SIGNING_KEYS")?)?,
            sealer: parse_sealing_keys(required("SEALING_KEYS")?)?,
            name_key,
        })
    }
}

/// An address without path, query or slash at the end; plain http on this machine only.
fn parse_base(name: &str, value: &str) -> Result<String, Misconfigured> {
    let value = value.trim_end_matches('/');
    let local = ["http://127.0.0.1", "http://localhost"]
        .iter()
        .any(|local| value.strip_prefix(local).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')));
    if (local || value.starts_with("https://")) && is_origin(value) {
        Ok(value.to_owned())
    } else {
        Err(Misconfigured::new(name, "must be https://host, without a path (http:// for 127.0.0.1 only)"))
    }
}

/// Whether it can be called: https, or plain http on this machine.
fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let (host, _) = rest.split_once('/').unwrap_or((rest, ""));
    is_origin(&format!("{scheme}://{host}"))
        && (scheme == "https" || ["127.0.0.1", "localhost"].contains(&host.split(':').next().unwrap_or_default()))
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// An origin as browsers send it: scheme and host in lower case, the port where it is not the scheme's.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte);
    !host.is_empty() && host.bytes().all(known) && !host.ends_with(':')
}

fn parse_apps(
    name: &str,
    json: &str,
    apps: &mut BTreeMap<String, App>,
    backends: &mut Vec<(AppId, Credential)>,
) -> Result<(), Misconfigured> {
    let json = crate::wechat::parse_strict_json(json);
    let wire = match json {
        Ok(Value::Object(wire)) => wire,
        Ok(_) => return Err(Misconfigured::new(name, r#"must be {"<appid>": {"secret": "…"}}"#)),
        Err(error) => {
            let place = format!("at line {} column {}", error.line(), error.column());
            return Err(Misconfigured::new(name, format!("is no JSON, or names a thing twice, {place}")));
        }
    };
    for (appid, app) in wire {
        let wrong = |problem: String| Misconfigured::new(name, format!("{appid}: {problem}"));
        let fields = Object::of(app).ok_or_else(|| wrong("must be an object".to_owned()))?;
        let app = app::parse(&appid, &fields).map_err(wrong)?;
        let listed = app::backends(&fields).map_err(wrong)?;
        backends.extend(listed.into_iter().map(|credential| (app.appid.clone(), credential)));
        if apps.contains_key(&appid) {
            return Err(wrong("is configured twice".to_owned()));
        }
        apps.insert(appid, app);
    }
    Ok(())
}

fn parse_jwk_set(name: &str, json: &str) -> Result<Vec<Value>, Misconfigured> {
    let set = crate::wechat::parse_strict_json(json).unwrap_or_default();
    match set.get("keys").and_then(Value::as_array) {
        Some(keys) if keys.is_empty() => Err(Misconfigured::new(name, "has no key")),
        Some(keys) => Ok(keys.clone()),
        None => Err(Misconfigured::new(name, r#"is no JWK Set ({"keys": […]}); `npm run keys` makes one"#)),
    }
}

fn parse_signing_keys(json: &str) -> Result<Vec<SigningKey>, Misconfigured> {
    const NAME: &str = "SIGNING_KEYS";
    let mut keys: Vec<SigningKey> = Vec::new();
    for jwk in parse_jwk_set(NAME, json)? {
        let key = Object::of(jwk).ok_or("is no object").and_then(|jwk| SigningKey::parse(&jwk));
        let key = key.map_err(|problem| Misconfigured::new(NAME, problem))?;
        if keys.iter().any(|other| other.public.kid == key.public.kid) {
            return Err(Misconfigured::new(NAME, "has the same key twice"));
        }
        keys.push(key);
    }
    Ok(keys)
}

fn parse_sealing_keys(json: &str) -> Result<Sealer, Misconfigured> {
    const NAME: &str = "SEALING_KEYS";
    let keys: Vec<_> = parse_jwk_set(NAME, json)?
        .iter()
        .map(|jwk| parse_key(NAME, jwk.get("k").and_then(Value::as_str).unwrap_or_default()))
        .collect::<Result<_, _>>()?;
    Sealer::new(&keys).map_err(|problem| Misconfigured::new(NAME, problem))
}

fn parse_key(name: &str, text: &str) -> Result<Zeroizing<[u8; 32]>, Misconfigured> {
    let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).unwrap_or_default());
    let key = bytes.as_slice().try_into().map(Zeroizing::new);
    key.map_err(|_| Misconfigured::new(name, "must be base64url of 32 bytes, without padding"))
}
