//! The record entry: the session with its tokens, generation and epochs.

use super::revocations::PendingRevocations;
use super::status::Status;
use super::words::{ANY_VERSION, END, NONE, OLD_VERSION, VERSION};
use crate::machine::tokens::{AccessToken, Generation, RefreshToken};
use core::cmp::Ordering;

/// The session as it survives a restart, and as the contexts on one storage share it.
#[derive(Debug, Clone, Default)]
pub(in crate::machine) struct Record {
    /// The [`Status::stamp`] at which the session began. A log-out has ended a session of an earlier
    /// stamp.
    pub(in crate::machine) stamp: u64,
    pub(in crate::machine) generation: Generation,
    /// Server time minus phone time, in milliseconds.
    pub(in crate::machine) offset: i64,
    pub(in crate::machine) epochs: Epochs,
    pub(in crate::machine) held: Option<Held>,
}

/// Counters of `wx.login` calls, each of which may change WeChat's session_key (§1.1).
/// `wx.checkSession` answers for the last one issued, so its answer applies to the edge's key only
/// while both numbers are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::machine) struct Epochs {
    /// The last call.
    pub(in crate::machine) issued: u32,
    /// The last call whose code the edge exchanged for tokens.
    pub(in crate::machine) acknowledged: u32,
}

/// The tokens of the current session.
#[derive(Debug, Clone)]
pub(in crate::machine) struct Held {
    pub(in crate::machine) access_token: AccessToken,
    pub(in crate::machine) refresh_token: RefreshToken,
    /// Server time, in milliseconds since 1970.
    pub(in crate::machine) expires_at: u64,
}

/// Result of parsing the record's entry.
#[derive(Debug)]
pub(in crate::machine) enum ParsedRecord {
    /// The entry is empty, or no release of this client wrote it.
    Absent,
    Current(Record),
    /// The entry of an earlier release, which included the status.
    Old(Record, Status),
    /// The entry is truncated, or of an unknown version.
    Unreadable,
}

impl Epochs {
    /// The higher of both in each counter.
    pub(in crate::machine) fn join(self, other: Self) -> Self {
        Self { issued: self.issued.max(other.issued), acknowledged: self.acknowledged.max(other.acknowledged) }
    }
}

impl Record {
    /// Order in which contexts prefer records: the later login, then the later renewal. The expiry and
    /// token decide between two renewals of the same token, equally in every context.
    pub(in crate::machine) fn compare(&self, other: &Self) -> Ordering {
        let held =
            |record: &Self| record.held.as_ref().map(|held| (held.expires_at, held.refresh_token.reveal().to_owned()));
        (self.stamp, self.generation).cmp(&(other.stamp, other.generation)).then_with(|| held(self).cmp(&held(other)))
    }

    /// Formats the entry:
    /// `wxauth3 stamp generation offset issued acknowledged expires_at access refresh .`
    pub(in crate::machine) fn write(&self) -> String {
        let (access, refresh, expires_at) = match &self.held {
            Some(held) => (held.access_token.reveal(), held.refresh_token.reveal(), held.expires_at),
            None => (NONE, NONE, 0),
        };
        let numbers = [self.stamp, u64::from(self.generation.0)].map(|number| number.to_string());
        let epochs = [self.epochs.issued, self.epochs.acknowledged].map(|number| number.to_string());
        let words = [&[VERSION.to_owned()][..], &numbers, &[self.offset.to_string()], &epochs].concat();
        format!("{} {expires_at} {access} {refresh} {END}", words.join(" "))
    }

    pub(in crate::machine) fn parse(line: &str) -> ParsedRecord {
        let words: Vec<&str> = line.split(' ').collect();
        let parsed = match words.first() {
            Some(&VERSION) => Self::parse_current(&words).map(ParsedRecord::Current),
            Some(&OLD_VERSION) => Self::parse_old(&words),
            Some(first) if first.starts_with(ANY_VERSION) => None,
            _ => return ParsedRecord::Absent,
        };
        parsed.unwrap_or(ParsedRecord::Unreadable)
    }

    fn parse_current(words: &[&str]) -> Option<Self> {
        let [_, stamp, generation, offset, issued, acknowledged, expires_at, access, refresh, END] = words else {
            return None;
        };
        Some(Self {
            stamp: stamp.parse().ok()?,
            generation: Generation(generation.parse().ok()?),
            offset: offset.parse().ok()?,
            epochs: Epochs { issued: issued.parse().ok()?, acknowledged: acknowledged.parse().ok()? },
            held: parse_held(expires_at, access, refresh)?,
        })
    }

    /// Parses `wxauth2 generation offset logged_out issued acknowledged expires_at access refresh token…`,
    /// which has no end mark: a truncated entry still tells whether the user was logged out.
    fn parse_old(words: &[&str]) -> Option<ParsedRecord> {
        let [_, generation, offset, logged_out, rest @ ..] = words else { return None };
        let logged_out = match *logged_out {
            "0" => false,
            "1" => true,
            _ => return None,
        };
        let (generation, offset) = (Generation(generation.parse().ok()?), offset.parse().ok()?);
        let mut record = Self { generation, offset, ..Self::default() };
        let mut status = Status { stamp: u64::from(logged_out), logged_out, ..Status::default() };
        if let [issued, acknowledged, expires_at, access, refresh, tokens @ ..] = rest {
            if let (Ok(issued), Ok(acknowledged)) = (issued.parse(), acknowledged.parse()) {
                record.epochs = Epochs { issued, acknowledged };
            }
            record.held = parse_held(expires_at, access, refresh).flatten();
            status.pending_revocations = PendingRevocations::parse(tokens);
        }
        record.stamp = status.stamp;
        Some(ParsedRecord::Old(record, status))
    }
}

/// The outer `None` is a malformed word, the inner one a session without tokens.
fn parse_held(expires_at: &str, access: &str, refresh: &str) -> Option<Option<Held>> {
    let expires_at = expires_at.parse().ok()?;
    if (access, refresh) == (NONE, NONE) {
        return Some(None);
    }
    let access_token = AccessToken::parse(access.to_owned())?;
    let refresh_token = RefreshToken::parse(refresh.to_owned())?;
    Some(Some(Held { access_token, refresh_token, expires_at }))
}
