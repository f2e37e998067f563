// Two copies of the package on one phone, as in two independent subpackages, share one machine and one wx.login.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import type * as nodeEntry from '../../js/entries/node.js';
import { createPhone } from '../../js/sim/phone/index.js';
import { built } from '../built.mts';
import { APPID, type Json, startWorld, type World } from '../harness.mts';
import { client } from './world.mts';

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.stop());

test('two copies of the package share one machine', async () => {
  const copy = createRequire(import.meta.url)(built('node/index.cjs')) as typeof nodeEntry;
  assert.notEqual(copy.createAuth, client.createAuth);
  const { wx } = createPhone({ wechat: world.wechat, appid: APPID, user: 'copies' });
  let logins = 0;
  const login = (options: Json) => {
    logins += 1;
    wx.login(options);
  };
  const phone = { ...wx, login };
  const make = (one: typeof nodeEntry) => one.createAuth({ edge: world.url, host: one.weappHost({ wx: phone }) });
  const [first, second] = [make(client), make(copy)];
  await Promise.all([first.ready(), second.ready(), second.token()]);
  assert.deepEqual([first === second, logins], [true, 1]);
  first.dispose();
  const next = make(copy);
  assert.notEqual(next, first, 'a disposed machine is replaced');
  assert.equal((await next.ready()).session, 'logged-in');
});
