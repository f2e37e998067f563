//! The second entry in storage: whether the user is logged out, and which sessions are still to be
//! revoked. Only a log-in after a log-out, a log-out and a revocation change it, so that no
//! renewal in another context can overwrite a log-out.

use super::record::{END, VERSION};
use crate::machine::tokens::RefreshToken;

/// Stands before the refresh token of a user who logged out everywhere; no token begins with it.
pub(crate) const EVERYWHERE: char = '*';
const IN: &str = "in";
const OUT: &str = "out";
/// More pending revocations than this are not kept: the oldest gives way, and its session ends by
/// its own lifetime.
const MAX_OWED: usize = 16;

/// Where the user stands, in all contexts of one storage.
#[derive(Debug, Clone, Default)]
pub(crate) struct Status {
    /// When the user last logged out, or logged in after that: the phone's clock in milliseconds,
    /// and always more than any stamp seen before. The higher stamp counts.
    pub(crate) stamp: u64,
    pub(crate) logged_out: bool,
    /// Sessions the user ended that the edge has not yet revoked.
    pub(crate) owed: Vec<Debt>,
}

/// A session that is still to be ended at the edge.
#[derive(Debug, Clone)]
pub(crate) struct Debt {
    pub(crate) refresh_token: RefreshToken,
    /// And with it all others of this user.
    pub(crate) everywhere: bool,
    /// Added by this context: it is kept here until the edge has revoked it, whatever storage says.
    pub(crate) own: bool,
}

impl Debt {
    pub(crate) fn read(word: &str) -> Option<Self> {
        let (token, everywhere) = word.strip_prefix(EVERYWHERE).map_or((word, false), |token| (token, true));
        Some(Self { refresh_token: RefreshToken::parse(token.to_owned())?, everywhere, own: false })
    }
}

impl Status {
    pub(crate) fn owe(&mut self, debt: Debt) {
        let same = |known: &&mut Debt| known.refresh_token.reveal() == debt.refresh_token.reveal();
        if let Some(known) = self.owed.iter_mut().find(same) {
            known.everywhere |= debt.everywhere;
            known.own |= debt.own;
            return;
        }
        if self.owed.len() >= MAX_OWED {
            self.owed.remove(0);
        }
        self.owed.push(debt);
    }

    pub(crate) fn owes(&self, refresh_token: &RefreshToken) -> bool {
        self.owed.iter().any(|debt| debt.refresh_token.reveal() == refresh_token.reveal())
    }

    /// Of two statuses the later; at the same instant, the log-out.
    pub(crate) fn is_later_than(&self, other: &Self) -> bool {
        (self.stamp, self.logged_out) > (other.stamp, other.logged_out)
    }

    pub(crate) fn write(&self) -> String {
        let word = if self.logged_out { OUT } else { IN };
        let mut line = format!("{VERSION} {} {word} ", self.stamp);
        for debt in &self.owed {
            if debt.everywhere {
                line.push(EVERYWHERE);
            }
            line.push_str(debt.refresh_token.reveal());
            line.push(' ');
        }
        line + END
    }

    /// `None` where even the beginning is missing, or of another version. A line that was cut
    /// later loses only the revocations at its end.
    pub(crate) fn read(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        if words.next()? != VERSION {
            return None;
        }
        let stamp = words.next()?.parse().ok()?;
        let logged_out = match words.next()? {
            OUT => true,
            IN => false,
            _ => return None,
        };
        let mut debts: Vec<&str> = words.collect();
        // The end, or a word that may have been cut.
        debts.pop();
        Some(Self { stamp, logged_out, owed: debts.into_iter().filter_map(Debt::read).collect() })
    }
}
