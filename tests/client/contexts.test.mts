// Two JavaScript contexts on the storage of one phone, like a mini program and its skill in WeChat's AI mode, and
// log-outs with faulty storage. The built client, with the edge in workerd.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Json, startWorld, type World } from '../harness.mts';
import { codeOf, type Device, device, on, stored } from './world.mts';

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.stop());

const sent = (one: Device, name: string) => one.auth.trace().entries.filter((entry) => entry.name === name).length;

test('two contexts on one storage log in once and renew once', async () => {
  const first = device(world, { user: 'shared' });
  await first.auth.ready();
  await stored(first.auth);
  const second = on(world, first.phone);
  assert.equal((await second.auth.ready()).session, 'logged-in');
  for (let round = 0; round < 5; round++) {
    const renews = round % 2 ? first : second;
    const follows = round % 2 ? second : first;
    const before = await renews.auth.token();
    renews.auth.expired(before.generation);
    const { token } = await renews.auth.token();
    await stored(renews.auth);
    follows.auth.expired(follows.auth.state.generation);
    assert.equal((await follows.auth.token()).token, token);
  }
  assert.deepEqual([first.calls.login, second.calls.login], [1, undefined]);
  assert.equal(sent(first, 'Refresh') + sent(second, 'Refresh'), 5);
  assert.equal((await second.auth.request({ url: '/account' })).statusCode, 200);
});

test('a log-out in one context ends the session in the others, present and new', async () => {
  const first = device(world, { user: 'leaver' });
  await first.auth.ready();
  await stored(first.auth);
  const second = on(world, first.phone);
  await second.auth.ready();
  await first.auth.logout();
  await stored(first.auth);
  second.auth.expired(second.auth.state.generation);
  assert.equal(await codeOf(second.auth.token()), 'logged_out');
  assert.equal((await on(world, first.phone.relaunch()).auth.ready()).session, 'logged-out');
});

for (const [how, bend] of Object.entries({
  'storage is full': (wx: Json) => {
    wx.setStorage = ({ fail }: Json) => fail({ errMsg: 'setStorage:fail exceed storage max size 10Mb' });
  },
  'storage cannot be read': (wx: Json) => {
    wx.getStorage = ({ fail }: Json) => fail({ errMsg: 'getStorage:fail' });
  },
})) {
  test(`a log-out persists if ${how}`, async () => {
    const { phone, auth } = device(world, { user: how });
    await auth.ready();
    await stored(auth);
    auth.dispose();
    const bent = on(world, phone, {}, bend);
    await bent.auth.ready();
    await bent.auth.logout();
    await stored(bent.auth);
    bent.auth.dispose();
    const { auth: next, calls } = on(world, phone.relaunch());
    assert.equal((await next.ready()).session, 'logged-out');
    assert.equal(calls.login, undefined);
    await next.login();
    assert.equal(next.state.session, 'logged-in');
  });
}
