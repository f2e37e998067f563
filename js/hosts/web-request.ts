// `wx.request` over fetch: the same conversions of `data`, the same default content type, the same failure texts. The
// documentation of wx.request (docs/platform-facts.md §1.8) names the conversions; what it leaves open follows the
// JavaScript of WeChat's base library. One difference is unavoidable: a page cannot read Set-Cookie.

import type { Failed, HostRequest, Reply } from '../client/host.js';

/** The default of wx.request (§1.8). */
const TIMEOUT_MS = 60_000;
const FORM = 'application/x-www-form-urlencoded';

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
  // `set`, not the constructor: it replaces a header whose name differs in case, where the constructor joins the two.
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

/** Strings and bytes go out unchanged. Objects become a form or, under any other content type, JSON. */
function bodyOf(data: unknown, contentType: string): BodyInit {
  if (typeof data === 'string' || data instanceof ArrayBuffer) return data;
  if (ArrayBuffer.isView(data)) return data as ArrayBufferView<ArrayBuffer>;
  if (contentType.toLowerCase().includes(FORM)) return pairs(data, String).join('&');
  return JSON.stringify(data);
}

/**
 * Data of a GET: an object's fields replace the url's parameters of the same name, and a nested object is sent as JSON.
 * A string is appended, since fetch refuses a GET with a body.
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

/** As an object; several Set-Cookie lines, which only Node shows, are joined by commas. */
function headerOf(headers: Headers): Record<string, string> {
  const header = Object.fromEntries(headers);
  const cookies = headers.getSetCookie?.() ?? [];
  return cookies.length > 0 ? { ...header, 'set-cookie': cookies.join(',') } : header;
}

/** JSON where the text is JSON, else the text: also the empty text of a HEAD or a 204. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
