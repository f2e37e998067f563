//! Words of the storage format.

/// First word of both entries.
pub(super) const VERSION: &str = "wxauth3";
/// First word of the single entry of earlier releases.
pub(super) const OLD_VERSION: &str = "wxauth2";
/// Prefix of the first word in all versions.
pub(super) const ANY_VERSION: &str = "wxauth";
/// Last word of an entry.
pub(super) const END: &str = ".";
/// An absent token.
pub(super) const NONE: &str = "-";
/// Prefix of a revocation that ends all sessions of the user; no token begins with it.
pub(super) const EVERYWHERE: char = '*';
