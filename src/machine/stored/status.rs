//! The status entry: whether the user is logged out, and the pending revocations.
//!
//! Only a log-out, a login after one, and a revocation change it. A renewal never writes it, so a
//! renewal in another context cannot undo a log-out.

use super::revocations::PendingRevocations;
use super::words::{END, VERSION};

const LOGGED_IN: &str = "in";
const LOGGED_OUT: &str = "out";

#[derive(Debug, Clone, Default)]
pub(in crate::machine) struct Status {
    /// Time of the last log-out, or of the login after it: the phone's clock in milliseconds, and
    /// always more than every stamp seen before. Of two statuses the higher stamp wins.
    pub(in crate::machine) stamp: u64,
    pub(in crate::machine) logged_out: bool,
    pub(in crate::machine) pending_revocations: PendingRevocations,
}

impl Status {
    /// Whether this status wins over `other`. Of the same stamp, a log-out wins.
    pub(in crate::machine) fn is_later_than(&self, other: &Self) -> bool {
        (self.stamp, self.logged_out) > (other.stamp, other.logged_out)
    }

    /// Formats the entry: `wxauth3 stamp in|out token… .`
    pub(in crate::machine) fn write(&self) -> String {
        let word = if self.logged_out { LOGGED_OUT } else { LOGGED_IN };
        let mut line = format!("{VERSION} {} {word} ", self.stamp);
        self.pending_revocations.write(&mut line);
        line + END
    }

    /// Parses an entry. `None` if its first three words are incomplete or of another version; an
    /// entry truncated later loses only the revocations at its end.
    pub(in crate::machine) fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        if words.next()? != VERSION {
            return None;
        }
        let stamp = words.next()?.parse().ok()?;
        let logged_out = match words.next()? {
            LOGGED_OUT => true,
            LOGGED_IN => false,
            _ => return None,
        };
        let mut tokens: Vec<&str> = words.collect();
        // The end, or a token that may be truncated.
        tokens.pop();
        Some(Self { stamp, logged_out, pending_revocations: PendingRevocations::parse(&tokens) })
    }
}
