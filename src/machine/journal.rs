//! The one record the client keeps in storage: a line of words, versioned by its first.
//!
//! A record that does not parse (another version, cut short, someone else's) is no record: the
//! client starts afresh, which costs one silent login.

use super::tokens::{AccessToken, Generation, RefreshToken};

const VERSION: &str = "wxauth1";
/// Stands for "none", where a word must stand.
const NONE: &str = "-";
/// More sessions than this are not remembered for revoking; their own lifetime ends them.
const MAX_OWED: usize = 4;

/// What survives a restart.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    pub(crate) generation: Generation,
    /// Server time minus phone time, in milliseconds.
    pub(crate) offset: i64,
    pub(crate) logged_out: bool,
    pub(crate) held: Option<Held>,
    /// Sessions the user ended while the edge could not be told.
    pub(crate) owed: Vec<RefreshToken>,
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
    pub(crate) fn owe(&mut self, token: RefreshToken) {
        if self.owed.len() < MAX_OWED {
            self.owed.push(token);
        }
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
            expires_at.to_string(),
            access.to_owned(),
            refresh.to_owned(),
        ];
        words.extend(self.owed.iter().map(|token| token.reveal().to_owned()));
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
        let expires_at = words.next()?.parse().ok()?;
        let held = match (words.next()?, words.next()?) {
            (NONE, NONE) => None,
            (access, refresh) => Some(Held {
                access_token: AccessToken::parse(access.to_owned())?,
                refresh_token: RefreshToken::parse(refresh.to_owned())?,
                expires_at,
            }),
        };
        let owed = words.map(|word| RefreshToken::parse(word.to_owned())).collect::<Option<_>>()?;
        Some(Self { generation, offset, logged_out, held, owed })
    }
}
