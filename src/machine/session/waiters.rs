//! Callers whose promises are open: what each wants, and where its request stands.

use super::super::clock::Instant;
use super::super::context::{Context, after_shown};
use super::super::event::WaiterId;
use super::super::tokens::Generation;

/// WeChat's own default for a request is 60 s (§1.8); past that nobody will call back.
const REQUEST_TIMEOUT_MS: Instant = 65_000;
/// How often one request is sent again after an expiry reply.
const MAX_REPLAYS: u8 = 2;

#[derive(Debug, Clone, Default)]
pub(crate) struct Waiters(Vec<Waiter>);

#[derive(Debug, Clone)]
struct Waiter {
    id: WaiterId,
    wants: Wants,
    stage: Stage,
    replays: u8,
}

/// What a caller waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    Ready,
    Login,
    Token,
    Request {
        guest: bool,
    },
    /// A session whose key at the edge is the one WeChat encrypts with.
    Key,
    /// To send data encrypted with the key of this epoch; `None`: of one or the next, a login
    /// was under way.
    OpenData {
        epoch: Option<u32>,
    },
    /// A good key again, to be told that the payload is lost.
    TapAgain,
    /// To send a phone number's code.
    Phone,
}

impl Wants {
    /// Whether the edge's session_key matters.
    pub(crate) fn needs_key(self) -> bool {
        matches!(self, Self::Key | Self::OpenData { .. } | Self::TapAgain)
    }

    /// Whether a request of the caller's is to be sent.
    pub(crate) fn is_sendable(self) -> bool {
        matches!(self, Self::Request { .. } | Self::OpenData { .. } | Self::Phone)
    }
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    /// Waits for a session.
    Parked,
    /// The request is out, with the token of this generation.
    Sent { generation: Option<Generation>, deadline: Instant },
}

impl Waiters {
    pub(crate) fn park(&mut self, id: WaiterId, wants: Wants) {
        self.0.push(Waiter { id, wants, stage: Stage::Parked, replays: 0 });
    }

    /// The request has had its answer, and the caller now waits for something else.
    pub(crate) fn park_again(&mut self, id: WaiterId, wants: Wants) {
        if let Some(waiter) = self.0.iter_mut().find(|waiter| waiter.id == id) {
            waiter.wants = wants;
            waiter.stage = Stage::Parked;
        }
    }

    /// Lets a caller go; whether there was one.
    pub(crate) fn remove(&mut self, id: WaiterId) -> bool {
        let before = self.0.len();
        self.0.retain(|waiter| waiter.id != id);
        self.0.len() < before
    }

    pub(crate) fn wants(&self, id: WaiterId) -> Option<Wants> {
        self.0.iter().find(|waiter| waiter.id == id).map(|waiter| waiter.wants)
    }

    /// Who waits for a session, in the order they came.
    pub(crate) fn parked(&self) -> Vec<(WaiterId, Wants)> {
        let parked = self.0.iter().filter(|waiter| matches!(waiter.stage, Stage::Parked));
        parked.map(|waiter| (waiter.id, waiter.wants)).collect()
    }

    /// What is wanted by the caller of a request that is out.
    pub(crate) fn sent(&self, id: WaiterId) -> Option<Wants> {
        let sent = |waiter: &&Waiter| waiter.id == id && matches!(waiter.stage, Stage::Sent { .. });
        self.0.iter().find(sent).map(|waiter| waiter.wants)
    }

    /// The request goes out, with this generation's token or as a guest's.
    pub(crate) fn send(&mut self, cx: &Context, id: WaiterId, generation: Option<Generation>) {
        if let Some(waiter) = self.0.iter_mut().find(|waiter| waiter.id == id) {
            waiter.stage = Stage::Sent { generation, deadline: cx.clock.elapsed() + REQUEST_TIMEOUT_MS };
        }
    }

    /// The reply said "expired": parks the request again and tells which generation it had used.
    /// `None` where it used none, or was sent again often enough.
    pub(crate) fn take_back(&mut self, id: WaiterId) -> Option<Generation> {
        let waiter = self.0.iter_mut().find(|waiter| waiter.id == id)?;
        match waiter.stage {
            Stage::Sent { generation: Some(used), .. } if waiter.replays < MAX_REPLAYS => {
                waiter.replays += 1;
                waiter.stage = Stage::Parked;
                Some(used)
            }
            _ => None,
        }
    }

    pub(crate) fn allow_after_shown(&mut self, cx: &Context) {
        for waiter in &mut self.0 {
            if let Stage::Sent { deadline, .. } = &mut waiter.stage {
                *deadline = after_shown(*deadline, cx);
            }
        }
    }

    fn deadlines(&self) -> impl Iterator<Item = (WaiterId, Instant)> {
        self.0.iter().filter_map(|waiter| match waiter.stage {
            Stage::Sent { deadline, .. } => Some((waiter.id, deadline)),
            Stage::Parked => None,
        })
    }

    /// A request whose reply will not come any more.
    pub(crate) fn overdue(&self, cx: &Context) -> Option<WaiterId> {
        self.deadlines().find(|(_, deadline)| *deadline <= cx.clock.elapsed()).map(|(id, _)| id)
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines().map(|(_, deadline)| deadline).min()
    }
}
