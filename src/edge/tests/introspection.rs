//! Introspection (RFC 7662): all fields of an active token; `active` alone of any other token.

use crate::edge::config::Config;
use crate::edge::config::seal::Purpose;
use crate::edge::ident::Sid;
use crate::edge::testing::fakes::{NOW, World, variables};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

const IAT: u64 = NOW / 1000;

fn introspect(world: &World, token: &Value) -> Value {
    let reply = world.post("/oauth/introspect", &json!({ "basic": "api:secret", "token": token })).unwrap();
    serde_json::from_str(&reply.body).unwrap()
}

fn world() -> (World, Value) {
    let mut vars = variables();
    let app =
        json!({ "wx1": { "secret": "s", "backends": { "api": "secret" }, "audience": "https://api.example.com" } });
    vars.insert("WECHAT_APPS".into(), app.to_string());
    let mut world = World::new();
    world.config = Config::parse(&vars);
    let user = r#"{"openid":"oMei","session_key":"tiihtNczf5v6AKRyjwEUhQ==","unionid":"uMei"}"#;
    let tokens = world.log_in_as(user, &json!({})).unwrap();
    (world, tokens)
}

#[test]
fn an_access_token_is_described_by_its_claims_and_the_unionid_on_record() {
    let (world, tokens) = world();
    let said = introspect(&world, &tokens["access_token"]);
    let claims = tokens["access_token"].as_str().unwrap().split('.').nth(1).unwrap();
    let mut expected: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    assert_eq!((expected["iat"].as_u64(), expected["exp"].as_u64()), (Some(IAT), Some(IAT + 600)));
    assert_eq!(
        (&expected["aud"], &expected["sub"], &expected["client_id"], &expected["iss"]),
        (&json!("https://api.example.com"), &json!("oMei"), &json!("wx1"), &json!("https://auth.example.com"))
    );
    assert_eq!(URL_SAFE_NO_PAD.decode(expected["jti"].as_str().unwrap()).unwrap().len(), 16);
    assert!(Sid::try_from(expected["sid"].as_str().unwrap().to_owned()).is_ok());
    for (name, value) in
        [("active", json!(true)), ("token_type", json!("Bearer")), ("auth", json!(NOW)), ("unionid", json!("uMei"))]
    {
        expected[name] = value;
    }
    assert_eq!(said, expected);
}

#[test]
fn a_refresh_token_is_described_without_a_token_type() {
    let (world, tokens) = world();
    let mut said = introspect(&world, &tokens["refresh_token"]);
    assert!(said["sid"].is_string());
    said.as_object_mut().unwrap().remove("sid");
    let expected = json!({
        "active": true, "iss": "https://auth.example.com", "sub": "oMei", "client_id": "wx1", "iat": IAT,
        "exp": IAT + 14 * 86_400, "auth": NOW, "unionid": "uMei",
    });
    assert_eq!(said, expected);
}

#[test]
fn an_access_token_is_active_until_its_last_second_and_a_refresh_token_until_it_was_reused() {
    let (world, tokens) = world();
    for (ms, active) in [(599_999, true), (600_000, false)] {
        world.now.set(NOW + ms);
        assert_eq!(introspect(&world, &tokens["access_token"])["active"], active, "{ms}");
    }
    let mut newest = tokens["refresh_token"].clone();
    for _ in 0..3 {
        world.now.set(world.now.get() + 300_000);
        newest = world.refresh(&newest).unwrap()["refresh_token"].clone();
    }
    assert_eq!(introspect(&world, &newest)["active"], true);
    assert_eq!(introspect(&world, &tokens["refresh_token"]), json!({ "active": false }), "rotated out");
    assert_eq!(introspect(&world, &json!("x")), json!({ "active": false }));
}

/// The claims are checked although the fake accepts every signature.
#[test]
fn a_token_of_another_issuer_or_audience_is_inactive() {
    let (world, tokens) = world();
    let parts: Vec<&str> = tokens["access_token"].as_str().unwrap().split('.').collect();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    world.any_signature.set(true);
    let with = |name: &str, value: &str| {
        let mut claims = claims.clone();
        claims[name] = value.into();
        let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
        introspect(&world, &format!("{}.{claims}.{}", parts[0], parts[2]).into())["active"].clone()
    };
    assert_eq!(with("jti", "other"), true);
    for (name, value) in
        [("iss", "https://evil.example"), ("aud", "wx1"), ("client_id", "wx3"), ("sid", "x"), ("sub", "")]
    {
        assert_eq!(with(name, value), false, "{name} {value}");
    }
}

/// No token of this edge is longer than 2,048 bytes.
#[test]
fn a_longer_token_than_two_kibibytes_is_not_parsed() {
    let (world, tokens) = world();
    world.any_signature.set(true);
    let parts: Vec<&str> = tokens["access_token"].as_str().unwrap().split('.').collect();
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    // Signatures of both lengths have to be base64, which never has 4 n + 1 characters.
    let base = (0..4).find_map(|more| {
        claims["jti"] = "j".repeat(20 + more).into();
        let base = format!("{}.{}.", parts[0], URL_SAFE_NO_PAD.encode(claims.to_string()));
        [2048, 2049].iter().all(|length| (length - base.len()) % 4 != 1).then_some(base)
    });
    let base = base.unwrap();
    for (length, active) in [(2048, true), (2049, false)] {
        let token = format!("{base}{}", "A".repeat(length - base.len()));
        assert_eq!((token.len(), &introspect(&world, &token.into())["active"]), (length, &json!(active)));
    }
}

/// A text of 2,049 characters is not base64, so 2,050 is the shortest that is too long.
#[test]
fn a_longer_refresh_token_than_two_kibibytes_is_not_opened() {
    let (world, tokens) = world();
    let config = world.config.as_ref().unwrap();
    let blob = URL_SAFE_NO_PAD.decode(tokens["refresh_token"].as_str().unwrap()).unwrap();
    let plain = config.sealer.open(Purpose::Refresh, "refresh", &blob).unwrap();
    for (length, active) in [(2048, true), (2050, false)] {
        let mut padded = plain.to_vec();
        padded.resize(plain.len() + length * 3 / 4 - blob.len(), b' ');
        let token = URL_SAFE_NO_PAD.encode(config.sealer.seal(Purpose::Refresh, "refresh", [0; 12], &padded));
        assert_eq!((token.len(), &introspect(&world, &token.into())["active"]), (length, &json!(active)));
    }
}
