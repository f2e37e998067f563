//! Errors: class and detail for the log, `Retry-After`, deadlines, and refused bodies.

use crate::edge::error::StoreFailure;
use crate::edge::error::{Caller as C, DecryptReason, Error, User, Wechat as W};
use crate::edge::http::endpoint::{DEADLINE_MS, ROUTES};
use crate::edge::http::problem::{self, Sent};
use crate::edge::http::{Body, MAX_BODY, Request};
use crate::edge::log;
use crate::edge::routes::{deadline_ms, route};
use crate::edge::testing::fakes::{World, poll_once};
use crate::wechat::open_data::OpenDataError;
use crate::wechat::push::PushError;
use crate::wechat::reply::Errcode;

#[test]
fn every_error_has_a_class_and_a_detail_for_the_log() {
    let errcode = || Errcode(40001);
    let rid = || Some("r".to_owned());
    let decrypt = |reason| Error::Caller(C::DecryptFailed(reason));
    for (error, class, detail) in [
        (Error::Caller(C::Malformed), "caller", None),
        (Error::Caller(C::ParameterMissing("token")), "caller", Some("token")),
        (Error::Caller(C::ParameterMalformed("label")), "caller", Some("label")),
        (Error::Caller(C::Incomplete("cut off")), "caller", Some("cut off")),
        (Error::Caller(C::PushMalformed(Some(PushError::Receiver))), "caller", Some("Receiver")),
        (Error::Caller(C::PushMalformed(None)), "caller", None),
        (decrypt(DecryptReason::ForeignOpenId), "caller", Some("foreign_openid:")),
        (decrypt(DecryptReason::OpenData(OpenDataError::Padding)), "caller", Some("padding:")),
        (Error::Caller(C::SessionKeyStale(None)), "caller", Some("no_key:")),
        (Error::Caller(C::SessionKeyStale(Some(DecryptReason::ForeignOpenId))), "caller", Some("stale_key:")),
        (Error::User(User::Blocked), "user", None),
        (Error::Wechat(W::ForwardFailed), "operator", None),
        (Error::Wechat(W::Busy), "wechat", None),
        (Error::Wechat(W::Errcode { errcode: errcode(), rid: rid() }), "wechat", Some("errcode 40001 rid r")),
        (Error::Wechat(W::TokenDead { errcode: errcode(), rid: None }), "wechat", Some("errcode 40001 rid -")),
        (Error::Operator("ISSUER is not set".into()), "operator", Some("ISSUER is not set")),
        (Error::Storage(StoreFailure("429".into())), "storage", Some("429")),
        (Error::Us("no signing key"), "us", Some("no signing key")),
    ] {
        assert_eq!(log::class(&error), class, "{error:?}");
        let said = log::detail(&error);
        let fits = match (&said, detail) {
            (Some(said), Some(detail)) => said.starts_with(detail),
            (said, detail) => said.is_none() && detail.is_none(),
        };
        assert!(fits, "{error:?}: {said:?}");
    }
}

#[test]
fn a_temporary_error_carries_retry_after() {
    for (error, seconds) in
        [(Error::Caller(C::RateLimited), true), (Error::Wechat(W::Busy), true), (Error::Caller(C::Malformed), false)]
    {
        let response = problem::response(&error, "id", Sent::Otherwise);
        let header = response.headers.iter().find(|(name, _)| *name == "retry-after").map(|(_, value)| value.clone());
        let body: serde_json::Value = serde_json::from_str(&response.body).unwrap();
        assert_eq!(header.is_some(), seconds, "{error:?}");
        assert_eq!(header, body["retry_after"].as_u64().map(|seconds| seconds.to_string()));
        assert_eq!(body["request_id"], "id");
    }
}

/// WeChat sends a message again if there is no answer within 5 s (§3.7).
#[test]
fn the_deadline_is_4_s_for_pushed_messages_and_10_s_otherwise() {
    for (path, methods) in ROUTES {
        for (method, _) in *methods {
            let request = Request { method: (*method).into(), path: (*path).into(), ..Request::default() };
            let expected = if path.starts_with("/wechat/events/") { 4_000 } else { 10_000 };
            assert_eq!(deadline_ms(&request), expected, "{method} {path}");
        }
    }
    assert_eq!((deadline_ms(&Request { path: "/x".into(), ..Request::default() }), DEADLINE_MS), (10_000, 10_000));
}

#[test]
fn a_body_that_is_too_large_cut_off_or_not_text_is_refused() {
    let world = World::new();
    for (body, code) in [
        (Body::TooLarge, "body_too_large"),
        (Body::Incomplete("cut off"), "body_incomplete"),
        (Body::Bytes(vec![0xff]), "body_not_utf8"),
    ] {
        let content_type = Some("application/json".to_owned());
        let request =
            Request { method: "POST".into(), path: "/oauth/token".into(), content_type, body, ..Request::default() };
        let answer = poll_once(route(&world, &world.config, &request, "id"));
        assert_eq!(answer.error.map(|error| problem::code(&error)), Some(code));
    }
    let said = problem::response(&Error::Caller(C::TooLarge), "id", Sent::Otherwise).body;
    assert!(said.contains(&format!("over {} KiB", MAX_BODY / 1024)) && MAX_BODY.is_multiple_of(1024), "{said}");
}
