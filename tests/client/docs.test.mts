// Every example of docs/client.md and its Chinese twin, run as it stands.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { agreeToAll } from '../../js/sim/phone/prompts.js';
import { at } from '../../scripts/shell.mts';
import { APPID, type Json, startWorld, type World } from '../harness.mts';
import { client, device, stored } from './world.mts';

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.stop());

const FILES = ['docs/client.md', 'docs/client.zh-CN.md'];
const examples = (file: string): Array<[name: string, code: string]> =>
  [...readFileSync(at(file), 'utf8').matchAll(/<!-- run: (\S+) -->\n```js\n([\s\S]*?)```/g)].map(([, name, code]) => [
    name as string,
    code as string,
  ]);

const AsyncFunction = (async () => {}).constructor as new (...args: string[]) => (...args: Json[]) => Promise<Json>;

/** Runs an example with these names in scope, and gives what it declared. */
function run(code: string, names: Record<string, Json>): Promise<Json> {
  const declared = [...code.matchAll(/^const (?:\{ ([\w, ]+) \}|(\w+)) =/gm)]
    .flatMap(([, many, one]) => (many ? many.split(', ') : [one]))
    .join(', ');
  return new AsyncFunction(...Object.keys(names), `${code}\nreturn { ${declared} };`)(...Object.values(names));
}

/** What each example needs, and what has to come of it. */
const checks: Record<string, (code: string, user: string) => Promise<void>> = {
  async session(code, user) {
    const { auth } = device(world, { user });
    const { session, reply, anyone } = await run(code, { auth, console: { log() {} } });
    assert.deepEqual([session, reply.statusCode, anyone.statusCode], ['logged-in', 200, 200]);
  },
  async cancel(code, user) {
    const { auth } = device(world, { user });
    const { reply } = await run(code, { auth, createAbortController: client.createAbortController });
    await assert.rejects(reply, { code: 'cancelled' });
  },
  async token(code, user) {
    const { auth } = device(world, { user });
    const { generation, renewed } = await run(code, { auth });
    assert.equal(renewed.generation, generation + 1);
  },
  async scopes(code, user) {
    const { auth } = device(world, { user, onPrompt: agreeToAll });
    assert.equal((await run(code, { auth })).permission.type, 'granted');
  },
  async use(code, user) {
    const { auth, phone } = device(world, { user, onPrompt: agreeToAll });
    const { place, answered } = await run(code, { auth, wx: phone.wx });
    assert.ok(place.latitude > 0);
    assert.deepEqual(answered, [{ scope: 'scope.userLocation', granted: true }]);
  },
  async phone(code, user) {
    const { auth, phone } = device(world, { user, onPrompt: agreeToAll });
    const detail = await phone.press('getPhoneNumber|agreePrivacyAuthorization');
    assert.match((await run(code, { auth, event: { detail } })).phone_number, /^\d+$/);
  },
  async 'open-data'(code, user) {
    const first = device(world, { user });
    await first.auth.ready();
    await stored(first.auth);
    const detail = await world.wechat.profile(APPID, user);
    assert.equal((await run(code, { auth: first.auth, event: { detail } })).data.nickName, user);
  },
  async profile(code, user) {
    const { auth, phone } = device(world, { user, onPrompt: agreeToAll });
    world.wechat.permissions.agree(APPID, user);
    const detail = await phone.press('chooseAvatar');
    const { way, avatarUrl } = await run(code, {
      auth,
      event: { detail },
      upload: async () => 'https://cdn.example/a',
    });
    assert.deepEqual([way, avatarUrl], ['choose-avatar', 'https://cdn.example/a']);
  },
  async behavior(code, user) {
    const { authBehavior } = await import('../../js/client/auth-behavior.js');
    const { auth } = device(world, { user });
    await auth.ready();
    const shown: Json[] = [];
    const page = { setData: (data: Json) => shown.push(data.auth.session) };
    let definition: Json;
    // What the framework does with a page's behaviors.
    Object.assign(globalThis, { Behavior: (given: Json) => given });
    const Page = ({ behaviors: [behavior] }: Json) => {
      definition = behavior;
    };
    await run(code, { auth, authBehavior, Page });
    assert.equal(definition.data.auth.session, 'logged-in');
    definition.lifetimes.attached.call(page);
    await auth.logout();
    definition.lifetimes.detached.call(page);
    await auth.login();
    assert.deepEqual([shown[0], shown.at(-1)], ['logged-in', 'logged-out'], 'and nothing after it was detached');
  },
};

for (const file of FILES) {
  for (const [name, code] of examples(file)) {
    test(`${file}: ${name}`, () =>
      (checks[name] as (code: string, user: string) => Promise<void>)(code, `${file} ${name}`));
  }
}

test('both languages have the same examples, and none is without its check', () => {
  const names = FILES.map((file) => examples(file).map(([name]) => name));
  assert.deepEqual(names[1], names[0]);
  assert.deepEqual([...(names[0] as string[])].sort(), Object.keys(checks).sort());
  const code = (text: string) => text.replace(/\/\/.*$/gm, '').replace(/\s+/g, ' ');
  const [english, chinese] = FILES.map((file) => examples(file).map(([, source]) => code(source)));
  assert.deepEqual(chinese, english, 'but for the comments');
});
