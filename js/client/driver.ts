// Passes events to the core and performs its effects, one event at a time. Keeps what the core does not hold: the
// callers' promises and the payloads of their requests.

import type { Core, Effect, Outcome, State } from 'wxauth-core';
import type { AccessToken, AuthOptions, SignalOption } from './auth.js';
import { AuthError, type AuthErrorCode, type ErrorSource } from './auth-error.js';
import { failureOf, truncateAll, untruncated } from './bounds.js';
import { sendRequest } from './caller-request.js';
import { type ContextStorage, contextStorage } from './context-storage.js';
import { type Answers, edgeClient } from './edge-client.js';
import type { Dispatch, EventArgs, EventName, FailureEvent } from './events.js';
import { guardCall, ignore, rethrow } from './guard.js';
import type { CoreModule, WxFailure } from './host.js';
import { callPlatform } from './platform-calls.js';
import { Recorder } from './trace.js';
import { type Payload, Waiters } from './waiters.js';

/** Milliseconds to wait for random numbers; then the clock is the seed. */
const SEED_TIMEOUT_MS = 3_000;
/** Milliseconds to wait for the core; a slow network transfers its 30 KB in this time. */
const LOAD_TIMEOUT_MS = 60_000;

const STARTING: State = { session: 'starting', generation: 0, degraded: false, scopes: [] };

export class Driver {
  state = STARTING;
  readonly loaded: Promise<CoreModule>;
  readonly recorder: Recorder;
  private readonly endpoints: ReturnType<typeof edgeClient>;
  private readonly storage: ContextStorage;
  private readonly waiters = new Waiters();
  private readonly listeners = new Set<(state: State) => void>();
  private stopWatching: (() => void) | undefined;
  /** Events that wait for the core to load, or for the effects of the event before. */
  private readonly queue: Array<() => void> = [];
  /** Index of the first event in `queue` that is not handled. */
  private next = 0;
  private busy = false;
  /** Source of the event that is being handled, for the errors that follow from it. */
  private source: ErrorSource | undefined;
  private token: AccessToken | undefined;
  private module: CoreModule | undefined;
  private core: Core | undefined;
  private ended: AuthErrorCode | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly options: AuthOptions,
    private readonly edge: string,
    private readonly appid: string,
    /** The registry's entry for this appid. */
    private readonly registered: unknown,
  ) {
    const { host, privacy = 'official', expiry, log } = options;
    this.endpoints = edgeClient(host, edge, appid);
    this.storage = contextStorage(host, appid, this.dispatch);
    // The default is a property of the platform: a web login leaves the page, so it begins for a caller of login() only,
    // while wx.login is invisible. A host without a login cannot have another mode than 'never'.
    const { login = host.grant ? 'explicit' : 'silent' } = options;
    const config = {
      login: host.canLogin ? login : 'never',
      privacy: privacy === 'official' ? 'official' : 'handler',
      expiry: truncateAll(expiry?.values || []),
    };
    this.recorder = new Recorder(
      config,
      (entry) => log && guardCall(() => log(entry), rethrow),
      (record) => (this.module ? this.module.redactedRecord(record) : ''),
    );
    guardCall(() => {
      this.stopWatching = host.onVisibility(
        () => this.dispatch('shown'),
        () => this.dispatch('hidden'),
      );
    }, rethrow);
    this.loaded = new Promise((resolve) => resolve(host.load()));
    const failed = () => this.shutdown('core_crashed');
    this.timer = setTimeout(failed, LOAD_TIMEOUT_MS);
    this.loaded.then((module) => {
      if (this.ended) return;
      clearTimeout(this.timer);
      this.module = module;
      this.guardCore(() => {
        this.core = new module.Core(config.login, config.privacy, config.expiry);
      });
      this.launch();
      this.drain();
    }, failed);
  }

  // --- callers

  /** Returns a promise that the core settles. `ask` dispatches the caller's event under the given id. */
  wait<T>(
    ask: (id: number) => void,
    { payload, signal }: { payload?: Payload | undefined; signal?: SignalOption['signal'] | undefined } = {},
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.ended) return reject(new AuthError(this.ended));
      (this.timer as Partial<NodeJS.Timeout> | undefined)?.ref?.();
      this.waiters.add({ resolve: resolve as (value: unknown) => void, reject, payload }, ask, signal, (id) =>
        this.dispatch('cancelled', id),
      );
    });
  }

  subscribe(listener: (state: State) => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /** Ends the machine: every pending and later call rejects with `code`. */
  shutdown(code: AuthErrorCode): void {
    if (this.ended) return;
    this.ended = code;
    const { core } = this;
    this.queue.length = this.next = 0;
    this.core = this.token = undefined;
    clearTimeout(this.timer);
    guardCall(() => this.stopWatching?.(), ignore);
    this.storage.stop();
    guardCall(() => core?.free(), ignore);
    const { registry } = this.options.host;
    if (registry.get(this.appid) === this.registered) registry.delete(this.appid);
    this.waiters.rejectAll(code);
  }

  // --- events in

  private launch(): void {
    let launched = false;
    const launch = (seed: number) => {
      if (launched) return;
      launched = true;
      clearTimeout(timeout);
      this.dispatch('launched', seed);
    };
    const fromClock = () => launch(Date.now() >>> 0);
    const timeout = setTimeout(fromClock, SEED_TIMEOUT_MS);
    guardCall(() => this.options.host.random(launch), fromClock);
  }

  /** Queues an event. Events are handled one at a time, in order; each one's effects are performed before the next. */
  dispatch: Dispatch = (name, ...args) => this.dispatchFrom(undefined, name, ...args);

  /** `dispatch`, with the source that a resulting error carries. */
  private dispatchFrom<Name extends EventName>(
    source: ErrorSource | undefined,
    name: Name,
    ...args: EventArgs<Name>
  ): void {
    if (this.ended) return;
    this.queue.push(() => this.handle(name, args, source));
    this.drain();
  }

  private drain(): void {
    if (!this.core || this.busy) return;
    this.busy = true;
    try {
      // By index: shift() of a long array takes time proportional to its length.
      while (this.next < this.queue.length) guardCall(this.queue[this.next++] as () => void, rethrow);
      this.queue.length = this.next = 0;
    } finally {
      this.busy = false;
    }
  }

  private handle<Name extends EventName>(name: Name, args: EventArgs<Name>, source: ErrorSource | undefined): void {
    this.source = source;
    let effects: Effect[] = [];
    this.guardCore(() => {
      this.recorder.event(name, args);
      const core = this.core as unknown as Record<string, (...args: unknown[]) => Effect[]>;
      effects = (core[name] as (...args: unknown[]) => Effect[]).call(core, Date.now(), ...args);
      if (!effects) throw new Error('no effects');
    });
    // Guarded one by one: an effect that throws does not stop the others.
    for (const effect of effects) guardCall(() => this.perform(effect), rethrow);
  }

  /** Runs the core. An exception ends the machine: the core's memory may be inconsistent after it. */
  private guardCore(work: () => void): void {
    try {
      work();
    } catch {
      this.shutdown('core_crashed');
    }
  }

  // --- effects out

  private perform(effect: Effect): void {
    const id = 'op' in effect ? effect.op : 'waiter' in effect ? effect.waiter : null;
    const settled = effect.type === 'Settle' ? { outcome: outcomeName(effect.outcome) } : {};
    this.recorder.effect(effect.type, id, effect.type === 'State' ? { state: effect.state } : settled);
    switch (effect.type) {
      case 'Exchange':
        return this.endpoints.exchange(effect.code, effect.refreshToken, effect.timeout, this.answers(effect.op));
      case 'Refresh':
        return this.endpoints.refresh(effect.refreshToken, effect.timeout, this.answers(effect.op));
      case 'Revoke':
        return this.endpoints.revoke(effect.refreshToken, effect.everywhere, effect.timeout, this.answers(effect.op));
      case 'SetToken': {
        const { generation, token } = effect;
        this.token = token === null ? undefined : { generation, token };
        return;
      }
      case 'Send':
        return this.send(effect.waiter, effect.generation);
      case 'Settle':
        return this.waiters.settle(effect.waiter, effect.outcome, this.state, this.token, this.source);
      case 'ReadRecord':
      case 'Save':
      case 'AcquireLock':
      case 'ReleaseLock':
        return this.storage.perform(effect);
      case 'Wake':
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.dispatch('tick'), effect.after);
        // In Node, a revocation that is retried later does not keep the process alive.
        if (this.waiters.size === 0) (this.timer as Partial<NodeJS.Timeout>).unref?.();
        return;
      case 'State':
        this.state = effect.state;
        for (const listener of Array.from(this.listeners)) guardCall(() => listener(effect.state), rethrow);
        return;
      default:
        return callPlatform(effect, this.options, this.edge, this.appid, this.dispatch, this.failure);
    }
  }

  /** Returns a failure callback that dispatches `name`. */
  failure = (name: FailureEvent, id: number) => (failure?: Partial<WxFailure>) => {
    const cause = failureOf(failure);
    this.dispatchFrom({ cause }, name, id, cause.errno, cause.errMsg);
  };

  private answers(op: number): Answers {
    return {
      tokens: (access, refresh, expiresIn, serverNow) =>
        this.dispatch('tokensArrived', op, untruncated(access), untruncated(refresh), expiresIn, serverNow),
      revoked: () => this.dispatch('revoked', op),
      failed: ({ status, code, retryAfter, requestId, cause }) => {
        const source = { requestId, cause: cause && failureOf(cause) };
        this.dispatchFrom(source, 'edgeFailed', op, status, code, retryAfter);
      },
    };
  }

  private send(id: number, generation: number | null): void {
    const waiter = this.waiters.get(id);
    const { host, expiry } = this.options;
    if (waiter)
      sendRequest(waiter, generation === null ? undefined : this.token, host, this.edge, expiry, {
        replied: (status, code, refusal) =>
          this.dispatchFrom(refusal, 'replyArrived', id, status, code, refusal?.retryAfter),
        failed: this.failure('requestFailed', id),
      });
  }
}

/** An outcome's name for the trace, without its value. */
const outcomeName = (outcome: Outcome): string =>
  outcome.type === 'Failed' ? outcome.code : outcome.type === 'Permission' ? outcome.permission.type : outcome.type;
