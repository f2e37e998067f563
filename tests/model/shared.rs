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
                world.wants_out = Some(true);
                world.call(context, |waiter| Event::Logout { waiter, everywhere: false });
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
        vec![
            Property::always("one session", |_, State(world)| {
                world.broken.map_or_else(|| world.ends_well(), Err).is_ok()
            }),
            Property::sometimes("both contexts renew", |_, State(world)| world.renewals > 1),
        ]
    }
}

const SOME: Budget = Budget { requests: 2, waits: 2, logouts: 1, logins: 1, crashes: 1, failures: 0 };

fn check(name: &str, platform: Platform, budget: Budget, depth: usize) -> impl Checker<Contexts> {
    let depth = std::env::var("CONTEXTS_DEPTH").ok().and_then(|depth| depth.parse().ok()).unwrap_or(depth);
    let checker = Contexts { platform, budget }.checker().threads(2).target_max_depth(depth).spawn_bfs().join();
    println!(
        "{name}: {} unique states of {}, depth {}",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth()
    );
    if let Some(path) = checker.discovery("one session") {
        let State(last) = path.last_state().clone();
        let why = last.broken.map_or_else(|| last.ends_well(), Err);
        println!("{name}: {why:?} by {:?}", path.into_actions());
    }
    checker
}

fn browser() -> Platform {
    Platform { browser: true, ..Platform::default() }
}

#[test]
fn two_tabs_are_one_session() {
    check("two tabs", browser(), SOME, 10).assert_properties();
}

#[test]
fn two_contexts_without_a_lock_are_one_session() {
    check("two contexts without a lock", Platform::default(), SOME, 10).assert_properties();
}

#[test]
fn storage_that_fails_undoes_no_log_out() {
    let budget = Budget { requests: 1, waits: 1, failures: 1, ..SOME };
    check("storage fails", browser(), budget, 9).assert_properties();
}

/// What the client did before has to be found, or the properties above say nothing.
#[test]
fn what_the_client_did_before_is_found() {
    let cases = [
        ("read once", Platform { reads_once: true, ..browser() }, SOME),
        ("unreadable is empty", Platform { unreadable_is_empty: true, ..browser() }, Budget { failures: 1, ..SOME }),
        ("unordered writes", Platform { unordered_writes: true, ..Platform::default() }, SOME),
    ];
    for (name, platform, budget) in cases {
        let found = check(name, platform, budget, 12).discovery("one session");
        assert!(found.is_some(), "{name}: not found");
    }
}
