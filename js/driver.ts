// Carries events into the core and effects out of it, one event at a time, and keeps what only JavaScript can: the
// callers' promises and the payloads of their requests.

import type { Core, Effect, Outcome, State } from 'wxauth-core';
import type { AuthOptions, RequestOptions, Waiting } from './auth.js';
import { type Answers, edgeClient } from './edge.js';
import { AuthError, type AuthErrorCode } from './error.js';
import type { AuthSetting, CoreModule, Host, Reply, WxFailure } from './host.js';
import { Recorder } from './trace.js';

interface Waiter {
  resolve(value: unknown): void;
  reject(error: AuthError): void;
  payload?: RequestOptions | undefined;
  reply?: Reply;
  /** Gives up the request that is out. */
  abort?: (() => void) | undefined;
  /** Stops listening to the caller's signal. */
  release?: () => void;
}

/** Storage and randomness that have not come by then will not. */
const START_PATIENCE_MS = 3_000;
/** The core has a fixed memory: what is longer than any real message or record is cut or left out. */
const LONGEST_TEXT = 8_192;
const LONGEST_CODE = 64;
const MOST_NAMES = 64;

const STARTING: State = { session: 'starting', generation: 0, degraded: false, scopes: [] };
export const cap = (text: unknown): string => String(text ?? '').slice(0, LONGEST_TEXT);

/** The core's methods that take an event. */
type EventName = Exclude<keyof Core, 'free' | typeof Symbol.dispose>;
/** What follows `now`. */
type EventArgs<Name extends EventName> = Parameters<Core[Name]> extends [number, ...infer Rest] ? Rest : never;

export class Driver {
  state = STARTING;
  readonly loaded: Promise<CoreModule>;
  readonly recorder: Recorder;
  private readonly host: Host;
  private readonly endpoints: ReturnType<typeof edgeClient>;
  private readonly storageKey: string;
  private readonly waiters = new Map<number, Waiter>();
  private readonly listeners = new Set<(state: State) => void>();
  private readonly stopWatching: () => void;
  /** Events that wait: for the core to come, or for the effects of the one before to be performed. */
  private readonly events: Array<() => void> = [];
  private busy = false;
  private module: CoreModule | undefined;
  private core: Core | undefined;
  private ended: AuthErrorCode | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lastWaiter = 0;

  constructor(
    private readonly options: AuthOptions,
    private readonly edge: string,
    private readonly appid: string,
    /** What stands in the registry for this machine. */
    private readonly registered: unknown,
  ) {
    const { host } = options;
    this.host = host;
    this.endpoints = edgeClient(this.host, edge, appid);
    this.storageKey = `wxauth:${appid}`;
    const { login = host.grant ? 'explicit' : 'silent', privacy = 'official', expiry, log } = options;
    const made = {
      login: this.host.canLogin ? login : 'never',
      privacy: privacy === 'official' ? 'official' : 'handler',
      expiry: (expiry?.values || []).map(String),
    };
    this.recorder = new Recorder(
      made,
      (entry) => log && this.attempt(() => log(entry), rethrow),
      (record) => (this.module ? this.module.redactedRecord(record) : ''),
    );
    this.stopWatching = this.host.onVisibility(
      () => this.tell('shown'),
      () => this.tell('hidden'),
    );
    this.loaded = this.host.load();
    this.loaded.then(
      (module) => {
        if (this.ended) return;
        this.module = module;
        this.guard(() => {
          this.core = new module.Core(made.login, made.privacy, made.expiry);
        });
        this.restore();
        this.drain();
      },
      () => this.end('core_crashed'),
    );
  }

  // --- callers

  /** A promise that the core will settle; `ask` tells it of the caller. */
  wait<T>(
    ask: (id: number) => void,
    { payload, signal }: { payload?: RequestOptions | undefined; signal?: Waiting['signal'] | undefined } = {},
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.ended) return reject(new AuthError(this.ended));
      const id = ++this.lastWaiter;
      const waiter: Waiter = { resolve: resolve as (value: unknown) => void, reject, payload };
      this.waiters.set(id, waiter);
      ask(id);
      if (!signal) return;
      const cancel = () => this.tell('cancelled', id);
      if (signal.aborted) return cancel();
      signal.addEventListener('abort', cancel);
      waiter.release = () => signal.removeEventListener('abort', cancel);
    });
  }

  subscribe(listener: (state: State) => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  end(code: AuthErrorCode): void {
    if (this.ended) return;
    this.ended = code;
    this.events.length = 0;
    this.core = undefined;
    clearTimeout(this.timer);
    this.stopWatching();
    const { registry } = this.host;
    if (registry.get(this.appid) === this.registered) registry.delete(this.appid);
    const waiters = Array.from(this.waiters.values());
    this.waiters.clear();
    for (const waiter of waiters) {
      waiter.release?.();
      waiter.reject(new AuthError(code));
    }
  }

  // --- events in

  private restore(): void {
    let missing = 2;
    let record: string | undefined;
    let readable = false;
    let seed = Date.now() >>> 0;
    const launch = () => {
      if (missing < 0) return;
      missing = -1;
      clearTimeout(patience);
      if (!readable) this.tell('storageFailed');
      this.tell('launched', record, seed);
    };
    const arrived = () => {
      missing -= 1;
      if (missing === 0) launch();
    };
    const patience = setTimeout(launch, START_PATIENCE_MS);
    const read = (stored: string | undefined) => {
      // What is longer was not written by the core.
      record = stored !== undefined && stored.length <= LONGEST_TEXT ? stored : undefined;
      readable = true;
      arrived();
    };
    this.attempt(() => this.host.read(this.storageKey, read, arrived), arrived);
    const drawn = (random: number) => {
      seed = random;
      arrived();
    };
    this.attempt(() => this.host.random(drawn), arrived);
  }

  /** Tells the core what happened, and does what it says: one event at a time, in order. */
  tell<Name extends EventName>(name: Name, ...args: EventArgs<Name>): void {
    if (this.ended) return;
    this.events.push(() => this.handle(name, args));
    this.drain();
  }

  private drain(): void {
    if (!this.core || this.busy) return;
    this.busy = true;
    for (let event = this.events.shift(); event; event = this.events.shift()) event();
    this.busy = false;
  }

  private handle<Name extends EventName>(name: Name, args: EventArgs<Name>): void {
    let effects: Effect[] = [];
    this.guard(() => {
      this.recorder.event(name, args);
      const core = this.core as unknown as Record<string, (...args: unknown[]) => Effect[]>;
      effects = (core[name] as (...args: unknown[]) => Effect[]).call(core, Date.now(), ...args);
      if (!effects) throw new Error('no effects');
    });
    for (const effect of effects) this.perform(effect);
  }

  /** Whatever is thrown out of the core ends it: its memory can no longer be trusted. */
  private guard(work: () => void): void {
    try {
      work();
    } catch {
      this.end('core_crashed');
    }
  }

  // --- effects out

  private perform(effect: Effect): void {
    const id = 'op' in effect ? effect.op : 'waiter' in effect ? effect.waiter : null;
    const settled = effect.type === 'Settle' ? { outcome: told(effect.outcome) } : {};
    this.recorder.effect(effect.type, id, effect.type === 'State' ? { state: effect.state } : settled);
    const { host } = this;
    switch (effect.type) {
      case 'CallLogin': {
        const failed = this.failure('loginFailed', effect.op);
        return this.attempt(
          () =>
            host.login(
              effect.timeout,
              (code) => this.tell('codeIssued', effect.op, cap(code)),
              failed,
              this.edge,
              this.appid,
            ),
          failed,
        );
      }
      case 'Exchange':
        return this.endpoints.exchange(effect.code, effect.refreshToken, effect.timeout, this.answers(effect.op));
      case 'Refresh':
        return this.endpoints.refresh(effect.refreshToken, effect.timeout, this.answers(effect.op));
      case 'Revoke':
        return this.endpoints.revoke(effect.refreshToken, effect.everywhere, effect.timeout, this.answers(effect.op));
      case 'Send':
        return this.send(effect.waiter, effect.token);
      case 'Settle':
        return this.settle(effect.waiter, effect.outcome);
      case 'Save': {
        const stored = () => this.tell('stored');
        const failed = () => this.tell('storageFailed');
        return this.attempt(() => host.write(this.storageKey, effect.record, stored, failed), failed);
      }
      case 'CheckSession': {
        const checked = (alive: boolean) => this.tell('sessionChecked', effect.op, alive);
        return this.attempt(
          () => host.checkSession(checked),
          () => checked(false),
        );
      }
      case 'ReadSetting': {
        const failed = this.failure('permissionFailed', effect.op);
        return this.attempt(
          () => host.getSetting((setting) => this.tell('settingRead', effect.op, ...names(setting)), failed),
          failed,
        );
      }
      case 'ReadPrivacy': {
        const failed = this.failure('permissionFailed', effect.op);
        return this.attempt(
          () => host.getPrivacySetting((needed) => this.tell('privacyRead', effect.op, needed), failed),
          failed,
        );
      }
      case 'ReadSystem':
        return this.attempt(
          () => host.readSystem((denied, off) => this.tell('systemRead', effect.op, few(denied), few(off))),
          this.failure('permissionFailed', effect.op),
        );
      case 'ShowPrivacy':
        return this.showPrivacy(effect.op);
      case 'Authorize': {
        const failed = this.failure('permissionFailed', effect.op);
        return this.attempt(
          () => host.authorize(effect.scope, () => this.tell('authorized', effect.op), failed),
          failed,
        );
      }
      case 'Wake':
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.tell('tick'), effect.after);
        return;
      case 'State':
        this.state = effect.state;
        for (const listener of Array.from(this.listeners)) this.attempt(() => listener(effect.state), rethrow);
    }
  }

  /** A call that throws has failed like one that says so. */
  attempt(call: () => void, failed: (failure: WxFailure) => void): void {
    try {
      call();
    } catch (error) {
      failed({ errMsg: cap(error) });
    }
  }

  failure(name: 'loginFailed' | 'permissionFailed' | 'requestFailed' | 'settingFailed', id: number) {
    return ({ errno, errMsg }: WxFailure) => this.tell(name, id, errno, cap(errMsg));
  }

  private answers(op: number): Answers {
    return {
      tokens: (access, refresh, expiresIn, serverNow) =>
        this.tell('tokensArrived', op, cap(access), cap(refresh), expiresIn, serverNow),
      revoked: () => this.tell('revoked', op),
      failed: (status, code, retryAfter) => this.tell('edgeFailed', op, status, cap(code), retryAfter),
    };
  }

  private send(id: number, token: string | null): void {
    const waiter = this.waiters.get(id);
    if (!waiter?.payload) return;
    const { url, method = 'GET', data, header } = waiter.payload;
    const bearer = token === null ? {} : { Authorization: `Bearer ${token}` };
    const failed = this.failure('requestFailed', id);
    const done = (reply: Reply) => {
      waiter.reply = reply;
      this.tell('replyArrived', id, reply.statusCode, this.codeOf(url, reply));
    };
    this.attempt(() => {
      waiter.abort = this.host.request({ url, method, data, header: Object.assign({}, header, bearer) }, done, failed);
    }, failed);
  }

  /** The code in a reply's body: the edge's own, or that of the field the application named. */
  private codeOf(url: string, { data }: Reply): string {
    const field = this.options.expiry?.field;
    const wechat = url.indexOf(`${this.edge}/wechat/`) === 0;
    const code = (data as Record<string, unknown> | undefined)?.[wechat || !field ? 'code' : field];
    return typeof code === 'string' || typeof code === 'number' ? String(code).slice(0, LONGEST_CODE) : '';
  }

  private settle(id: number, outcome: Outcome): void {
    const waiter = this.waiters.get(id);
    if (!waiter) return;
    // Before this waiter goes: another's reply may be what it gets.
    const reply = outcome.type === 'Deliver' ? this.waiters.get(outcome.of)?.reply : undefined;
    this.waiters.delete(id);
    waiter.release?.();
    switch (outcome.type) {
      case 'Done':
        return waiter.resolve(this.state);
      case 'Deliver':
        return waiter.resolve(reply);
      case 'Token':
        return waiter.resolve({ token: outcome.token, generation: outcome.generation });
      case 'Permission':
        return waiter.resolve(outcome.permission);
      case 'Failed':
        waiter.abort?.();
        return waiter.reject(new AuthError(outcome.code, outcome.retryable, outcome.retryAfter));
    }
  }

  private showPrivacy(op: number): void {
    const { privacy } = this.options;
    const answer = (agreed: boolean) => this.tell('privacyAnswered', op, agreed);
    if (typeof privacy !== 'function') return answer(false);
    Promise.resolve()
      .then(privacy)
      .then(
        (agreed) => answer(agreed === true),
        () => answer(false),
      );
  }
}

/** A listener's mistake is the application's to see, and no reason for anybody else to wait. */
function rethrow({ errMsg }: WxFailure): void {
  setTimeout(() => {
    throw new Error(errMsg);
  });
}

const few = (texts: string[]): string[] => texts.slice(0, MOST_NAMES).map(cap);

/** `authSetting` as the core takes it: the names that are true, and those that are false. */
export function names(setting: AuthSetting): [string[], string[]] {
  const named = (value: boolean) => few(Object.keys(setting || {}).filter((name) => setting[name] === value));
  return [named(true), named(false)];
}

/** What a caller is told, without what it is given. */
const told = (outcome: Outcome): string =>
  outcome.type === 'Failed' ? outcome.code : outcome.type === 'Permission' ? outcome.permission.type : outcome.type;
