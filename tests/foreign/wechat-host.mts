// Host override for clients without a configurable base URL: requests to WeChat's hosts go to a simulator. The clients
// stay unmodified.
import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';

const HOSTS = ['api.weixin.qq.com', 'open.weixin.qq.com'];

type Answered = (response: IncomingMessage) => void;
type Target = string | URL | RequestOptions;

/** Redirects `https.request`, `https.get` and `fetch`; the returned function undoes it. */
export function redirectWeChat(simulator: string): () => void {
  const { hostname, port, host } = new URL(simulator);
  const original = { request: https.request, get: https.get, fetch: globalThis.fetch };

  function request(target: Target, options?: RequestOptions | Answered, answered?: Answered): ClientRequest {
    const url = typeof target === 'string' ? new URL(target) : target instanceof URL ? target : undefined;
    const { agent, protocol, ...given }: RequestOptions = {
      ...(url ? { hostname: url.hostname, path: url.pathname + url.search } : (target as RequestOptions)),
      ...(typeof options === 'object' ? options : {}),
    };
    if (!HOSTS.includes(String(given.hostname ?? given.host))) {
      return original.request(target as string, options as RequestOptions, answered);
    }
    const headers = { ...(given.headers as Record<string, string>), host };
    const done = typeof options === 'function' ? options : answered;
    return http.request({ ...given, hostname, host: hostname, port, headers }, done);
  }

  https.request = request as typeof https.request;
  https.get = ((...args: Parameters<typeof request>) => {
    const sent = request(...args);
    sent.end();
    return sent;
  }) as typeof https.get;
  globalThis.fetch = (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (!HOSTS.includes(url.hostname)) return original.fetch(input, init);
    const here = new URL(url.pathname + url.search, simulator);
    return original.fetch(input instanceof Request ? new Request(here, input) : here, init);
  };
  return () => {
    Object.assign(https, { request: original.request, get: original.get });
    globalThis.fetch = original.fetch;
  };
}
