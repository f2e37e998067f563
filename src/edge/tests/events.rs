//! Message push (§3.7): signatures, erasure, and forwarding to the app's own server.

use crate::edge::config::Config;
use crate::edge::error::Error;
use crate::edge::error::FetchFailure;
use crate::edge::http::problem;
use crate::edge::http::{Body, Request, Response};
use crate::edge::log;
use crate::edge::ports::Reply;
use crate::edge::routes::route;
use crate::edge::testing::fakes::{NOW, World, code_of, poll_once, variables};
use crate::wechat::AppId;
use crate::wechat::push::{EncodingAesKey, signature};
use serde_json::{Value, json};

const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
const FORWARD: &str = "https://shop.example/push";
const CANCELLATION: &str = r#"{"Event":"user_authorization_cancellation","OpenID":"oMei"}"#;

/// A world whose `wx1` has these push settings, with one user logged in.
fn world(fields: &Value) -> World {
    let mut app = json!({ "secret": "s", "push_token": "token" });
    app.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let mut vars = variables();
    vars.insert("WECHAT_APPS".into(), json!({ "wx1": app }).to_string());
    let mut world = World::new();
    world.config = Config::parse(&vars);
    world.log_in().unwrap();
    world.urls.borrow_mut().clear();
    world.calls.borrow_mut().clear();
    world
}

fn send(world: &World, method: &str, path: &str, query: &str, body: &str) -> Result<Response, Error> {
    let request = Request {
        method: method.into(),
        path: path.into(),
        query: query.into(),
        content_type: Some("text/xml".into()),
        body: Body::Bytes(body.as_bytes().to_vec()),
        ..Request::default()
    };
    let answer = poll_once(route(world, &world.config, &request, "id"));
    answer.error.map_or(Ok(answer.response), Err)
}

/// The query of plain mode and of the URL check, which do not sign the body.
fn plain(token: &str) -> String {
    let signature = signature(&mut [token, "1", "2"]);
    format!("signature={signature}&timestamp=1&nonce=2&echostr=echo")
}

/// Query and body of an encrypted message that WeChat sent `age_s` seconds ago.
fn encrypted(message: &str, receiver: &str, age_s: i64) -> (String, String) {
    let key = EncodingAesKey::parse(KEY).unwrap();
    let encrypt = key.encrypt(message, &AppId::parse(receiver).unwrap(), [7; 16]);
    let timestamp = (i64::try_from(NOW / 1000).unwrap() - age_s).to_string();
    let signature = signature(&mut ["token", &timestamp, "2", &encrypt]);
    let query = format!("encrypt_type=aes&msg_signature={signature}&timestamp={timestamp}&nonce=2");
    (query, json!({ "ToUserName": "gh_1", "Encrypt": encrypt }).to_string())
}

fn is_erased(world: &World) -> bool {
    !world.kv.borrow().keys().any(|name| name.starts_with("s1:") || name.starts_with("k1:"))
}

#[test]
fn the_url_check_echoes_echostr_if_the_signature_is_right() {
    let world = world(&json!({}));
    let answer = send(&world, "GET", "/wechat/events/wx1", &plain("token"), "").unwrap();
    assert_eq!((answer.body.as_str(), answer.plain), ("echo", true));
    assert_eq!(code_of(send(&world, "GET", "/wechat/events/wx1", &plain("other"), "")), "push_signature");
    for app in ["wx2", "wx0"] {
        assert_eq!(code_of(send(&world, "GET", &format!("/wechat/events/{app}"), &plain("token"), "")), "not_found");
    }
}

#[test]
fn a_cancellation_erases_only_if_encrypted_and_at_most_300_s_old() {
    for (age_s, code) in
        [(0, "success"), (300, "success"), (301, "push_stale"), (-300, "success"), (-301, "push_stale")]
    {
        let world = world(&json!({ "encoding_aes_key": KEY }));
        let (query, body) = encrypted(CANCELLATION, "wx1", age_s);
        assert_eq!(code_of(send(&world, "POST", "/wechat/events/wx1", &query, &body)), code, "{age_s} s");
        assert_eq!(is_erased(&world), code == "success", "{age_s} s");
        let audited = world.audits.borrow().iter().any(|line| line.contains("cancellation_erase"));
        assert_eq!(audited, code == "success");
    }
    for (fields, query, body, code) in [
        (json!({}), plain("token"), CANCELLATION, "success"),
        (json!({}), plain("other"), CANCELLATION, "push_signature"),
        (json!({ "encoding_aes_key": KEY }), plain("token"), CANCELLATION, "push_plain"),
        (json!({}), format!("encrypt_type=aes&{}", plain("token")), CANCELLATION, "misconfigured"),
    ] {
        let world = world(&fields);
        assert_eq!(code_of(send(&world, "POST", "/wechat/events/wx1", &query, body)), code, "{fields} {query}");
        assert!(!is_erased(&world), "{fields} {query}");
    }
}

#[test]
fn an_incomplete_unsigned_or_foreign_encrypted_message_erases_nothing() {
    let (query, body) = encrypted(CANCELLATION, "wx1", 0);
    let with_copy = body.replace("{", r#"{"Event":"user_authorization_cancellation","#);
    let (foreign_query, foreign_body) = encrypted(CANCELLATION, "wx9", 0);
    let (text_query, text_body) = encrypted("not a message", "wx1", 0);
    for (query, body, code) in [
        (query.as_str(), body.as_str(), "success"),
        (&query.replace("nonce=2", "nonce=3"), &body, "push_signature"),
        (&query, &with_copy, "push_plain"),
        (&query, "{}", "push_malformed"),
        (&query, "", "push_malformed"),
        (&foreign_query, &foreign_body, "push_malformed"),
        (&text_query, &text_body, "push_malformed"),
    ] {
        let world = world(&json!({ "encoding_aes_key": KEY }));
        assert_eq!(code_of(send(&world, "POST", "/wechat/events/wx1", query, body)), code, "{query} {body}");
        assert_eq!(is_erased(&world), code == "success", "{query} {body}");
    }
}

#[test]
fn other_messages_erase_nothing() {
    for message in [
        r#"{"Event":"user_authorization_revoke","OpenID":"oMei"}"#,
        r#"{"Event":"user_authorization_cancellation"}"#,
        r#"{"Event":"user_authorization_cancellation","OpenID":"no openid"}"#,
        r#"{"OpenID":"oMei"}"#,
    ] {
        let world = world(&json!({ "encoding_aes_key": KEY }));
        let (query, body) = encrypted(message, "wx1", 0);
        let answer = send(&world, "POST", "/wechat/events/wx1", &query, &body).unwrap();
        assert_eq!((answer.body.as_str(), answer.plain, is_erased(&world)), ("success", true, false), "{message}");
    }
}

/// With its query, body and content type, so that the app's own SDK can verify and open it.
#[test]
fn a_message_is_forwarded_unchanged_and_the_reply_is_returned() {
    let (query, body) = encrypted(r#"{"Event":"subscribe"}"#, "wx1", 0);
    let world = world(&json!({ "encoding_aes_key": KEY, "push_forward_url": FORWARD }));
    world.upstream.borrow_mut().push_back(Ok(Reply { status: 201, body: b"done".to_vec() }));
    let answer = send(&world, "POST", "/wechat/events/wx1", &query, &body).unwrap();
    assert_eq!((answer.body.as_str(), answer.plain), ("done", true));
    assert_eq!(*world.urls.borrow(), [format!("{FORWARD}?{query}")]);
    assert_eq!(*world.calls.borrow(), [[Some(body), Some("text/xml".to_owned()), None]]);
}

#[test]
fn a_message_that_cannot_be_forwarded_is_502_and_is_not_sent_twice() {
    let (query, body) = encrypted(r#"{"Event":"subscribe"}"#, "wx1", 0);
    for reply in [
        Ok(Reply { status: 500, body: b"done".to_vec() }),
        Ok(Reply { status: 199, body: Vec::new() }),
        Ok(Reply { status: 302, body: Vec::new() }),
        Ok(Reply { status: 200, body: vec![0xff] }),
        Err(FetchFailure::Unreachable),
        Err(FetchFailure::TimedOut),
    ] {
        let world = world(&json!({ "encoding_aes_key": KEY, "push_forward_url": FORWARD }));
        world.upstream.borrow_mut().push_back(reply);
        let error = send(&world, "POST", "/wechat/events/wx1", &query, &body).unwrap_err();
        assert_eq!(
            (problem::code(&error), log::class(&error), world.urls.borrow().len()),
            ("forward_failed", "operator", 1)
        );
    }
}
