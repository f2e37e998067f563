// AbortController for phones, which have none. An AbortSignal fits wherever a AbortSignalLike does.

export interface AbortSignalLike {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface AbortControllerLike {
  readonly signal: AbortSignalLike;
  /** Lets go whoever waits with the signal; nobody else. */
  abort(): void;
}

export function createAbortController(): AbortControllerLike {
  const listeners = new Set<() => void>();
  let aborted = false;
  return {
    signal: {
      get aborted() {
        return aborted;
      },
      addEventListener: (_type, listener) => void listeners.add(listener),
      removeEventListener: (_type, listener) => void listeners.delete(listener),
    },
    abort() {
      aborted = true;
      const waiting = Array.from(listeners);
      listeners.clear();
      for (const listener of waiting) listener();
    },
  };
}
