// wx storage with its quotas and encryption (docs/platform-facts.md §1.7).

import { type Body, backend, dialectOf } from './device.js';
import { Failure, REASONS, wantString, worded } from './failures.js';
import { atLeast, SINCE_ENCRYPTED_STORAGE } from './versions.js';
import { api } from './wx-call.js';

/** Where a device keeps what `wx.setStorage` stores, per person and mini program. */
export interface PhoneStorage {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
  remove(key: string): void;
  keys(): string[];
}

export function memoryStorage(): PhoneStorage {
  const map = new Map<string, string>();
  return {
    get: (key) => map.get(key),
    set: (key, value) => void map.set(key, value),
    remove: (key) => void map.delete(key),
    keys: () => [...map.keys()],
  };
}

const MB = 1024 * 1024;
const PLAIN = { key: MB, total: 10 * MB };
const ENCRYPTED = { key: 0.7 * MB, total: 7.1 * MB };

const utf8 = new TextEncoder();

/** What is kept under a key: JSON of the value, and how it was written. */
interface Entry {
  encrypt: boolean;
  type: string;
  json: string;
}

const isDate = (value: unknown): value is Date => Object.prototype.toString.call(value) === '[object Date]';

function entry(data: unknown, encrypt: boolean): Entry {
  const json = JSON.stringify(data) ?? 'null';
  return { encrypt, type: isDate(data) ? 'Date' : 'JSON', json };
}

function value({ type, json }: Entry): unknown {
  const parsed: unknown = JSON.parse(json);
  return type === 'Date' ? new Date(parsed as string) : parsed;
}

export interface WithKey {
  key: string;
  encrypt?: boolean;
}

export interface StorageInfo {
  keys: string[];
  /** KB. */
  currentSize: number;
  limitSize: number;
}

export function storage(body: Body) {
  const store = body.storage;
  const encrypted = ({ encrypt }: { encrypt?: boolean }): boolean =>
    encrypt === true && atLeast(body.SDKVersion, SINCE_ENCRYPTED_STORAGE);

  // Android counts Java's characters, which are UTF-16 units; how other platforms count is not known.
  const size = (text: string): number => (body.platform === 'android' ? text.length : utf8.encode(text).length);
  const weight = (key: string, { type, json }: Entry): number =>
    // A string is kept as it is: its quotes in our JSON do not count.
    size(key) + size(type === 'JSON' && json.startsWith('"') ? JSON.parse(json) : json);
  const kept = (key: string): Entry | undefined => {
    const text = store.get(key);
    return text === undefined ? undefined : (JSON.parse(text) as Entry);
  };
  const used = (except?: string): number =>
    store.keys().reduce((sum, key) => {
      const found = key === except ? undefined : kept(key);
      return found ? sum + weight(key, found) : sum;
    }, 0);

  function write(key: string, data: unknown, encrypt: boolean, fullText: string): void {
    const limits = encrypt ? ENCRYPTED : PLAIN;
    const made = entry(data, encrypt);
    const wanted = weight(key, made);
    if (wanted > limits.key) throw new Failure(REASONS.entrySize);
    if (used(key) + wanted > limits.total) throw new Failure({ text: fullText });
    store.set(key, JSON.stringify(made));
  }

  /** What was stored with the same `encrypt`: reading it without is reading nothing. */
  function read(key: string, encrypt: boolean): { data: unknown } | undefined {
    const found = kept(key);
    return found && found.encrypt === encrypt ? { data: value(found) } : undefined;
  }

  const info = (): StorageInfo => ({
    keys: store.keys(),
    currentSize: Math.ceil(used() / 1024),
    limitSize: PLAIN.total / 1024,
  });
  const fullText = async () => (await backend(body)).assume.storage_full_text;

  return {
    setStorage: api<WithKey & { data: unknown }, object>(
      body,
      'setStorage',
      async (options: WithKey & { data: unknown }) => {
        wantString('key', options.key);
        write(options.key, options.data, encrypted(options), await fullText());
        return {};
      },
    ),
    // biome-ignore lint/suspicious/noExplicitAny: as the official typings have it: whatever was stored.
    getStorage: api<WithKey, { data: any }>(body, 'getStorage', (options: WithKey) => {
      wantString('key', options.key);
      const found = read(options.key, encrypted(options));
      if (!found) throw new Failure(REASONS.dataNotFound);
      return found;
    }),
    removeStorage: api<{ key: string }, object>(body, 'removeStorage', ({ key }: { key: string }) => {
      wantString('key', key);
      store.remove(key);
      return {};
    }),
    clearStorage: api<object, object>(body, 'clearStorage', () => {
      for (const key of store.keys()) store.remove(key);
      return {};
    }),
    getStorageInfo: api<object, StorageInfo>(body, 'getStorageInfo', info),
    getStorageInfoSync: info,
    setStorageSync: (key: string, data: unknown): void =>
      reported(body, 'setStorageSync', () => write(key, data, false, body.assume.storage_full_text)),
    // biome-ignore lint/suspicious/noExplicitAny: as the official typings have it: whatever was stored.
    getStorageSync(key: string): any {
      const found = read(key, false);
      return found ? found.data : '';
    },
    removeStorageSync: (key: string): void => store.remove(key),
    clearStorageSync(): void {
      for (const key of store.keys()) store.remove(key);
    },
  };
}

/** A synchronous call throws what the other form reports: an error whose message is `errMsg` too. */
function reported<Result>(body: Body, name: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const failure = worded(name, error, dialectOf(body, body.assume));
    throw Object.assign(new Error(failure.errMsg), failure);
  }
}
