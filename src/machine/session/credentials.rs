//! The session as this context holds it: its record, and the servers' verdicts on its tokens.

use super::storage::Memory;
use crate::machine::clock::Clock;
use crate::machine::context::Context;
use crate::machine::effect::Effect;
use crate::machine::stored::{Held, Record, Status};
use crate::machine::tokens::{AccessToken, Generation, RefreshToken, Tokens};

/// Remaining life, in milliseconds, at which an access token is renewed before use: it has to be
/// valid when it reaches the server.
const LEEWAY_MS: u64 = 30_000;

#[derive(Debug, Clone, Default)]
pub(super) struct Credentials {
    pub(super) record: Record,
    /// The tokens were in storage, where other contexts see them.
    pub(super) is_stored: bool,
    /// A server refused the access token.
    access_refused: bool,
    /// The last refresh token that the edge refused.
    refused: Option<RefreshToken>,
    /// The access token that the host has.
    handed_over: Option<AccessToken>,
}

impl Credentials {
    pub(super) fn memory<'a>(&'a self, status: &'a Status) -> Memory<'a> {
        Memory { record: &self.record, status }
    }

    /// Whether the access token is valid, by all that is known here.
    pub(super) fn is_live(&self, clock: &Clock) -> bool {
        let in_time = |held: &Held| clock.server_now().saturating_add(LEEWAY_MS) < held.expires_at;
        !self.access_refused && self.record.held.as_ref().is_some_and(in_time)
    }

    pub(super) fn refresh_token(&self) -> Option<RefreshToken> {
        self.record.held.as_ref().map(|held| held.refresh_token.clone())
    }

    /// Whether the edge refused the refresh token. It still names the session that a login continues.
    pub(super) fn is_refresh_refused(&self) -> bool {
        match (&self.record.held, &self.refused) {
            (Some(held), Some(refused)) => held.refresh_token.reveal() == refused.reveal(),
            _ => false,
        }
    }

    pub(super) fn refuse_refresh(&mut self) {
        self.refused = self.refresh_token();
    }

    /// Applies an expiry reply to the generation it used; an older one says nothing about this one.
    pub(super) fn refuse_access(&mut self, generation: Generation) {
        if generation == self.record.generation {
            self.access_refused = true;
        }
    }

    /// Stores the edge's tokens. `from` is the generation that they follow.
    pub(super) fn store_tokens(&mut self, clock: &Clock, stamp: u64, tokens: Tokens, from: Generation) {
        let expires_at = clock.server_now().saturating_add(u64::from(tokens.expires_in_s) * 1000);
        let Tokens { access_token, refresh_token, .. } = tokens;
        let record = Record {
            stamp,
            generation: Generation(from.0.saturating_add(1)),
            offset: clock.offset(),
            epochs: self.record.epochs,
            held: Some(Held { access_token, refresh_token, expires_at }),
        };
        // Another context may have a later session by now.
        if record.compare(&self.record).is_gt() {
            self.replace(record, false);
        }
    }

    pub(super) fn replace(&mut self, record: Record, is_stored: bool) {
        self.record = record;
        self.is_stored = is_stored;
        self.access_refused = false;
    }

    /// Gives the host the access token that it is about to use, unless it has it.
    pub(super) fn hand_over_token(&mut self, cx: &mut Context) {
        let token = self.record.held.as_ref().map(|held| &held.access_token);
        if self.handed_over.as_ref().map(|token| token.reveal()) != token.map(|token| token.reveal()) {
            self.handed_over = token.cloned();
            cx.emit(Effect::SetToken { generation: self.record.generation, token: token.cloned() });
        }
    }

    /// Takes the access token back from the host after the session's end.
    pub(super) fn withdraw_token(&mut self, cx: &mut Context) {
        if self.record.held.is_none() {
            self.hand_over_token(cx);
        }
    }
}
