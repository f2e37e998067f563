// What workerd loads, around the module of worker-build: one object for all requests, where that module makes one and
// two proxies for each.
import Edge from 'worker-build-module';

// Rust resumes by it after each await. workerd's own goes through C++, which takes ten times a promise.
globalThis.queueMicrotask = (task) => void Promise.resolve().then(task).catch(reportError);

let answer;

export default {
  fetch(request, env, ctx) {
    answer ??= new Edge(ctx, env).fetch;
    return answer.call({ env, ctx }, request);
  },
};
