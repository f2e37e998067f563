//! The one record the client keeps in storage: a line of words, versioned by its first.
//!
//! A record that does not parse (another version, cut short, someone else's) is no record: the
//! client starts afresh, which costs one silent login.

use super::tokens::{AccessToken, Generation, RefreshToken};

const VERSION: &str = "wxauth2";
/// Stands for "none", where a word must stand.
const NONE: &str = "-";
/// Stands before the refresh token of a user who logged out everywhere; no token begins with it.
const EVERYWHERE: char = '*';
/// The words before this one are numbers.
const SECRETS_FROM: usize = 7;
/// More sessions than this are not remembered for revoking; their own lifetime ends them.
const MAX_OWED: usize = 4;

/// What survives a restart.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    pub(crate) generation: Generation,
    /// Server time minus phone time, in milliseconds.
    pub(crate) offset: i64,
    pub(crate) logged_out: bool,
    pub(crate) epochs: Epochs,
    pub(crate) held: Option<Held>,
    /// Sessions the user ended while the edge could not be told.
    pub(crate) owed: Vec<Debt>,
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

/// A session that is still to be ended at the edge.
#[derive(Debug, Clone)]
pub(crate) struct Debt {
    pub(crate) refresh_token: RefreshToken,
    /// And with it all others of this user.
    pub(crate) everywhere: bool,
}

/// The tokens of the current session.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) access_token: AccessToken,
    pub(crate) refresh_token: RefreshToken,
    /// Server time, in milliseconds.
    pub(crate) expires_at: u64,
}

impl Record {
    pub(crate) fn owe(&mut self, refresh_token: RefreshToken, everywhere: bool) {
        if self.owed.len() < MAX_OWED {
            self.owed.push(Debt { refresh_token, everywhere });
        }
    }

    /// The record without its secrets, for the flight recorder: it parses, and holds no token.
    pub(crate) fn redacted(line: &str) -> String {
        if Self::read(line).is_none() {
            return "unreadable".to_owned();
        }
        let mut words: Vec<&str> = line.split(' ').collect();
        for word in words.iter_mut().skip(SECRETS_FROM).filter(|word| **word != NONE) {
            *word = if word.starts_with(EVERYWHERE) { "*redacted" } else { "redacted" };
        }
        words.join(" ")
    }

    pub(crate) fn write(&self) -> String {
        let (access, refresh, expires_at) = match &self.held {
            Some(held) => (held.access_token.reveal(), held.refresh_token.reveal(), held.expires_at),
            None => (NONE, NONE, 0),
        };
        let mut words = vec![
            VERSION.to_owned(),
            self.generation.0.to_string(),
            self.offset.to_string(),
            u8::from(self.logged_out).to_string(),
            self.epochs.issued.to_string(),
            self.epochs.acknowledged.to_string(),
            expires_at.to_string(),
            access.to_owned(),
            refresh.to_owned(),
        ];
        for debt in &self.owed {
            let mut word = debt.refresh_token.reveal().to_owned();
            if debt.everywhere {
                word.insert(0, EVERYWHERE);
            }
            words.push(word);
        }
        words.join(" ")
    }

    pub(crate) fn read(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        if words.next()? != VERSION {
            return None;
        }
        let generation = Generation(words.next()?.parse().ok()?);
        let offset = words.next()?.parse().ok()?;
        let logged_out = match words.next()? {
            "0" => false,
            "1" => true,
            _ => return None,
        };
        let epochs = Epochs { issued: words.next()?.parse().ok()?, acknowledged: words.next()?.parse().ok()? };
        let expires_at = words.next()?.parse().ok()?;
        let held = match (words.next()?, words.next()?) {
            (NONE, NONE) => None,
            (access, refresh) => Some(Held {
                access_token: AccessToken::parse(access.to_owned())?,
                refresh_token: RefreshToken::parse(refresh.to_owned())?,
                expires_at,
            }),
        };
        let debt = |word: &str| {
            let (token, everywhere) = word.strip_prefix(EVERYWHERE).map_or((word, false), |token| (token, true));
            Some(Debt { refresh_token: RefreshToken::parse(token.to_owned())?, everywhere })
        };
        let owed = words.map(debt).collect::<Option<_>>()?;
        Some(Self { generation, offset, logged_out, epochs, held, owed })
    }
}
