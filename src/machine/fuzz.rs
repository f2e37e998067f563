//! The fuzz target of the entries that the client keeps in storage, for `fuzz/` and, with its seeds, for `cargo test`.
#![allow(missing_docs, clippy::missing_panics_doc, clippy::panic, reason = "a target fails by panicking")]

use super::{Effect, Entry, Event, LoginMode, Machine, PrivacyMode, SessionState};

const NOW: u64 = 1_790_000_000_000;

/// Both entries in storage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Storage {
    record: String,
    status: String,
}

/// Two lines: the record and the status. Checks that a line without its secrets shows no token, and that a client which
/// starts with what another one has saved is in the same state. Returns that state.
pub fn stored(data: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(data);
    let (record, status) = text.split_once('\n').unwrap_or((&text, ""));
    for line in [record, status] {
        let redacted = Machine::redacted_record(line);
        assert_eq!(Machine::redacted_record(&redacted), redacted, "{line}");
        let secrets = redacted.split(' ').skip(7);
        let known = ["-", ".", "redacted", "*redacted"];
        assert!(secrets.clone().all(|word| known.contains(&word)), "{redacted}");
    }
    let mut storage = Storage { record: record.to_owned(), status: status.to_owned() };
    let state = launch(&mut storage);
    let saved = storage.clone();
    assert_eq!(launch(&mut storage), state, "{saved:?}");
    vec![format!("{state:?}")]
}

/// The session's state after a launch with a storage and a lock that answer, and no network.
fn launch(storage: &mut Storage) -> Option<SessionState> {
    let mut machine = Machine::new(LoginMode::OnDemand, PrivacyMode::Official, Vec::new());
    let mut state = None;
    let mut events = vec![Event::Launched { seed: 7 }];
    while let Some(event) = events.pop() {
        for effect in machine.handle(NOW, event) {
            match effect {
                Effect::AcquireLock { op, .. } => events.push(Event::LockAcquired { op, exclusive: true }),
                Effect::ReadRecord { op, .. } => {
                    let Storage { record, status } = storage.clone();
                    events.push(Event::RecordRead { op, record: Some(record), status: Some(status) });
                }
                Effect::Save { op, entry, value } => {
                    let text = value.unwrap_or_default();
                    match entry {
                        Entry::Record => storage.record = text,
                        Entry::Status => storage.status = text,
                    }
                    events.push(Event::Stored { op });
                }
                Effect::State { state: shown } => state = Some(shown.session),
                _ => {}
            }
        }
    }
    state
}

#[cfg(test)]
mod tests {
    /// Each seed and the state after it.
    #[test]
    fn every_seed_has_its_recorded_outcomes() {
        let states = ["LoggedIn", "LoggedIn", "LoggedOut", "LoggedOut", "Guest", "LoggedIn"];
        for (seed, state) in states.into_iter().enumerate() {
            let path = format!("{}/fuzz/seeds/stored/{seed}", env!("CARGO_MANIFEST_DIR"));
            let data = std::fs::read(path).unwrap_or_default();
            assert_eq!(super::stored(&data), [format!("Some({state})")], "{seed}");
        }
    }
}
