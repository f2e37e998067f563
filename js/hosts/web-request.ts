// `wx.request` over fetch: the same conversions of `data`, default content type and failure texts. The conversions are
// those that WeChat documents (docs/platform-facts.md §1.8); cases that it does not document follow the JavaScript of
// the base library. One difference remains: a page cannot read Set-Cookie.

import type { Failed, HostRequest, Reply } from '../client/host.js';

/** Milliseconds; the default of wx.request (§1.8). */
const TIMEOUT_MS = 60_000;
const FORM = 'application/x-www-form-urlencoded';

/** Sends the request. Returns a function that aborts it. */
export function webRequest(request: HostRequest, done: (reply: Reply) => void, failed: Failed): () => void {
  const controller = new AbortController();
  let reason: { errMsg: string; errno?: number } = { errMsg: 'request:fail abort' };
  const timer = setTimeout(() => {
    reason = { errMsg: 'request:fail timeout', errno: 5 };
    controller.abort();
  }, request.timeout || TIMEOUT_MS);
  send(request, controller.signal).then(
    (reply) => {
      clearTimeout(timer);
      done(reply);
    },
    (error: unknown) => {
      clearTimeout(timer);
      failed(controller.signal.aborted ? reason : { errMsg: `request:fail ${String(error)}` });
    },
  );
  return () => controller.abort();
}

async function send({ url, method, data, header }: HostRequest, signal: AbortSignal): Promise<Reply> {
  const verb = method.toUpperCase();
  // `set` replaces a header whose name differs in case; the constructor would join the two values.
  const headers = new Headers({ 'content-type': 'application/json' });
  for (const [name, value] of Object.entries(header)) headers.set(name, String(value));
  const inQuery = verb === 'GET' || verb === 'HEAD';
  const body = inQuery || data === undefined ? undefined : bodyOf(data, headers.get('content-type') ?? '');
  const target = inQuery ? withQuery(url, data) : url;
  const response = await fetch(target, { method: verb, headers, signal, ...(body === undefined ? {} : { body }) });
  return {
    statusCode: response.status,
    data: parse(await response.text()),
    header: headerOf(response.headers),
  };
}

/** Strings and bytes are sent unchanged. An object becomes a form or, with any other content type, JSON. */
function bodyOf(data: unknown, contentType: string): BodyInit {
  if (typeof data === 'string' || data instanceof ArrayBuffer) return data;
  if (ArrayBuffer.isView(data)) return data as ArrayBufferView<ArrayBuffer>;
  if (contentType.toLowerCase().includes(FORM)) return pairs(data, String).join('&');
  return JSON.stringify(data);
}

/**
 * Adds the data of a GET to the query. An object's fields replace parameters of the same name; a nested object is sent
 * as JSON. A string is appended, since fetch rejects a GET with a body.
 */
function withQuery(url: string, data: unknown): string {
  const added = typeof data === 'string' ? [data].filter(Boolean) : pairs(data, textOf);
  if (added.length === 0) return url;
  const [address = '', ...fragment] = url.split('#');
  const [path, ...query] = address.split('?');
  const nameOf = (pair: string) => pair.split('=', 1)[0];
  const names = typeof data === 'string' ? [] : added.map(nameOf);
  const kept = query
    .join('?')
    .split('&')
    .filter((pair) => pair !== '' && !names.includes(nameOf(pair)));
  return [`${path}?${[...kept, ...added].join('&')}`, ...fragment].join('#');
}

const textOf = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));

function pairs(data: unknown, text: (value: unknown) => string): string[] {
  if (typeof data !== 'object' || data === null) return [];
  return Object.entries(data).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(text(value))}`);
}

/** Response headers as an object. Several Set-Cookie headers, which only Node exposes, are joined with commas. */
function headerOf(headers: Headers): Record<string, string> {
  const header = Object.fromEntries(headers);
  const cookies = headers.getSetCookie?.() ?? [];
  return cookies.length > 0 ? { ...header, 'set-cookie': cookies.join(',') } : header;
}

/** The value of a JSON text; any other text unchanged, such as the empty one of a HEAD or a 204. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
