//! Model checking: every order of what can happen, to a depth, with stateright.
//!
//! Eight callers on two pages, a privacy sheet, `wx` calls that are answered well, badly, late or never, replies of
//! older generations, hiding and showing, storage that fails, a clock that is set. Deeper, and printed:
//! `MODEL_DEPTH=8 cargo test --release --test model -- --nocapture`.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod contexts;
mod host;
mod shared;

use host::World;
use stateright::{Checker, Model, Property};
use std::hash::{Hash, Hasher};
use wxauth::machine::{Event, LoginMode, Machine, PrivacyMode, SessionState};

/// Once faults stop, everything is over within so many wake-ups.
const TICKS: usize = 12;
/// What `npm test` has time for.
const DEPTH: usize = 7;

const DAY_MS: i64 = 86_400_000;

/// Which page makes which call, each once and in any order; both pages may be closed, which lets their callers go.
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
    /// The core is up and storage read; calls may come before.
    Launch,
    /// A call of [`CALLS`] is made.
    Call(usize),
    ClosePage(usize),
    /// The nth outstanding effect is answered, in any order and however late.
    Answer {
        nth: usize,
        well: bool,
    },
    /// The nth outstanding effect is never answered.
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
    /// Ten minutes without JavaScript, after which a timer runs first.
    Sleep,
    Jump {
        days: i64,
    },
    StorageFails,
}

struct Phone {
    login: LoginMode,
}

/// The world, told from another by all that it has and the machine remembers.
#[derive(Debug, Clone)]
struct State(World);

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

impl Model for Phone {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let started = World::new(Machine::new(self.login, PrivacyMode::Handler, Vec::new()));
        let cold = started.clone().launched();
        vec![State(started), State(cold.clone()), State(cold.clone().logged_in()), State(cold.logged_in().consented())]
    }

    fn actions(&self, State(world): &State, actions: &mut Vec<Action>) {
        if world.broken.is_some() {
            return;
        }
        if world.state == SessionState::Starting {
            actions.push(Action::Launch);
        }
        for (index, (page, _)) in CALLS.iter().enumerate() {
            if world.called & (1 << index) == 0 && world.pages_open.get(*page) == Some(&true) {
                actions.push(Action::Call(index));
            }
        }
        actions.extend((0..2).filter(|page| world.pages_open.get(*page) == Some(&true)).map(Action::ClosePage));
        for nth in 0..world.outstanding.len() {
            actions.push(Action::Answer { nth, well: true });
            if world.faults > 0 {
                actions.push(Action::Answer { nth, well: false });
                actions.push(Action::Lose { nth });
            }
        }
        for (&waiter, used) in &world.open {
            if used.is_some() {
                actions.push(Action::Reply { waiter, status: 200 });
                if world.faults > 0 {
                    actions.push(Action::Reply { waiter, status: 401 });
                    actions.push(Action::LoseReply { waiter });
                }
            }
        }
        actions.push(Action::Tick);
        if world.hidden {
            actions.push(Action::Show);
        } else if world.hides > 0 {
            actions.push(Action::Hide);
        }
        if world.sleeps > 0 {
            actions.push(Action::Sleep);
        }
        if world.jumps > 0 {
            actions.extend([Action::Jump { days: 2 }, Action::Jump { days: -2 }]);
        }
        if world.storage_failures > 0 {
            actions.push(Action::StorageFails);
        }
    }

    fn next_state(&self, State(world): &State, action: Action) -> Option<State> {
        let mut world = world.clone();
        match action {
            Action::Call(index) => {
                let (_, call) = CALLS.get(index).copied()?;
                world.called |= 1 << index;
                let waiter = u32::try_from(index).ok()? + 1;
                world.call(
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
            Action::Launch => world.launch(),
            Action::ClosePage(page) => {
                *world.pages_open.get_mut(page)? = false;
                for (index, (of, _)) in CALLS.iter().enumerate() {
                    let waiter = u32::try_from(index).ok()? + 1;
                    if *of == page && world.open.contains_key(&waiter) {
                        world.tell(Event::Cancelled(waiter));
                    }
                }
            }
            Action::Answer { nth, well } => {
                world.faults -= u8::from(!well);
                world.answer(nth, well);
            }
            Action::Reply { waiter, status } => {
                world.faults -= u8::from(status != 200);
                world.reply(waiter, status);
            }
            Action::Lose { nth } => {
                world.faults -= 1;
                world.lose(nth);
            }
            Action::LoseReply { waiter } => {
                world.faults -= 1;
                world.lose_reply(waiter);
            }
            Action::Tick => {
                world.tick();
            }
            Action::Hide => {
                world.hides -= 1;
                world.hidden = true;
                world.tell(Event::Hidden);
            }
            Action::Show => {
                world.hidden = false;
                world.sleep(Event::Shown);
            }
            Action::Sleep => {
                world.sleeps -= 1;
                world.sleep(Event::Tick);
            }
            Action::Jump { days } => {
                world.jumps -= 1;
                world.jump(days * DAY_MS);
            }
            Action::StorageFails => {
                world.storage_failures -= 1;
                world.storage_fails = true;
            }
        }
        Some(State(world))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("no promise is broken", |_, State(world)| {
                if let Some(promise) = world.broken {
                    eprintln!("broken: {promise}");
                }
                world.broken.is_none()
            }),
            Property::always("once faults stop, everything is over", |_, State(world)| {
                world.clone().comes_to_rest_within(TICKS).is_some()
            }),
            // Not vacuous: these are reached.
            Property::sometimes("a request is replayed with a newer generation", |_, State(world)| world.replayed),
            Property::sometimes("the scope was denied", |_, State(world)| world.denied),
        ]
    }
}

fn check(login: LoginMode) {
    let depth = std::env::var("MODEL_DEPTH").ok().and_then(|depth| depth.parse().ok()).unwrap_or(DEPTH);
    let checker = Phone { login }.checker().threads(2).target_max_depth(depth).spawn_bfs().join();
    println!(
        "{login:?}: {} unique states of {}, depth {}, at rest within {TICKS} ticks from each",
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
