// Helpers of the simulator's tests: a WeChat with a virtual clock, and calls to its HTTP API without a network.
import { serve } from '../../js/sim/api/index.js';
import { hmacHex } from '../../js/sim/crypto.js';
import { createPhone, type Phone, type PhoneOptions } from '../../js/sim/phone/index.js';
import type { Prompt } from '../../js/sim/phone/prompts.js';
import { type App, type Config, WeChat } from '../../js/sim/wechat/index.js';
import type { Json } from '../harness.mts';

export const A = 'wxaaaaaaaaaaaaaaaa';
export const B = 'wxbbbbbbbbbbbbbbbb';
const NOON = Date.UTC(2026, 0, 1, 12);

export interface Sim {
  wechat: WeChat;
  /** The HTTP handler. */
  handle: ReturnType<typeof serve>;
  get(path: string, query?: Record<string, string>, ip?: string): Promise<Json>;
  post(path: string, body: Json, query?: Record<string, string>): Promise<Json>;
  advance(seconds: number): Promise<void>;
  /** jscode2session with the right secret. */
  exchange(code: string, appid?: string): Promise<Json>;
  /** A stable access token of app A. */
  token(): Promise<string>;
  /** The query of a call of §3.2, signed with this session_key. */
  signed(openid: string, sessionKey: string): Promise<Record<string, string>>;
  phone(options?: Partial<PhoneOptions>): Phone;
}

/** Returns a WeChat with two apps, A and B. */
export function fake(app: Partial<App> = {}, config: Partial<Config> = {}): Sim {
  const apps = { [A]: { secret: 'sa', unionid: true, ...app }, [B]: { secret: 'sb', unionid: true } };
  const wechat = new WeChat({ now: NOON, ...config, apps: { ...apps, ...config.apps } });
  const handle = serve(wechat);
  const address = (path: string, query: Record<string, string>) => {
    const url = new URL(path, 'http://wechat.test');
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url;
  };
  const sim: Sim = {
    wechat,
    handle,
    get: async (path, query = {}, ip = '127.0.0.1') =>
      (await handle(new Request(address(path, query)), { ip })).json() as Json,
    post: async (path, body, query = {}) =>
      (await handle(new Request(address(path, query), { method: 'POST', body: JSON.stringify(body) }))).json() as Json,
    advance: (seconds) => wechat.clock.advance(seconds * 1000),
    exchange: (js_code, appid = A) =>
      sim.get('/sns/jscode2session', {
        appid,
        secret: appid === A ? 'sa' : 'sb',
        js_code,
        grant_type: 'authorization_code',
      }),
    token: async () =>
      (await sim.post('/cgi-bin/stable_token', { grant_type: 'client_credential', appid: A, secret: 'sa' }))
        .access_token,
    signed: async (openid, sessionKey) => ({
      access_token: await sim.token(),
      openid,
      signature: hmacHex(sessionKey, ''),
      sig_method: 'hmac_sha256',
    }),
    phone: (options = {}) => createPhone({ wechat, appid: A, user: 'mei', ...options }),
  };
  return sim;
}

/** An `onPrompt` that queues prompts. `next` takes one, and waits if there is none. */
export function promptQueue(): {
  onPrompt(prompt: Prompt): void;
  next<Kind extends Prompt['kind']>(kind: Kind): Promise<Extract<Prompt, { kind: Kind }>>;
  /** Number of prompts in the queue. */
  waiting(): number;
} {
  const prompts: Prompt[] = [];
  let arrived = () => {};
  return {
    onPrompt(prompt) {
      prompts.push(prompt);
      arrived();
    },
    async next(kind) {
      if (prompts.length === 0) await new Promise<void>((resolve) => (arrived = resolve));
      const prompt = prompts.shift() as Prompt;
      if (prompt.kind !== kind) throw new Error(`the prompt is ${prompt.kind}, not ${kind}`);
      return prompt as never;
    },
    waiting: () => prompts.length,
  };
}

/** Calls a method with callbacks; resolves or rejects with their argument. */
export const called = (call: (options: Json) => unknown, options: object = {}): Promise<Json> =>
  new Promise((success, fail) => void call({ ...options, success, fail }));
