//! Reading a body of bounded size within a deadline: what claims to be small may still be endless, and
//! what has begun may never end.

use super::deadline::{Deadline, Missed};
use js_sys::{JsString, Promise, Uint8Array};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    pub(super) type Headers;
    #[wasm_bindgen(method)]
    pub(super) fn get(this: &Headers, name: &JsString) -> Option<String>;

    type Message;
    #[wasm_bindgen(method, getter)]
    fn body(this: &Message) -> Option<ReadableStream>;
    #[wasm_bindgen(method, catch, js_name = arrayBuffer)]
    fn array_buffer(this: &Message) -> Result<Promise, JsValue>;

    type ReadableStream;
    #[wasm_bindgen(method, js_name = getReader)]
    fn get_reader(this: &ReadableStream) -> Reader;

    type Reader;
    #[wasm_bindgen(method, catch)]
    fn read(this: &Reader) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn cancel(this: &Reader) -> Result<Promise, JsValue>;

    type Part;
    #[wasm_bindgen(method, getter)]
    fn done(this: &Part) -> bool;
    #[wasm_bindgen(method, getter)]
    fn value(this: &Part) -> Uint8Array;
}

thread_local! {
    static CONTENT_ENCODING: JsString = "content-encoding".into();
    static CONTENT_LENGTH: JsString = "content-length".into();
}

/// Why there is no body.
pub(super) enum Unread {
    TooLarge,
    /// The stream failed, with this.
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

impl Headers {
    /// The body's length, where HTTP itself holds the sender to it: a packed body's is not that of what
    /// comes out.
    pub(super) fn announced(&self) -> Option<usize> {
        let length = CONTENT_LENGTH.with(|name| self.get(name))?.parse().ok()?;
        CONTENT_ENCODING.with(|name| self.get(name)).is_none().then_some(length)
    }
}

/// Reads the body of a request or response: at once where a small length was `announced`, and else
/// counted on the way.
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
        let part = deadline.race(reader.read().map_err(Unread::Failed)?).await?.unchecked_into::<Part>();
        if part.done() {
            return Ok(bytes);
        }
        let chunk = part.value();
        if bytes.len() + chunk.length() as usize > max {
            // The sender need not be heard out; whether it takes note is its affair.
            if let Ok(cancelled) = reader.cancel() {
                let _ = deadline.race(cancelled).await;
            }
            return Err(Unread::TooLarge);
        }
        bytes.extend(chunk.to_vec());
    }
}
