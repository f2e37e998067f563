// The transport of wx.request, wx.uploadFile and wx.downloadFile: the limit of concurrent requests and its queue,
// time-outs, and the interruption of requests when the app is not visible (docs/platform-facts.md §1.8).

import { appConfig, type Device } from './device.js';
import { CallError, REASONS } from './failures.js';
import { atLeast, SINCE_MORE_REQUESTS } from './versions.js';

/** Concurrent requests (§1.8). */
const MAX_CONCURRENT = 10;
/** Default of `timeout`. */
export const TIMEOUT_MS = 60_000;

export interface Signals {
  /** Aborts when the time limit passes. */
  expired: AbortSignal;
  /** Aborts when the mini program calls `abort`. */
  aborted: AbortSignal;
}

/** Runs an exchange when the queue lets it; its signal aborts it. */
export type Send = <Result>(signals: Signals, exchange: (signal: AbortSignal) => Promise<Result>) => Promise<Result>;

export function transport(device: Device): Send {
  let running = 0;
  const queue: Array<() => void> = [];
  const maxConcurrent = (): number =>
    device.platform === 'android' && atLeast(device.SDKVersion, SINCE_MORE_REQUESTS)
      ? device.assume.android_requests_at_once
      : MAX_CONCURRENT;
  const turn = (): Promise<void> =>
    new Promise((go) => {
      queue.push(go);
      next();
    });
  function next(): void {
    if (running >= maxConcurrent()) return;
    const go = queue.shift();
    if (!go) return;
    running += 1;
    go();
  }
  const release = () => {
    running -= 1;
    next();
  };

  return async ({ expired, aborted }, exchange) => {
    await appConfig(device);
    const cancel = new AbortController();
    let reason: CallError | undefined;
    const end = (error: CallError) => {
      reason ??= error;
      cancel.abort();
    };
    const interrupt = () => end(new CallError(REASONS.interrupted));
    const abort = () => end(new CallError(REASONS.abort));
    device.interrupts.add(interrupt);
    expired.addEventListener('abort', () => end(new CallError(REASONS.timeout)));
    aborted.addEventListener('abort', abort);
    if (aborted.aborted) abort();
    // An app in the background sends nothing, not even in its first five seconds (§1.11).
    if (device.appState !== 'foreground') interrupt();
    const cancelled = new Promise<never>((_, reject) => {
      cancel.signal.addEventListener('abort', () => reject(reason));
      if (reason) reject(reason);
    });
    const worked = turn().then(async () => {
      try {
        // A call that ended while it was queued sends nothing.
        if (reason) throw reason;
        return await exchange(cancel.signal).catch((error: unknown) => {
          throw cancel.signal.aborted || error instanceof CallError ? error : networkFailure(error);
        });
      } finally {
        release();
      }
    });
    worked.catch(() => {});
    try {
      return await Promise.race([worked, cancelled]);
    } finally {
      device.interrupts.delete(interrupt);
    }
  };
}

/** Chromium's numbers and names, which errno 600001 refers to, by the error code of Node's `fetch`. */
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

function networkFailure(error: unknown): CallError {
  const { cause } = error as { cause?: { code?: unknown } };
  const [code, name] = NET_ERRORS[String(cause?.code)] ?? [-2, 'ERR_FAILED'];
  return new CallError({
    text: `errcode:${code} cronet_error_code:${code} error_msg:net::${name}`,
    old: `${code}:net::${name}`,
    errno: 600001,
  });
}
