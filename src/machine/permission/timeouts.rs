//! Time limits of WeChat's permission calls.

/// Limit of a call that WeChat answers without the user, in milliseconds.
pub(super) const READ_TIMEOUT_MS: u32 = 5_000;
/// Limit of a dialog that the user answers, in milliseconds of running JavaScript.
pub(super) const DIALOG_TIMEOUT_MS: u32 = 60_000;
