//! Workers KV. A thin extern: bytes in, bytes out, and the TTL.

use super::Workerd;
use super::deadline::Missed;
use crate::edge::ports::{Page, Put, Store, StoreFailure};
use js_sys::{Array, JsString, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    pub(super) type KvNamespace;
    #[wasm_bindgen(method, catch)]
    fn get(this: &KvNamespace, name: &str, kind: &JsString) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn put(this: &KvNamespace, name: &str, value: &Uint8Array, options: &PutOptions) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn delete(this: &KvNamespace, name: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn list(this: &KvNamespace, options: &Object) -> Result<Promise, JsValue>;

    type PutOptions;
    #[wasm_bindgen(method, setter, js_name = expirationTtl)]
    fn set_expiration_ttl(this: &PutOptions, seconds: f64);
}

thread_local! {
    static ARRAY_BUFFER: JsString = "arrayBuffer".into();
}

impl Store for Workerd {
    async fn get(&self, names: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreFailure> {
        let call = |name: &String| ARRAY_BUFFER.with(|kind| self.sessions.get(name, kind));
        let values = self.settle("get", names.iter().map(call)).await?;
        Ok(values.iter().map(|value| value.is_object().then(|| Uint8Array::new(&value).to_vec())).collect())
    }

    async fn put(&self, puts: &[Put]) -> Result<(), StoreFailure> {
        let calls = puts.iter().map(|put| {
            let options = Object::new().unchecked_into::<PutOptions>();
            options.set_expiration_ttl(put.ttl_s as f64);
            // A copy: KV may read it after wasm memory has moved on.
            self.sessions.put(&put.key, &Uint8Array::from(put.value.as_slice()), &options)
        });
        self.settle("put", calls).await.map(|_| ())
    }

    async fn delete(&self, names: &[String]) -> Result<(), StoreFailure> {
        self.settle("delete", names.iter().map(|name| self.sessions.delete(name))).await.map(|_| ())
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page, StoreFailure> {
        let field = |of: &JsValue, name: &str| Reflect::get(of, &name.into()).unwrap_or(JsValue::UNDEFINED);
        let options = object(&[("prefix", prefix.into()), ("cursor", after.into())]);
        let page = self.settle("list", core::iter::once(self.sessions.list(&options))).await?.get(0);
        let keys: Array = field(&page, "keys").dyn_into().unwrap_or_default();
        let names = keys.iter().filter_map(|key| field(&key, "name").as_string()).collect();
        let next = field(&page, "cursor").as_string().filter(|_| !field(&page, "list_complete").is_truthy());
        Ok(Page { names, next })
    }
}

fn object(fields: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in fields {
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object
}

impl Workerd {
    /// All of the calls' values, or the first failure, or the deadline's.
    async fn settle(
        &self,
        what: &str,
        calls: impl Iterator<Item = Result<Promise, JsValue>>,
    ) -> Result<Array, StoreFailure> {
        let all = Array::new();
        for call in calls {
            all.push(&call.map_err(|error| failure(what, &error))?.into());
        }
        match self.deadline.race(Promise::all(&all)).await {
            Ok(values) => Ok(values.unchecked_into()),
            Err(Missed::Failed(error)) => Err(failure(what, &error)),
            Err(Missed::Overdue) => Err(StoreFailure(format!("kv {what}: no answer before the request's deadline"))),
        }
    }
}

/// KV's own words, such as "KV PUT failed: 429 Too Many Requests"; they name no key.
fn failure(what: &str, error: &JsValue) -> StoreFailure {
    let message = Reflect::get(error, &"message".into()).ok().and_then(|message| message.as_string());
    StoreFailure(format!("kv {what}: {}", message.unwrap_or_default()))
}
