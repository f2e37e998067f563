//! Phone codes: each is paid for, single use, and no longer known after use (§1.3). So one code is
//! sent once, however often a page hands it in; who comes second gets the first one's answer.

use crate::machine::event::WaiterId;
use crate::machine::tokens::PhoneCode;
use std::collections::VecDeque;

/// A code lives five minutes; nobody taps more often.
const REMEMBERED: usize = 16;
/// More codes than this are not sent at once: no person taps so fast.
const MOST_UNDER_WAY: usize = 64;

#[derive(Debug, Clone, Default)]
pub(crate) struct PhoneCodes(VecDeque<Redemption>);

#[derive(Debug, Clone)]
struct Redemption {
    code: PhoneCode,
    /// Whose request it is.
    first: WaiterId,
    /// Who waits for the same answer.
    others: Vec<WaiterId>,
    done: bool,
}

/// What handing in a code comes to.
pub(crate) enum HandedIn {
    /// Nobody had it before: send it.
    New,
    /// It is on its way.
    Joined,
    /// It was answered before.
    Used,
    /// Too many others are on their way.
    TooMany,
}

impl PhoneCodes {
    pub(crate) fn hand_in(&mut self, waiter: WaiterId, code: PhoneCode) -> HandedIn {
        match self.0.iter_mut().find(|known| known.code.reveal() == code.reveal()) {
            Some(known) if known.done => HandedIn::Used,
            Some(known) => {
                known.others.push(waiter);
                HandedIn::Joined
            }
            None => {
                while self.0.len() >= REMEMBERED && self.0.front().is_some_and(|oldest| oldest.done) {
                    self.0.pop_front();
                }
                if self.0.len() >= MOST_UNDER_WAY {
                    return HandedIn::TooMany;
                }
                self.0.push_back(Redemption { code, first: waiter, others: Vec::new(), done: false });
                HandedIn::New
            }
        }
    }

    /// The first one's caller is told; gives who else waits for that. A code that is not spent
    /// may be handed in again.
    pub(crate) fn settle(&mut self, first: WaiterId, is_spent: bool) -> Vec<WaiterId> {
        let Some(at) = self.0.iter().position(|known| known.first == first && !known.done) else {
            return Vec::new();
        };
        let others = self.0.get_mut(at).map(|known| {
            known.done = true;
            core::mem::take(&mut known.others)
        });
        if !is_spent {
            self.0.remove(at);
        }
        others.unwrap_or_default()
    }

    /// Whose request carries a code, or waits for one that does: such a caller is not let go
    /// early, since nobody would learn the number that was paid for.
    pub(crate) fn has(&self, waiter: WaiterId) -> bool {
        self.0.iter().any(|known| !known.done && (known.first == waiter || known.others.contains(&waiter)))
    }
}
