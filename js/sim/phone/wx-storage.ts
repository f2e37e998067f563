// The storage methods of wx, with quotas and encryption (docs/platform-facts.md §1.7).

import { appConfig, type Device, dialectOf } from './device.js';
import { CallError, REASONS, toWxFailure, wantString } from './failures.js';
import { atLeast, SINCE_ENCRYPTED_STORAGE } from './versions.js';
import { api } from './wx-call.js';

const MB = 1024 * 1024;
/** Limits in bytes, of one key and of all keys together. */
const PLAIN = { key: MB, total: 10 * MB };
const ENCRYPTED = { key: 0.7 * MB, total: 7.1 * MB };

const utf8 = new TextEncoder();

/** A stored value. */
interface Entry {
  encrypt: boolean;
  /** `Date` or `JSON`. */
  type: string;
  json: string;
}

const isDate = (value: unknown): value is Date => Object.prototype.toString.call(value) === '[object Date]';

function entryOf(data: unknown, encrypt: boolean): Entry {
  const json = JSON.stringify(data) ?? 'null';
  return { encrypt, type: isDate(data) ? 'Date' : 'JSON', json };
}

function decoded({ type, json }: Entry): unknown {
  const parsed: unknown = JSON.parse(json);
  return type === 'Date' ? new Date(parsed as string) : parsed;
}

/** Options that `wx.setStorage` and `wx.getStorage` share. */
export interface WithKey {
  /** The key. */
  key: string;
  /** Whether the value is stored encrypted; from base library 2.21.3. Default false. */
  encrypt?: boolean;
}

/** Options of `wx.setStorage`. */
export interface SetStorageOptions extends WithKey {
  /** A primitive value, a `Date`, or a value that JSON can represent. */
  data: unknown;
}

/** Result of `wx.getStorage`. */
export interface StoredData {
  /** The stored value. */
  // biome-ignore lint/suspicious/noExplicitAny: the official typings declare `any`.
  data: any;
}

/** Options of `wx.removeStorage`. */
export interface RemoveStorageOptions {
  /** The key. */
  key: string;
}

/** Result of `wx.getStorageInfo` and `wx.getStorageInfoSync` (§1.7). */
export interface StorageInfo {
  /** The stored keys. */
  keys: string[];
  /** Used size in kilobytes. */
  currentSize: number;
  /** Maximum size in kilobytes. */
  limitSize: number;
}

export function storage(device: Device) {
  const store = device.storage;
  const encrypted = ({ encrypt }: { encrypt?: boolean }): boolean =>
    encrypt === true && atLeast(device.SDKVersion, SINCE_ENCRYPTED_STORAGE);

  // Android counts the characters of Java, which are UTF-16 units; the unit of other platforms is not known.
  const size = (text: string): number => (device.platform === 'android' ? text.length : utf8.encode(text).length);
  const weight = (key: string, { type, json }: Entry): number =>
    // A string counts without the quotes of its JSON.
    size(key) + size(type === 'JSON' && json.startsWith('"') ? JSON.parse(json) : json);
  const stored = (key: string): Entry | undefined => {
    const text = store.get(key);
    return text === undefined ? undefined : (JSON.parse(text) as Entry);
  };
  const used = (except?: string): number =>
    store.keys().reduce((sum, key) => {
      const found = key === except ? undefined : stored(key);
      return found ? sum + weight(key, found) : sum;
    }, 0);

  function write(key: string, data: unknown, encrypt: boolean, fullText: string): void {
    const limits = encrypt ? ENCRYPTED : PLAIN;
    const entry = entryOf(data, encrypt);
    const wanted = weight(key, entry);
    if (wanted > limits.key) throw new CallError(REASONS.entrySize);
    if (used(key) + wanted > limits.total) throw new CallError({ text: fullText });
    store.set(key, JSON.stringify(entry));
  }

  /** Returns a value that was stored with the same `encrypt`; otherwise `undefined`. */
  function read(key: string, encrypt: boolean): { data: unknown } | undefined {
    const found = stored(key);
    return found && found.encrypt === encrypt ? { data: decoded(found) } : undefined;
  }

  const info = (): StorageInfo => ({
    keys: store.keys(),
    currentSize: Math.ceil(used() / 1024),
    limitSize: PLAIN.total / 1024,
  });
  const fullText = async () => (await appConfig(device)).assume.storage_full_text;

  return {
    /** `wx.setStorage`. At most 1 MB per key and 10 MB in all; 0.7 MB and 7.1 MB if encrypted (§1.7). */
    setStorage: api<SetStorageOptions, object>(device, 'setStorage', async (options: SetStorageOptions) => {
      wantString('key', options.key);
      write(options.key, options.data, encrypted(options), await fullText());
      return {};
    }),
    /** `wx.getStorage`. Fails with `data not found` unless the key was stored with the same `encrypt` (§1.7). */
    getStorage: api<WithKey, StoredData>(device, 'getStorage', (options: WithKey) => {
      wantString('key', options.key);
      const found = read(options.key, encrypted(options));
      if (!found) throw new CallError(REASONS.dataNotFound);
      return found;
    }),
    /** `wx.removeStorage`. Succeeds also if the key is absent. */
    removeStorage: api<RemoveStorageOptions, object>(device, 'removeStorage', ({ key }: RemoveStorageOptions) => {
      wantString('key', key);
      store.remove(key);
      return {};
    }),
    /** `wx.clearStorage`. Removes every key. */
    clearStorage: api<object, object>(device, 'clearStorage', () => {
      for (const key of store.keys()) store.remove(key);
      return {};
    }),
    /** `wx.getStorageInfo` (§1.7). */
    getStorageInfo: api<object, StorageInfo>(device, 'getStorageInfo', info),
    /** `wx.getStorageInfoSync` (§1.7). */
    getStorageInfoSync: info,
    /** `wx.setStorageSync`. Throws an error whose message is the `errMsg` if a quota is exceeded (§1.7). */
    setStorageSync: (key: string, data: unknown): void =>
      throwing(device, 'setStorageSync', () => write(key, data, false, device.assume.storage_full_text)),
    /** `wx.getStorageSync`. Returns the value; an empty string if the key is absent. */
    // biome-ignore lint/suspicious/noExplicitAny: the official typings declare `any`.
    getStorageSync(key: string): any {
      const found = read(key, false);
      return found ? found.data : '';
    },
    /** `wx.removeStorageSync`. */
    removeStorageSync: (key: string): void => store.remove(key),
    /** `wx.clearStorageSync`. Removes every key. */
    clearStorageSync(): void {
      for (const key of store.keys()) store.remove(key);
    },
  };
}

/** Runs a synchronous method: its failure is thrown as an Error whose message is the `errMsg`. */
function throwing<Result>(device: Device, name: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    const failure = toWxFailure(name, error, dialectOf(device, device.assume));
    throw Object.assign(new Error(failure.errMsg), failure);
  }
}
