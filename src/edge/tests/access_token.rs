//! WeChat's access_token: parallel requests share one fetch, isolates share the token through the store.

use crate::edge::error::FetchFailure;
use crate::edge::http::problem;
use crate::edge::routes::{Answer, route};
use crate::edge::testing::fakes::{NOW, World};
use serde_json::{Value, json};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

const TOKEN: &str = r#"{"access_token":"token","expires_in":7200}"#;
const PHONE: &str = r#"{"errcode":0,"phone_info":{"phoneNumber":"+8613800000000","purePhoneNumber":"13800000000",
    "countryCode":"86","watermark":{"timestamp":1790000000,"appid":"wx1"}}}"#;

type Asking<'a> = Pin<Box<dyn Future<Output = Answer> + 'a>>;

/// A request for the phone number of a user.
fn phone<'a>(world: &'a World, tokens: &Value) -> Asking<'a> {
    let body = json!({ "bearer": tokens["access_token"], "code": "code" });
    Box::pin(async move {
        let request = World::request("POST", "/wechat/phone", &body);
        route(world, &world.config, &request, "id").await
    })
}

/// Polls each request once. Removes those that ended and returns their codes.
fn poll(asking: &mut Vec<Asking<'_>>) -> Vec<&'static str> {
    let mut context = Context::from_waker(Waker::noop());
    let mut ended = Vec::new();
    asking.retain_mut(|request| match request.as_mut().poll(&mut context) {
        Poll::Ready(answer) => {
            ended.push(answer.error.map_or("success", |error| problem::code(&error)));
            false
        }
        Poll::Pending => true,
    });
    ended
}

fn world() -> (World, Value) {
    let world = World::new();
    let tokens = world.log_in().unwrap();
    world.wechat_hangs.set(true);
    world.urls.borrow_mut().clear();
    (world, tokens)
}

fn fetches(world: &World) -> usize {
    world.urls.borrow().iter().filter(|url| url.ends_with("/cgi-bin/stable_token")).count()
}

#[test]
fn parallel_requests_share_one_failed_fetch_and_the_next_request_fetches_again() {
    let (world, tokens) = world();
    let mut asking: Vec<_> = (0..8).map(|_| phone(&world, &tokens)).collect();
    assert!(poll(&mut asking).is_empty());
    assert_eq!(fetches(&world), 1);
    world.now.set(NOW + 5_000);
    world.upstream.borrow_mut().push_back(Err(FetchFailure::TimedOut));
    world.wechat_hangs.set(false);
    let mut ended = poll(&mut asking);
    ended.extend(poll(&mut asking));
    assert_eq!(ended, ["upstream_timeout"; 8]);
    assert_eq!(fetches(&world), 1, "the waiters fetch nothing");
    world.wechat_says(TOKEN);
    world.wechat_says(PHONE);
    let mut next = vec![phone(&world, &tokens)];
    assert_eq!(poll(&mut next), ["success"]);
    assert_eq!(fetches(&world), 2);
}

#[test]
fn parallel_requests_share_one_token() {
    let (world, tokens) = world();
    let mut asking: Vec<_> = (0..8).map(|_| phone(&world, &tokens)).collect();
    poll(&mut asking);
    world.wechat_says(TOKEN);
    (0..8).for_each(|_| world.wechat_says(PHONE));
    world.wechat_hangs.set(false);
    let mut ended = poll(&mut asking);
    ended.extend(poll(&mut asking));
    assert_eq!((ended, fetches(&world)), (vec!["success"; 8], 1));
}

#[test]
fn an_abandoned_fetch_delays_the_next_by_at_most_the_timeout_of_a_call() {
    let (world, tokens) = world();
    let mut gone = vec![phone(&world, &tokens)];
    poll(&mut gone);
    drop(gone);
    let mut asking = vec![phone(&world, &tokens)];
    world.now.set(NOW + 5_000);
    assert!(poll(&mut asking).is_empty());
    assert_eq!(fetches(&world), 1, "the first fetch may still end");
    world.now.set(NOW + 5_250);
    world.wechat_says(TOKEN);
    world.wechat_says(PHONE);
    world.wechat_hangs.set(false);
    assert_eq!((poll(&mut asking), fetches(&world)), (vec!["success"], 2));
}

/// The first fetch is slow but not abandoned: it fails after the second has begun.
#[test]
fn the_end_of_an_older_fetch_does_not_end_a_newer_one() {
    let (world, tokens) = world();
    let mut slow = vec![phone(&world, &tokens)];
    poll(&mut slow);
    world.now.set(NOW + 5_250);
    let mut asking = vec![phone(&world, &tokens), phone(&world, &tokens)];
    assert!(poll(&mut asking).is_empty());
    assert_eq!(fetches(&world), 2);
    world.wechat_hangs.set(false);
    world.upstream.borrow_mut().push_back(Err(FetchFailure::TimedOut));
    assert_eq!(poll(&mut slow), ["upstream_timeout"]);
    world.wechat_hangs.set(true);
    assert!(poll(&mut asking).is_empty());
    world.wechat_says(TOKEN);
    world.wechat_says(PHONE);
    world.wechat_says(PHONE);
    world.wechat_hangs.set(false);
    let mut ended = poll(&mut asking);
    ended.extend(poll(&mut asking));
    assert_eq!((ended, fetches(&world)), (vec!["success"; 2], 2));
}

/// A failure is stored with the number of its fetch, so that an earlier failure does not hide it.
#[test]
fn each_failed_fetch_is_shared_by_the_requests_that_waited_for_it() {
    let (world, tokens) = world();
    for round in 1..=3 {
        world.wechat_hangs.set(true);
        let mut asking: Vec<_> = (0..8).map(|_| phone(&world, &tokens)).collect();
        assert!(poll(&mut asking).is_empty());
        world.upstream.borrow_mut().push_back(Err(FetchFailure::TimedOut));
        world.wechat_hangs.set(false);
        let mut ended = poll(&mut asking);
        ended.extend(poll(&mut asking));
        assert_eq!((ended, fetches(&world)), (vec!["upstream_timeout"; 8], round));
    }
}

/// On Workers `Date.now()` is frozen within a request, so the wait is counted in steps of 50 ms up to 5,250 ms.
#[test]
fn an_abandoned_fetch_is_replaced_even_if_the_clock_is_frozen() {
    let (world, tokens) = world();
    let mut gone = vec![phone(&world, &tokens)];
    poll(&mut gone);
    drop(gone);
    let mut asking = vec![phone(&world, &tokens)];
    let polls = (1..1_000).find(|_| {
        poll(&mut asking);
        fetches(&world) == 2
    });
    assert!(polls.is_some_and(|polls| (100..=110).contains(&polls)), "{polls:?}");
}

fn logged_in() -> (World, Value) {
    let (world, tokens) = world();
    world.wechat_hangs.set(false);
    (world, tokens)
}

fn phone_number(world: &World, tokens: &Value) -> &'static str {
    let body = json!({ "bearer": tokens["access_token"], "code": "code" });
    world.post("/wechat/phone", &body).map_or_else(|error| problem::code(&error), |_| "success")
}

#[test]
fn the_token_is_fetched_with_the_secret_and_the_number_with_code_and_openid() {
    let (world, tokens) = logged_in();
    world.calls.borrow_mut().clear();
    world.wechat_says(TOKEN);
    world.wechat_says(PHONE);
    assert_eq!(phone_number(&world, &tokens), "success");
    let urls = world.urls.borrow().clone();
    assert_eq!(
        urls,
        [
            "https://api.weixin.qq.com/cgi-bin/stable_token",
            "https://api.weixin.qq.com/wxa/business/getuserphonenumber?access_token=token",
        ]
    );
    let body = |at: usize| serde_json::from_str::<Value>(world.calls.borrow()[at][0].as_ref().unwrap()).unwrap();
    assert_eq!(body(0), json!({ "grant_type": "client_credential", "appid": "wx1", "secret": "s" }));
    assert_eq!(body(1), json!({ "code": "code", "openid": "oMei" }));
    assert!(world.calls.borrow().iter().all(|[_, _, bearer]| bearer.is_none()));
}

/// WeChat issues the next token five minutes before the end of this one (§3.3).
#[test]
fn a_token_is_used_until_five_minutes_before_its_end() {
    let (world, mut tokens) = logged_in();
    world.wechat_says(TOKEN);
    for (later_s, expected) in [(0, 1), (6_899, 1), (6_900, 2)] {
        world.now.set(NOW + later_s * 1000);
        if later_s == 6_900 {
            world.wechat_says(TOKEN);
        }
        tokens = world.refresh(&tokens["refresh_token"]).unwrap();
        world.wechat_says(PHONE);
        assert_eq!((phone_number(&world, &tokens), fetches(&world)), ("success", expected), "{later_s} s");
    }
}

/// A second isolate with the same store fetches nothing.
#[test]
fn a_valid_token_is_shared_through_the_store() {
    for (later_s, expected) in [(0, 0), (6_899, 0), (6_900, 1)] {
        let (first, tokens) = logged_in();
        first.wechat_says(TOKEN);
        first.wechat_says(PHONE);
        assert_eq!(phone_number(&first, &tokens), "success");
        assert_eq!(first.ttls.borrow().get("t1:wx1"), Some(&6_900));
        let second = World::new();
        *second.kv.borrow_mut() = first.kv.borrow().clone();
        second.now.set(NOW + later_s * 1000);
        let tokens = second.refresh(&tokens["refresh_token"]).unwrap();
        if expected == 1 {
            second.wechat_says(TOKEN);
        }
        second.wechat_says(PHONE);
        assert_eq!((phone_number(&second, &tokens), fetches(&second)), ("success", expected), "{later_s} s");
    }
}

/// A token of less than a minute of use is not worth a write.
#[test]
fn a_short_token_is_not_stored() {
    for (expires_in, stored) in [(359, false), (360, true)] {
        let (world, tokens) = logged_in();
        world.wechat_says(&json!({ "access_token": "token", "expires_in": expires_in }).to_string());
        world.wechat_says(PHONE);
        assert_eq!(phone_number(&world, &tokens), "success");
        assert_eq!(world.kv.borrow().contains_key("t1:wx1"), stored, "{expires_in}");
    }
}

/// The store still holds the dead token, which must not be used again.
#[test]
fn a_token_that_wechat_calls_dead_is_replaced_once() {
    const DEAD: &str = r#"{"errcode":40001,"errmsg":"invalid credential"}"#;
    let (world, tokens) = logged_in();
    world.wechat_says(TOKEN);
    world.wechat_says(DEAD);
    world.wechat_says(&TOKEN.replace(r#""token""#, r#""newer""#));
    world.wechat_says(PHONE);
    assert_eq!((phone_number(&world, &tokens), fetches(&world)), ("success", 2));
    assert!(world.urls.borrow().last().unwrap().ends_with("access_token=newer"));
    world.wechat_says(PHONE);
    assert_eq!((phone_number(&world, &tokens), fetches(&world)), ("success", 2));
    // A second refusal in one request is the answer: there is no third fetch.
    world.wechat_says(DEAD);
    world.wechat_says(&TOKEN.replace(r#""token""#, r#""newest""#));
    world.wechat_says(DEAD);
    assert_eq!((phone_number(&world, &tokens), fetches(&world)), ("upstream_error", 3));
}

/// The app and the platform have a token each, both from the server of the platform (§3.6).
#[test]
fn an_app_of_a_third_party_platform_uses_the_token_server_of_the_platform() {
    use crate::edge::config::Config;
    use crate::edge::testing::fakes::variables;
    let platform = json!({ "appid": "wx4", "token_url": "https://tokens.example/get", "token_secret": "secret" });
    let mut vars = variables();
    vars.insert("WECHAT_APPS".into(), json!({ "wx1": { "component": platform } }).to_string());
    let mut world = World::new();
    world.config = Config::parse(&vars);
    world.wechat_says(r#"{"access_token":"platform","expires_in":7200}"#);
    let tokens = world.log_in();
    let tokens = tokens.unwrap();
    world.wechat_says(r#"{"access_token":"app","expires_in":7200}"#);
    world.wechat_says(PHONE);
    assert_eq!(phone_number(&world, &tokens), "success");
    assert_eq!(
        *world.urls.borrow(),
        [
            "https://tokens.example/get?appid=wx4",
            "https://api.weixin.qq.com/sns/component/jscode2session?appid=wx1&js_code=code&grant_type=authorization_code\
            &component_appid=wx4&component_access_token=platform",
            "https://tokens.example/get?appid=wx1",
            "https://api.weixin.qq.com/wxa/business/getuserphonenumber?access_token=app",
        ]
    );
    let bearers: Vec<_> = world.calls.borrow().iter().map(|[_, _, bearer]| bearer.clone()).collect();
    assert_eq!(bearers, [Some("secret".to_owned()), None, Some("secret".to_owned()), None]);
    let stored: Vec<_> = world.kv.borrow().keys().filter(|name| name.starts_with("t1:")).cloned().collect();
    assert_eq!(stored, ["t1:wx1", "t1:wx4"]);
}
