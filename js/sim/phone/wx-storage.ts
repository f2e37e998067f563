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

export interface WithKey {
  key: string;
  encrypt?: boolean;
}

export interface StorageInfo {
  keys: string[];
  /** Kilobytes. */
  currentSize: number;
  /** Kilobytes. */
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
    setStorage: api<WithKey & { data: unknown }, object>(
      device,
      'setStorage',
      async (options: WithKey & { data: unknown }) => {
        wantString('key', options.key);
        write(options.key, options.data, encrypted(options), await fullText());
        return {};
      },
    ),
    // biome-ignore lint/suspicious/noExplicitAny: the official typings declare `any`.
    getStorage: api<WithKey, { data: any }>(device, 'getStorage', (options: WithKey) => {
      wantString('key', options.key);
      const found = read(options.key, encrypted(options));
      if (!found) throw new CallError(REASONS.dataNotFound);
      return found;
    }),
    removeStorage: api<{ key: string }, object>(device, 'removeStorage', ({ key }: { key: string }) => {
      wantString('key', key);
      store.remove(key);
      return {};
    }),
    clearStorage: api<object, object>(device, 'clearStorage', () => {
      for (const key of store.keys()) store.remove(key);
      return {};
    }),
    getStorageInfo: api<object, StorageInfo>(device, 'getStorageInfo', info),
    getStorageInfoSync: info,
    setStorageSync: (key: string, data: unknown): void =>
      throwing(device, 'setStorageSync', () => write(key, data, false, device.assume.storage_full_text)),
    // biome-ignore lint/suspicious/noExplicitAny: the official typings declare `any`.
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
