// The built Node entries, ESM and CommonJS: the server-side checks against WeChat's vectors, and a login.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import type * as nodeEntry from '../../js/entries/node.js';
import { createPhone } from '../../js/sim/phone/index.js';
import { at } from '../../scripts/shell.mts';
import { built } from '../built.mts';
import { APPID, type Json, startWorld, type World } from '../harness.mts';

const esm = (await import(built('node/index.mjs'))) as typeof nodeEntry;
const cjs = createRequire(import.meta.url)(built('node/index.cjs')) as typeof nodeEntry;
const data = (file: string): Json => JSON.parse(readFileSync(at('tests/data', file), 'utf8'));

for (const [format, entry] of [
  ['ESM', esm],
  ['CommonJS', cjs],
] as const) {
  test(`${format}: signatures and open data match WeChat's vectors`, () => {
    let seen = 0;
    for (const { kind, inputs, expected } of data('vectors.json')) {
      if (kind === 'rawdata_sha1') {
        assert.ok(entry.verifyUserInfo(inputs.rawData, expected.signature, inputs.session_key));
        assert.ok(!entry.verifyUserInfo(`${inputs.rawData} `, expected.signature, inputs.session_key));
      } else if (kind === 'session_hmac_sha256') {
        assert.equal(entry.signWithSessionKey(inputs.message, inputs.session_key), expected.signature);
      } else if (kind === 'open_data_aes128cbc' && expected.watermark && !expected.error) {
        const { encryptedData, iv, session_key: sessionKey, appid } = inputs;
        const opened = entry.decryptOpenData({ encryptedData, iv, sessionKey, appid });
        assert.deepEqual(opened, JSON.parse(expected.plaintext));
      } else continue;
      seen += 1;
    }
    assert.equal(seen, 9);
  });

  test(`${format}: every failure to decrypt open data throws the same error`, () => {
    const messages = new Set<string>();
    for (const { app_id: appid, session_key: sessionKey, iv, encrypted_data: encryptedData, expect } of data(
      'decrypt_cases.json',
    )) {
      if (!expect.startsWith('reject') || expect === 'reject-identity' || sessionKey.length !== 24) continue;
      try {
        entry.decryptOpenData({ encryptedData, iv, sessionKey, appid });
      } catch (error) {
        messages.add((error as Error).message);
      }
    }
    assert.deepEqual([...messages], ['decrypt_failed']);
  });
}

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.stop());

test('the client runs in Node against the simulator and verifies a profile at the edge', async () => {
  const phone = createPhone({ wechat: world.wechat, appid: APPID, user: 'node' });
  const auth = esm.createAuth({ edge: world.url, host: esm.weappHost({ wx: phone.wx }) });
  assert.equal((await auth.ready()).session, 'logged-in');
  const profile = await world.wechat.profile(APPID, 'node');
  const named = { nickName: 'node', avatarUrl: JSON.parse(profile.rawData).avatarUrl };
  assert.deepEqual(await auth.profile(profile), { ...named, verified: true });
  assert.equal((await auth.openData(profile)).nickName, 'node');
  await auth.logout();
  await assert.rejects(auth.request({ url: '/account' }), { code: 'logged_out' });
  assert.equal((await auth.login()).session, 'logged-in');
  auth.dispose();
});

test('a program for a phone or a page runs in Node unchanged', async () => {
  const phone = createPhone({ wechat: world.wechat, appid: APPID, user: 'unchanged' });
  assert.throws(() => esm.weappHost(), { code: 'invalid_argument' });
  Object.assign(globalThis, { wx: phone.wx, getApp: () => undefined });
  try {
    const auth = esm.createAuth({ edge: world.url, host: esm.weappHost() });
    assert.equal((await auth.ready()).session, 'logged-in');
    auth.dispose();
  } finally {
    for (const name of ['wx', 'getApp']) Reflect.deleteProperty(globalThis, name);
  }
  assert.throws(() => esm.webHost(), { code: 'invalid_argument', message: /in Node webHost needs wx/ });
  const page = esm.createAuth({ edge: world.url, host: esm.webHost({ wx: phone.wx }) });
  assert.equal((await page.ready()).session, 'logged-in');
  page.dispose();
});

test('a token is sent to the edge and to listed origins only', async () => {
  const phone = createPhone({ wechat: world.wechat, appid: APPID, user: 'origins' });
  const host = esm.weappHost({ wx: phone.wx });
  const auth = esm.createAuth({ edge: world.url, host, origins: [world.simulator.url] });
  for (const url of [
    'https://evil.example/',
    `${world.url}.evil.example/`,
    `${world.url}@evil.example/`,
    '//evil.example/',
    'x',
    'https://evil.example\\@x/',
  ]) {
    await assert.rejects(auth.request({ url }), { code: 'origin_not_listed' }, url);
  }
  assert.equal((await auth.request({ url: `${world.simulator.url}/_sim/state` })).statusCode, 200);
  auth.dispose();
  await assert.rejects(auth.ready(), { code: 'disposed' });
});

test('with full storage the session is not persistent, and every call settles', async () => {
  const phone = createPhone({ wechat: world.wechat, appid: APPID, user: 'full' });
  world.wechat.faults.add({ call: 'wx.setStorage', fail: { errMsg: 'setStorage:fail:entry size limit reached' } });
  const auth = esm.createAuth({ edge: world.url, host: esm.weappHost({ wx: phone.wx }) });
  assert.equal((await auth.request({ url: '/account' })).statusCode, 200);
  assert.equal(auth.state.degraded, true);
  world.wechat.faults.clear();
  auth.dispose();
});

test('megabytes of foreign data in storage and in messages do not crash the client', async () => {
  const phone = createPhone({ wechat: world.wechat, appid: APPID, user: 'garbage' });
  const getStorage = ({ success }: Json) => success({ data: 'wxauth1 '.repeat(500_000) });
  const getSetting = ({ success }: Json) =>
    success({
      authSetting: Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`scope.${n}${'x'.repeat(100)}`, true])),
    });
  const authorize = ({ fail }: Json) => fail({ errMsg: `authorize:fail ${'auth deny '.repeat(300_000)}` });
  const auth = esm.createAuth({
    edge: world.url,
    host: esm.weappHost({ wx: { ...phone.wx, getStorage, getSetting, authorize } }),
  });
  assert.equal((await auth.ready()).session, 'guest', 'it is unknown whether the user logged out');
  await auth.login();
  assert.equal(auth.state.session, 'logged-in');
  assert.deepEqual(await auth.ensure('scope.camera'), { type: 'denied-now' });
  assert.deepEqual(await auth.ensure('x'.repeat(3_000_000)), { type: 'misconfigured', missing: 'scope-name' });
  auth.dispose();
});

test('a wx.login that keeps failing rejects, and the next call recovers', async () => {
  const phone = createPhone({ wechat: world.wechat, appid: APPID, user: 'unlucky' });
  world.wechat.faults.add({ call: 'wx.login', fail: { errMsg: 'login:fail timeout', errno: 5 }, times: 3 });
  const auth = esm.createAuth({ edge: world.url, host: esm.weappHost({ wx: phone.wx }) });
  await assert.rejects(auth.ready(), { code: 'wechat_login_failed', retryable: true });
  assert.equal((await auth.ready()).session, 'logged-in');
  auth.dispose();
});

test('storage and randomness that never answer delay the start and block no call', async () => {
  const phone = createPhone({ wechat: world.wechat, appid: APPID, user: 'mute' });
  for (const call of ['wx.getStorage', 'wx.getRandomValues']) world.wechat.faults.add({ call, hang: true });
  const auth = esm.createAuth({ edge: world.url, host: esm.weappHost({ wx: phone.wx }) });
  const degraded: boolean[] = [];
  auth.subscribe((state) => degraded.push(state.degraded));
  const { session } = await auth.ready();
  await auth.login();
  world.wechat.faults.clear();
  assert.deepEqual(
    [session, auth.state.session],
    ['guest', 'logged-in'],
    'a stored log-out is possible until login() is called',
  );
  assert.ok(degraded.includes(true));
  auth.dispose();
});

test('the effects of one event are performed in order, even if wx answers synchronously', async () => {
  const phone = createPhone({ wechat: world.wechat, appid: APPID, user: 'synchronous' });
  const getSetting = ({ success }: Json) => success({ authSetting: {} });
  const authorize = ({ success }: Json) => success({});
  const host = esm.weappHost({ wx: { ...phone.wx, getSetting, authorize } });
  const auth = esm.createAuth({ edge: world.url, host, login: 'on-demand' });
  await auth.ready();
  const before = auth.trace().entries.length;
  assert.deepEqual(await auth.ensure('scope.camera'), { type: 'granted' });
  const names = auth
    .trace()
    .entries.slice(before)
    .map(({ name }) => name)
    // Whether a timer is asked for depends on the one that runs already.
    .filter((name) => name !== 'Wake');
  assert.deepEqual(names, [
    'ensure',
    'ReadSetting',
    'settingRead',
    'Authorize',
    'authorized',
    'State',
    'ReadSystem',
    'systemRead',
    'Settle',
  ]);
  auth.dispose();
});

test('a wx that throws counts as failed and is called again', async () => {
  const phone = createPhone({ wechat: world.wechat, appid: APPID, user: 'throws' });
  let calls = 0;
  const wx = {
    ...phone.wx,
    login(options: Json) {
      calls += 1;
      if (calls === 1) throw new Error('login is not a function here');
      phone.wx.login(options);
    },
  };
  const auth = esm.createAuth({ edge: world.url, host: esm.weappHost({ wx }) });
  assert.equal((await auth.ready()).session, 'logged-in');
  assert.equal(calls, 2);
  auth.dispose();
});
