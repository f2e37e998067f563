// The storage of a phone, which outlives the app.

/** Where a phone keeps the values of `wx.setStorage`, for one user and one mini program. */
export interface PhoneStorage {
  /** Returns the stored text; `undefined` if there is none. */
  get(key: string): string | undefined;
  /** Stores a text. */
  set(key: string, value: string): void;
  /** Removes a key; does nothing if it is not there. */
  remove(key: string): void;
  /** Returns every key. */
  keys(): string[];
}

/** Returns a storage in memory. */
export function memoryStorage(): PhoneStorage {
  const map = new Map<string, string>();
  return {
    get: (key) => map.get(key),
    set: (key, value) => void map.set(key, value),
    remove: (key) => void map.delete(key),
    keys: () => [...map.keys()],
  };
}
