//! Versions of base libraries, as `SDKVersion` spells them: "3.8.0".

/// A base library's version: major, minor, patch.
///
/// The order is numeric, part by part: 2.10.4 is newer than 2.9.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub [u32; 3]);

impl Version {
    /// Reads a version. A part that is missing or not a number counts as 0, so an unknown spelling is older than any
    /// real version.
    pub fn parse(text: &str) -> Self {
        let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
        Self(core::array::from_fn(|_| parts.next().unwrap_or(0)))
    }
}
