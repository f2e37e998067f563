// Runs every example of docs/client.md and docs/client.zh-CN.md on a simulated phone, with the edge behind it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { agreeToAll } from '../../js/sim/phone/prompts.js';
import { examplesOf, runExample } from '../examples.mts';
import { APPID, type Json, startWorld, type World } from '../harness.mts';
import { client, device, stored } from './world.mts';

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.stop());

const FILES = ['docs/client.md', 'docs/client.zh-CN.md'];

/** For each example: the names that it expects, and the values that it must produce. */
const checks: Record<string, (code: string, user: string) => Promise<void>> = {
  async session(code, user) {
    const { auth } = device(world, { user });
    const { session, reply, anyone } = await runExample(code, { auth, console: { log() {} } }, [
      'session',
      'reply',
      'anyone',
    ]);
    assert.deepEqual([session, reply.statusCode, anyone.statusCode], ['logged-in', 200, 200]);
  },
  async cancel(code, user) {
    const { auth } = device(world, { user });
    const { reply } = await runExample(code, { auth, createAbortController: client.createAbortController }, ['reply']);
    await assert.rejects(reply, { code: 'cancelled' });
  },
  async token(code, user) {
    const { auth } = device(world, { user });
    const { generation, renewed } = await runExample(code, { auth }, ['generation', 'renewed']);
    assert.equal(renewed.generation, generation + 1);
  },
  async scopes(code, user) {
    const { auth } = device(world, { user, onPrompt: agreeToAll });
    assert.equal((await runExample(code, { auth }, ['permission'])).permission.type, 'granted');
  },
  async use(code, user) {
    const { auth, phone } = device(world, { user, onPrompt: agreeToAll });
    const { place, answered } = await runExample(code, { auth, wx: phone.wx }, ['place', 'answered']);
    assert.ok(place.latitude > 0);
    assert.deepEqual(answered, [{ scope: 'scope.userLocation', granted: true }]);
  },
  async phone(code, user) {
    const { auth, phone } = device(world, { user, onPrompt: agreeToAll });
    const detail = await phone.press('getPhoneNumber|agreePrivacyAuthorization');
    assert.match((await runExample(code, { auth, event: { detail } }, ['phone_number'])).phone_number, /^\d+$/);
  },
  async 'open-data'(code, user) {
    const first = device(world, { user });
    await first.auth.ready();
    await stored(first.auth);
    const detail = await world.wechat.profile(APPID, user);
    assert.equal((await runExample(code, { auth: first.auth, event: { detail } }, ['data'])).data.nickName, user);
  },
  async profile(code, user) {
    const { auth, phone } = device(world, { user, onPrompt: agreeToAll });
    world.wechat.permissions.agree(APPID, user);
    const detail = await phone.press('chooseAvatar');
    const { method, avatarUrl } = await runExample(
      code,
      {
        auth,
        event: { detail },
        upload: async () => 'https://cdn.example/a',
      },
      ['method', 'avatarUrl'],
    );
    assert.deepEqual([method, avatarUrl], ['choose-avatar', 'https://cdn.example/a']);
  },
  async behavior(code, user) {
    const { authBehavior } = await import('../../js/client/auth-behavior.js');
    const { auth } = device(world, { user });
    await auth.ready();
    const shown: Json[] = [];
    const page = { setData: (data: Json) => shown.push(data.auth.session) };
    let definition: Json;
    // The framework of WeChat registers a behavior by Behavior() and applies it to the page.
    Object.assign(globalThis, { Behavior: (given: Json) => given });
    const Page = ({ behaviors: [behavior] }: Json) => {
      definition = behavior;
    };
    await runExample(code, { auth, authBehavior, Page }, []);
    assert.equal(definition.data.auth.session, 'logged-in');
    definition.lifetimes.attached.call(page);
    await auth.logout();
    definition.lifetimes.detached.call(page);
    await auth.login();
    assert.deepEqual([shown[0], shown.at(-1)], ['logged-in', 'logged-out'], 'no update after the page was detached');
  },
};

for (const file of FILES) {
  for (const [name, code] of examplesOf(file)) {
    test(`the example "${name}" of ${file} runs`, () => {
      const check = checks[name];
      assert.ok(check, 'this file has no check for it');
      return check(code, `${file} ${name}`);
    });
  }
}

test('both languages have the same examples, apart from comments, and each check has its example', () => {
  const [english, chinese] = FILES.map((file) => [...examplesOf(file)]) as [
    Array<[string, string]>,
    Array<[string, string]>,
  ];
  const withoutComments = (examples: Array<[string, string]>) =>
    examples.map(([name, text]) => [name, text.replace(/\/\/.*$/gm, '').replace(/\s+/g, ' ')]);
  assert.deepEqual(withoutComments(chinese), withoutComments(english));
  assert.deepEqual(english.map(([name]) => name).sort(), Object.keys(checks).sort());
});
