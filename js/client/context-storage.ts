// Performs the effects on the storage and the lock that all contexts of an app share, and reports changes by other
// contexts. The core decides when an entry is written and what another context's entry means.

import type { Effect } from 'wxauth-core';
import type { Dispatch } from './events.js';
import { guardCall, ignore } from './guard.js';
import type { Host } from './host.js';

export type StorageEffect = Extract<Effect, { type: 'ReadRecord' | 'Save' | 'AcquireLock' | 'ReleaseLock' }>;

export interface ContextStorage {
  perform(effect: StorageEffect): void;
  /** Releases the lock and stops listening to other contexts. */
  stop(): void;
}

/**
 * Characters of an entry that are read. The core's memory has a fixed size; its own entries are shorter, and the
 * beginning of a longer one is enough to reject it.
 */
const LONGEST_ENTRY = 65_536;

export function contextStorage(host: Host, appid: string, dispatch: Dispatch): ContextStorage {
  const record = `wxauth:${appid}`;
  const status = `${record}:status`;
  const locks = new Map<number, () => void>();

  /** Reads both entries: '' if there is none, undefined if it cannot be read. */
  function read(op: number): void {
    const values: Array<string | undefined> = [];
    let missing = 2;
    [record, status].forEach((key, index) => {
      let open = true;
      const arrived = (value: string | undefined) => {
        if (!open) return;
        open = false;
        values[index] = value;
        missing -= 1;
        if (missing === 0) dispatch('recordRead', op, values[0], values[1]);
      };
      const unreadable = () => arrived(undefined);
      guardCall(
        () => host.read(key, (value) => arrived((value || '').slice(0, LONGEST_ENTRY)), unreadable),
        unreadable,
      );
    });
  }

  function save(op: number, key: string, value: string | null): void {
    const stored = () => dispatch('stored', op);
    const failed = () => dispatch('storageFailed', op);
    guardCall(
      () => (value === null ? host.remove(key, stored, failed) : host.write(key, value, stored, failed)),
      failed,
    );
  }

  function lock(op: number): void {
    const without = () => dispatch('lockAcquired', op, false);
    if (!host.lock) return without();
    const { lock } = host;
    guardCall(() => {
      locks.set(
        op,
        lock(`${record}:lock`, (exclusive) => dispatch('lockAcquired', op, exclusive)),
      );
    }, without);
  }

  function release(op: number): void {
    const unlock = locks.get(op);
    locks.delete(op);
    if (unlock) guardCall(unlock, ignore);
  }

  const stopWatching = host.onStorage?.([record, status], () => dispatch('storageChanged'));
  return {
    perform(effect) {
      switch (effect.type) {
        case 'ReadRecord':
          return read(effect.op);
        case 'Save':
          return save(effect.op, effect.entry === 'status' ? status : record, effect.value);
        case 'AcquireLock':
          return lock(effect.op);
        case 'ReleaseLock':
          return release(effect.op);
      }
    },
    stop() {
      stopWatching?.();
      for (const op of Array.from(locks.keys())) release(op);
    },
  };
}
