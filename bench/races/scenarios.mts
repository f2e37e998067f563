// The races: what happens, and what the best possible library would do. Names are the issue tracker's.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from '../../tests/harness.mts';
import type { App } from './contender.mts';
import type { Rig } from './rig.mts';

export interface Scenario {
  id: string;
  title: string;
  /** Makes the calls; gives the promises to watch. */
  run(app: App, rig: Rig, start: (rig: Rig) => App): Promise<Array<Promise<unknown>>>;
  /** What at best comes of it. */
  ideal: { logins: number; ok: number; renewals?: number };
}

const many = (app: App, count: number, query = ''): Array<Promise<unknown>> =>
  Array.from({ length: count }, (_, n) => app.request(`/data?n=${n}${query}`));

/** A session that the API has accepted, and no counts of the way there. */
async function loggedIn(app: App, rig: Rig): Promise<void> {
  await app.request('/data?warm');
  Object.assign(rig.counts, { logins: 0, renewals: 0, exchanges: 0, phoneRedemptions: 0 });
}

const fault = (rig: Rig, how: object) => rig.world.wechat.faults.add(how as Json);

export const scenarios: Scenario[] = [
  {
    id: 'S1',
    title: 'five cold parallel requests',
    run: async (app) => many(app, 5),
    ideal: { logins: 1, ok: 5 },
  },
  {
    id: 'S2',
    title: 'five expired together',
    async run(app, rig) {
      await loggedIn(app, rig);
      rig.expireTokens();
      return many(app, 5);
    },
    ideal: { logins: 1, ok: 5, renewals: 1 },
  },
  {
    id: 'S3',
    title: 'three stale replies, 5, 120 and 240 ms late',
    async run(app, rig) {
      await loggedIn(app, rig);
      rig.expireTokens();
      return [5, 120, 240].map((wait) => app.request(`/data?wait=${wait}`));
    },
    ideal: { logins: 1, ok: 3, renewals: 1 },
  },
  {
    id: 'S4',
    title: 'the exchange fails once',
    async run(app, rig) {
      fault(rig, { call: 'jscode2session', times: 1, errcode: -1 });
      return many(app, 5);
    },
    ideal: { logins: 2, ok: 5 },
  },
  {
    id: 'S5',
    title: 'the exchange always fails',
    async run(app, rig) {
      fault(rig, { call: 'jscode2session', errcode: -1 });
      return many(app, 5);
    },
    ideal: { logins: 3, ok: 0 },
  },
  {
    id: 'S7',
    title: 'storage is full',
    async run(app, rig) {
      rig.breakStorage();
      return many(app, 5);
    },
    ideal: { logins: 1, ok: 5 },
  },
  {
    id: 'S8',
    title: 'the app is hidden in mid-login for 7 s',
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
    title: 'wx.login fails, and works again a minute later',
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
    title: 'wx.login never calls back, and works again later',
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
    title: 'a phone button is tapped while a login is running',
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
    title: 'the clock is set two days ahead, then back',
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
    title: 'two contexts on one storage, both expired',
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
