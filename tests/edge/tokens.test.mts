// WeChat's access_token at the edge: how often it is fetched, and recovery when it expires early; third-party platforms.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { WeChat } from '../../js/sim/wechat/index.js';
import {
  APPID,
  bearer,
  exchange,
  type Json,
  keysOf,
  logIn,
  OTHER_APPID,
  post,
  SECRET,
  sessionsOf,
  startWorld,
  type World,
} from '../harness.mts';

let world: World;
/** The value of force_refresh in each call of stable_token. */
const forced: boolean[] = [];
before(async () => {
  world = await startWorld();
  const { tokens } = world.wechat;
  const stable = tokens.stableToken.bind(tokens);
  tokens.stableToken = (appid, secret, grant, force) => {
    forced.push(force);
    return stable(appid, secret, grant, force);
  };
});
after(() => world.stop());

const count = (call: string, of = world) => of.wechat.state().calls[call] ?? 0;
const phone = (token: string, user: string, of = world) =>
  post(`${of.url}/wechat/phone`, { code: of.wechat.issuePhoneCode(APPID, user) }, bearer(token));
const withFault = async <T,>(fault: Json, act: () => Promise<T>): Promise<T> => {
  world.wechat.faults.add(fault);
  try {
    return await act();
  } finally {
    world.wechat.faults.clear();
  }
};

test('one access_token serves many calls and is stored encrypted in KV', async () => {
  const { access } = await logIn(world, 'many');
  for (let n = 0; n < 5; n++) assert.equal((await phone(access, 'many')).status, 200);
  assert.equal(count('stable_token'), 1);
  const names = (await keysOf(world)).filter((name) => name.startsWith('t1:'));
  assert.deepEqual(names, [`t1:${APPID}`]);
  const kept = Buffer.from(await (await sessionsOf(world)).get(names[0] as string, 'arrayBuffer')).toString('latin1');
  const token = world.wechat.tokens.of(APPID)[0];
  assert.ok(token && !kept.includes(token), 'sealed');
  assert.ok(!world.lines.join('\n').includes(token));
});

for (const errcode of [40001, 40014, 42001]) {
  test(`errcode ${errcode} during a call costs one new access_token and one retry`, async () => {
    const { access } = await logIn(world, `dead ${errcode}`);
    await phone(access, `dead ${errcode}`);
    const [tokens, calls] = [count('stable_token'), count('getuserphonenumber')];
    world.wechat.tokens.clear();
    const reply = await withFault({ call: 'getuserphonenumber', times: 1, errcode }, () =>
      phone(access, `dead ${errcode}`),
    );
    assert.equal(reply.status, 200);
    assert.deepEqual([count('stable_token') - tokens, count('getuserphonenumber') - calls], [1, 2]);
    const still = await withFault({ call: 'getuserphonenumber', errcode }, () => phone(access, `dead ${errcode}`));
    assert.deepEqual([still.status, still.body.code], [502, 'upstream_error']);
  });
}

test('parallel calls with a dead access_token fetch one new access_token', async () => {
  const users = await Promise.all(Array.from({ length: 12 }, (_, n) => logIn(world, `crowd ${n}`)));
  await phone(users[0]?.access as string, 'crowd 0');
  const before = count('stable_token');
  world.wechat.tokens.clear();
  const replies = await Promise.all(users.map(({ access }, n) => phone(access, `crowd ${n}`)));
  assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]));
  assert.equal(count('stable_token') - before, 1);
});

test('an access_token without a valid lifetime is refused and not stored', async () => {
  const fresh = await startWorld({ wechat: world.wechat });
  const { access } = await logIn(fresh, 'lives');
  for (const expires_in of [0, -1, '7200', 1.5, null]) {
    const body = JSON.stringify({ access_token: 'T', expires_in });
    await withFault({ call: 'stable_token', times: 1, http: { status: 200, body } }, async () => {
      const reply = await phone(access, 'lives', fresh);
      assert.deepEqual([reply.status, reply.body.code], [502, 'upstream_malformed'], String(expires_in));
    });
  }
  assert.deepEqual(
    (await keysOf(fresh)).filter((name) => name.startsWith('t1:')),
    [],
  );
  const long = JSON.stringify({ access_token: world.wechat.tokens.of(APPID)[0], expires_in: 1e12 });
  await withFault({ call: 'stable_token', times: 1, http: { status: 200, body: long } }, async () => {
    assert.equal((await phone(access, 'lives', fresh)).status, 200, 'limited to two hours');
  });
  await fresh.stop();
});

test('no fetch of an access_token sets force_refresh', () => {
  assert.ok(forced.length > 5);
  assert.deepEqual(new Set(forced), new Set([false]));
});

test('an app of a third-party platform logs in without its secret (§3.6)', async () => {
  const PLATFORM = 'wxp000000000000000';
  const wechat = new WeChat({
    apps: {
      [APPID]: { secret: SECRET },
      [PLATFORM]: { secret: SECRET, kind: 'component', authorizers: [APPID] },
    },
  });
  const asked: string[] = [];
  let token = wechat.tokens.componentToken(PLATFORM, SECRET).component_access_token;
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization}`);
    response.end(JSON.stringify({ access_token: token, expires_in: 7200 }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const token_url = `http://127.0.0.1:${(server.address() as { port: number }).port}/tokens`;
  const component = { appid: PLATFORM, token_url, token_secret: 'CANARY of the token server' };
  const platform = await startWorld({ wechat, apps: { [APPID]: { component } } });
  try {
    for (const user of ['mei', 'li']) await logIn(platform, user);
    assert.deepEqual(asked, [`/tokens?appid=${PLATFORM} Bearer CANARY of the token server`], 'once');
    wechat.tokens.clear();
    token = wechat.tokens.componentToken(PLATFORM, SECRET).component_access_token;
    await logIn(platform, 'wang');
    assert.equal(asked.length, 2, 'a dead token is fetched again');
    wechat.world.app(PLATFORM).authorizers = [];
    const { code } = wechat.issueCode(APPID, 'mei');
    const refused = await exchange(platform, code);
    assert.deepEqual([refused.status, refused.body.code], [500, 'misconfigured'], '61003');
    assert.ok(!platform.lines.join('\n').includes('CANARY'));
  } finally {
    await platform.stop();
    server.close();
  }
});

test('a code of one app is refused for another app, also after the access_token was replaced', async () => {
  const { code } = world.wechat.issueCode(OTHER_APPID, 'mei');
  assert.equal((await exchange(world, code)).body.code, 'code_invalid');
});
