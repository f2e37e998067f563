// wx.request: the domain list, and the mapping of options to an HTTP request (docs/platform-facts.md §1.8).

import { appConfig, type Device } from './device.js';
import { CallError, REASONS, wantString } from './failures.js';
import { type Send, type Signals, TIMEOUT_MS } from './transport.js';
import { type Callbacks, start } from './wx-call.js';

/** Options of `wx.request` (§1.8). */
export interface RequestOptions {
  /** Address of the server. Its host must be in the app's domain list. */
  url: string;
  /** HTTP method. Default `GET`. */
  method?: string;
  /** Request body; the query of a GET or HEAD request. Objects are sent as JSON or as a form, by `content-type`. */
  // biome-ignore lint/suspicious/noExplicitAny: a string, an object or bytes, the official typings declare `any`.
  data?: any;
  /** Request headers. Default: `content-type: application/json`. */
  // biome-ignore lint/suspicious/noExplicitAny: the official typings declare `any`.
  header?: any;
  /** Time limit in milliseconds. Default 60,000. */
  timeout?: number;
  /** `json` (default): the response body is parsed if it is JSON. */
  dataType?: string;
}

/** Result of `wx.request`, for every HTTP status (§1.8). */
export interface RequestResult {
  /** The parsed response body; the text if it is not JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: the server decides.
  data: any;
  /** HTTP status. */
  statusCode: number;
  /** Response headers by lower-case name. */
  // biome-ignore lint/suspicious/noExplicitAny: the official typings declare `any`.
  header: any;
  /** Values of `set-cookie`. */
  cookies: string[];
}

/** The running request of `wx.request`. */
export interface RequestTask {
  /** Ends the request: it fails with `abort`. */
  abort(): void;
}

/** Whether the list allows a URL: the host must match exactly, with its port; IPs and localhost never do (§1.8). */
export function allowed(url: string, domains: string[] | undefined): boolean {
  if (domains === undefined) return true;
  const host = /^https:\/\/([^/?#\\]+)/.exec(url)?.[1]?.toLowerCase() ?? '';
  if (/^[\d.]+(:\d+)?$|^\[|^localhost(:\d+)?$/.test(host)) return false;
  return domains.some((domain) => domain.replace(/^https:\/\//, '').toLowerCase() === host);
}

/** The Referer, which WeChat sets. Browsers do not send it. */
export const referer = ({ identity, platform }: Device): string =>
  `https://servicewechat.com/${identity.appid}/${platform === 'devtools' ? 'devtools' : '0'}/page-frame.html`;

export function network(device: Device, send: Send) {
  const work = async (options: RequestOptions, signals: Signals): Promise<RequestResult> => {
    wantString('url', options.url);
    if (!URL.canParse(options.url)) throw new CallError(REASONS.badUrl);
    if (!allowed(options.url, (await appConfig(device)).requestDomains)) throw new CallError(REASONS.domain);
    return send(signals, (signal) => exchange(device, options, signal));
  };
  return {
    /** `wx.request` (§1.8). Checks the domain list, then sends the request with `PhoneOptions.fetch`. */
    request(options: RequestOptions & Callbacks<RequestResult>): RequestTask {
      const aborted = new AbortController();
      const signals = (expired: AbortSignal): Signals => ({ expired, aborted: aborted.signal });
      start(device, 'request', options, (given, { signal }) => work(given, signals(signal)), {
        timeLimit: async ({ timeout = TIMEOUT_MS }) => timeout,
      });
      return { abort: () => aborted.abort() };
    },
  };
}

async function exchange(device: Device, options: RequestOptions, signal: AbortSignal): Promise<RequestResult> {
  const { method = 'GET', data, header = {}, dataType = 'json' } = options;
  const headers = new Headers({
    'content-type': 'application/json',
    referer: referer(device),
  });
  for (const [name, value] of Object.entries(header)) headers.set(name, String(value));
  const url = new URL(options.url);
  let payload: string | ArrayBuffer | undefined;
  if (data !== undefined && /^(GET|HEAD)$/i.test(method)) {
    // The data of a GET request goes into the query.
    if (typeof data === 'object')
      for (const [name, value] of Object.entries(data)) url.searchParams.set(name, String(value));
  } else if (data !== undefined) {
    payload = serialized(data, headers.get('content-type') ?? '');
  }
  const content = payload === undefined ? {} : { body: payload };
  const response = await device.fetch(url, { method, headers, signal, redirect: 'follow', ...content });
  const text = (await response.text()).replace(/^\uFEFF/, '');
  return {
    data: dataType === 'json' ? parse(text) : text,
    statusCode: response.status,
    header: Object.fromEntries(response.headers),
    cookies: response.headers.getSetCookie?.() ?? [],
  };
}

function serialized(data: unknown, contentType: string): string | ArrayBuffer {
  if (typeof data === 'string' || data instanceof ArrayBuffer) return data;
  if (contentType.includes('x-www-form-urlencoded')) {
    return new URLSearchParams(Object.entries(data as object).map(([name, value]) => [name, String(value)])).toString();
  }
  return JSON.stringify(data);
}

/** Returns the parsed JSON; the text if it is not JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
