//! The store on Workers KV.

use super::deadline::{Deadline, Missed};
use super::externs::{PutOptions, object, property};
use super::workerd::Workerd;
use crate::edge::error::StoreFailure;
use crate::edge::ports::{Page, Put, Store};
use js_sys::{Array, JsString, Object, Promise, Uint8Array};
use wasm_bindgen::prelude::*;

thread_local! {
    static ARRAY_BUFFER: JsString = "arrayBuffer".into();
}

impl Store for Workerd {
    async fn get(&self, names: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreFailure> {
        let call = |name: &String| ARRAY_BUFFER.with(|kind| self.sessions.get(name, kind));
        let values = settle(&self.deadline, "get", names.iter().map(call)).await?;
        Ok(values.iter().map(|value| value.is_object().then(|| Uint8Array::new(&value).to_vec())).collect())
    }

    async fn put(&self, puts: &[Put]) -> Result<(), StoreFailure> {
        let calls = puts.iter().map(|put| {
            let options = Object::new().unchecked_into::<PutOptions>();
            options.set_expiration_ttl(put.ttl_s as f64);
            // A copy, because KV may read it after the wasm memory has changed.
            self.sessions.put(&put.key, &Uint8Array::from(put.value.as_slice()), &options)
        });
        settle(&self.deadline, "put", calls).await.map(|_| ())
    }

    async fn delete(&self, names: &[String]) -> Result<(), StoreFailure> {
        settle(&self.deadline, "delete", names.iter().map(|name| self.sessions.delete(name))).await.map(|_| ())
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page, StoreFailure> {
        let options = object([("prefix", JsValue::from(prefix)), ("cursor", after.into())]);
        let page = settle(&self.deadline, "list", core::iter::once(self.sessions.list(&options))).await?.get(0);
        let keys: Array = property(&page, "keys").dyn_into().unwrap_or_default();
        let names = keys.iter().filter_map(|key| property(&key, "name").as_string()).collect();
        let next = property(&page, "cursor").as_string().filter(|_| !property(&page, "list_complete").is_truthy());
        Ok(Page { names, next })
    }
}

/// The values of all calls; the first failure; or a failure at the deadline.
async fn settle(
    deadline: &Deadline,
    operation: &str,
    calls: impl Iterator<Item = Result<Promise, JsValue>>,
) -> Result<Array, StoreFailure> {
    let all = Array::new();
    for call in calls {
        all.push(&call.map_err(|error| failure(operation, &error))?.into());
    }
    match deadline.race(Promise::all(&all)).await {
        Ok(values) => Ok(values.unchecked_into()),
        Err(Missed::Failed(error)) => Err(failure(operation, &error)),
        Err(Missed::Overdue) => Err(StoreFailure(format!("kv {operation}: no answer before the request's deadline"))),
    }
}

/// KV's own message, such as "KV PUT failed: 429 Too Many Requests". It contains no key.
fn failure(operation: &str, error: &JsValue) -> StoreFailure {
    StoreFailure(format!("kv {operation}: {}", property(error, "message").as_string().unwrap_or_default()))
}
