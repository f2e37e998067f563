//! Bindings to workerd. They are written by hand, because those of the `worker` crate cost a third of a small request: they
//! parse the URL, build a `cf` object and convert each header.

use js_sys::{JsString, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    // The bindings of wrangler.toml. A missing one is `undefined`.

    pub(super) type Bindings;
    #[wasm_bindgen(method, getter, js_name = SESSIONS)]
    pub(super) fn sessions(this: &Bindings) -> KvNamespace;
    #[wasm_bindgen(method, getter, js_name = ADDRESS_LIMIT)]
    pub(super) fn address_limit(this: &Bindings) -> Option<RateLimiter>;
    #[wasm_bindgen(method, getter, js_name = USER_LIMIT)]
    pub(super) fn user_limit(this: &Bindings) -> Option<RateLimiter>;

    // Workers KV.

    pub(super) type KvNamespace;
    #[wasm_bindgen(method, catch)]
    pub(super) fn get(this: &KvNamespace, name: &str, kind: &JsString) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub(super) fn put(
        this: &KvNamespace,
        name: &str,
        value: &Uint8Array,
        options: &PutOptions,
    ) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub(super) fn delete(this: &KvNamespace, name: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub(super) fn list(this: &KvNamespace, options: &Object) -> Result<Promise, JsValue>;

    pub(super) type PutOptions;
    #[wasm_bindgen(method, setter, js_name = expirationTtl)]
    pub(super) fn set_expiration_ttl(this: &PutOptions, seconds: f64);

    // Rate limits.

    pub(super) type RateLimiter;
    #[wasm_bindgen(method, catch)]
    pub(super) fn limit(this: &RateLimiter, options: &LimitOptions) -> Result<Promise, JsValue>;

    pub(super) type LimitOptions;
    #[wasm_bindgen(method, setter)]
    pub(super) fn set_key(this: &LimitOptions, key: &str);

    pub(super) type LimitOutcome;
    #[wasm_bindgen(method, getter)]
    pub(super) fn success(this: &LimitOutcome) -> bool;

    // Requests, responses and their bodies.

    pub(super) type Incoming;
    #[wasm_bindgen(method, getter)]
    pub(super) fn method(this: &Incoming) -> String;
    #[wasm_bindgen(method, getter)]
    pub(super) fn url(this: &Incoming) -> String;
    #[wasm_bindgen(method, getter)]
    pub(super) fn headers(this: &Incoming) -> Headers;

    #[wasm_bindgen(js_name = Response)]
    pub(super) type Outgoing;
    #[wasm_bindgen(constructor, catch, js_class = "Response")]
    pub(super) fn new(body: Option<&str>, init: &JsValue) -> Result<Outgoing, JsValue>;

    pub(super) type Headers;
    #[wasm_bindgen(method, js_name = get)]
    pub(super) fn value(this: &Headers, name: &JsString) -> Option<String>;

    /// A request or a response.
    pub(super) type Message;
    #[wasm_bindgen(method, getter)]
    pub(super) fn body(this: &Message) -> Option<ReadableStream>;
    #[wasm_bindgen(method, catch, js_name = arrayBuffer)]
    pub(super) fn array_buffer(this: &Message) -> Result<Promise, JsValue>;

    pub(super) type ReadableStream;
    #[wasm_bindgen(method, js_name = getReader)]
    pub(super) fn get_reader(this: &ReadableStream) -> Reader;

    pub(super) type Reader;
    #[wasm_bindgen(method, catch)]
    pub(super) fn read(this: &Reader) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub(super) fn cancel(this: &Reader) -> Result<Promise, JsValue>;

    pub(super) type Chunk;
    #[wasm_bindgen(method, getter)]
    pub(super) fn done(this: &Chunk) -> bool;
    #[wasm_bindgen(method, getter, js_name = value)]
    pub(super) fn bytes(this: &Chunk) -> Uint8Array;

    // Outgoing calls.

    #[wasm_bindgen(js_name = fetch, catch)]
    pub(super) async fn global_fetch(url: &str, init: &FetchInit) -> Result<Fetched, JsValue>;

    #[wasm_bindgen(js_namespace = AbortSignal, js_name = timeout)]
    pub(super) fn abort_after(milliseconds: u32) -> JsValue;

    pub(super) type FetchInit;
    #[wasm_bindgen(method, setter)]
    pub(super) fn set_redirect(this: &FetchInit, mode: &str);
    #[wasm_bindgen(method, setter)]
    pub(super) fn set_signal(this: &FetchInit, signal: &JsValue);
    #[wasm_bindgen(method, setter)]
    pub(super) fn set_method(this: &FetchInit, method: &str);
    #[wasm_bindgen(method, setter)]
    pub(super) fn set_body(this: &FetchInit, body: &str);
    #[wasm_bindgen(method, setter)]
    pub(super) fn set_headers(this: &FetchInit, headers: &Object);

    pub(super) type Fetched;
    #[wasm_bindgen(method, getter)]
    pub(super) fn status(this: &Fetched) -> u16;
    #[wasm_bindgen(method, getter)]
    pub(super) fn headers(this: &Fetched) -> Headers;

    // WebCrypto.

    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    pub(super) fn get_random_values(bytes: &mut [u8]);
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = importKey, catch)]
    pub(super) async fn import_key(
        format: &str,
        jwk: &Object,
        algorithm: &Object,
        extractable: bool,
        usages: &js_sys::Array,
    ) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = sign, catch)]
    pub(super) async fn subtle_sign(algorithm: &Object, key: &JsValue, data: &[u8]) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = verify, catch)]
    pub(super) async fn subtle_verify(
        algorithm: &Object,
        key: &JsValue,
        signature: &[u8],
        data: &[u8],
    ) -> Result<JsValue, JsValue>;

    // Waiting and logging.

    #[wasm_bindgen(js_namespace = scheduler, js_name = wait)]
    pub(super) fn wait(milliseconds: u32) -> Promise;

    #[wasm_bindgen(js_namespace = console, js_name = log)]
    pub(super) fn console_log(line: &str);
}

/// An object with these properties.
pub(super) fn object<'a, V: Into<JsValue>>(fields: impl IntoIterator<Item = (&'a str, V)>) -> Object {
    let object = Object::new();
    for (name, value) in fields {
        // Setting a property of a plain object does not fail.
        let _ = Reflect::set(&object, &name.into(), &value.into());
    }
    object
}

/// A property of an object; `undefined` if it cannot be read.
pub(super) fn property(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}
