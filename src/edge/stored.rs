//! JSON of our own making, back from where it was kept.

use crate::wechat::Object;

/// What is kept somewhere, sealed or signed, and read again.
pub(crate) trait Stored: Sized {
    fn read(fields: &Object) -> Option<Self>;
}

/// What the bytes say, if they say it as `T`.
pub(crate) fn parse<T: Stored>(bytes: &[u8]) -> Option<T> {
    T::read(&Object::parse(core::str::from_utf8(bytes).ok()?)?)
}
