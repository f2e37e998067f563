//! The state that `auth.state` shows.

use super::tokens::Generation;
use serde::Serialize;

/// The state that `auth.state` shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "client", derive(tsify::Tsify))]
pub struct State {
    /// Phase of the session.
    pub session: SessionState,
    /// Generation of the current session; 0 before the first.
    pub generation: Generation,
    /// Storage fails: the session lives in memory only.
    pub degraded: bool,
    /// The scopes that the user has answered about (§2.2).
    pub scopes: Vec<ScopeGrant>,
}

/// Phase of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "client", derive(tsify::Tsify))]
pub enum SessionState {
    /// Not launched yet.
    Starting,
    /// There is no session, and no login is under way.
    Guest,
    /// A login or renewal is under way.
    LoggingIn,
    /// There is a session.
    LoggedIn,
    /// The user logged out.
    LoggedOut,
}

/// The user's answer about one scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "client", derive(tsify::Tsify))]
pub struct ScopeGrant {
    /// WeChat's name of the scope, such as `scope.camera` (§2.1).
    pub scope: String,
    /// Whether the user granted it.
    pub granted: bool,
}
