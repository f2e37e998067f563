//! WeChat's access_token, wanted by many requests at once: one fetches it, and the others share what comes of it.

use crate::edge::ports::FetchFailure;
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

/// One user who asks for their phone number.
fn phone<'a>(world: &'a World, tokens: &Value) -> Asking<'a> {
    let body = json!({ "bearer": tokens["access_token"], "code": "code" });
    Box::pin(async move {
        let request = World::request("POST", "/wechat/phone", &body);
        route(world, &world.config, &request, "id").await
    })
}

/// Polls all of them once; gives the codes of those that ended, and removes these.
fn poll(asking: &mut Vec<Asking<'_>>) -> Vec<&'static str> {
    let mut context = Context::from_waker(Waker::noop());
    let mut ended = Vec::new();
    asking.retain_mut(|request| match request.as_mut().poll(&mut context) {
        Poll::Ready(answer) => {
            ended.push(answer.error.map_or("success", |error| error.code()));
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
fn eight_at_once_share_one_failure_and_the_next_begins_anew() {
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
    assert_eq!(fetches(&world), 1, "no second fetch began");
    world.wechat_says(TOKEN);
    world.wechat_says(PHONE);
    let mut next = vec![phone(&world, &tokens)];
    assert_eq!(poll(&mut next), ["success"]);
    assert_eq!(fetches(&world), 2);
}

#[test]
fn eight_at_once_share_one_token() {
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
fn a_fetcher_whose_client_hung_up_holds_the_next_no_longer_than_a_call_may_take() {
    let (world, tokens) = world();
    let mut gone = vec![phone(&world, &tokens)];
    poll(&mut gone);
    drop(gone);
    let mut asking = vec![phone(&world, &tokens)];
    world.now.set(NOW + 5_000);
    assert!(poll(&mut asking).is_empty());
    assert_eq!(fetches(&world), 1, "it may still end");
    world.now.set(NOW + 5_250);
    world.wechat_says(TOKEN);
    world.wechat_says(PHONE);
    world.wechat_hangs.set(false);
    assert_eq!((poll(&mut asking), fetches(&world)), (vec!["success"], 2));
}

/// The first fetch is slow, not abandoned, and ends with a failure after the second has begun.
#[test]
fn the_end_of_an_older_fetch_is_not_taken_for_that_of_a_newer_one() {
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
