// The races, each with the result of an ideal library.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from '../../tests/harness.mts';
import type { App } from './contender.mts';
import type { Rig } from './rig.mts';

export interface Scenario {
  id: string;
  title: { en: string; zh: string };
  /** Makes the calls and returns their promises. */
  run(app: App, rig: Rig, start: (rig: Rig) => App): Promise<Array<Promise<unknown>>>;
  /** The best possible result. */
  ideal: { logins: number; ok: number; renewals?: number };
}

const many = (app: App, count: number, query = ''): Array<Promise<unknown>> =>
  Array.from({ length: count }, (_, n) => app.request(`/data?n=${n}${query}`));

/** Establishes a session that the API has accepted, and resets the counts. */
async function loggedIn(app: App, rig: Rig): Promise<void> {
  await app.request('/data?warm');
  Object.assign(rig.counts, { logins: 0, renewals: 0, exchanges: 0, phoneRedemptions: 0 });
}

const fault = (rig: Rig, how: object) => rig.world.wechat.faults.add(how as Json);

export const scenarios: Scenario[] = [
  {
    id: 'S1',
    title: { en: 'five cold parallel requests', zh: '冷启动时五个并行请求' },
    run: async (app) => many(app, 5),
    ideal: { logins: 1, ok: 5 },
  },
  {
    id: 'S2',
    title: { en: 'five expired together', zh: '五个请求同时过期' },
    async run(app, rig) {
      await loggedIn(app, rig);
      rig.expireTokens();
      return many(app, 5);
    },
    ideal: { logins: 1, ok: 5, renewals: 1 },
  },
  {
    id: 'S3',
    title: { en: 'three stale replies, 5, 120 and 240 ms late', zh: '三个过期应答，分别迟到 5、120、240 毫秒' },
    async run(app, rig) {
      await loggedIn(app, rig);
      rig.expireTokens();
      return [5, 120, 240].map((wait) => app.request(`/data?wait=${wait}`));
    },
    ideal: { logins: 1, ok: 3, renewals: 1 },
  },
  {
    id: 'S4',
    title: { en: 'the exchange fails once', zh: '换取会话失败一次' },
    async run(app, rig) {
      fault(rig, { call: 'jscode2session', times: 1, errcode: -1 });
      return many(app, 5);
    },
    ideal: { logins: 2, ok: 5 },
  },
  {
    id: 'S5',
    title: { en: 'the exchange always fails', zh: '换取会话一直失败' },
    async run(app, rig) {
      fault(rig, { call: 'jscode2session', errcode: -1 });
      return many(app, 5);
    },
    ideal: { logins: 3, ok: 0 },
  },
  {
    id: 'S7',
    title: { en: 'storage is full', zh: '存储已满' },
    async run(app, rig) {
      rig.breakStorage();
      return many(app, 5);
    },
    ideal: { logins: 1, ok: 5 },
  },
  {
    id: 'S8',
    title: { en: 'the app is hidden in mid-login for 7 s', zh: '登录途中应用被隐藏 7 秒' },
    async run(app, rig) {
      fault(rig, { call: 'wx.login', times: 1, until: 'show' });
      const asked = many(app, 5);
      await sleep(400);
      rig.phone.hide();
      await sleep(7_000);
      rig.phone.show();
      return asked;
    },
    ideal: { logins: 1, ok: 5 },
  },
  {
    id: 'S9',
    title: { en: 'wx.login fails, and works again a minute later', zh: 'wx.login 失败，一分钟后恢复' },
    async run(app, rig) {
      fault(rig, { call: 'wx.login', fail: { errMsg: 'login:fail time out', errno: 5 } });
      const asked = many(app, 5);
      await Promise.race([Promise.allSettled(asked), sleep(10_000)]);
      rig.world.wechat.faults.clear();
      return [...asked, app.request('/data?later')];
    },
    ideal: { logins: 4, ok: 1 },
  },
  {
    id: 'S10',
    title: { en: 'wx.login never calls back, and works again later', zh: 'wx.login 从不回调，之后恢复' },
    async run(app, rig) {
      fault(rig, { call: 'wx.login', hang: true });
      const asked = many(app, 5);
      await Promise.race([Promise.allSettled(asked), sleep(40_000)]);
      rig.world.wechat.faults.clear();
      return [...asked, app.request('/data?later')];
    },
    ideal: { logins: 4, ok: 1 },
  },
  {
    id: 'S11',
    title: { en: 'a phone button is tapped while a login is running', zh: '登录进行中点击手机号按钮' },
    async run(app, rig) {
      fault(rig, { call: 'jscode2session', times: 1, delay_ms: 300 });
      const asked = many(app, 2);
      const detail = await rig.phone.press('getPhoneNumber');
      return [...asked, app.phone(detail)];
    },
    ideal: { logins: 1, ok: 3 },
  },
  {
    id: 'S12',
    title: { en: 'the clock is set two days ahead, then back', zh: '时钟拨快两天再拨回' },
    async run(app, rig) {
      await loggedIn(app, rig);
      rig.setClock(2);
      await Promise.allSettled(many(app, 3, '&ahead'));
      rig.setClock(0);
      return many(app, 3, '&back');
    },
    ideal: { logins: 0, ok: 3, renewals: 2 },
  },
  {
    id: 'S13',
    title: { en: 'two contexts on one storage, both expired', zh: '两个上下文共用存储，均已过期' },
    async run(app, rig, start) {
      const other = start(rig.otherContext());
      await other.request('/data?other');
      await loggedIn(app, rig);
      rig.expireTokens();
      await app.request('/data?first');
      return [...many(app, 2), ...many(other, 2, '&other')];
    },
    ideal: { logins: 1, ok: 4, renewals: 1 },
  },
];
