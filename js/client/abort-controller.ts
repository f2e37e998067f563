// An AbortController for mini programs, which have none (docs/platform-facts.md §5.2).

/** The part of `AbortSignal` that the client uses. A platform's `AbortSignal` is one. */
export interface AbortSignalLike {
  /** Whether `abort()` was called. */
  readonly aborted: boolean;
  /** Adds a listener for the moment of the abort. */
  addEventListener(type: 'abort', listener: () => void): void;
  /** Removes a listener. */
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** The part of `AbortController` that mini programs need. */
export interface AbortControllerLike {
  /** The signal to pass to calls. One signal may be passed to several calls. */
  readonly signal: AbortSignalLike;
  /** Aborts the calls that were given `signal`: they reject with `cancelled`. Works without `this`. */
  abort(): void;
}

/** Creates an AbortController for platforms that have none. */
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
      const called = Array.from(listeners);
      listeners.clear();
      for (const listener of called) listener();
    },
  };
}
