//! The model of two contexts on one storage, which share one session: every order of their events, to a fixed depth.

use crate::contexts::{Budget, Contexts, Platform};
use crate::state::State;
use stateright::{Checker, Model, Property};
use wxauth::machine::{Event, SessionState};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Action {
    Request(usize),
    Logout(usize),
    Login(usize),
    /// Answers the nth outstanding effect of a context, in any order.
    Answer(usize, usize),
    /// Delivers the event that another context has written; it may come late or never.
    StorageEvent(usize),
    /// Applies an acknowledged write, in any order.
    ApplyWrite(usize),
    Crash(usize),
    Launch(usize),
    StorageFails,
    StorageWorks,
    /// A time longer than the life of access tokens and the edge's grace.
    Wait,
}

struct ContextsModel {
    platform: Platform,
    budget: Budget,
}

impl Model for ContextsModel {
    type State = State<Contexts>;
    type Action = Action;

    fn init_states(&self) -> Vec<State<Contexts>> {
        vec![State(Contexts::new(self.platform, self.budget.clone()))]
    }

    fn actions(&self, State(world): &State<Contexts>, actions: &mut Vec<Action>) {
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
            actions.extend(one.unseen_write.then_some(Action::StorageEvent(context)));
            actions.extend((requests > 0).then_some(Action::Request(context)));
            // Calls from before the launch take effect at the launch.
            let is_launched = one.state != SessionState::Starting;
            actions.extend((logouts > 0 && is_launched).then_some(Action::Logout(context)));
            actions.extend((logins > 0 && is_launched).then_some(Action::Login(context)));
            actions.extend((crashes > 0).then_some(Action::Crash(context)));
        }
        actions.extend((0..world.unapplied_writes.len()).map(Action::ApplyWrite));
        actions.extend((waits > 0 && world.is_quiet()).then_some(Action::Wait));
        if world.storage_fails {
            actions.push(Action::StorageWorks);
        } else if failures > 0 {
            actions.push(Action::StorageFails);
        }
    }

    fn next_state(&self, State(world): &State<Contexts>, action: Action) -> Option<State<Contexts>> {
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
            Action::StorageEvent(context) => world.deliver_storage_event(context),
            Action::ApplyWrite(nth) => world.apply_nth_write(nth),
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
        vec![Property::always("one session", |_, State(world): &State<Contexts>| {
            world.broken.map_or_else(|| world.ends_well(), Err).is_ok()
        })]
    }
}

/// Depth for which `npm test` has time.
const DEPTH: usize = 8;

const SOME: Budget = Budget { requests: 2, waits: 2, logouts: 1, logins: 1, crashes: 1, failures: 0 };
const NONE: Budget = Budget { requests: 0, waits: 0, logouts: 0, logins: 0, crashes: 0, failures: 0 };

/// Searches for a history that breaks a promise; returns the promise.
fn check(name: &str, platform: Platform, budget: Budget, depth: usize) -> Option<&'static str> {
    let depth = std::env::var("CONTEXTS_DEPTH").ok().and_then(|depth| depth.parse().ok()).unwrap_or(depth);
    let checker = ContextsModel { platform, budget }.checker().threads(2).target_max_depth(depth).spawn_bfs().join();
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
fn failing_storage_does_not_undo_a_log_out() {
    let budget = Budget { requests: 1, waits: 1, failures: 1, ..SOME };
    assert_eq!(check("storage fails", browser(), budget, DEPTH), None);
}

/// Guards against vacuity: the search finds the defects of earlier clients.
#[test]
fn the_defects_of_earlier_clients_are_found() {
    let once = Platform { reads_once: true, ..browser() };
    let renewals = Budget { requests: 3, waits: 3, ..NONE };
    let revoked = "the edge revoked a session because of its own contexts";
    assert_eq!(check("storage is read once", once, renewals, 10), Some(revoked));
    let empty = Platform { unreadable_is_empty: true, ..browser() };
    let restart = Budget { logouts: 1, crashes: 1, failures: 1, ..NONE };
    let unasked = "a login after a log-out without a call of login()";
    assert_eq!(check("unreadable storage is empty", empty, restart, 8), Some(unasked));
    let unordered = Platform { unordered_writes: true, ..browser() };
    let calls = Budget { logouts: 2, logins: 1, crashes: 1, ..NONE };
    let undone = "a log-out or a login was undone";
    assert_eq!(check("writes are applied in any order", unordered, calls, 8), Some(undone));
}
