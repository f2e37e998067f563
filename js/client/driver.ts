// Carries events into the core and effects out of it, one event at a time, and keeps what only JavaScript can: the
// callers' promises and the payloads of their requests.

import type { Core, Effect, Outcome, State } from 'wxauth-core';
import type { AuthOptions, RequestOptions, SignalOption } from './auth.js';
import { AuthError, type AuthErrorCode, type Because } from './auth-error.js';
import { type ContextStorage, contextStorage } from './context-storage.js';
import { type Answers, edgeClient, refusal } from './edge-client.js';
import type { AuthSetting, CoreModule, Host, Reply, WxFailure } from './host.js';
import { Recorder } from './trace.js';

/** A caller's request; `brings` is whether a body is what the edge's endpoint answers with. */
export type Payload = RequestOptions & { brings?: (body: Record<string, unknown>) => boolean };

interface Waiter {
  resolve(value: unknown): void;
  reject(error: AuthError): void;
  payload?: Payload | undefined;
  reply?: Reply;
  /** Gives up the request that is out. */
  abort?: (() => void) | undefined;
  /** Stops listening to the caller's signal. */
  release?: () => void;
}

/** Randomness that has not come by then will not. */
const START_PATIENCE_MS = 3_000;
/** A core that is not there by then will not come; a slow network gets a wasm of 30 KB in this time. */
const LOAD_PATIENCE_MS = 60_000;
/** The core has a fixed memory: what is longer than any real message or record is cut or left out. */
const LONGEST_TEXT = 8_192;
const LONGEST_NAME = 64;
const MOST_NAMES = 64;

const STARTING: State = { session: 'starting', generation: 0, degraded: false, scopes: [] };
export function cap(text: unknown, longest = LONGEST_TEXT): string {
  try {
    return String(text ?? '').slice(0, longest);
  } catch {
    return '';
  }
}
/** For a text that is worth nothing when it is cut. */
const whole = (text: string): string => (text.length <= LONGEST_TEXT ? text : '');

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
  private readonly storage: ContextStorage;
  private readonly waiters = new Map<number, Waiter>();
  private readonly listeners = new Set<(state: State) => void>();
  private stopWatching: (() => void) | undefined;
  /** Events that wait: for the core to come, or for the effects of the one before to be performed. */
  private readonly events: Array<() => void> = [];
  /** How many of those have been told already. */
  private told = 0;
  private busy = false;
  /** What the event that is being handled comes from. */
  private because: Because | undefined;
  /** The session's access token, which `Send` names by its generation. */
  private token: { generation: number; token: string } | undefined;
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
    this.storage = contextStorage(this.host, appid, {
      read: (op, record, status) => this.tell('recordRead', op, record, status),
      stored: (op) => this.tell('stored', op),
      failed: (op) => this.tell('storageFailed', op),
      locked: (op, exclusive) => this.tell('lockAcquired', op, exclusive),
      changed: () => this.tell('storageChanged'),
    });
    const { login = host.grant ? 'explicit' : 'silent', privacy = 'official', expiry, log } = options;
    const config = {
      login: this.host.canLogin ? login : 'never',
      privacy: privacy === 'official' ? 'official' : 'handler',
      expiry: few(expiry?.values || []),
    };
    this.recorder = new Recorder(
      config,
      (entry) => log && this.attempt(() => log(entry), rethrow),
      (record) => (this.module ? this.module.redactedRecord(record) : ''),
    );
    this.attempt(() => {
      this.stopWatching = this.host.onVisibility(
        () => this.tell('shown'),
        () => this.tell('hidden'),
      );
    }, rethrow);
    this.loaded = new Promise((resolve) => resolve(this.host.load()));
    this.timer = setTimeout(() => this.end('core_crashed'), LOAD_PATIENCE_MS);
    this.loaded.then(
      (module) => {
        if (this.ended) return;
        clearTimeout(this.timer);
        this.module = module;
        this.guard(() => {
          this.core = new module.Core(config.login, config.privacy, config.expiry);
        });
        this.launch();
        this.drain();
      },
      () => this.end('core_crashed'),
    );
  }

  // --- callers

  /** A promise that the core will settle; `ask` tells it of the caller. */
  wait<T>(
    ask: (id: number) => void,
    { payload, signal }: { payload?: Payload | undefined; signal?: SignalOption['signal'] | undefined } = {},
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.ended) return reject(new AuthError(this.ended));
      const id = ++this.lastWaiter;
      const waiter: Waiter = { resolve: resolve as (value: unknown) => void, reject, payload };
      this.waiters.set(id, waiter);
      (this.timer as Partial<NodeJS.Timeout> | undefined)?.ref?.();
      ask(id);
      if (!signal || !this.waiters.has(id)) return;
      const cancel = () => this.tell('cancelled', id);
      this.attempt(() => {
        if (signal.aborted) return cancel();
        signal.addEventListener('abort', cancel);
        waiter.release = () => signal.removeEventListener('abort', cancel);
      }, rethrow);
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
    const { core } = this;
    this.events.length = this.told = 0;
    this.core = this.token = undefined;
    clearTimeout(this.timer);
    const ignore = () => {};
    this.attempt(() => this.stopWatching?.(), ignore);
    this.storage.stop();
    this.attempt(() => core?.free(), ignore);
    const { registry } = this.host;
    if (registry.get(this.appid) === this.registered) registry.delete(this.appid);
    const waiters = Array.from(this.waiters.values());
    this.waiters.clear();
    for (const waiter of waiters) {
      this.attempt(() => waiter.release?.(), ignore);
      waiter.reject(new AuthError(code));
    }
  }

  // --- events in

  private launch(): void {
    let launched = false;
    const launch = (seed: number) => {
      if (launched) return;
      launched = true;
      clearTimeout(patience);
      this.tell('launched', seed);
    };
    const clock = () => launch(Date.now() >>> 0);
    const patience = setTimeout(clock, START_PATIENCE_MS);
    this.attempt(() => this.host.random(launch), clock);
  }

  /** Tells the core what happened, and does what it says: one event at a time, in order. */
  tell<Name extends EventName>(name: Name, ...args: EventArgs<Name>): void {
    this.tellBecause(undefined, name, ...args);
  }

  /** The same, with what an error that follows from it is to say beside its code. */
  private tellBecause<Name extends EventName>(
    because: Because | undefined,
    name: Name,
    ...args: EventArgs<Name>
  ): void {
    if (this.ended) return;
    this.events.push(() => this.handle(name, args, because));
    this.drain();
  }

  private drain(): void {
    if (!this.core || this.busy) return;
    this.busy = true;
    try {
      // By index: to shift a long list costs as much as the list is long.
      while (this.told < this.events.length) this.attempt(this.events[this.told++] as () => void, rethrow);
      this.events.length = this.told = 0;
    } finally {
      this.busy = false;
    }
  }

  private handle<Name extends EventName>(name: Name, args: EventArgs<Name>, because: Because | undefined): void {
    this.because = because;
    let effects: Effect[] = [];
    this.guard(() => {
      this.recorder.event(name, args);
      const core = this.core as unknown as Record<string, (...args: unknown[]) => Effect[]>;
      effects = (core[name] as (...args: unknown[]) => Effect[]).call(core, Date.now(), ...args);
      if (!effects) throw new Error('no effects');
    });
    // One that fails leaves the others to be done.
    for (const effect of effects) this.attempt(() => this.perform(effect), rethrow);
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
    const settled = effect.type === 'Settle' ? { outcome: outcomeName(effect.outcome) } : {};
    this.recorder.effect(effect.type, id, effect.type === 'State' ? { state: effect.state } : settled);
    const { host } = this;
    switch (effect.type) {
      case 'CallLogin': {
        const failed = this.failure('loginFailed', effect.op);
        return this.attempt(
          () =>
            host.login(
              effect.timeout,
              (code) => this.tell('codeIssued', effect.op, whole(cap(code, LONGEST_TEXT + 1))),
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
      case 'SetToken': {
        const { generation, token } = effect;
        this.token = token === null ? undefined : { generation, token };
        return;
      }
      case 'Send':
        return this.send(effect.waiter, effect.generation);
      case 'Settle':
        return this.settle(effect.waiter, effect.outcome);
      case 'ReadRecord':
      case 'Save':
      case 'AcquireLock':
      case 'ReleaseLock':
        return this.storage.perform(effect);
      case 'CheckSession': {
        const checked = (alive: boolean) => this.tell('sessionChecked', effect.op, !!alive);
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
          () => host.getPrivacySetting((needed) => this.tell('privacyRead', effect.op, !!needed), failed),
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
        // In Node no process stays for a revocation that is tried again later.
        if (this.waiters.size === 0) (this.timer as Partial<NodeJS.Timeout>).unref?.();
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
    return (failure?: Partial<WxFailure>) => {
      const cause = failureOf(failure);
      this.tellBecause({ cause }, name, id, cause.errno, cause.errMsg);
    };
  }

  private answers(op: number): Answers {
    return {
      tokens: (access, refresh, expiresIn, serverNow) =>
        this.tell('tokensArrived', op, whole(access), whole(refresh), expiresIn, serverNow),
      revoked: () => this.tell('revoked', op),
      failed: ({ status, code, retryAfter, requestId, cause }) => {
        const because = { requestId, cause: cause && failureOf(cause) };
        this.tellBecause(because, 'edgeFailed', op, status, code, retryAfter);
      },
    };
  }

  private send(id: number, generation: number | null): void {
    const waiter = this.waiters.get(id);
    if (!waiter?.payload) return;
    const { url, method = 'GET', data, header, brings } = waiter.payload;
    const sent: Record<string, string> = Object.assign({}, header);
    if (generation !== null) {
      // The session's token replaces the caller's own, however its name is spelt.
      for (const name of Object.keys(sent)) if (/^authorization$/i.test(name)) delete sent[name];
      sent.Authorization = `Bearer ${this.token?.token}`;
    }
    // A request is answered once: what a platform says after that may be about one that was sent again since.
    let open = true;
    const once =
      <T>(answered: (answer: T) => void) =>
      (answer: T) => {
        if (!open) return;
        open = false;
        waiter.abort = undefined;
        answered(answer);
      };
    const failed = once(this.failure('requestFailed', id));
    const done = once((reply: Reply) => {
      if (!reply || !(reply.statusCode > 0)) return this.failure('requestFailed', id)(NO_REPLY);
      waiter.reply = reply;
      const said = brings || url.indexOf(`${this.edge}/wechat/`) === 0 ? refusal(reply) : undefined;
      const malformed = brings && reply.statusCode === 200 && !(isRecord(reply.data) && brings(reply.data));
      const code = malformed ? 'reply_malformed' : said ? said.code : this.expiryOf(reply);
      this.tellBecause(said, 'replyArrived', id, reply.statusCode, code, said?.retryAfter);
    });
    this.attempt(() => {
      const abort = this.host.request({ url, method, data, header: sent }, done, failed);
      if (open) waiter.abort = abort;
    }, failed);
  }

  /** The code in a reply's body that means "expired": nothing else is read of what other servers say. */
  private expiryOf({ data }: Reply): string {
    const { expiry } = this.options;
    const value = expiry && isRecord(data) ? data[expiry.field] : undefined;
    const is = (known: string | number) => String(known) === String(value);
    const text = typeof value === 'string' || typeof value === 'number';
    return text && expiry?.values.some(is) ? String(value) : '';
  }

  private settle(id: number, outcome: Outcome): void {
    const waiter = this.waiters.get(id);
    if (!waiter) return;
    // Before this waiter goes: another's reply may be what it gets.
    const reply = outcome.type === 'Deliver' ? this.waiters.get(outcome.of)?.reply : undefined;
    this.waiters.delete(id);
    this.attempt(() => waiter.release?.(), rethrow);
    switch (outcome.type) {
      case 'Done':
        return waiter.resolve(this.state);
      case 'Deliver':
        return waiter.resolve(reply);
      case 'Token':
        return waiter.resolve({ token: this.token?.token, generation: outcome.generation });
      case 'Permission':
        return waiter.resolve(outcome.permission);
      case 'Failed':
        this.attempt(() => waiter.abort?.(), rethrow);
        return waiter.reject(
          new AuthError(outcome.code, outcome.retryable, outcome.retryAfter, null, '', this.because),
        );
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

const few = (texts: unknown[]): string[] =>
  Array.isArray(texts) ? texts.slice(0, MOST_NAMES).map((text) => cap(text, LONGEST_NAME)) : [];

const isRecord = (value: unknown): value is Record<string, unknown> => !!value && typeof value === 'object';

const NO_REPLY: WxFailure = { errMsg: 'request:fail no reply' };

/** What a platform said, as it should have said it. */
function failureOf(failure: Partial<WxFailure> | undefined): WxFailure {
  const { errno, errMsg } = failure || {};
  return Object.assign({ errMsg: cap(errMsg) }, typeof errno === 'number' ? { errno } : {});
}

/** `authSetting` as the core takes it: the names that are true, and those that are false. */
export function names(setting: AuthSetting): [string[], string[]] {
  const named = (value: boolean) => few(Object.keys(setting || {}).filter((name) => setting[name] === value));
  return [named(true), named(false)];
}

/** What a caller is told, without what it is given. */
const outcomeName = (outcome: Outcome): string =>
  outcome.type === 'Failed' ? outcome.code : outcome.type === 'Permission' ? outcome.permission.type : outcome.type;
