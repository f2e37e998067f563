// The shipped mini-program files on a scripted phone in virtual time: the test scripts each method of `wx`, and the edge
// behind `wx.request` is a function. Time advances only by `Time.pass`.
import type * as weapp from '../../js/entries/weapp.js';
import type { Json } from '../harness.mts';
import { lockedPhone, type WasmFault } from '../weapp/phone.mts';

type Call = (options: Json) => unknown;

export const EDGE = 'https://edge.example';

/** Runs everything that waits only for a turn of the event loop. */
export async function turn(): Promise<void> {
  for (let n = 0; n < 10; n++) await new Promise((resolve) => setImmediate(resolve));
}

export class Time {
  now = 1_790_000_000_000;
  /** Exceptions thrown in timers: errors of the application. */
  readonly thrown: unknown[] = [];
  private readonly timers = new Map<number, { at: number; run: () => void }>();
  private last = 0;

  readonly globals = () => {
    const time = this;
    return {
      setTimeout: (run: () => void, ms = 0) => {
        this.timers.set(++this.last, { at: this.now + ms, run });
        return this.last;
      },
      clearTimeout: (id: number) => void this.timers.delete(id),
      Date: class extends Date {
        static override now() {
          return time.now;
        }
      },
    };
  };

  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      await turn();
      const due = [...this.timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      this.timers.delete(due[0]);
      this.now = Math.max(this.now, due[1].at);
      try {
        due[1].run();
      } catch (error) {
        this.thrown.push(error);
      }
    }
    this.now = end;
  }
}

export interface Rig {
  time: Time;
  wx: Record<string, Call>;
  weapp: typeof weapp;
  /** The requests that were sent, and the edge's answers by path; undefined: no answer. */
  sent: Json[];
  answers: Record<string, (request: Json) => Json | undefined>;
  /** `createAuth` on this phone. */
  create(options?: Partial<weapp.AuthOptions>): weapp.Auth;
  show(): void;
  hide(): void;
}

/** A phone whose user agrees to everything and whose edge answers every request. */
export function rig(fault: WasmFault = 'none', change: Record<string, Call> = {}, globals: object = {}): Rig {
  const time = new Time();
  const stored = new Map<string, unknown>();
  const sent: Json[] = [];
  let logins = 0;
  const answers: Rig['answers'] = {
    '/oauth/token': () => {
      logins += 1;
      const data = { access_token: `access${logins}`, refresh_token: `refresh${logins}`, expires_in: 600 };
      return { statusCode: 200, data, header: {} };
    },
    '/oauth/revoke': () => ({ statusCode: 200, data: {}, header: {} }),
  };
  let shown = () => {};
  let hidden = () => {};
  const later = (answer: () => void) => void Promise.resolve().then(answer);
  const wx: Record<string, Call> = {
    login: ({ success }) => later(() => success({ code: `code${time.now}` })),
    request: (request) => {
      sent.push(request);
      const path = String(request.url).slice(EDGE.length);
      const reply = (answers[path] ?? (() => ({ statusCode: 200, data: {}, header: {} })))(request);
      if (reply) later(() => request.success(reply));
      return { abort() {} };
    },
    getStorage: ({ key, success, fail }) =>
      later(() =>
        stored.has(key) ? success({ data: stored.get(key) }) : fail({ errMsg: 'getStorage:fail data not found' }),
      ),
    getStorageSync: (key) => stored.get(key as unknown as string) ?? '',
    setStorage: ({ key, data, success }) => {
      stored.set(key, data);
      later(() => success?.({}));
    },
    getSetting: ({ success }) => later(() => success({ authSetting: {} })),
    openSetting: ({ success }) => later(() => success({ authSetting: {} })),
    authorize: ({ success }) => later(() => success({})),
    checkSession: ({ success }) => later(() => success({})),
    getPrivacySetting: ({ success }) => later(() => success({ needAuthorization: false })),
    getRandomValues: ({ success }) => later(() => success({ randomValues: new ArrayBuffer(4) })),
    getAppBaseInfo: () => ({ SDKVersion: '3.7.0', version: '8.0.50' }),
    getAppAuthorizeSetting: () => ({}),
    getSystemSetting: () => ({}),
    getAccountInfoSync: () => ({ miniProgram: { appId: 'wx0000000000000001' } }),
    getUserProfile: ({ success }) => later(() => success({ rawData: '{}', signature: 's' })),
    onAppShow(callback) {
      shown = callback as unknown as () => void;
    },
    onAppHide(callback) {
      hidden = callback as unknown as () => void;
    },
    offAppShow: () => {},
    offAppHide: () => {},
    ...change,
  };
  const phone = lockedPhone(wx, fault, { ...time.globals(), ...globals });
  const create: Rig['create'] = (options) =>
    phone.weapp.createAuth({ edge: EDGE, host: phone.weapp.weappHost(), ...options });
  return { time, wx, weapp: phone.weapp, sent, answers, create, show: () => shown(), hide: () => hidden() };
}

/** State of each promise: "done", the code of its error, or "waits". */
export function outcomes(promises: Record<string, Promise<unknown>>): Record<string, string> {
  const ended: Record<string, string> = {};
  for (const [name, promise] of Object.entries(promises)) {
    ended[name] = 'waits';
    promise.then(
      () => {
        ended[name] = 'done';
      },
      (error: Json) => {
        ended[name] = error.code ?? String(error);
      },
    );
  }
  return ended;
}
