//! Reading of bodies within a size limit and a deadline, whatever length the sender announces.

use super::deadline::{Deadline, Missed};
use super::externs::{Chunk, Headers, Message};
use js_sys::{JsString, Uint8Array};
use wasm_bindgen::prelude::*;

thread_local! {
    static CONTENT_ENCODING: JsString = "content-encoding".into();
    static CONTENT_LENGTH: JsString = "content-length".into();
}

/// A body that was not read to its end.
pub(super) enum Unread {
    TooLarge,
    /// The stream failed with this.
    Failed(JsValue),
    /// The deadline passed before its end.
    Overdue,
}

impl From<Missed> for Unread {
    fn from(missed: Missed) -> Self {
        match missed {
            Missed::Failed(error) => Self::Failed(error),
            Missed::Overdue => Self::Overdue,
        }
    }
}

/// `Content-Length` in bytes, only if there is no `Content-Encoding`: the length of a compressed body is not that of its
/// content.
pub(super) fn announced_length(headers: &Headers) -> Option<usize> {
    let length = CONTENT_LENGTH.with(|name| headers.value(name))?.parse().ok()?;
    CONTENT_ENCODING.with(|name| headers.value(name)).is_none().then_some(length)
}

/// Reads the body of a request or response of at most `max` bytes: in one step if the announced length is within the limit,
/// else chunk by chunk.
pub(super) async fn read(
    message: &JsValue,
    announced: Option<usize>,
    max: usize,
    deadline: &Deadline,
) -> Result<Vec<u8>, Unread> {
    let message = message.unchecked_ref::<Message>();
    if announced.is_some_and(|length| length <= max) {
        let bytes = deadline.race(message.array_buffer().map_err(Unread::Failed)?).await?;
        return Ok(Uint8Array::new(&bytes).to_vec());
    }
    let mut bytes = Vec::new();
    let Some(stream) = message.body() else { return Ok(bytes) };
    let reader = stream.get_reader();
    loop {
        let chunk = deadline.race(reader.read().map_err(Unread::Failed)?).await?.unchecked_into::<Chunk>();
        if chunk.done() {
            return Ok(bytes);
        }
        let part = chunk.bytes();
        if bytes.len() + part.length() as usize > max {
            // The sender may ignore the cancellation; the result is the same.
            if let Ok(cancelled) = reader.cancel() {
                let _ = deadline.race(cancelled).await;
            }
            return Err(Unread::TooLarge);
        }
        bytes.extend(part.to_vec());
    }
}
