// AbortController for phones, which have none. An AbortSignal fits wherever a CancelSignal does.

export interface CancelSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface Canceller {
  readonly signal: CancelSignal;
  /** Lets go whoever waits with the signal; nobody else. */
  cancel(): void;
}

export function canceller(): Canceller {
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
    cancel() {
      aborted = true;
      const waiting = Array.from(listeners);
      listeners.clear();
      for (const listener of waiting) listener();
    },
  };
}
