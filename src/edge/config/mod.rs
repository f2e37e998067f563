//! The operator's configuration, parsed once per isolate. An error names the variable and the remedy, and every request
//! then answers 500 `misconfigured`.

pub(crate) mod address;
pub(crate) mod app;
pub(crate) mod backends;
pub(crate) mod keys;
pub(crate) mod seal;

use super::ports::Es256;
use crate::wechat::{AppId, Object};
use address::is_base;
use app::App;
use backends::{Backend, Backends, Credential};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use keys::{NameKey, SigningKey};
use seal::Sealer;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use zeroize::Zeroizing;

const WECHAT_API: &str = "https://api.weixin.qq.com";
const WECHAT_OPEN: &str = "https://open.weixin.qq.com";

/// The configuration of one deployment.
#[derive(Debug)]
pub(crate) struct Config {
    /// The edge's own address, without a slash at the end. Never taken from the Host header.
    pub(crate) issuer: String,
    /// Base URL of WeChat's server API, or of the simulator.
    pub(crate) wechat_api: String,
    /// Base URL of WeChat's login pages for browsers.
    pub(crate) wechat_open: String,
    apps: BTreeMap<String, App>,
    backends: Backends,
    /// The union of `allowed_origins` of all apps.
    origins: BTreeSet<String>,
    /// The first key signs; all are published.
    pub(crate) signing_keys: Vec<SigningKey>,
    /// Seals records, refresh tokens and web logins.
    pub(crate) sealer: Sealer,
    /// Key of the users' names.
    pub(crate) name_key: NameKey,
}

/// A configuration error, for the operator's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misconfigured {
    /// Name of the variable or binding.
    pub(crate) variable: String,
    /// The rest of a sentence that begins with the variable.
    pub(crate) problem: String,
}

impl Misconfigured {
    fn new(variable: &str, problem: impl Into<String>) -> Self {
        Self { variable: variable.to_owned(), problem: problem.into() }
    }
}

impl Config {
    /// Checks that `d` of each signing key belongs to `x` and `y`, which needs a signature. Runs before the first answer.
    pub(crate) async fn check_signing_keys(&self, ports: &impl Es256) -> Result<(), Misconfigured> {
        // Not a JWT, so the signature is of no other use.
        const MESSAGE: &[u8] = b"wxauth signing key check";
        for key in &self.signing_keys {
            let valid = match ports.sign(key, MESSAGE).await {
                Some(signature) => ports.verify(&key.public, MESSAGE, &signature).await,
                None => false,
            };
            if !valid {
                let problem = format!("has a d that does not belong to x and y of key {}", key.public.kid);
                return Err(Misconfigured::new("SIGNING_KEYS", problem));
            }
        }
        Ok(())
    }

    /// The app with this appid.
    pub(crate) fn app(&self, appid: &str) -> Option<&App> {
        self.apps.get(appid)
    }

    /// The backend with this id and secret.
    pub(crate) fn backend(&self, id: &str, secret: &str) -> Option<&Backend> {
        self.backends.find(&self.name_key, id, secret)
    }

    /// Whether the origin is the issuer's or is listed for any app.
    pub(crate) fn knows_origin(&self, origin: &str) -> bool {
        origin == self.issuer || self.origins.contains(origin)
    }

    /// Parses the variables. Other names in `vars` are ignored.
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
                r#"is not set or has no app; it must be {"<appid>": {"secret": "…"}}"#,
            ));
        }
        let name_key = NameKey::new(parse_key("NAME_KEY", required("NAME_KEY")?)?);
        Ok(Self {
            issuer: parse_base("ISSUER", required("ISSUER")?)?,
            wechat_api: parse_base("WECHAT_API_BASE", vars.get("WECHAT_API_BASE").map_or(WECHAT_API, String::as_str))?,
            // The simulator serves both.
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

fn parse_base(name: &str, value: &str) -> Result<String, Misconfigured> {
    let value = value.trim_end_matches('/');
    if is_base(value) {
        Ok(value.to_owned())
    } else {
        Err(Misconfigured::new(name, "must be https://host[:port] without a path (http:// for 127.0.0.1 only)"))
    }
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
            return Err(Misconfigured::new(name, format!("is not JSON, or repeats a name, {place}")));
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
        None => Err(Misconfigured::new(name, r#"is not a JWK Set ({"keys": […]}); `npm run keys` makes one"#)),
    }
}

fn parse_signing_keys(json: &str) -> Result<Vec<SigningKey>, Misconfigured> {
    const NAME: &str = "SIGNING_KEYS";
    let mut keys: Vec<SigningKey> = Vec::new();
    for jwk in parse_jwk_set(NAME, json)? {
        let key = Object::of(jwk).ok_or("has a key that is not an object").and_then(|jwk| SigningKey::parse(&jwk));
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
