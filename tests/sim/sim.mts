// What the simulator's tests share: a WeChat whose clock stands still, and calls to its API without a network.
import { serve } from '../../js/sim/api/index.js';
import { hmacHex } from '../../js/sim/crypto.js';
import { createPhone, type Phone, type PhoneOptions } from '../../js/sim/phone/index.js';
import type { Prompt } from '../../js/sim/phone/prompts.js';
import { type App, type Config, WeChat } from '../../js/sim/wechat/index.js';
import type { Json } from '../harness.mts';

export const A = 'wxaaaaaaaaaaaaaaaa';
export const B = 'wxbbbbbbbbbbbbbbbb';
const NOON = Date.UTC(2026, 0, 1, 12);

export interface Fake {
  wechat: WeChat;
  handle: ReturnType<typeof serve>;
  get(path: string, query?: Record<string, string>, ip?: string): Promise<Json>;
  post(path: string, body: Json, query?: Record<string, string>): Promise<Json>;
  advance(seconds: number): Promise<void>;
  exchange(code: string, appid?: string): Promise<Json>;
  /** A stable access token of app A. */
  token(): Promise<string>;
  /** §3.2's query for a person with this key. */
  signed(openid: string, sessionKey: string): Promise<Record<string, string>>;
  phone(options?: Partial<PhoneOptions>): Phone;
}

export function fake(app: Partial<App> = {}, config: Partial<Config> = {}): Fake {
  const apps = { [A]: { secret: 'sa', unionid: true, ...app }, [B]: { secret: 'sb', unionid: true } };
  const wechat = new WeChat({ now: NOON, ...config, apps: { ...apps, ...config.apps } });
  const handle = serve(wechat);
  const address = (path: string, query: Record<string, string>) => {
    const url = new URL(path, 'http://wechat.test');
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url;
  };
  const world: Fake = {
    wechat,
    handle,
    get: async (path, query = {}, ip = '127.0.0.1') =>
      (await handle(new Request(address(path, query)), { ip })).json() as Json,
    post: async (path, body, query = {}) =>
      (await handle(new Request(address(path, query), { method: 'POST', body: JSON.stringify(body) }))).json() as Json,
    advance: (seconds) => wechat.clock.advance(seconds * 1000),
    exchange: (js_code, appid = A) =>
      world.get('/sns/jscode2session', {
        appid,
        secret: appid === A ? 'sa' : 'sb',
        js_code,
        grant_type: 'authorization_code',
      }),
    token: async () =>
      (await world.post('/cgi-bin/stable_token', { grant_type: 'client_credential', appid: A, secret: 'sa' }))
        .access_token,
    signed: async (openid, sessionKey) => ({
      access_token: await world.token(),
      openid,
      signature: hmacHex(sessionKey, ''),
      sig_method: 'hmac_sha256',
    }),
    phone: (options = {}) => createPhone({ wechat, appid: A, user: 'mei', ...options }),
  };
  return world;
}

/** An owner whose prompts a test takes one by one; it waits for the next. */
export function owner(): {
  onPrompt(prompt: Prompt): void;
  next<Kind extends Prompt['kind']>(kind: Kind): Promise<Extract<Prompt, { kind: Kind }>>;
  /** How many came that nobody took. */
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
      if (prompt.kind !== kind) throw new Error(`a ${prompt.kind} prompt came, not ${kind}`);
      return prompt as never;
    },
    waiting: () => prompts.length,
  };
}

/** A call with callbacks, as a promise. */
export const called = (call: (options: Json) => unknown, options: object = {}): Promise<Json> =>
  new Promise((success, fail) => void call({ ...options, success, fail }));
