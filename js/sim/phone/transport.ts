// What wx.request, wx.uploadFile and wx.downloadFile share: the limit of requests at a time and the queue behind it,
// time-outs, and the end of what is unfinished when the app is not on the screen (docs/platform-facts.md §1.8).

import { type Body, backend } from './device.js';
import { Failure, REASONS } from './failures.js';
import { atLeast, SINCE_MORE_REQUESTS } from './versions.js';

const AT_ONCE = 10;
export const TIMEOUT_MS = 60_000;

export interface Signals {
  /** The call's patience ended. */
  late: AbortSignal;
  /** The program called `abort`. */
  aborted: AbortSignal;
}

/** Runs an exchange when its turn comes; its signal ends it. */
export type Send = <Result>(signals: Signals, exchange: (signal: AbortSignal) => Promise<Result>) => Promise<Result>;

export function transport(body: Body): Send {
  let running = 0;
  const queue: Array<() => void> = [];
  const atOnce = (): number =>
    body.platform === 'android' && atLeast(body.SDKVersion, SINCE_MORE_REQUESTS)
      ? body.assume.android_requests_at_once
      : AT_ONCE;
  const turn = (): Promise<void> =>
    new Promise((go) => {
      queue.push(go);
      next();
    });
  function next(): void {
    if (running >= atOnce()) return;
    const go = queue.shift();
    if (!go) return;
    running += 1;
    go();
  }
  const release = () => {
    running -= 1;
    next();
  };

  return async ({ late, aborted }, exchange) => {
    await backend(body);
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
    // Nothing is sent from the background, not even in its first five seconds (§1.11).
    if (body.life !== 'foreground') interrupt();
    const cancelled = new Promise<never>((_, reject) => {
      cut.signal.addEventListener('abort', () => reject(reason));
      if (reason) reject(reason);
    });
    const worked = turn().then(async () => {
      try {
        // A call that ended in the queue sends nothing.
        if (reason) throw reason;
        return await exchange(cut.signal).catch((error: unknown) => {
          throw cut.signal.aborted || error instanceof Failure ? error : networkFailure(error);
        });
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
  };
}

/** Chromium's names and numbers, which errno 600001 refers to, for what Node's `fetch` reports. */
const NET_ERRORS: Record<string, [code: number, name: string]> = {
  ECONNRESET: [-101, 'ERR_CONNECTION_RESET'],
  EPIPE: [-101, 'ERR_CONNECTION_RESET'],
  UND_ERR_SOCKET: [-101, 'ERR_CONNECTION_RESET'],
  ECONNREFUSED: [-102, 'ERR_CONNECTION_REFUSED'],
  ENOTFOUND: [-105, 'ERR_NAME_NOT_RESOLVED'],
  EAI_AGAIN: [-105, 'ERR_NAME_NOT_RESOLVED'],
  EHOSTUNREACH: [-109, 'ERR_ADDRESS_UNREACHABLE'],
  ENETUNREACH: [-109, 'ERR_ADDRESS_UNREACHABLE'],
  ETIMEDOUT: [-118, 'ERR_CONNECTION_TIMED_OUT'],
  UND_ERR_CONNECT_TIMEOUT: [-118, 'ERR_CONNECTION_TIMED_OUT'],
  ERR_TLS_CERT_ALTNAME_INVALID: [-200, 'ERR_CERT_COMMON_NAME_INVALID'],
  CERT_HAS_EXPIRED: [-201, 'ERR_CERT_DATE_INVALID'],
  DEPTH_ZERO_SELF_SIGNED_CERT: [-202, 'ERR_CERT_AUTHORITY_INVALID'],
  SELF_SIGNED_CERT_IN_CHAIN: [-202, 'ERR_CERT_AUTHORITY_INVALID'],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [-202, 'ERR_CERT_AUTHORITY_INVALID'],
};

function networkFailure(error: unknown): Failure {
  const { cause } = error as { cause?: { code?: unknown } };
  const [code, name] = NET_ERRORS[String(cause?.code)] ?? [-2, 'ERR_FAILED'];
  return new Failure({
    text: `errcode:${code} cronet_error_code:${code} error_msg:net::${name}`,
    old: `${code}:net::${name}`,
    errno: 600001,
  });
}
