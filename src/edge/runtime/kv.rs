//! Workers KV. A thin extern: bytes in, bytes out, and the TTL.

use super::Workerd;
use crate::edge::ports::{Put, Store, StoreFailure};
use js_sys::{Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    pub(super) type KvNamespace;
    #[wasm_bindgen(method, catch)]
    async fn get(this: &KvNamespace, name: &str, kind: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    async fn put(this: &KvNamespace, name: &str, value: &Uint8Array, options: &Object) -> Result<JsValue, JsValue>;
}

impl Store for Workerd {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreFailure> {
        let value = self.sessions.get(key, "arrayBuffer").await.map_err(|error| failure("get", &error))?;
        Ok((!value.is_null()).then(|| Uint8Array::new(&value).to_vec()))
    }

    async fn put(&self, put: &Put) -> Result<(), StoreFailure> {
        let options = Object::new();
        let _ = Reflect::set(&options, &"expirationTtl".into(), &(put.ttl_s as f64).into());
        // A copy: KV may read it after wasm memory has moved on.
        let value = Uint8Array::from(put.value.as_slice());
        self.sessions.put(&put.key, &value, &options).await.map(|_| ()).map_err(|error| failure("put", &error))
    }
}

/// KV's own words, such as "KV PUT failed: 429 Too Many Requests"; they name no key.
fn failure(what: &str, error: &JsValue) -> StoreFailure {
    let message = Reflect::get(error, &"message".into()).ok().and_then(|message| message.as_string());
    StoreFailure(format!("kv {what}: {}", message.unwrap_or_default()))
}
