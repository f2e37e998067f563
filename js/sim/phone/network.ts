// wx.request: the domain list, ten at a time and the rest in a queue, time-outs, and the end of what is unfinished
// five seconds after the app left the screen (docs/platform-facts.md §1.8).

import { type Body, backend } from './body.js';
import { type Callbacks, start } from './call.js';
import { Failure, REASONS } from './failures.js';

const AT_ONCE = 10;
const TIMEOUT_MS = 60_000;

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

export function network(body: Body) {
  let running = 0;
  const queue: Array<() => void> = [];
  const turn = (): Promise<void> =>
    new Promise((go) => {
      queue.push(go);
      next();
    });
  function next(): void {
    if (running >= AT_ONCE) return;
    const go = queue.shift();
    if (!go) return;
    running += 1;
    go();
  }
  const release = () => {
    running -= 1;
    next();
  };

  async function send(options: RequestOptions, late: AbortSignal, aborted: AbortSignal): Promise<Reply> {
    if (!URL.canParse(options.url)) throw new Failure(REASONS.badUrl);
    if (!allowed(options.url, (await backend(body)).requestDomains)) throw new Failure(REASONS.domain);
    const cut = new AbortController();
    let reason: Failure | undefined;
    const end = (why: Failure) => {
      reason ??= why;
      cut.abort();
    };
    const interrupt = () => end(new Failure(REASONS.interrupted));
    const abort = () => end(new Failure(REASONS.abort));
    body.interruptible.add(interrupt);
    late.addEventListener('abort', () => end(new Failure(REASONS.timeout)));
    aborted.addEventListener('abort', abort);
    if (aborted.aborted) abort();
    if (body.life === 'suspended') interrupt();
    const cancelled = new Promise<never>((_, reject) => {
      cut.signal.addEventListener('abort', () => reject(reason));
      if (reason) reject(reason);
    });
    const worked = turn().then(async () => {
      try {
        // Whoever was ended in the queue sends nothing.
        if (reason) throw reason;
        return await exchange(body, options, cut.signal);
      } finally {
        release();
      }
    });
    worked.catch(() => {});
    try {
      return await Promise.race([worked, cancelled]);
    } finally {
      body.interruptible.delete(interrupt);
    }
  }

  return {
    request(options: RequestOptions & Callbacks<Reply>): RequestTask {
      const aborted = new AbortController();
      start(body, 'request', options, (given, { signal }) => send(given, signal, aborted.signal), {
        promises: false,
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
    // Fixed by WeChat; a browser leaves it out.
    referer: `https://servicewechat.com/${body.who.appid}/${body.platform === 'devtools' ? 'devtools' : '0'}/page-frame.html`,
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
  const response = await body
    .fetch(url, { method, headers, signal, redirect: 'follow', ...(payload === undefined ? {} : { body: payload }) })
    .catch((error: Error) => {
      throw signal.aborted ? error : new Failure({ text: error.message, errno: 602001 });
    });
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
