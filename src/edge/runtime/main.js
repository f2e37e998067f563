// What workerd loads, around the module of worker-build: one object for all requests, where that module makes one and
// two proxies for each.
import Edge from 'worker-build-module';

/** Six times the deadline that src/edge/runtime keeps for a request. */
const FORGOTTEN_MS = 60_000;

let answer;
/** What fails each request under way, and when it began; the oldest first. */
const underWay = new Map();

// Rust resumes by it after each await. workerd's own goes through C++, which takes ten times a promise.
globalThis.queueMicrotask = (task) => void Promise.resolve().then(task).catch(broken);

/** Whatever is thrown through Rust leaves its memory in the middle of something: nobody there will be answered. */
function broken(error) {
  reportError(error);
  for (const fail of underWay.keys()) fail(error);
}

/** Requests whose client hung up never come to their end. */
function forget(now) {
  for (const [fail, began] of underWay) {
    if (now - began < FORGOTTEN_MS) return;
    underWay.delete(fail);
  }
}

export default {
  async fetch(request, env, ctx) {
    answer ??= new Edge(ctx, env).fetch;
    const now = Date.now();
    forget(now);
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
