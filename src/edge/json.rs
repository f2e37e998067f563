//! JSON of our own making, back from where it was kept. Always by way of `str`: a second copy of
//! serde_json for bytes would be 10 KB of the bundle.

use serde::de::DeserializeOwned;

/// What the bytes say, if they say it as `T`.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    serde_json::from_str(core::str::from_utf8(bytes).ok()?).ok()
}
