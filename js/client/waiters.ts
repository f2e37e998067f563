// The callers' promises, by the ids under which the core knows them.

import type { Outcome, State } from 'wxauth-core';
import type { AccessToken, RequestOptions, SignalOption } from './auth.js';
import { AuthError, type AuthErrorCode, type ErrorSource } from './auth-error.js';
import { guardCall, ignore, rethrow } from './guard.js';
import type { Reply } from './host.js';

/** A request to send when the core says so. */
export type Payload = RequestOptions & {
  /** Whether a body has the fields that this endpoint of the edge answers with; for the edge's endpoints only. */
  isAnswer?: (body: Record<string, unknown>) => boolean;
};

/** A caller whose promise is pending. */
export interface Waiter {
  resolve(value: unknown): void;
  reject(error: AuthError): void;
  payload?: Payload | undefined;
  /** The last reply to the payload. */
  reply?: Reply;
  /** Aborts the request in flight. */
  abort?: (() => void) | undefined;
  /** Removes the listener from the caller's signal. */
  release?: () => void;
}

export class Waiters {
  private readonly pending = new Map<number, Waiter>();
  private lastId = 0;

  get size(): number {
    return this.pending.size;
  }

  get(id: number): Waiter | undefined {
    return this.pending.get(id);
  }

  /** Adds a caller. `ask` dispatches its event; `cancel` dispatches that its signal was aborted. */
  add(waiter: Waiter, ask: (id: number) => void, signal: SignalOption['signal'], cancel: (id: number) => void): void {
    const id = ++this.lastId;
    this.pending.set(id, waiter);
    ask(id);
    if (!signal || !this.pending.has(id)) return;
    const aborted = () => cancel(id);
    guardCall(() => {
      if (signal.aborted) return aborted();
      signal.addEventListener('abort', aborted);
      waiter.release = () => signal.removeEventListener('abort', aborted);
    }, rethrow);
  }

  /** Settles a caller's promise with the core's outcome. */
  settle(id: number, outcome: Outcome, state: State, token: AccessToken | undefined, source: ErrorSource | undefined) {
    const waiter = this.pending.get(id);
    if (!waiter) return;
    // Read before the waiter is removed: `of` may be the same waiter.
    const reply = outcome.type === 'Deliver' ? this.pending.get(outcome.of)?.reply : undefined;
    this.pending.delete(id);
    guardCall(() => waiter.release?.(), rethrow);
    switch (outcome.type) {
      case 'Done':
        return waiter.resolve(state);
      case 'Deliver':
        return waiter.resolve(reply);
      case 'Token':
        return waiter.resolve({ token: token?.token, generation: outcome.generation });
      case 'Permission':
        return waiter.resolve(outcome.permission);
      case 'Failed':
        guardCall(() => waiter.abort?.(), rethrow);
        return waiter.reject(new AuthError(outcome.code, outcome.retryable, outcome.retryAfter, null, '', source));
    }
  }

  /** Rejects every pending promise. */
  rejectAll(code: AuthErrorCode): void {
    const waiters = Array.from(this.pending.values());
    this.pending.clear();
    for (const waiter of waiters) {
      guardCall(() => waiter.release?.(), ignore);
      waiter.reject(new AuthError(code));
    }
  }
}
