//! The session's record in storage: a line of words, versioned by its first and ended by a full
//! stop, so that a line that was cut short is recognised.
//!
//! Whether the user is logged out is in a second entry, see [`Status`].

use super::status::{Debt, EVERYWHERE, Status};
use crate::machine::tokens::{AccessToken, Generation, RefreshToken};
use core::cmp::Ordering;

/// First word of both entries.
pub(crate) const VERSION: &str = "wxauth3";
/// First word of the one entry that earlier releases wrote.
const OLD_VERSION: &str = "wxauth2";
/// First letters of every version's first word.
const ANY_VERSION: &str = "wxauth";
/// Last word of an entry.
pub(crate) const END: &str = ".";
/// Stands for "none", where a word must stand.
const NONE: &str = "-";

/// The session as it survives a restart, and as the contexts on one storage share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    /// [`Status::stamp`] under which the session began. A session of an earlier stamp was ended
    /// by a log-out.
    pub(crate) stamp: u64,
    pub(crate) generation: Generation,
    /// Server time minus phone time, in milliseconds.
    pub(crate) offset: i64,
    pub(crate) epochs: Epochs,
    pub(crate) held: Option<Held>,
}

/// Counts calls of `wx.login`, each of which may turn WeChat's session_key (§1.1). What
/// `wx.checkSession` answers is about the last one issued, so it says something about the edge's
/// key only while both numbers are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Epochs {
    pub(crate) issued: u32,
    /// The one whose code the edge answered with tokens.
    pub(crate) acknowledged: u32,
}

/// The tokens of the current session.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) access_token: AccessToken,
    pub(crate) refresh_token: RefreshToken,
    /// Server time, in milliseconds.
    pub(crate) expires_at: u64,
}

/// What the record's entry holds.
#[derive(Debug)]
pub(crate) enum Found {
    /// Nothing, or text that no release of this client wrote.
    Nothing,
    Record(Record),
    /// The entry of an earlier release, which had the status in it.
    Old(Record, Status),
    /// Cut short, or of a version that is not known here.
    Unreadable,
}

impl Epochs {
    /// The later of both in each number.
    pub(crate) fn join(self, other: Self) -> Self {
        Self { issued: self.issued.max(other.issued), acknowledged: self.acknowledged.max(other.acknowledged) }
    }
}

impl Record {
    /// Which of two records the contexts keep: the later log-in, in it the later renewal. The rest
    /// makes the choice the same in every context where two renewed the same token.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        let held =
            |record: &Self| record.held.as_ref().map(|held| (held.expires_at, held.refresh_token.reveal().to_owned()));
        (self.stamp, self.generation).cmp(&(other.stamp, other.generation)).then_with(|| held(self).cmp(&held(other)))
    }

    pub(crate) fn write(&self) -> String {
        let (access, refresh, expires_at) = match &self.held {
            Some(held) => (held.access_token.reveal(), held.refresh_token.reveal(), held.expires_at),
            None => (NONE, NONE, 0),
        };
        let numbers = [self.stamp, u64::from(self.generation.0)].map(|number| number.to_string());
        let epochs = [self.epochs.issued, self.epochs.acknowledged].map(|number| number.to_string());
        let words = [&[VERSION.to_owned()][..], &numbers, &[self.offset.to_string()], &epochs].concat();
        format!("{} {expires_at} {access} {refresh} {END}", words.join(" "))
    }

    pub(crate) fn read(line: &str) -> Found {
        let words: Vec<&str> = line.split(' ').collect();
        let found = match words.first() {
            Some(&VERSION) => Self::parse(&words).map(Found::Record),
            Some(&OLD_VERSION) => Self::parse_old(&words),
            Some(first) if first.starts_with(ANY_VERSION) => None,
            _ => return Found::Nothing,
        };
        found.unwrap_or(Found::Unreadable)
    }

    fn parse(words: &[&str]) -> Option<Self> {
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

    /// `wxauth2 generation offset logged_out issued acknowledged expires_at access refresh owed…`,
    /// without an end: where it was cut, the part before tells whether the user was logged out.
    fn parse_old(words: &[&str]) -> Option<Found> {
        let [_, generation, offset, logged_out, rest @ ..] = words else { return None };
        let logged_out = match *logged_out {
            "0" => false,
            "1" => true,
            _ => return None,
        };
        let (generation, offset) = (Generation(generation.parse().ok()?), offset.parse().ok()?);
        let mut record = Self { generation, offset, ..Self::default() };
        let mut status = Status { stamp: u64::from(logged_out), logged_out, owed: Vec::new() };
        if let [issued, acknowledged, expires_at, access, refresh, owed @ ..] = rest {
            if let (Ok(issued), Ok(acknowledged)) = (issued.parse(), acknowledged.parse()) {
                record.epochs = Epochs { issued, acknowledged };
            }
            record.held = parse_held(expires_at, access, refresh).flatten();
            status.owed = owed.iter().filter_map(|word| Debt::read(word)).collect();
        }
        record.stamp = status.stamp;
        Some(Found::Old(record, status))
    }
}

/// `None` where the words are no tokens.
fn parse_held(expires_at: &str, access: &str, refresh: &str) -> Option<Option<Held>> {
    let expires_at = expires_at.parse().ok()?;
    if (access, refresh) == (NONE, NONE) {
        return Some(None);
    }
    let access_token = AccessToken::parse(access.to_owned())?;
    let refresh_token = RefreshToken::parse(refresh.to_owned())?;
    Some(Some(Held { access_token, refresh_token, expires_at }))
}

/// A line of either entry without its secrets, for the flight recorder: it parses as the line
/// does, and holds no token.
pub(crate) fn redacted(line: &str) -> String {
    let secrets_from = if Status::read(line).is_some() {
        3
    } else {
        match Record::read(line) {
            Found::Nothing if line.is_empty() => return String::new(),
            Found::Nothing => return "unreadable".to_owned(),
            Found::Unreadable => return format!("{ANY_VERSION} unreadable"),
            Found::Record(_) | Found::Old(..) => 7,
        }
    };
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    for word in words.iter_mut().skip(secrets_from).filter(|word| ![NONE, END].contains(&word.as_str())) {
        *word = if word.starts_with(EVERYWHERE) { "*redacted".into() } else { "redacted".into() };
    }
    words.join(" ")
}
