// createAuth: carries events into the core and effects out of it. Nothing is decided here; an `if`
// about login in this file is a mistake.

import type { Core, Effect, Outcome, Permission, State } from 'wxauth-core';
import { type Answers, edgeClient } from './edge.js';
import { AuthError, type AuthErrorCode } from './error.js';
import type { AuthSetting, Host, Reply, WxFailure } from './host.js';

export interface AuthOptions {
  /** The edge's address: `https://auth.example.com`. */
  edge: string;
  host: Host;
  /** Needed on the web; a mini program knows its own. */
  appid?: string;
  /** Other origins that may receive the access token. */
  origins?: string[];
  /** When the first login happens: at launch, unnoticed (default), or when a request needs it. */
  login?: 'silent' | 'on-demand';
  /** Who shows the privacy popup: WeChat (default), or this function, which resolves with the user's answer. */
  privacy?: 'official' | (() => Promise<boolean>);
}

export interface RequestOptions {
  /** A path at the edge, or an absolute url whose origin is the edge's or in `origins`. */
  url: string;
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD' | 'OPTIONS';
  data?: unknown;
  header?: Record<string, string>;
  /** May go without a session. */
  guest?: boolean;
}

export interface TraceEntry {
  /** Milliseconds since 1970, by the phone's clock. */
  at: number;
  kind: 'event' | 'effect';
  /** The event's or effect's name; what else it carries stays out. */
  name: string;
  /** The waiter or operation it is about. */
  id: number | null;
  /** With the effect `State`: what it says, which is no secret. */
  state?: State;
}

export interface Auth {
  readonly state: State;
  /** Resolves when it is known who the user is; as a guest where there is no session and no login. */
  ready(): Promise<State>;
  /** Logs in, also after a log-out. */
  login(): Promise<State>;
  logout(): Promise<void>;
  request(options: RequestOptions): Promise<Reply>;
  /** For a request layer of your own: use the token, and report a 401 with `expired(generation)`. */
  token(): Promise<{ token: string; generation: number }>;
  expired(generation: number): void;
  ensure(scope: string): Promise<Permission>;
  /** Runs `fn` when the scope is granted; else rejects with `scope_not_granted`. */
  use<T>(scope: string, fn: () => T | Promise<T>): Promise<T>;
  /** Call it in a tap handler: the settings page opens in the tap's own call stack. */
  openSetting(): Promise<AuthSetting>;
  /** Checks `rawData` and `signature` of a profile at the edge. */
  profile(detail: { rawData: string; signature: string }): Promise<Reply>;
  /** Decrypts open data at the edge. */
  openData(detail: { encryptedData: string; iv: string }): Promise<Reply>;
  /** Calls back with every change of `state`; returns how to stop. */
  subscribe(listener: (state: State) => void): () => void;
  /** The last events and effects by name. */
  trace(): TraceEntry[];
  dispose(): void;
}

interface Waiter {
  resolve(value: unknown): void;
  reject(error: AuthError): void;
  payload?: RequestOptions;
  reply?: Reply;
}

/** Storage and randomness that have not come by then will not. */
const START_PATIENCE_MS = 3_000;
/** The core has a fixed memory: what is longer than any real message or record is cut or left out. */
const LONGEST_TEXT = 8_192;
const MOST_SCOPES = 64;
const TRACE_ENTRIES = 256;

const STARTING: State = { session: 'starting', generation: 0, degraded: false, scopes: [] };
const cap = (text: unknown): string => String(text ?? '').slice(0, LONGEST_TEXT);
const origin = (url: string): string | undefined => /^https?:\/\/[^/?#\\]+/.exec(url)?.[0].toLowerCase();

export function createAuth(options: AuthOptions): Auth {
  const edge = String(options.edge || '').replace(/\/+$/, '');
  if (!origin(edge)) throw invalid('edge must be an https address');
  const appid = options.appid || options.host.appid();
  if (!appid) throw invalid('appid is needed on this host');
  const known = options.host.registry.get(appid) as Auth | undefined;
  if (known) return known;
  const auth = new Client(options, edge, appid);
  options.host.registry.set(appid, auth);
  return auth;
}

const invalid = (detail: string): AuthError => new AuthError('invalid_argument', false, null, null, detail);

class Client implements Auth {
  state = STARTING;
  private readonly host: Host;
  private readonly endpoints: ReturnType<typeof edgeClient>;
  private readonly origins: string[];
  private readonly storageKey: string;
  private readonly waiters = new Map<number, Waiter>();
  private readonly listeners = new Set<(state: State) => void>();
  private readonly entries: TraceEntry[] = [];
  private readonly stopWatching: () => void;
  /** Events that wait: for the core to come, or for the effects of the one before to be performed. */
  private readonly events: Array<() => void> = [];
  private busy = false;
  private core: Core | undefined;
  private ended: AuthErrorCode | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lastWaiter = 0;

  constructor(
    private readonly options: AuthOptions,
    private readonly edge: string,
    private readonly appid: string,
  ) {
    this.host = options.host;
    this.endpoints = edgeClient(this.host, edge, appid);
    this.origins = [edge, ...(options.origins || [])].map((listed) => origin(listed) || '');
    this.storageKey = `wxauth:${appid}`;
    this.stopWatching = this.host.onVisibility(
      () => this.tell('shown'),
      () => this.tell('hidden'),
    );
    this.start();
  }

  // --- callers

  ready = () => this.wait<State>((id) => this.tell('ready', id));
  login = () => this.wait<State>((id) => this.tell('login', id));
  logout = () => this.wait<State>((id) => this.tell('logout', id)).then(() => undefined);
  token = () => this.wait<{ token: string; generation: number }>((id) => this.tell('token', id));
  expired = (generation: number) => this.tell('expired', generation);
  ensure = (scope: string) => this.wait<Permission>((id) => this.tell('ensure', id, cap(scope)));

  request = (options: RequestOptions): Promise<Reply> => {
    const relative = /^\/(?!\/)/.test(options.url);
    const url = relative ? this.edge + options.url : options.url;
    const target = origin(url);
    if (!target || !this.origins.includes(target)) return Promise.reject(new AuthError('origin_not_listed'));
    const payload = { ...options, url };
    return this.wait<Reply>((id) => this.tell('request', id, options.guest === true), payload);
  };

  use = <T>(scope: string, fn: () => T | Promise<T>): Promise<T> =>
    this.ensure(scope).then((permission) => {
      if (permission.type !== 'granted') throw new AuthError('scope_not_granted', false, null, permission);
      return fn();
    });

  openSetting = (): Promise<AuthSetting> =>
    new Promise((resolve, reject) => {
      this.host.openSetting(
        (setting) => {
          this.tell('settingOpened', ...names(setting));
          resolve(setting);
        },
        () => reject(new AuthError('permission_failed', true)),
      );
    });

  profile = ({ rawData, signature }: { rawData: string; signature: string }) =>
    this.request({ url: '/wechat/user-info/verify', method: 'POST', data: { raw_data: rawData, signature } });

  openData = ({ encryptedData, iv }: { encryptedData: string; iv: string }) =>
    this.request({ url: '/wechat/open-data', method: 'POST', data: { encrypted_data: encryptedData, iv } });

  subscribe = (listener: (state: State) => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  trace = () => this.entries.slice();

  dispose = () => this.end('disposed');

  // --- events in

  private start(): void {
    this.host.load().then(
      (module) => {
        if (this.ended) return;
        const { login = 'silent', privacy = 'official' } = this.options;
        const mode = this.host.canLogin ? login : 'never';
        this.guard(() => {
          this.core = new module.Core(mode, privacy === 'official' ? 'official' : 'handler');
        });
        this.restore();
        this.drain();
      },
      () => this.end('core_crashed'),
    );
  }

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

  private wait<T>(ask: (id: number) => void, payload?: RequestOptions): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.ended) return reject(new AuthError(this.ended));
      const id = ++this.lastWaiter;
      const waiter: Waiter = { resolve: resolve as (value: unknown) => void, reject };
      this.waiters.set(id, payload ? { ...waiter, payload } : waiter);
      ask(id);
    });
  }

  /** Tells the core what happened, and does what it says: one event at a time, in order. */
  private tell<Name extends EventName>(name: Name, ...args: EventArgs<Name>): void {
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
    this.note('event', name, typeof args[0] === 'number' ? args[0] : null);
    let effects: Effect[] = [];
    this.guard(() => {
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

  private end(code: AuthErrorCode): void {
    if (this.ended) return;
    this.ended = code;
    this.events.length = 0;
    this.core = undefined;
    clearTimeout(this.timer);
    this.stopWatching();
    if (this.host.registry.get(this.appid) === this) this.host.registry.delete(this.appid);
    const waiters = Array.from(this.waiters.values());
    this.waiters.clear();
    for (const waiter of waiters) waiter.reject(new AuthError(code));
  }

  // --- effects out

  private perform(effect: Effect): void {
    const id = 'op' in effect ? effect.op : 'waiter' in effect ? effect.waiter : null;
    this.note('effect', effect.type, id, effect.type === 'State' ? effect.state : undefined);
    const { host } = this;
    switch (effect.type) {
      case 'CallLogin': {
        const failed = this.failure('loginFailed', effect.op);
        return this.attempt(
          () => host.login(effect.timeout, (code) => this.tell('codeIssued', effect.op, cap(code)), failed),
          failed,
        );
      }
      case 'Exchange':
        return this.endpoints.exchange(effect.code, effect.refreshToken, effect.timeout, this.answers(effect.op));
      case 'Refresh':
        return this.endpoints.refresh(effect.refreshToken, effect.timeout, this.answers(effect.op));
      case 'Revoke':
        return this.endpoints.revoke(effect.refreshToken, effect.timeout, this.answers(effect.op));
      case 'Send':
        return this.send(effect.waiter, effect.token);
      case 'Settle':
        return this.settle(effect.waiter, effect.outcome);
      case 'Save': {
        const failed = () => this.tell('storageFailed');
        return this.attempt(() => host.write(this.storageKey, effect.record, failed), failed);
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
  private attempt(call: () => void, failed: (failure: WxFailure) => void): void {
    try {
      call();
    } catch (error) {
      failed({ errMsg: cap(error) });
    }
  }

  private failure(name: 'loginFailed' | 'permissionFailed' | 'requestFailed', id: number) {
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
    this.attempt(
      () =>
        this.host.request(
          { url, method, data, header: { ...header, ...bearer } },
          (reply) => {
            waiter.reply = reply;
            this.tell('replyArrived', id, reply.statusCode);
          },
          failed,
        ),
      failed,
    );
  }

  private settle(id: number, outcome: Outcome): void {
    const waiter = this.waiters.get(id);
    if (!waiter) return;
    this.waiters.delete(id);
    switch (outcome.type) {
      case 'Done':
        return waiter.resolve(this.state);
      case 'Deliver':
        return waiter.resolve(waiter.reply);
      case 'Token':
        return waiter.resolve({ token: outcome.token, generation: outcome.generation });
      case 'Permission':
        return waiter.resolve(outcome.permission);
      case 'Failed':
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

  private note(kind: TraceEntry['kind'], name: string, id: number | null, state?: State): void {
    this.entries.push({ at: Date.now(), kind, name, id, ...(state ? { state } : {}) });
    if (this.entries.length > TRACE_ENTRIES) this.entries.shift();
  }
}

/** A listener's mistake is the application's to see, and no reason for anybody else to wait. */
function rethrow({ errMsg }: WxFailure): void {
  setTimeout(() => {
    throw new Error(errMsg);
  });
}

/** The core's methods that take an event. */
type EventName = Exclude<keyof Core, 'free' | typeof Symbol.dispose>;
/** What follows `now`. */
type EventArgs<Name extends EventName> = Parameters<Core[Name]> extends [number, ...infer Rest] ? Rest : never;

/** `authSetting` as the core takes it: the names that are true, and those that are false. */
function names(setting: AuthSetting): [string[], string[]] {
  const named = (value: boolean) =>
    Object.keys(setting || {})
      .filter((name) => setting[name] === value)
      .slice(0, MOST_SCOPES)
      .map(cap);
  return [named(true), named(false)];
}
