//! The configuration: accepted and refused values, and the variable that an error names.

use crate::edge::config::Config;
use crate::edge::config::app::Kind;
use crate::edge::testing::fakes::{JWK, World, poll_once, variables};
use serde_json::{Value, json};

const DAY_S: u64 = 86_400;
const OTHER_KEY: &str = "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA";

fn with(name: &str, value: &str) -> Result<Config, (String, String)> {
    let mut vars = variables();
    vars.insert(name.to_owned(), value.to_owned());
    Config::parse(&vars).map_err(|error| (error.variable, error.problem))
}

/// The configuration with these fields of `wx1`, besides a secret.
fn app(fields: &Value) -> Result<Config, (String, String)> {
    let mut app = json!({ "secret": "s" });
    app.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    with("WECHAT_APPS", &json!({ "wx1": app }).to_string())
}

#[test]
fn an_app_has_documented_defaults() {
    let config = app(&json!({})).unwrap();
    let app = config.app("wx1").unwrap();
    assert_eq!((app.kind, app.audience.as_str()), (Kind::MiniProgram, "wx1"));
    assert_eq!((app.ttl.access_s, app.ttl.idle_s, app.ttl.session_s), (600, 14 * DAY_S, 30 * DAY_S));
    assert_eq!(app.open_data_max_age_s, 600);
    assert!(app.push.is_none() && app.redirect_uris.is_empty() && app.allowed_origins.is_empty());
}

#[test]
fn every_field_of_an_app_is_read() {
    let fields = json!({
        "kind": "official_account", "audience": "https://api.example.com", "access_token_ttl_s": 60,
        "session_idle_ttl_s": 30 * DAY_S, "session_ttl_s": 30 * DAY_S, "open_data_max_age_s": 0,
        "redirect_uris": ["https://a.example/b?c=d"], "allowed_origins": ["https://a.example:8443"],
        "push_token": "t", "push_forward_url": "http://localhost:8080/push",
    });
    let config = app(&fields).unwrap();
    let app = config.app("wx1").unwrap();
    assert_eq!((app.kind, app.audience.as_str()), (Kind::OfficialAccount, "https://api.example.com"));
    assert_eq!((app.ttl.access_s, app.ttl.idle_s, app.ttl.session_s), (60, 30 * DAY_S, 30 * DAY_S));
    assert_eq!(app.redirect_uris, ["https://a.example/b?c=d"]);
    assert_eq!(app.allowed_origins, ["https://a.example:8443"]);
    let push = app.push.as_ref().unwrap();
    assert_eq!(push.forward_url.as_deref(), Some("http://localhost:8080/push"));
    assert!(push.key.is_none());
}

#[test]
fn a_wrong_field_of_an_app_is_named() {
    for (fields, named) in [
        (json!({ "secret": "" }), "secret"),
        (json!({ "secret": 1 }), "secret"),
        (json!({ "secret": "a&b" }), "secret"),
        (json!({ "push_tokens": "t" }), "push_tokens"),
        (json!({ "kind": "mini-program" }), "kind"),
        (json!({ "audience": "" }), "audience"),
        (json!({ "access_token_ttl_s": 59 }), "access_token_ttl_s"),
        (json!({ "access_token_ttl_s": 3601 }), "access_token_ttl_s"),
        (json!({ "session_idle_ttl_s": 30 * DAY_S + 1 }), "session_idle_ttl_s"),
        (json!({ "session_ttl_s": 30 * DAY_S + 1 }), "session_ttl_s"),
        (json!({ "session_ttl_s": "60" }), "session_ttl_s"),
        (json!({ "open_data_max_age_s": -1 }), "open_data_max_age_s"),
        (json!({ "redirect_uris": "https://a.example" }), "redirect_uris"),
        (json!({ "redirect_uris": ["https://a.example/#b"] }), "redirect_uris"),
        (json!({ "redirect_uris": ["http://a.example/"] }), "redirect_uris"),
        (json!({ "redirect_uris": ["a.example"] }), "redirect_uris"),
        (json!({ "redirect_uris": ["https://a.example/ b"] }), "redirect_uris"),
        (json!({ "redirect_uris": ["https://A.example/"] }), "redirect_uris"),
        (json!({ "redirect_uris": ["ftp://a.example/"] }), "redirect_uris"),
        (json!({ "redirect_uris": ["https:///b"] }), "redirect_uris"),
        (json!({ "allowed_origins": ["https://a.example/"] }), "allowed_origins"),
        (json!({ "allowed_origins": ["https://a.example:"] }), "allowed_origins"),
        (json!({ "allowed_origins": ["https://"] }), "allowed_origins"),
        (json!({ "allowed_origins": ["*"] }), "allowed_origins"),
        (json!({ "allowed_origins": [1] }), "allowed_origins"),
        (json!({ "backends": [] }), "backends"),
        (json!({ "backends": { "": "secret" } }), "backend"),
        (json!({ "backends": { "id": "" } }), "backend"),
        (json!({ "backends": { "a:b": "secret" } }), "backend"),
        (json!({ "backends": { "id": 1 } }), "backend"),
        (json!({ "encoding_aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG" }), "push_token"),
        (json!({ "push_forward_url": "https://a.example/" }), "push_token"),
        (json!({ "push_token": "t", "encoding_aes_key": "short" }), "encoding_aes_key"),
        (json!({ "push_token": "t", "push_forward_url": "https://a.example/?b=c" }), "push_forward_url"),
        (json!({ "push_token": "t", "push_forward_url": "a.example" }), "push_forward_url"),
        (json!({ "component": {} }), "component"),
    ] {
        let (variable, problem) = app(&fields).unwrap_err();
        assert_eq!(variable, "WECHAT_APPS", "{fields}");
        assert!(problem.starts_with("wx1: ") && problem.contains(named), "{fields}: {problem}");
    }
}

#[test]
fn a_wrong_third_party_platform_is_named() {
    let good = json!({ "appid": "wx9", "token_url": "https://tokens.example/", "token_secret": "s" });
    let with_platform =
        |component: &Value| with("WECHAT_APPS", &json!({ "wx1": { "component": component } }).to_string());
    assert!(with_platform(&good).is_ok());
    for (name, value) in [
        ("appid", json!("")),
        ("token_url", Value::Null),
        ("token_url", json!("http://tokens.example/")),
        ("token_url", json!("https://tokens.example/?a=b")),
        ("token_secret", json!("")),
        ("secret", json!("s")),
    ] {
        let mut component = good.clone();
        component[name] = value;
        let (variable, problem) = with_platform(&component).unwrap_err();
        assert!(variable == "WECHAT_APPS" && problem.contains(name), "{component}: {problem}");
    }
}

#[test]
fn the_issuer_is_an_https_origin_or_a_local_http_origin() {
    for good in [
        "https://auth.example.com",
        "https://auth.example.com:8443/",
        "https://[2001:db8::1]",
        "https://[2001:db8::1]:8443",
        "http://127.0.0.1:8787",
        "http://localhost",
        "http://localhost:1/",
    ] {
        assert_eq!(with("ISSUER", good).unwrap().issuer, good.trim_end_matches('/'));
    }
    for wrong in [
        "",
        "auth.example.com",
        "http://auth.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "https://auth.example.com/path",
        "https://auth.example.com?a=b",
        "https://AUTH.example.com",
        "https://",
        "https://auth.example.com:",
        "http://127.0.0.1:8787/a",
    ] {
        assert_eq!(with("ISSUER", wrong).unwrap_err().0, "ISSUER", "{wrong}");
    }
}

#[test]
fn web_logins_use_wechat_unless_a_base_url_is_configured() {
    let open =
        |names: &[&str]| {
            let mut vars = variables();
            vars.extend(names.iter().map(|name| {
                ((*name).to_owned(), format!("https://{}.example", name.to_lowercase().replace('_', "-")))
            }));
            let config = Config::parse(&vars).unwrap();
            (config.wechat_api, config.wechat_open)
        };
    let [api, site] = ["https://api.weixin.qq.com", "https://open.weixin.qq.com"].map(str::to_owned);
    let [api_base, open_base] =
        ["https://wechat-api-base.example", "https://wechat-open-base.example"].map(str::to_owned);
    assert_eq!(open(&[]), (api.clone(), site));
    assert_eq!(open(&["WECHAT_API_BASE"]), (api_base.clone(), api_base.clone()));
    assert_eq!(open(&["WECHAT_OPEN_BASE"]), (api, open_base.clone()));
    assert_eq!(open(&["WECHAT_API_BASE", "WECHAT_OPEN_BASE"]), (api_base, open_base));
    for name in ["WECHAT_API_BASE", "WECHAT_OPEN_BASE"] {
        assert_eq!(with(name, "http://wechat.example").unwrap_err().0, name);
    }
}

#[test]
fn an_app_is_configured_once_and_at_least_one_is() {
    assert_eq!(with("WECHAT_APPS_2", r#"{"wx1":{"secret":"s"}}"#).unwrap_err().0, "WECHAT_APPS_2");
    for text in
        ["[]", "1", r#"{"wx1":1}"#, r#"{"wx1":{"secret":"a"},"wx1":{"secret":"b"}}"#, "{", r#"{"w x":{"secret":"s"}}"#]
    {
        assert_eq!(with("WECHAT_APPS", text).unwrap_err().0, "WECHAT_APPS", "{text}");
    }
    let mut vars = variables();
    vars.retain(|name, _| !name.starts_with("WECHAT_APPS"));
    assert_eq!(Config::parse(&vars).unwrap_err().variable, "WECHAT_APPS");
}

#[test]
fn a_wrong_key_is_named() {
    let jwk = |change: &dyn Fn(&mut Value)| {
        let mut jwk: Value = serde_json::from_str(JWK).unwrap();
        change(&mut jwk);
        json!({ "keys": [jwk] }).to_string()
    };
    let set = |name: &str, value: Value| jwk(&|jwk| jwk[name] = value.clone());
    let twice = format!(r#"{{"keys":[{JWK},{JWK}]}}"#);
    for text in [
        "",
        "{}",
        r#"{"keys":[]}"#,
        r#"{"keys":[1]}"#,
        &twice,
        &set("kty", json!("RSA")),
        &set("crv", json!("P-384")),
        &set("x", json!("AAAA")),
        &set("y", json!("!")),
        &set("d", Value::Null),
    ] {
        let (variable, problem) = with("SIGNING_KEYS", text).unwrap_err();
        assert_eq!(variable, "SIGNING_KEYS", "{text}");
        assert!(!problem.contains("870MB6"), "{problem}");
    }
    let sealing = |key: &str| json!({ "keys": [{ "kty": "oct", "k": key }] }).to_string();
    for text in ["", "{}", r#"{"keys":[]}"#, r#"{"keys":[{}]}"#, &sealing("AAAA")] {
        assert_eq!(with("SEALING_KEYS", text).unwrap_err().0, "SEALING_KEYS", "{text}");
    }
    assert!(with("SEALING_KEYS", &sealing(OTHER_KEY)).is_ok());
    for text in ["", "AAAA", &format!("{OTHER_KEY}=")] {
        assert_eq!(with("NAME_KEY", text).unwrap_err().0, "NAME_KEY", "{text}");
    }
}

#[test]
fn several_signing_keys_are_kept_in_order() {
    let mut other: Value = serde_json::from_str(JWK).unwrap();
    other["x"] = json!("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    let config = with("SIGNING_KEYS", &format!(r#"{{"keys":[{JWK},{other}]}}"#)).unwrap();
    assert_eq!(config.signing_keys.len(), 2);
    assert_eq!(config.signing_keys[0].public.kid, "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s");
}

/// By WebCrypto.
#[test]
fn a_signing_key_is_imported_as_it_was_configured() {
    let config = Config::parse(&variables()).unwrap();
    let key = &config.signing_keys[0];
    let text = |(name, value): (&'static str, &str)| (name.to_owned(), json!(value));
    let private: serde_json::Map<_, _> = key.reveal_jwk().map(text).into_iter().collect();
    let jwk: Value = serde_json::from_str(JWK).unwrap();
    assert_eq!(Value::Object(private), jwk);
    let public: serde_json::Map<_, _> = key.public.jwk().map(text).into_iter().collect();
    let mut without_d = jwk;
    without_d.as_object_mut().unwrap().remove("d");
    assert_eq!(Value::Object(public), without_d);
}

#[test]
fn a_signing_key_whose_halves_do_not_belong_together_is_named() {
    let world = World::new();
    let config = world.config.as_ref().unwrap();
    assert!(poll_once(config.check_signing_keys(&world)).is_ok());
    world.no_signature.set(true);
    let problem = poll_once(config.check_signing_keys(&world)).unwrap_err();
    assert_eq!(problem.variable, "SIGNING_KEYS");
    assert!(problem.problem.contains("cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"));
}
