//! Model checking with stateright: every order of events, to a fixed depth.
//!
//! This file has the model of one phone: eight callers on two pages, a privacy popup, `wx` calls that succeed, fail,
//! answer late or never, replies to older generations, hiding and showing, failing storage, clock changes.
//! [`shared`] has the model of two contexts on one storage.
//!
//! `MODEL_DEPTH=8 cargo test --release --test model -- --nocapture` searches deeper and prints the number of states.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod contexts;
mod host;
mod shared;
mod state;

use host::Host;
use state::State;
use stateright::{Checker, Model, Property};
use wxauth::machine::{Event, LoginMode, Machine, PrivacyMode, SessionState};

/// Most wake-ups, after the last fault, until everything is settled.
const TICKS: usize = 12;
/// Depth for which `npm test` has time.
const DEPTH: usize = 7;

const DAY_MS: i64 = 86_400_000;

/// The pages and their calls, each once and in any order. Closing a page cancels its callers.
const CALLS: [(usize, Call); 8] = [
    (0, Call::Request),
    (1, Call::Request),
    (0, Call::OpenData),
    (0, Call::Ensure),
    (1, Call::Ensure),
    (1, Call::Logout),
    (0, Call::Login),
    (1, Call::Ready),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Call {
    Request,
    OpenData,
    Ensure,
    Logout,
    Login,
    Ready,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Action {
    /// The core is loaded and storage read; calls may come before.
    Launch,
    /// Makes a call of [`CALLS`].
    Call(usize),
    ClosePage(usize),
    /// Answers the nth outstanding effect, in any order and at any later time.
    Answer {
        nth: usize,
        succeeds: bool,
    },
    /// Loses the answer to the nth outstanding effect.
    Lose {
        nth: usize,
    },
    Reply {
        waiter: u32,
        status: u16,
    },
    LoseReply {
        waiter: u32,
    },
    Tick,
    Hide,
    Show,
    /// Ten minutes without JavaScript, then a timer.
    Sleep,
    Jump {
        days: i64,
    },
    StorageFails,
}

struct PhoneModel {
    login: LoginMode,
}

impl Model for PhoneModel {
    type State = State<Host>;
    type Action = Action;

    fn init_states(&self) -> Vec<State<Host>> {
        let started = Host::new(Machine::new(self.login, PrivacyMode::Handler, Vec::new()));
        let cold = started.clone().launched();
        vec![State(started), State(cold.clone()), State(cold.clone().logged_in()), State(cold.logged_in().consented())]
    }

    fn actions(&self, State(host): &State<Host>, actions: &mut Vec<Action>) {
        if host.broken.is_some() {
            return;
        }
        if host.state == SessionState::Starting {
            actions.push(Action::Launch);
        }
        for (index, (page, _)) in CALLS.iter().enumerate() {
            if host.called & (1 << index) == 0 && host.pages_open.get(*page) == Some(&true) {
                actions.push(Action::Call(index));
            }
        }
        actions.extend((0..2).filter(|page| host.pages_open.get(*page) == Some(&true)).map(Action::ClosePage));
        for nth in 0..host.outstanding.len() {
            actions.push(Action::Answer { nth, succeeds: true });
            if host.faults > 0 {
                actions.push(Action::Answer { nth, succeeds: false });
                actions.push(Action::Lose { nth });
            }
        }
        for (&waiter, used) in &host.waiting {
            if used.is_some() {
                actions.push(Action::Reply { waiter, status: 200 });
                if host.faults > 0 {
                    actions.push(Action::Reply { waiter, status: 401 });
                    actions.push(Action::LoseReply { waiter });
                }
            }
        }
        actions.push(Action::Tick);
        if host.hidden {
            actions.push(Action::Show);
        } else if host.hides > 0 {
            actions.push(Action::Hide);
        }
        if host.sleeps > 0 {
            actions.push(Action::Sleep);
        }
        if host.jumps > 0 {
            actions.extend([Action::Jump { days: 2 }, Action::Jump { days: -2 }]);
        }
        if host.storage_failures > 0 {
            actions.push(Action::StorageFails);
        }
    }

    fn next_state(&self, State(host): &State<Host>, action: Action) -> Option<State<Host>> {
        let mut host = host.clone();
        match action {
            Action::Call(index) => {
                let (_, call) = CALLS.get(index).copied()?;
                host.called |= 1 << index;
                let waiter = u32::try_from(index).ok()? + 1;
                host.call(
                    waiter,
                    match call {
                        Call::Request => Event::Request { waiter, guest: false },
                        Call::OpenData => Event::OpenData(waiter),
                        Call::Ensure => Event::Ensure { waiter, scope: "scope.camera".into() },
                        Call::Logout => Event::Logout { waiter, everywhere: false },
                        Call::Login => Event::Login(waiter),
                        Call::Ready => Event::Ready(waiter),
                    },
                );
            }
            Action::Launch => host.launch(),
            Action::ClosePage(page) => {
                *host.pages_open.get_mut(page)? = false;
                for (index, (of, _)) in CALLS.iter().enumerate() {
                    let waiter = u32::try_from(index).ok()? + 1;
                    if *of == page && host.waiting.contains_key(&waiter) {
                        host.dispatch(Event::Cancelled(waiter));
                    }
                }
            }
            Action::Answer { nth, succeeds } => {
                host.faults -= u8::from(!succeeds);
                host.answer(nth, succeeds);
            }
            Action::Reply { waiter, status } => {
                host.faults -= u8::from(status != 200);
                host.reply(waiter, status);
            }
            Action::Lose { nth } => {
                host.faults -= 1;
                host.lose(nth);
            }
            Action::LoseReply { waiter } => {
                host.faults -= 1;
                host.lose_reply(waiter);
            }
            Action::Tick => {
                host.tick();
            }
            Action::Hide => {
                host.hides -= 1;
                host.hidden = true;
                host.dispatch(Event::Hidden);
            }
            Action::Show => {
                host.hidden = false;
                host.sleep(Event::Shown);
            }
            Action::Sleep => {
                host.sleeps -= 1;
                host.sleep(Event::Tick);
            }
            Action::Jump { days } => {
                host.jumps -= 1;
                host.jump(days * DAY_MS);
            }
            Action::StorageFails => {
                host.storage_failures -= 1;
                host.storage_fails = true;
            }
        }
        Some(State(host))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("no promise is broken", |_, State(host): &State<Host>| {
                if let Some(promise) = host.broken {
                    eprintln!("broken: {promise}");
                }
                host.broken.is_none()
            }),
            Property::always("after the last fault, everything settles", |_, State(host): &State<Host>| {
                host.clone().ticks_to_rest(TICKS).is_some()
            }),
            // Guards against vacuity: the search reaches these.
            Property::sometimes("a request is replayed with a newer generation", |_, State(host): &State<Host>| {
                host.replayed
            }),
            Property::sometimes("the scope was denied", |_, State(host): &State<Host>| host.denied),
        ]
    }
}

fn check(login: LoginMode) {
    let depth = std::env::var("MODEL_DEPTH").ok().and_then(|depth| depth.parse().ok()).unwrap_or(DEPTH);
    let checker = PhoneModel { login }.checker().threads(2).target_max_depth(depth).spawn_bfs().join();
    println!(
        "{login:?}: {} unique states of {}, depth {}; each settles within {TICKS} ticks",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth()
    );
    checker.assert_properties();
}

#[test]
fn a_phone_that_logs_in_silently_keeps_every_promise() {
    check(LoginMode::Silent);
}

#[test]
fn a_phone_that_logs_in_on_demand_keeps_every_promise() {
    check(LoginMode::OnDemand);
}
