//! Reading of JSON that the edge itself has written: records of the store, tokens and sealed codes.

use crate::wechat::Object;

/// A type that can be read from its stored JSON object.
///
/// A derived `Deserialize` of the same types adds 34 KB to the Worker.
pub(crate) trait Stored: Sized {
    /// The value; `None` if a field is missing or has another type.
    fn read(fields: &Object) -> Option<Self>;
}

/// Parses UTF-8 JSON. `None` if the bytes are not a JSON object of this type.
pub(crate) fn parse<T: Stored>(bytes: &[u8]) -> Option<T> {
    T::read(&Object::parse(core::str::from_utf8(bytes).ok()?)?)
}
