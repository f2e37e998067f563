// A phone: a `wx` that asks WeChat, shows dialogs to its owner, and can be hidden, shown and broken. Dialogs are
// explicit: whoever holds the phone answers them.

import { type Cloud, phoneCalls, remoteCalls } from './cloud.js';
import { WeChat } from './wechat.js';

export type Prompt =
  | { kind: 'scope'; scope: string; allow(): void; deny(): void }
  | { kind: 'settings'; grants: Record<string, boolean>; set(scope: string, granted: boolean): void; close(): void };

export interface PhoneStorage {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
  remove(key: string): void;
}

export interface PhoneOptions {
  /** WeChat in this process, or the address of a simulator's server. */
  wechat: WeChat | string;
  appid: string;
  user: string;
  /** The owner's finger. Prompts wait for ever without one. */
  onPrompt?: (prompt: Prompt) => void;
  /** Where `wx.setStorage` keeps things; memory where absent. */
  storage?: PhoneStorage;
  /** Base library. */
  SDKVersion?: string;
  /** Milliseconds before a callback comes. */
  latency?: number;
  fetch?: typeof fetch;
}

interface Callbacks {
  success?: (result: never) => void;
  fail?: (failure: { errMsg: string; errno?: number }) => void;
  complete?: (result: never) => void;
}

const TAP_NEEDED = 'can only be invoked by user TAP gesture.';

class Failure extends Error {
  constructor(
    readonly text: string,
    readonly errno?: number,
  ) {
    super(text);
  }
}

export interface Phone {
  /** To be used as the mini program's `wx`. */
  readonly wx: ReturnType<typeof createWx>;
  /** Runs `fn` as a tap's handler. */
  tap<T>(fn: () => T): T;
  /** The tap on `<button open-type="agreePrivacyAuthorization">`. */
  agreePrivacy(): Promise<void>;
  hide(): void;
  show(): void;
}

/** What the parts of one phone share. */
interface Body {
  inTap: boolean;
  hidden: boolean;
  cloud: Cloud;
  options: PhoneOptions;
  onShow: Set<() => void>;
  onHide: Set<() => void>;
}

export function createPhone(options: PhoneOptions): Phone {
  const cloud = options.wechat instanceof WeChat ? phoneCalls(options.wechat) : remoteCalls(options.wechat);
  const body: Body = { inTap: false, hidden: false, cloud, options, onShow: new Set(), onHide: new Set() };
  const { appid, user } = options;
  return {
    wx: createWx(body),
    tap(fn) {
      body.inTap = true;
      try {
        return fn();
      } finally {
        body.inTap = false;
      }
    },
    agreePrivacy: () => cloud('agreePrivacy', { appid, user }).then(() => undefined),
    hide() {
      body.hidden = true;
      for (const listener of body.onHide) listener();
    },
    show() {
      body.hidden = false;
      for (const listener of body.onShow) listener();
    },
  };
}

function createWx(body: Body) {
  const { appid, user, latency = 0, SDKVersion = '3.8.0' } = body.options;
  const who = { appid, user };
  const storage = body.options.storage ?? memoryStorage();
  const send = body.options.fetch ?? fetch;
  const prompt = body.options.onPrompt ?? (() => {});

  /** Runs a call as WeChat does: a fault first, then the work, then one of the callbacks, later. */
  const call =
    <Args extends Callbacks, Result extends object>(
      name: string,
      work: (args: Args, tapped: boolean) => Result | Promise<Result>,
    ) =>
    (args: Args = {} as Args): void => {
      const tapped = body.inTap;
      const later = (fn: () => void) => setTimeout(fn, latency);
      const attempt = async () => {
        const fault = await body.cloud('fault', { call: `wx.${name}` });
        if (fault?.hang) return new Promise<never>(() => {});
        if (fault?.delay_ms) await new Promise((resolve) => setTimeout(resolve, fault.delay_ms));
        if (fault?.fail) throw Object.assign(new Failure(''), { wire: fault.fail });
        return work(args, tapped);
      };
      attempt().then(
        (result) =>
          later(() => {
            const success = { errMsg: `${name}:ok`, ...result } as never;
            args.success?.(success);
            args.complete?.(success);
          }),
        (error) =>
          later(() => {
            const failure = error.wire ?? {
              errMsg: `${name}:fail ${error instanceof Failure ? error.text : error.message}`,
              ...(error.errno === undefined ? {} : { errno: error.errno }),
            };
            args.fail?.(failure);
            args.complete?.(failure as never);
          }),
      );
    };

  return {
    getAccountInfoSync: () => ({ miniProgram: { appId: appid, envVersion: 'develop', version: '' } }),
    getAppBaseInfo: () => ({ SDKVersion, version: '8.0.60', language: 'zh_CN' }),
    onAppShow: (listener: () => void) => void body.onShow.add(listener),
    offAppShow: (listener: () => void) => void body.onShow.delete(listener),
    onAppHide: (listener: () => void) => void body.onHide.add(listener),
    offAppHide: (listener: () => void) => void body.onHide.delete(listener),

    login: call('login', async (_: Callbacks & { timeout?: number }) => ({
      code: (await body.cloud('login', who)).code,
    })),
    checkSession: call('checkSession', async () => {
      if (!(await body.cloud('checkSession', who)).valid) throw new Failure('session expired');
      return {};
    }),

    getSetting: call('getSetting', async () => ({ authSetting: (await body.cloud('setting', who)).grants })),
    authorize: call('authorize', async ({ scope }: Callbacks & { scope: string }) => {
      const { grants } = await body.cloud('setting', who);
      // A refused scope fails at once, without a dialog (§2.2).
      if (grants[scope] === undefined) {
        const granted = await new Promise<boolean>((answer) =>
          prompt({ kind: 'scope', scope, allow: () => answer(true), deny: () => answer(false) }),
        );
        await body.cloud('grant', { ...who, grants: { [scope]: granted } });
        // Since 3.4.1 the scope dialog carries the privacy checkbox (§1.5).
        if (granted) await body.cloud('agreePrivacy', who);
        grants[scope] = granted;
      }
      if (!grants[scope]) throw new Failure('auth deny', 103);
      return {};
    }),
    openSetting: call('openSetting', async (_: Callbacks, tapped) => {
      if (!tapped) throw new Failure(TAP_NEEDED);
      const { grants } = await body.cloud('setting', who);
      await new Promise<void>((close) =>
        prompt({
          kind: 'settings',
          grants,
          set: (scope, granted) => {
            grants[scope] = granted;
          },
          close,
        }),
      );
      await body.cloud('grant', { ...who, grants });
      return { authSetting: grants };
    }),
    getPrivacySetting: call('getPrivacySetting', async () => ({
      needAuthorization: !(await body.cloud('setting', who)).privacyAgreed,
      privacyContractName: '《隐私保护指引》',
    })),
    getUserProfile: call('getUserProfile', async (_: Callbacks & { desc: string }, tapped) => {
      if (!tapped) throw new Failure(TAP_NEEDED);
      return body.cloud('profile', who);
    }),

    getStorage: call('getStorage', ({ key }: Callbacks & { key: string; encrypt?: boolean }) => {
      const data = storage.get(key);
      if (data === undefined) throw new Failure('data not found');
      return { data };
    }),
    setStorage: call('setStorage', ({ key, data }: Callbacks & { key: string; data: string; encrypt?: boolean }) => {
      storage.set(key, data);
      return {};
    }),
    removeStorage: call('removeStorage', ({ key }: Callbacks & { key: string }) => {
      storage.remove(key);
      return {};
    }),
    getStorageSync: (key: string): string => storage.get(key) ?? '',
    getRandomValues: call('getRandomValues', ({ length }: Callbacks & { length: number }) => ({
      randomValues: globalThis.crypto.getRandomValues(new Uint8Array(length)).buffer,
    })),

    request: call(
      'request',
      async (
        options: Callbacks & {
          url: string;
          method?: string;
          data?: unknown;
          header?: Record<string, string>;
          timeout?: number;
        },
      ) => {
        const { url, method = 'GET', data, header, timeout = 60_000 } = options;
        const hasBody = data !== undefined && method !== 'GET';
        const response = await send(url, {
          method,
          headers: { 'content-type': 'application/json', ...header },
          signal: AbortSignal.timeout(timeout),
          ...(hasBody ? { body: typeof data === 'string' ? data : JSON.stringify(data) } : {}),
        }).catch((error: Error) => {
          throw error.name === 'TimeoutError' ? new Failure('timeout', 5) : new Failure(error.message, 602_001);
        });
        const text = await response.text();
        return { statusCode: response.status, data: parse(text), header: Object.fromEntries(response.headers) };
      },
    ),
  };
}

function memoryStorage(): PhoneStorage {
  const map = new Map<string, string>();
  return {
    get: (key) => map.get(key),
    set: (key, value) => void map.set(key, value),
    remove: (key) => void map.delete(key),
  };
}

/** `dataType: 'json'`: JSON where it is JSON, else the text (§1.8). */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
