// The shipped mini program files, in a phone's JavaScript, log in through the real edge against the simulator.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createPhone } from '../../js/sim/phone/index.js';
import { APPID, startWorld, type World } from '../harness.mts';
import { lockedPhone, type WasmFault } from './phone.mts';

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.stop());

const FAULTS: Array<[fault: WasmFault, usesFallback: boolean, says: string]> = [
  ['none', false, 'with WXWebAssembly'],
  ['absent', true, 'without WXWebAssembly'],
  ['failing', true, 'with WXWebAssembly failing'],
  ['silent', true, 'with WXWebAssembly silent'],
  ['late', true, 'with WXWebAssembly answering after the fallback'],
];

for (const [fault, usesFallback, says] of FAULTS) {
  test(`logs in ${says}`, async () => {
    const phone = createPhone({ wechat: world.wechat, appid: APPID, user: fault });
    const { weapp, required } = lockedPhone(phone.wx, fault);
    const auth = weapp.createAuth({ edge: world.url, host: weapp.weappHost() });
    const state = await auth.ready();
    assert.equal(state.session, 'logged-in');
    assert.equal(required.includes('fallback.js'), usesFallback);
    if (fault === 'late') await new Promise((resolve) => setTimeout(resolve, 800));
    const reply = await auth.request({ url: '/account' });
    assert.equal(reply.statusCode, 200);
    assert.equal(auth.state.session, 'logged-in');
    auth.dispose();
  });
}

test('an engine that failed is not tried again by the same base library', async () => {
  const phone = createPhone({ wechat: world.wechat, appid: APPID, user: 'remembers' });
  await lockedPhone(phone.wx, 'failing').weapp.weappHost().load();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const { weapp, required } = lockedPhone(phone.wx, 'none');
  await weapp.weappHost().load();
  assert.ok(required.includes('fallback.js'));
});

test('five requests before launch has finished make one login', async () => {
  const phone = createPhone({ wechat: world.wechat, appid: APPID, user: 'parallel' });
  const { weapp } = lockedPhone(phone.wx);
  const before = world.wechat.state().calls;
  const auth = weapp.createAuth({ edge: world.url, host: weapp.weappHost() });
  const replies = await Promise.all(Array.from({ length: 5 }, () => auth.request({ url: '/account' })));
  assert.deepEqual(
    replies.map(({ statusCode }) => statusCode),
    [200, 200, 200, 200, 200],
  );
  const after = world.wechat.state().calls;
  const made = (call: string) => (after[call] ?? 0) - (before[call] ?? 0);
  assert.deepEqual([made('wx.login'), made('jscode2session')], [1, 1]);
  auth.dispose();
});

test('two createAuth calls share one machine', () => {
  const phone = createPhone({ wechat: world.wechat, appid: APPID, user: 'shared' });
  const { weapp } = lockedPhone(phone.wx);
  const options = () => ({ edge: world.url, host: weapp.weappHost() });
  const first = weapp.createAuth(options());
  assert.equal(weapp.createAuth(options()), first);
  first.dispose();
  assert.notEqual(weapp.createAuth(options()), first);
});

test('a listener that throws harms nobody, and its mistake is seen', async () => {
  const phone = createPhone({ wechat: world.wechat, appid: APPID, user: 'listener' });
  const seen: string[] = [];
  const watched = (task: () => void, ms?: number) =>
    setTimeout(() => {
      try {
        task();
      } catch (error) {
        seen.push((error as Error).message);
      }
    }, ms);
  const { weapp } = lockedPhone(phone.wx, 'none', { setTimeout: watched });
  const auth = weapp.createAuth({ edge: world.url, host: weapp.weappHost() });
  auth.subscribe(() => {
    throw new Error('a listener’s mistake');
  });
  assert.equal((await auth.ready()).session, 'logged-in');
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(seen.length > 0 && seen.every((message) => message.includes('listener’s mistake')));
  auth.dispose();
});
