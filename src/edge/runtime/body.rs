//! Reading a body of bounded size: what claims to be small may still be endless.

use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    type ReadableStream;
    #[wasm_bindgen(method, js_name = getReader)]
    fn get_reader(this: &ReadableStream) -> Reader;

    type Message;
    #[wasm_bindgen(method, catch, js_name = arrayBuffer)]
    async fn array_buffer(this: &Message) -> Result<JsValue, JsValue>;

    type Reader;
    #[wasm_bindgen(method, catch)]
    async fn read(this: &Reader) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    async fn cancel(this: &Reader) -> Result<JsValue, JsValue>;
}

/// Why there is no body.
pub(super) enum Unread {
    TooLarge,
    /// The stream failed, with this.
    Failed(JsValue),
}

/// Reads the body of a request or response. `length` is what its sender announced: a small one is held
/// to by HTTP itself, so the body is read at once; anything else is counted on the way.
pub(super) async fn read(message: &JsValue, length: Option<usize>, max: usize) -> Result<Vec<u8>, Unread> {
    if length.is_some_and(|length| length <= max) {
        let bytes = message.unchecked_ref::<Message>().array_buffer().await.map_err(Unread::Failed)?;
        return Ok(Uint8Array::new(&bytes).to_vec());
    }
    let mut bytes = Vec::new();
    let stream = Reflect::get(message, &"body".into()).unwrap_or(JsValue::NULL);
    if stream.is_null() || stream.is_undefined() {
        return Ok(bytes);
    }
    let reader = stream.unchecked_into::<ReadableStream>().get_reader();
    loop {
        let part = reader.read().await.map_err(Unread::Failed)?;
        let field = |name: &str| Reflect::get(&part, &name.into()).unwrap_or(JsValue::UNDEFINED);
        if field("done").is_truthy() {
            return Ok(bytes);
        }
        let chunk: Uint8Array = field("value").unchecked_into();
        if bytes.len() + chunk.length() as usize > max {
            // The sender need not be heard out; whether it takes note is its affair.
            let _ = reader.cancel().await;
            return Err(Unread::TooLarge);
        }
        bytes.extend(chunk.to_vec());
    }
}
