//! Sessions that the user ended and that the edge has not revoked yet.

use super::words::EVERYWHERE;
use crate::machine::tokens::RefreshToken;

/// Most revocations that are kept. One more replaces the oldest, whose session ends when it expires.
const MAX_PENDING: usize = 16;

#[derive(Debug, Clone, Default)]
pub(in crate::machine) struct PendingRevocations(Vec<PendingRevocation>);

/// A session to be revoked at the edge.
#[derive(Debug, Clone)]
pub(in crate::machine) struct PendingRevocation {
    pub(in crate::machine) refresh_token: RefreshToken,
    /// Also end all other sessions of the user.
    pub(in crate::machine) everywhere: bool,
    /// Added by this context, which keeps it until the edge has revoked it, even if it disappears
    /// from storage.
    pub(in crate::machine) own: bool,
}

impl PendingRevocation {
    pub(super) fn parse(word: &str) -> Option<Self> {
        let (token, everywhere) = word.strip_prefix(EVERYWHERE).map_or((word, false), |token| (token, true));
        Some(Self { refresh_token: RefreshToken::parse(token.to_owned())?, everywhere, own: false })
    }

    pub(in crate::machine) fn is_of(&self, refresh_token: &RefreshToken) -> bool {
        self.refresh_token.reveal() == refresh_token.reveal()
    }
}

impl PendingRevocations {
    /// Parses the words that are revocations; skips others.
    pub(super) fn parse(words: &[&str]) -> Self {
        Self(words.iter().filter_map(|word| PendingRevocation::parse(word)).collect())
    }

    /// Appends the words, each followed by a space.
    pub(super) fn write(&self, line: &mut String) {
        for revocation in &self.0 {
            if revocation.everywhere {
                line.push(EVERYWHERE);
            }
            line.push_str(revocation.refresh_token.reveal());
            line.push(' ');
        }
    }

    pub(in crate::machine) fn as_slice(&self) -> &[PendingRevocation] {
        &self.0
    }

    /// Adds a revocation, or merges it with one of the same token.
    pub(in crate::machine) fn add(&mut self, revocation: PendingRevocation) {
        if let Some(known) = self.0.iter_mut().find(|known| known.is_of(&revocation.refresh_token)) {
            known.everywhere |= revocation.everywhere;
            known.own |= revocation.own;
            return;
        }
        if self.0.len() >= MAX_PENDING {
            self.0.remove(0);
        }
        self.0.push(revocation);
    }

    pub(in crate::machine) fn contains(&self, refresh_token: &RefreshToken) -> bool {
        self.0.iter().any(|known| known.is_of(refresh_token))
    }

    /// Keeps the revocations for which `keeps` is true; returns whether any was dropped.
    pub(in crate::machine) fn retain(&mut self, keeps: impl Fn(&PendingRevocation) -> bool) -> bool {
        let before = self.0.len();
        self.0.retain(keeps);
        self.0.len() < before
    }

    pub(in crate::machine) fn end_all_sessions(&mut self) {
        for revocation in &mut self.0 {
            revocation.everywhere = true;
        }
    }
}
