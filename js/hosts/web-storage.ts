// localStorage shared by a site's tabs: entries, changes by other tabs, and a lock.

import { guardCall } from '../client/guard.js';
import type { Host } from '../client/host.js';

type WebStorage = Required<Pick<Host, 'read' | 'write' | 'remove' | 'lock' | 'onStorage'>>;

/** Milliseconds of a lease: how long a tab that crashed while holding it delays the others. */
const LEASE_MS = 20_000;
/** Milliseconds between two reads of the lease. */
const POLL_MS = 50;

export const webStorage: WebStorage = {
  read: (key, done, failed) =>
    guardCall(() => {
      done(localStorage.getItem(key) ?? undefined);
    }, failed),
  write: (key, value, done, failed) =>
    guardCall(() => {
      localStorage.setItem(key, value);
      done();
    }, failed),
  remove: (key, done, failed) =>
    guardCall(() => {
      localStorage.removeItem(key);
      done();
    }, failed),
  onStorage(keys, changed) {
    // `key` is null if the whole storage was cleared.
    const listener = ({ key }: StorageEvent) => {
      if (key === null || keys.indexOf(key) >= 0) changed();
    };
    addEventListener('storage', listener);
    return () => removeEventListener('storage', listener);
  },
  // navigator.locks is absent on pages that are not secure contexts, and before Safari 15.4.
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
      // Denied, for instance in a sandboxed frame. Then the edge's grace period for concurrent renewals applies.
      if (!over) granted(false);
    });
  return () => {
    over = true;
    release();
  };
}

/** A lease in localStorage: its owner and its end. Two tabs that take it at the same time find out by reading it back. */
function lease(name: string, granted: (exclusive: boolean) => void): () => void {
  const own = String(Math.random());
  let timer: ReturnType<typeof setTimeout> | undefined;
  const holder = (): string | undefined => {
    const [id, until] = (localStorage.getItem(name) ?? '').split(' ');
    const left = Number(until) - Date.now();
    // An end beyond LEASE_MS was written before the clock was set back.
    return left > 0 && left <= LEASE_MS ? id : undefined;
  };
  const take = (): void => {
    try {
      if (holder() === undefined) localStorage.setItem(name, `${own} ${Date.now() + LEASE_MS}`);
      timer = setTimeout(holder() === own ? confirm : take, POLL_MS);
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
      // Storage is unavailable, so no other tab can read the lease either.
    }
  };
}
