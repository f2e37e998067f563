// Time of an authorised request with an existing session and a `wx` that answers immediately, to compare with a plain
// `wx.request`. `tsx request.mts alova` prints microseconds per request.
import { performance } from 'node:perf_hooks';
import { client } from '../tests/client/world.mts';
import type { Json } from '../tests/harness.mts';

const API = 'https://api.example';
const WARM = 2_000;
const MEASURED = 20_000;

const token = {
  access_token: 'a.b.c',
  refresh_token: 'r',
  expires_in: 600,
  token_type: 'Bearer',
};

/** A `wx` with storage in a map that answers a request in the next microtask. */
const stored = new Map<string, unknown>();
const wx: Json = {
  login: ({ success }: Json) => success({ code: 'code' }),
  request: ({ url, success }: Json) => {
    const data = String(url).endsWith('/oauth/token') ? token : { ok: true };
    queueMicrotask(() => success({ statusCode: 200, data, header: {} }));
    return { abort() {} };
  },
  getStorage: ({ key, success, fail }: Json) =>
    stored.has(key) ? success({ data: stored.get(key) }) : fail({ errMsg: 'getStorage:fail data not found' }),
  setStorage: ({ key, data, success }: Json) => {
    stored.set(key, data);
    success?.();
  },
  getStorageSync: (key: string) => stored.get(key) ?? '',
  setStorageSync: (key: string, data: unknown) => stored.set(key, data),
  removeStorageSync: (key: string) => stored.delete(key),
  getSetting() {},
  openSetting() {},
  authorize() {},
  getAccountInfoSync: () => ({ miniProgram: { appId: 'wx0000000000000000' } }),
  onAppShow() {},
  onAppHide() {},
  onSocketOpen() {},
  onSocketMessage() {},
  onSocketError() {},
  onSocketClose() {},
};

async function contender(name: string): Promise<() => Promise<unknown>> {
  switch (name) {
    case 'wx.request':
      return () => new Promise((success, fail) => wx.request({ url: API, header: { a: 'b' }, success, fail }));
    case 'wxauth': {
      const auth = client.createAuth({ edge: 'https://edge.example', host: client.weappHost({ wx }), origins: [API] });
      await auth.login();
      return () => auth.request({ url: API });
    }
    case 'wafer2-client-sdk': {
      Object.assign(globalThis, { wx });
      const { default: qcloud } = await import('wafer2-client-sdk' as string);
      qcloud.Session.set({ skey: 'skey' });
      return () => new Promise((success, fail) => qcloud.request({ url: API, success, fail }));
    }
    default: {
      const { alova } = await import('./races/contenders/alova.mts' as string);
      stored.set('token', 'a.b.c');
      const app = alova.start({ wx });
      return () => app.request('');
    }
  }
}

const request = await contender(process.argv[2] ?? '');
const run = async (times: number): Promise<number> => {
  const before = performance.now();
  for (let n = 0; n < times; n++) await request();
  return ((performance.now() - before) * 1_000) / times;
};
await run(WARM);
console.log(await run(MEASURED));
process.exit(0);
