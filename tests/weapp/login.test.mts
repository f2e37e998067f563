// The shipped mini program files, in the JavaScript environment of a phone, log in through the edge in workerd.
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

/** The loader waits so long for WXWebAssembly before it takes the fallback. */
const PATIENCE_MS = 3_000;

/** Timers of a phone on which that time never ends, or ends immediately: the result must not depend on the machine. */
function timers(patient: boolean) {
  let isLoader = true;
  return {
    setTimeout(task: () => void, ms?: number) {
      if (!isLoader || ms !== PATIENCE_MS) return setTimeout(task, ms);
      // The first timer of this length is the loader's.
      isLoader = false;
      return patient ? undefined : setImmediate(task);
    },
  };
}

let answerLate = () => {};
const late = new Promise<void>((resolve) => (answerLate = resolve));

const FAULTS: Array<[condition: string, fault: WasmFault, usesFallback: boolean]> = [
  ['with WXWebAssembly', 'none', false],
  ['without WXWebAssembly', 'absent', true],
  ['if WXWebAssembly fails', 'failing', true],
  ['if WXWebAssembly never answers', 'silent', true],
  ['if WXWebAssembly answers after the fallback', late, true],
];

for (const [condition, fault, usesFallback] of FAULTS) {
  test(`logs in ${condition}`, async () => {
    const phone = createPhone({ wechat: world.wechat, appid: APPID, user: condition });
    const { weapp, required } = lockedPhone(phone.wx, fault, timers(fault !== 'silent' && fault !== late));
    const auth = weapp.createAuth({ edge: world.url, host: weapp.weappHost() });
    const state = await auth.ready();
    assert.equal(state.session, 'logged-in');
    assert.equal(required.includes('fallback.js'), usesFallback);
    if (fault === late) {
      answerLate();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const reply = await auth.request({ url: '/account' });
    assert.equal(reply.statusCode, 200);
    assert.equal(auth.state.session, 'logged-in');
    auth.dispose();
  });
}

test('an engine that failed is not tried again on the same base library', async () => {
  const phone = createPhone({ wechat: world.wechat, appid: APPID, user: 'remembers' });
  await lockedPhone(phone.wx, 'failing', timers(true)).weapp.weappHost().load();
  while (!phone.wx.getStorageSync('wxauth:engine')) await new Promise((resolve) => setImmediate(resolve));
  const { weapp, required } = lockedPhone(phone.wx, 'none', timers(true));
  await weapp.weappHost().load();
  assert.ok(required.includes('fallback.js'));
});

test('five requests during the launch make one login', async () => {
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

test('a listener that throws does not affect the client, and its exception is reported', async () => {
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
    throw new Error('error of a listener');
  });
  assert.equal((await auth.ready()).session, 'logged-in');
  while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(seen.every((message) => message.includes('error of a listener')));
  auth.dispose();
});
