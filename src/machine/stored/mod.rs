//! The format of the two entries in storage: lines of words separated by one space.
//!
//! The first word of an entry is its version. The last is a full stop, so that a truncated entry is
//! recognised.

mod record;
mod revocations;
mod status;
mod words;

pub(super) use record::{Epochs, Held, ParsedRecord, Record};
pub(super) use revocations::{PendingRevocation, PendingRevocations};
pub(super) use status::Status;

use words::{ANY_VERSION, END, EVERYWHERE, NONE};

/// An entry without its secrets, for the flight recorder. The result parses like the entry.
pub(super) fn redacted(line: &str) -> String {
    let first_secret = if Status::parse(line).is_some() {
        3
    } else {
        match Record::parse(line) {
            ParsedRecord::Absent if line.is_empty() => return String::new(),
            ParsedRecord::Absent => return "unreadable".to_owned(),
            ParsedRecord::Unreadable => return format!("{ANY_VERSION} unreadable"),
            ParsedRecord::Current(_) | ParsedRecord::Old(..) => 7,
        }
    };
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    for word in words.iter_mut().skip(first_secret).filter(|word| ![NONE, END].contains(&word.as_str())) {
        *word = if word.starts_with(EVERYWHERE) { "*redacted".into() } else { "redacted".into() };
    }
    words.join(" ")
}
