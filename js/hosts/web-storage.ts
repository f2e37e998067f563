// localStorage as a web page's tabs share it: entries, news of other tabs, and one lock.

import type { Failed, Host } from '../client/host.js';

type WebStorage = Required<Pick<Host, 'read' | 'write' | 'remove' | 'lock' | 'onStorage'>>;

/** A tab that vanished with a lease holds up the others for so long. */
const LEASE_MS = 20_000;
const LOOK_AGAIN_MS = 50;

const attempt = (call: () => void, failed: Failed): void => {
  try {
    call();
  } catch (error) {
    failed({ errMsg: String(error) });
  }
};

export const webStorage: WebStorage = {
  read: (key, done, failed) =>
    attempt(() => {
      done(localStorage.getItem(key) ?? undefined);
    }, failed),
  write: (key, value, done, failed) =>
    attempt(() => {
      localStorage.setItem(key, value);
      done();
    }, failed),
  remove: (key, done, failed) =>
    attempt(() => {
      localStorage.removeItem(key);
      done();
    }, failed),
  onStorage(keys, changed) {
    // `key` is null where everything was cleared.
    const listener = ({ key }: StorageEvent) => {
      if (key === null || keys.indexOf(key) >= 0) changed();
    };
    addEventListener('storage', listener);
    return () => removeEventListener('storage', listener);
  },
  // Absent on pages that are not secure contexts, and before Safari 15.4.
  lock: (name, granted) => (navigator.locks ? webLock(name, granted) : lease(name, granted)),
};

function webLock(name: string, granted: (exclusive: boolean) => void): () => void {
  const waiting = new AbortController();
  let release = (): void => waiting.abort();
  let over = false;
  navigator.locks
    .request(name, { signal: waiting.signal }, () => {
      if (over) return undefined;
      return new Promise<void>((resolve) => {
        release = resolve;
        granted(true);
      });
    })
    .catch(() => {
      // Denied, as in a sandboxed frame: the edge's grace has to do.
      if (!over) granted(false);
    });
  return () => {
    over = true;
    release();
  };
}

/** A lease in localStorage: its owner and its end. Two tabs that take it at the same moment find out by reading back. */
function lease(name: string, granted: (exclusive: boolean) => void): () => void {
  const own = String(Math.random());
  let timer: ReturnType<typeof setTimeout> | undefined;
  const holder = (): string | undefined => {
    const [id, until] = (localStorage.getItem(name) ?? '').split(' ');
    const left = Number(until) - Date.now();
    // A lease that ends later than any can was written with the clock set otherwise.
    return left > 0 && left <= LEASE_MS ? id : undefined;
  };
  const take = (): void => {
    try {
      if (holder() === undefined) localStorage.setItem(name, `${own} ${Date.now() + LEASE_MS}`);
      timer = setTimeout(holder() === own ? confirm : take, LOOK_AGAIN_MS);
    } catch {
      granted(false);
    }
  };
  const confirm = (): void => (holder() === own ? granted(true) : take());
  take();
  return () => {
    clearTimeout(timer);
    try {
      if (holder() === own) localStorage.removeItem(name);
    } catch {
      // A value that cannot be written cannot have been leased.
    }
  };
}
