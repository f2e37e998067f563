// What workerd loads, around the module of worker-build: one object for all requests, where that module makes one and
// two proxies for each.
import Edge from 'worker-build-module';

let answer;
/** What fails each request under way. */
const underWay = new Set();

// Rust resumes by it after each await. workerd's own goes through C++, which takes ten times a promise.
globalThis.queueMicrotask = (task) => void Promise.resolve().then(task).catch(broken);

/** Whatever is thrown through Rust leaves its memory in the middle of something: nobody there will be answered. */
function broken(error) {
  reportError(error);
  for (const fail of underWay) fail(error);
}

export default {
  async fetch(request, env, ctx) {
    answer ??= new Edge(ctx, env).fetch;
    let fail;
    const failed = new Promise((_, reject) => {
      fail = reject;
    });
    underWay.add(fail);
    try {
      return await Promise.race([answer.call({ env, ctx }, request), failed]);
    } finally {
      underWay.delete(fail);
    }
  },
};
