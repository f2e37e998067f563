// Performs the effects about storage and its lock, and reports what other contexts change. Which entry is written when,
// and what another context's entry means, is decided in the core.

import type { Effect } from 'wxauth-core';
import type { Failed, Host } from './host.js';

export interface StorageAnswers {
  /** Both entries: '' where there is none, undefined where it cannot be read. */
  read(op: number, record: string | undefined, status: string | undefined): void;
  stored(op: number): void;
  failed(op: number): void;
  locked(op: number, exclusive: boolean): void;
  changed(): void;
}

export type StorageEffect = Extract<Effect, { type: 'ReadRecord' | 'Save' | 'AcquireLock' | 'ReleaseLock' }>;

export interface ContextStorage {
  perform(effect: StorageEffect): void;
  /** Releases the lock, and stops listening to other contexts. */
  stop(): void;
}

/** The core has a fixed memory. Longer entries are not its own; their beginning is enough to see that. */
const LONGEST_ENTRY = 65_536;

export function contextStorage(host: Host, appid: string, answers: StorageAnswers): ContextStorage {
  const record = `wxauth:${appid}`;
  const status = `${record}:status`;
  const locks = new Map<number, () => void>();

  const attempt = (call: () => void, failed: Failed): void => {
    try {
      call();
    } catch (error) {
      failed({ errMsg: String(error) });
    }
  };

  function read(op: number): void {
    const found: Array<string | undefined> = [];
    let missing = 2;
    [record, status].forEach((key, index) => {
      let open = true;
      const arrived = (value: string | undefined) => {
        if (!open) return;
        open = false;
        found[index] = value;
        missing -= 1;
        if (missing === 0) answers.read(op, found[0], found[1]);
      };
      attempt(
        () =>
          host.read(
            key,
            (value) => arrived(value === undefined ? '' : value.slice(0, LONGEST_ENTRY)),
            () => arrived(undefined),
          ),
        () => arrived(undefined),
      );
    });
  }

  function save(op: number, key: string, value: string | null): void {
    const stored = () => answers.stored(op);
    const failed = () => answers.failed(op);
    attempt(() => (value === null ? host.remove(key, stored, failed) : host.write(key, value, stored, failed)), failed);
  }

  function lock(op: number): void {
    const without = () => answers.locked(op, false);
    if (!host.lock) return without();
    const { lock } = host;
    attempt(() => {
      locks.set(
        op,
        lock(`${record}:lock`, (exclusive) => answers.locked(op, exclusive)),
      );
    }, without);
  }

  function release(op: number): void {
    const free = locks.get(op);
    locks.delete(op);
    if (free) attempt(free, () => undefined);
  }

  const stopWatching = host.onStorage?.([record, status], answers.changed);
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
