// The Worker's entry: it wraps the module that worker-build generates.
import Edge from 'worker-build-module';

// Three departures from the generated entry, and their reasons:
//
// 1. The generated class makes one object and two proxies for each request. Here one object serves all requests; the
//    generated `fetch` only reads `env` and `ctx` of its `this`.
// 2. An exception through Rust (a trap; a panic is one, too) leaves the wasm memory in an unknown state and the
//    promises of all requests under way unsettled. They are rejected here, so that they fail at once and do not hang.
// 3. wasm-bindgen-futures resumes Rust through `queueMicrotask`. workerd's own goes through C++ and takes ten times as long
//    as a promise, and it does not report the exceptions of reason 2 to this module. The replacement applies to the whole
//    isolate, in which no other code runs.

/** After this time a request counts as abandoned: six times the deadline that src/edge/runtime sets. */
const ABANDONED_MS = 60_000;

let answer;
/** The requests under way, oldest first: the function that rejects each, and its start, ms since 1970. */
const underWay = new Map();

globalThis.queueMicrotask = (task) => void Promise.resolve().then(task).catch(failAll);

/** Reports an exception and rejects all requests under way. */
function failAll(error) {
  reportError(error);
  for (const fail of underWay.keys()) fail(error);
}

/** Removes the abandoned requests: if a client closes its connection, its request never ends. */
function removeAbandoned(now) {
  for (const [fail, began] of underWay) {
    if (now - began < ABANDONED_MS) return;
    underWay.delete(fail);
  }
}

export default {
  async fetch(request, env, ctx) {
    answer ??= new Edge(ctx, env).fetch;
    const now = Date.now();
    removeAbandoned(now);
    let fail;
    const failed = new Promise((_, reject) => {
      fail = reject;
    });
    underWay.set(fail, now);
    try {
      return await Promise.race([answer.call({ env, ctx }, request), failed]);
    } finally {
      underWay.delete(fail);
    }
  },
};
