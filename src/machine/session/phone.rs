//! Phone codes: each costs money, can be redeemed once, and is lost after that (§1.3). So a code is
//! sent once, and callers that submit the same code share its answer.

use crate::machine::event::WaiterId;
use crate::machine::tokens::PhoneCode;
use std::collections::VecDeque;

/// Redeemed codes that are remembered: more than the taps within a code's life of five minutes.
const REMEMBERED: usize = 16;
/// Most codes under way together: more than a person can tap.
const MOST_UNDER_WAY: usize = 64;

#[derive(Debug, Clone, Default)]
pub(super) struct PhoneCodes(VecDeque<Redemption>);

#[derive(Debug, Clone)]
struct Redemption {
    code: PhoneCode,
    /// The caller whose request carries the code.
    first: WaiterId,
    /// Callers that wait for the same answer.
    others: Vec<WaiterId>,
    done: bool,
}

/// Result of submitting a code.
pub(super) enum Submission {
    /// The code is new: send it.
    New,
    /// The code is under way.
    Joined,
    /// The code was answered before.
    Used,
    /// Too many other codes are under way.
    TooMany,
}

impl PhoneCodes {
    pub(super) fn submit(&mut self, waiter: WaiterId, code: PhoneCode) -> Submission {
        match self.0.iter_mut().find(|known| known.code.reveal() == code.reveal()) {
            Some(known) if known.done => Submission::Used,
            Some(known) => {
                known.others.push(waiter);
                Submission::Joined
            }
            None => {
                while self.0.len() >= REMEMBERED && self.0.front().is_some_and(|oldest| oldest.done) {
                    self.0.pop_front();
                }
                if self.0.len() >= MOST_UNDER_WAY {
                    return Submission::TooMany;
                }
                self.0.push_back(Redemption { code, first: waiter, others: Vec::new(), done: false });
                Submission::New
            }
        }
    }

    /// Ends the redemption of the caller `first`; returns the callers that share its result. A code
    /// that is not spent may be submitted again.
    pub(super) fn settle(&mut self, first: WaiterId, is_spent: bool) -> Vec<WaiterId> {
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

    /// Whether the caller waits for a code under way. Such a caller cannot cancel, since the number
    /// that was paid for would be lost.
    pub(super) fn is_awaited_by(&self, waiter: WaiterId) -> bool {
        self.0.iter().any(|known| !known.done && (known.first == waiter || known.others.contains(&waiter)))
    }
}
