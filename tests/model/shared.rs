//! Any number of contexts on one storage are one session: every order of what two of them do, to a depth.

use crate::contexts::{Budget, Platform, Shared};
use stateright::{Checker, Model, Property};
use std::hash::{Hash, Hasher};
use wxauth::machine::{Event, SessionState};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Action {
    Request(usize),
    Logout(usize),
    Login(usize),
    /// The nth outstanding effect of a context is answered, in any order.
    Answer(usize, usize),
    /// A context learns that another has written; until then, and if never, it has not.
    News(usize),
    /// An acknowledged write lands, in any order.
    Land(usize),
    Crash(usize),
    Launch(usize),
    StorageFails,
    StorageWorks,
    /// Longer than access tokens live and than the edge's grace.
    Wait,
}

#[derive(Debug, Clone)]
struct State(Shared);

impl State {
    fn text(&self) -> String {
        format!("{:?}", self.0)
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.text().hash(hasher);
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

struct Contexts {
    platform: Platform,
    budget: Budget,
}

impl Model for Contexts {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State(Shared::new(self.platform, self.budget.clone()))]
    }

    fn actions(&self, State(world): &State, actions: &mut Vec<Action>) {
        if world.broken.is_some() {
            return;
        }
        let Budget { requests, waits, logouts, logins, crashes, failures } = world.budget;
        for (context, one) in world.contexts.iter().enumerate() {
            let Some(one) = one else {
                actions.push(Action::Launch(context));
                continue;
            };
            actions.extend((0..one.outstanding.len()).map(|nth| Action::Answer(context, nth)));
            actions.extend(one.news.then_some(Action::News(context)));
            actions.extend((requests > 0).then_some(Action::Request(context)));
            // What is asked before the launch counts from the launch on.
            let is_launched = one.state != SessionState::Starting;
            actions.extend((logouts > 0 && is_launched).then_some(Action::Logout(context)));
            actions.extend((logins > 0 && is_launched).then_some(Action::Login(context)));
            actions.extend((crashes > 0).then_some(Action::Crash(context)));
        }
        actions.extend((0..world.landing.len()).map(Action::Land));
        actions.extend((waits > 0 && world.is_quiet()).then_some(Action::Wait));
        if world.storage_fails {
            actions.push(Action::StorageWorks);
        } else if failures > 0 {
            actions.push(Action::StorageFails);
        }
    }

    fn next_state(&self, State(world): &State, action: Action) -> Option<State> {
        let mut world = world.clone();
        match action {
            Action::Request(context) => {
                world.budget.requests -= 1;
                world.call(context, |waiter| Event::Request { waiter, guest: false });
            }
            Action::Logout(context) => {
                world.budget.logouts -= 1;
                world.log_out(context);
            }
            Action::Login(context) => {
                world.budget.logins -= 1;
                world.log_in(context);
            }
            Action::Answer(context, nth) => world.answer(context, nth),
            Action::News(context) => world.deliver_news(context),
            Action::Land(nth) => world.land_nth(nth),
            Action::Crash(context) => {
                world.budget.crashes -= 1;
                world.crash(context);
            }
            Action::Launch(context) => world.launch(context),
            Action::StorageFails => {
                world.budget.failures -= 1;
                world.storage_fails = true;
            }
            Action::StorageWorks => world.storage_fails = false,
            Action::Wait => {
                world.budget.waits -= 1;
                world.wait();
            }
        }
        Some(State(world))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("one session", |_, State(world)| {
            world.broken.map_or_else(|| world.ends_well(), Err).is_ok()
        })]
    }
}

/// What `npm test` has time for.
const DEPTH: usize = 8;

const SOME: Budget = Budget { requests: 2, waits: 2, logouts: 1, logins: 1, crashes: 1, failures: 0 };
const NONE: Budget = Budget { requests: 0, waits: 0, logouts: 0, logins: 0, crashes: 0, failures: 0 };

/// Why the first history that breaks the promise does, if one does.
fn check(name: &str, platform: Platform, budget: Budget, depth: usize) -> Option<&'static str> {
    let depth = std::env::var("CONTEXTS_DEPTH").ok().and_then(|depth| depth.parse().ok()).unwrap_or(depth);
    let checker = Contexts { platform, budget }.checker().threads(2).target_max_depth(depth).spawn_bfs().join();
    println!(
        "{name}: {} unique states of {}, depth {}",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth()
    );
    let path = checker.discovery("one session")?;
    let State(last) = path.last_state().clone();
    let why = last.broken.map_or_else(|| last.ends_well(), Err).err();
    println!("{name}: {why:?} by {:?}", path.into_actions());
    why
}

fn browser() -> Platform {
    Platform { browser: true, ..Platform::default() }
}

#[test]
fn two_tabs_are_one_session() {
    assert_eq!(check("two tabs", browser(), SOME, DEPTH), None);
}

#[test]
fn two_contexts_without_a_lock_are_one_session() {
    assert_eq!(check("two contexts without a lock", Platform::default(), SOME, DEPTH), None);
}

#[test]
fn storage_that_fails_undoes_no_log_out() {
    let budget = Budget { requests: 1, waits: 1, failures: 1, ..SOME };
    assert_eq!(check("storage fails", browser(), budget, DEPTH), None);
}

/// What the client did before has to be found, or the properties above say nothing.
#[test]
fn what_the_client_did_before_is_found() {
    let once = Platform { reads_once: true, ..browser() };
    let renewals = Budget { requests: 3, waits: 3, ..NONE };
    let buried = "a session was buried by its own contexts";
    assert_eq!(check("storage is read once", once, renewals, 10), Some(buried));
    let empty = Platform { unreadable_is_empty: true, ..browser() };
    let restart = Budget { logouts: 1, crashes: 1, failures: 1, ..NONE };
    let alone = "a login by itself after a log-out";
    assert_eq!(check("unreadable storage is empty", empty, restart, 8), Some(alone));
    let unordered = Platform { unordered_writes: true, ..browser() };
    let words = Budget { logouts: 2, logins: 1, crashes: 1, ..NONE };
    let undone = "a log-out was undone, or a log-in";
    assert_eq!(check("writes land in any order", unordered, words, 8), Some(undone));
}
