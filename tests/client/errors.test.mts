// Every error code of the client occurs here for the documented cause, and is on the page of errors.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, mock, test } from 'node:test';
import { declarations, errors, osFixes } from '../../js/entries/errors.js';
import { agreeToAll } from '../../js/sim/phone/prompts.js';
import { at } from '../../scripts/shell.mts';
import { APPID, type Json, startWorld, type World } from '../harness.mts';
import { client, codeOf, device } from './world.mts';

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.stop());

const seen = new Set<string>();
function occurs(code: string, how: () => Promise<string>): void {
  test(`${code} occurs`, async () => {
    assert.equal(await how(), code);
    seen.add(code);
    world.wechat.faults.clear();
  });
}

const yes = { onPrompt: agreeToAll };
const fault = (how: object) => world.wechat.faults.add(how as Json);
const loginFault = (user: string, how: object) => fault({ call: 'wx.login', user, ...how });
const api = (auth: Json) => codeOf(auth.request({ url: '/healthz' }));

/** Advances the client's clock; these tests use no network. */
async function hasten(promise: Promise<string>, seconds: number): Promise<string> {
  let code: string | undefined;
  void promise.then((value) => (code = value));
  for (let n = 0; n < seconds * 2 && code === undefined; n++) {
    mock.timers.tick(500);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  mock.timers.reset();
  return promise;
}

occurs('wechat_login_failed', () => {
  loginFault('e1', { fail: { errMsg: 'login:fail' } });
  return api(device(world, { user: 'e1' }).auth);
});
occurs('wechat_login_timeout', () => {
  loginFault('e2', { hang: true });
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() });
  return hasten(api(device(world, { user: 'e2' }).auth), 60);
});
occurs('login_blocked', () => {
  loginFault('e3', { fail: { errMsg: 'login:fail', errno: 1402101 } });
  return api(device(world, { user: 'e3' }).auth);
});
occurs('edge_unreachable', () => {
  const fetch = () => Promise.reject(new TypeError('network'));
  return api(device(world, { user: 'e4', fetch }).auth);
});
occurs('edge_failed', () => {
  fault({ call: 'jscode2session', errcode: -1 });
  return api(device(world, { user: 'e5' }).auth);
});
occurs('misconfigured', () => api(device(world, { user: 'e6' }, { appid: 'wx0000000000000000' }).auth));
occurs('rate_limited', async () => {
  fault({ call: 'jscode2session', errcode: 45011 });
  const error: Json = await device(world, { user: 'e7' })
    .auth.request({ url: '/healthz' })
    .catch((error) => error);
  assert.ok(error.retryable && error.retryAfter >= 60, 'with the waiting time');
  return error.code;
});
occurs('logged_out', async () => {
  const { auth } = device(world, { user: 'e8' });
  await auth.logout();
  return api(auth);
});
occurs('login_required', () => {
  // A host without wx.login, like a web page.
  const { phone } = device(world, { user: 'e9' });
  const host = { ...client.weappHost({ wx: phone.relaunch().wx }), canLogin: false };
  return api(client.createAuth({ edge: world.url, host }));
});
occurs('network', async () => {
  const { auth } = device(world, { user: 'e10' });
  await auth.ready();
  const errMsg = 'request:fail errcode:-102 cronet_error_code:-102 error_msg:net::ERR_CONNECTION_REFUSED';
  fault({ call: 'wx.request', user: 'e10', fail: { errMsg, errno: 600001 } });
  return api(auth);
});
occurs('permission_failed', () => {
  fault({ call: 'wx.authorize', user: 'e11', fail: { errMsg: 'authorize:fail internal error', errno: 4 } });
  return codeOf(device(world, { user: 'e11', ...yes }).auth.ensure('scope.camera'));
});
occurs('cancelled', () => {
  const { signal, abort } = client.createAbortController();
  const code = codeOf(device(world, { user: 'e12' }).auth.ensure('scope.camera', { signal }));
  abort();
  return code;
});
occurs('tap_again', async () => {
  const { auth, phone } = device(world, { user: 'e13' });
  await auth.ready();
  await phone.prefetch();
  return codeOf(auth.openData(await world.wechat.profile(APPID, 'e13')));
});
occurs('data_invalid', async () => {
  const { auth } = device(world, { user: 'e14' });
  await auth.ready();
  const made = await world.wechat.profile(APPID, 'e14');
  return codeOf(auth.openData({ ...made, iv: 'AAAAAAAAAAAAAAAAAAAAAA==' }));
});
const phoneFails = (user: string, errMsg: string, errno?: number) =>
  codeOf(device(world, { user }).auth.phone({ errMsg, ...(errno ? { errno } : {}) }));
occurs('user_refused', () => phoneFails('e15', 'getPhoneNumber:fail user deny'));
occurs('privacy_refused', () => phoneFails('e16', 'getPhoneNumber:fail privacy permission is not authorized', 104));
occurs('no_quota', () => phoneFails('e17', 'getPhoneNumber:fail', 1400001));
occurs('blocked', () => phoneFails('e18', 'getPhoneNumber:fail', 1421102));
occurs('unsupported', () => phoneFails('e19', 'getPhoneNumber:ok'));
occurs('not_in_tap', () => codeOf(device(world, { user: 'e20', ...yes }).auth.openSetting()));
occurs('phone_code_used', async () => {
  const { auth } = device(world, { user: 'e21' });
  const detail = { code: world.wechat.issuePhoneCode(APPID, 'e21'), errMsg: 'getPhoneNumber:ok' };
  await auth.phone(detail);
  return codeOf(auth.phone(detail));
});
occurs('too_many_waiting', async () => {
  loginFault('e27', { hang: true });
  const { auth } = device(world, { user: 'e27' });
  const calls = Array.from({ length: 4_097 }, () => api(auth));
  const code = await (calls[4_096] as Promise<string>);
  auth.dispose();
  await Promise.all(calls);
  return code;
});
occurs('core_crashed', () => {
  const { phone } = device(world, { user: 'e22' });
  const host = { ...client.weappHost({ wx: phone.relaunch().wx }), load: () => Promise.reject(new Error('no wasm')) };
  return codeOf(client.createAuth({ edge: world.url, host }).ready());
});
occurs('disposed', () => {
  const { auth } = device(world, { user: 'e23' });
  auth.dispose();
  return api(auth);
});
occurs('origin_not_listed', () =>
  codeOf(device(world, { user: 'e24' }).auth.request({ url: 'https://evil.example/' })),
);
occurs('scope_not_granted', () => codeOf(device(world, { user: 'e25' }).auth.use('scope.nonsense', () => 1)));
occurs('invalid_argument', async () => {
  const { phone } = device(world, { user: 'e26' });
  return codeOf((async () => client.createAuth({ edge: '', host: client.weappHost({ wx: phone.wx }) }))());
});

test('every code of wxauth/errors occurs in these tests and is in docs/errors.md', () => {
  assert.deepEqual([...seen].sort(), Object.keys(errors).sort());
  const page = readFileSync(at('docs/errors.md'), 'utf8');
  for (const name of [...Object.keys(errors), ...Object.keys(declarations), ...Object.keys(osFixes)]) {
    assert.ok(page.includes(`\`${name}\``), name);
  }
  for (const { en, zh } of Object.values({ ...errors, ...declarations, ...osFixes })) {
    for (const text of [en.cause, en.remedy, zh.cause, zh.remedy]) assert.ok(text.length > 3, text);
    assert.match(zh.cause, /\p{Script=Han}/u);
  }
});
