// One phone, one WeChat, one edge and the API of an application, with counts of all calls. A contender gets `wx` and the
// addresses.
import { setTimeout as sleep } from 'node:timers/promises';
import { serve } from '../../js/sim/api/index.js';
import { createPhone, type Phone } from '../../js/sim/phone/index.js';
import { agreeToAll } from '../../js/sim/phone/prompts.js';
import { APPID, type Json, SECRET, startWorld, type World } from '../../tests/harness.mts';

export const API = 'https://api.example';
const USER = 'racer';

export interface Counts {
  logins: number;
  renewals: number;
  /** Codes of `wx.login` redeemed at WeChat. */
  exchanges: number;
  phoneRedemptions: number;
}

export interface Rig {
  wx: Phone['wx'];
  phone: Phone;
  world: World;
  edge: string;
  appid: string;
  counts: Counts;
  /** Makes the API refuse every token it has seen so far. */
  expireTokens(): void;
  /** Makes `wx.setStorage` and similar methods fail as if storage were full. */
  breakStorage(): void;
  /** Shifts the clock of the phone; WeChat's and the edge's clocks stay. */
  setClock(days: number): void;
  /** A second JavaScript context on the same phone and storage, like a skill of WeChat's AI mode. */
  otherContext(): Rig;
  stop(): Promise<void>;
}

const DAY_MS = 86_400_000;

export async function rig(): Promise<Rig> {
  const world = await startWorld();
  const { wechat } = world;
  const realNow = Date.now;
  let shift = 0;
  Date.now = () => realNow() + shift;
  // Only the phone's clock is shifted.
  wechat.clock.now = () => realNow();
  wechat.permissions.agree(APPID, USER);
  const counts: Counts = { logins: 0, renewals: 0, exchanges: 0, phoneRedemptions: 0 };
  const seen = new Set<string>();
  const expired = new Set<string>();
  const atWechat = serve(wechat);

  async function api(url: URL, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    const wait = Number(url.searchParams.get('wait')) || 0;
    if (url.pathname === '/wafer/login') return waferLogin(headers.get('x-wx-code') ?? '');
    const token = headers.get('authorization')?.replace(/^Bearer /, '') || headers.get('x-wx-skey') || '';
    // The token is checked when the request arrives; the answer takes `wait` ms.
    const good = token !== '' && !expired.has(token);
    if (token) seen.add(token);
    if (wait) await sleep(wait);
    if (!good) return Response.json({ error: 'expired' }, { status: 401 });
    if (url.pathname === '/phone') return redeemPhone(JSON.parse(String(init.body)).code);
    return Response.json({ ok: true });
  }

  const ask = async (path: string, init: RequestInit = {}): Promise<Json> =>
    (await atWechat(new Request(`http://wechat.test${path}`, init))).json();

  async function waferLogin(code: string): Promise<Response> {
    counts.exchanges += 1;
    const query = `appid=${APPID}&secret=${SECRET}&js_code=${code}&grant_type=authorization_code`;
    const { openid, session_key } = await ask(`/sns/jscode2session?${query}`);
    if (!openid) return Response.json({ code: -1, error: 'login failed' });
    return Response.json({ code: 0, data: { skey: `skey ${session_key} ${seen.size}`, userinfo: { openid } } });
  }

  async function redeemPhone(code: string): Promise<Response> {
    counts.phoneRedemptions += 1;
    const credentials = { grant_type: 'client_credential', appid: APPID, secret: SECRET };
    const post = (body: object) => ({ method: 'POST', body: JSON.stringify(body) });
    const { access_token } = await ask('/cgi-bin/stable_token', post(credentials));
    const reply = await ask(`/wxa/business/getuserphonenumber?access_token=${access_token}`, post({ code }));
    return Response.json(reply, { status: reply.errcode ? 400 : 200 });
  }

  const phone = createPhone({
    wechat,
    appid: APPID,
    user: USER,
    onPrompt: agreeToAll,
    fetch: ((url: URL, init: RequestInit) =>
      String(url).startsWith(API) ? api(new URL(url), init) : fetch(url, init)) as typeof fetch,
  });
  let storageWorks = true;
  const full = (name: string) => ({ errMsg: `${name}:fail exceed max size` });
  const breaking =
    (name: string, method: (...args: Json[]) => Json) =>
    (...args: Json[]) => {
      if (storageWorks || !/^(batchSet|set)Storage/.test(name)) return method(...args);
      if (name.endsWith('Sync')) throw new Error(full(name).errMsg);
      args[0]?.fail?.(full(name));
    };
  const wx = Object.fromEntries(
    Object.entries(phone.wx).map(([name, method]) => [name, breaking(name, method as (...args: Json[]) => Json)]),
  ) as unknown as Phone['wx'] & Json;
  const { login, request } = wx;
  wx.login = (options: Json) => {
    counts.logins += 1;
    return login(options);
  };
  wx.request = (options: Json) => {
    if (String(options.url).startsWith(world.url)) {
      if (options.data?.grant_type === 'refresh_token') counts.renewals += 1;
      else if (options.data?.subject_token) counts.exchanges += 1;
      if (String(options.url).endsWith('/wechat/phone')) counts.phoneRedemptions += 1;
    }
    return request(options);
  };

  const made: Rig = {
    wx,
    phone,
    world,
    edge: world.url,
    appid: APPID,
    counts,
    expireTokens: () => {
      for (const token of seen) expired.add(token);
    },
    breakStorage: () => {
      storageWorks = false;
    },
    setClock: (days) => {
      shift = days * DAY_MS;
    },
    otherContext: () => ({
      ...made,
      wx: Object.fromEntries(Object.entries(wx).filter(([, method]) => typeof method === 'function')) as typeof wx,
    }),
    stop: () => world.stop(),
  };
  return made;
}
