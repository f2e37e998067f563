// wx.request: the domain list, and what of the options becomes what of the request (docs/platform-facts.md §1.8).

import { type Body, backend } from './device.js';
import { Failure, REASONS, wantString } from './failures.js';
import { type Send, type Signals, TIMEOUT_MS } from './transport.js';
import { type Callbacks, start } from './wx-call.js';

export interface RequestOptions {
  url: string;
  method?: string;
  // biome-ignore lint/suspicious/noExplicitAny: a string, an object or bytes, as the official typings have it.
  data?: any;
  // biome-ignore lint/suspicious/noExplicitAny: as the official typings have it.
  header?: any;
  timeout?: number;
  dataType?: string;
}

export interface Reply {
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server sent.
  data: any;
  statusCode: number;
  // biome-ignore lint/suspicious/noExplicitAny: as the official typings have it.
  header: any;
  cookies: string[];
}

export interface RequestTask {
  abort(): void;
}

/** Exact host, no IP, no localhost; the port exactly as configured, and none where none is (§1.8). */
export function allowed(url: string, domains: string[] | undefined): boolean {
  if (domains === undefined) return true;
  const written = /^https:\/\/([^/?#\\]+)/.exec(url)?.[1]?.toLowerCase() ?? '';
  if (/^[\d.]+(:\d+)?$|^\[|^localhost(:\d+)?$/.test(written)) return false;
  return domains.some((domain) => domain.replace(/^https:\/\//, '').toLowerCase() === written);
}

/** Fixed by WeChat; a browser leaves it out. */
export const referer = ({ who, platform }: Body): string =>
  `https://servicewechat.com/${who.appid}/${platform === 'devtools' ? 'devtools' : '0'}/page-frame.html`;

export function network(body: Body, send: Send) {
  const work = async (options: RequestOptions, signals: Signals): Promise<Reply> => {
    wantString('url', options.url);
    if (!URL.canParse(options.url)) throw new Failure(REASONS.badUrl);
    if (!allowed(options.url, (await backend(body)).requestDomains)) throw new Failure(REASONS.domain);
    return send(signals, (signal) => exchange(body, options, signal));
  };
  return {
    request(options: RequestOptions & Callbacks<Reply>): RequestTask {
      const aborted = new AbortController();
      const signals = (late: AbortSignal): Signals => ({ late, aborted: aborted.signal });
      start(body, 'request', options, (given, { signal }) => work(given, signals(signal)), {
        patience: async ({ timeout = TIMEOUT_MS }) => timeout,
      });
      return { abort: () => aborted.abort() };
    },
  };
}

async function exchange(body: Body, options: RequestOptions, signal: AbortSignal): Promise<Reply> {
  const { method = 'GET', data, header = {}, dataType = 'json' } = options;
  const headers = new Headers({
    'content-type': 'application/json',
    referer: referer(body),
  });
  for (const [name, value] of Object.entries(header)) headers.set(name, String(value));
  const url = new URL(options.url);
  let payload: string | ArrayBuffer | undefined;
  if (data !== undefined && /^(GET|HEAD)$/i.test(method)) {
    // Data of a GET goes into the query.
    if (typeof data === 'object')
      for (const [name, value] of Object.entries(data)) url.searchParams.set(name, String(value));
  } else if (data !== undefined) {
    payload = serialised(data, headers.get('content-type') ?? '');
  }
  const sent = payload === undefined ? {} : { body: payload };
  const response = await body.fetch(url, { method, headers, signal, redirect: 'follow', ...sent });
  const text = (await response.text()).replace(/^\uFEFF/, '');
  return {
    data: dataType === 'json' ? parse(text) : text,
    statusCode: response.status,
    header: Object.fromEntries(response.headers),
    cookies: response.headers.getSetCookie?.() ?? [],
  };
}

function serialised(data: unknown, contentType: string): string | ArrayBuffer {
  if (typeof data === 'string' || data instanceof ArrayBuffer) return data;
  if (contentType.includes('x-www-form-urlencoded')) {
    return new URLSearchParams(Object.entries(data as object).map(([name, value]) => [name, String(value)])).toString();
  }
  return JSON.stringify(data);
}

/** JSON where it is JSON, else the text. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
