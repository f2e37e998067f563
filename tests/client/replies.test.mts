// Malformed replies, origins of errors, arguments and secrets in traces. The shipped wasm on a scripted phone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type * as weapp from '../../js/entries/weapp.js';
import type { Json } from '../harness.mts';
import { EDGE, outcomes, rig, turn } from './rig.mts';

const HTML = '<html>Welcome to the hotel</html>';
const reply = (statusCode: number, data: unknown, header = {}) => ({ statusCode, data, header });

async function ended(promise: Promise<unknown>): Promise<weapp.AuthError> {
  return promise.then(
    (value) => assert.fail(`resolved with ${JSON.stringify(value)}`),
    (error) => error,
  );
}

let taps = 0;
const detail = { code: 'phonecode', encryptedData: 'data', iv: 'iv', rawData: '{"nickName":"Mei"}', signature: 's' };
/** The calls after a tap: endpoint, call, and the body of a good answer. */
const TAPS: Array<[string, (auth: weapp.Auth) => Promise<unknown>, unknown]> = [
  ['/wechat/phone', (auth) => auth.phone(detail), { phone_number: '1', pure_phone_number: '1', country_code: '86' }],
  ['/wechat/open-data', (auth) => auth.openData(detail), { data: { openId: 'o' } }],
  ['/wechat/user-info/verify', (auth) => auth.profile(detail), { valid: true }],
];

test('a success without its required fields is an error', async () => {
  for (const [path, call, good] of TAPS) {
    const phone = rig();
    const auth = phone.create();
    await auth.ready({ openData: true });
    for (const body of [HTML, '', undefined, null, {}, [], { data: 'text', phone_number: 7, valid: 'yes' }]) {
      phone.answers[path] = () => reply(200, body);
      detail.code = `code${++taps}`;
      const { code } = await ended(call(auth));
      assert.equal(code, path === '/wechat/phone' ? 'tap_again' : 'edge_failed', `${path} ${JSON.stringify(body)}`);
    }
    phone.answers[path] = () => reply(200, good);
    detail.code = `code${++taps}`;
    await call(auth);
  }
});

test('a 429 reports the waiting time, and the code of the tap can be submitted again', async () => {
  for (const [path, call, good] of TAPS) {
    const phone = rig();
    const auth = phone.create();
    await auth.ready({ openData: true });
    detail.code = 'unspent';
    for (const header of [{ 'Retry-After': '30' }, {}]) {
      const body = { code: 'rate_limited', request_id: 'r1', ...('Retry-After' in header ? {} : { retry_after: 30 }) };
      phone.answers[path] = () => reply(429, body, header);
      const error = await ended(call(auth));
      const { code, retryable, retryAfter, requestId } = error;
      assert.deepEqual([code, retryable, retryAfter, requestId], ['rate_limited', true, 30, 'r1'], path);
    }
    phone.answers[path] = () => reply(200, good);
    await call(auth);
  }
});

test('a revocation is pending until the edge answers 200 with an object', async () => {
  const foreignReplies: Array<[number, unknown]> = [
    [200, HTML],
    [200, ''],
    [200, []],
    [403, HTML],
    [404, HTML],
    [503, ''],
  ];
  for (const [status, body] of foreignReplies) {
    const phone = rig();
    const auth = phone.create();
    await auth.ready();
    phone.answers['/oauth/revoke'] = () => reply(status, body);
    const revocations = () => phone.sent.filter(({ url }) => url.endsWith('/oauth/revoke')).length;
    await auth.logout();
    await phone.time.pass(60_000);
    assert.ok(revocations() > 1, `${status} ${body}: tried again`);
    phone.answers['/oauth/revoke'] = () => reply(200, {});
    await phone.time.pass(600_000);
    const expected = revocations();
    await phone.time.pass(3_600_000);
    assert.equal(revocations(), expected, `${status} ${body}`);
  }
});

test('an error of the edge carries requestId, one of the platform its cause', async () => {
  const failing = (status: number, body: object) => {
    const phone = rig();
    phone.answers['/oauth/token'] = () => reply(status, body);
    return phone;
  };
  const table: Array<[ReturnType<typeof rig>, Partial<weapp.AuthError>]> = [
    [
      failing(503, { code: 'storage_unavailable', request_id: 'r2', retry_after: 5 }),
      { code: 'edge_failed', requestId: 'r2', retryAfter: 5, cause: undefined },
    ],
    [
      failing(429, { code: 'rate_limited', request_id: 'r3', retry_after: 1e12 }),
      { code: 'rate_limited', requestId: 'r3', retryAfter: 3_600 },
    ],
    [failing(500, { code: 'misconfigured', request_id: 'r4' }), { code: 'misconfigured', requestId: 'r4' }],
    [failing(200, HTML as never), { code: 'edge_failed', requestId: null }],
    [
      rig('none', { login: ({ fail }) => fail({ errMsg: 'login:fail timeout', errno: 5 }) }),
      { code: 'wechat_login_failed', requestId: null, cause: { errMsg: 'login:fail timeout', errno: 5 } },
    ],
    [
      rig('none', { authorize: ({ fail }) => fail({ errMsg: 'authorize:fail internal', errno: 4 }) }),
      { code: 'permission_failed', cause: { errMsg: 'authorize:fail internal', errno: 4 } },
    ],
  ];
  for (const [phone, wanted] of table) {
    const auth = phone.create();
    const failure = ended(wanted.code === 'permission_failed' ? auth.ensure('scope.camera') : auth.token());
    await phone.time.pass(60_000);
    const error = await failure;
    for (const [key, value] of Object.entries(wanted)) {
      assert.deepEqual(structuredClone(error[key as 'code']), value, `${wanted.code}: ${key}`);
    }
  }
  const phone = rig();
  const auth = phone.create();
  await auth.ready();
  phone.answers['/orders'] = (options) => void options.fail({ errMsg: 'request:fail timeout', errno: 5 });
  assert.equal((await ended(auth.request({ url: '/orders' }))).cause?.errno, 5);
});

test('a trace keeps the error codes of the edge and no data of other servers', async () => {
  const logged: weapp.TraceEntry[] = [];
  for (const expiry of [undefined, { field: 'code', values: [40101] }]) {
    const phone = rig();
    const auth = phone.create({ log: (entry) => logged.push(entry), ...(expiry ? { expiry } : {}) });
    await auth.ready({ openData: true });
    for (const secret of ['13812345678', 'SMS-4711', 'coupon_code']) {
      phone.answers['/orders'] = () => reply(200, { code: secret });
      await auth.request({ url: '/orders' });
    }
    phone.answers['/wechat/open-data'] = () => reply(500, { code: 'upstream_busy' });
    await ended(auth.openData(detail));
    phone.answers['/wechat/open-data'] = () => reply(500, { code: 'Token abc' });
    await ended(auth.openData(detail));
    phone.answers['/oauth/token'] = () => reply(502, { code: 'Portal session 4711' });
    auth.expired(auth.state.generation);
    const last = outcomes({ token: auth.token() });
    await phone.time.pass(60_000);
    assert.equal(last.token, 'edge_failed');
    const text = JSON.stringify(auth.trace()) + JSON.stringify(logged);
    for (const secret of ['13812345678', 'SMS-4711', 'coupon_code', 'Token abc', '4711', 'access1', 'refresh1']) {
      assert.ok(!text.includes(secret), secret);
    }
    assert.ok(text.includes('upstream_busy'));
  }
});

test('a configured body code means that the token expired', async () => {
  const phone = rig();
  const auth = phone.create({ expiry: { field: 'errcode', values: ['40101', 7] } });
  await auth.ready();
  let asked = 0;
  phone.answers['/orders'] = () => reply(200, { errcode: ['40101', 7, 0][asked++] });
  await auth.request({ url: '/orders' });
  assert.deepEqual([asked, auth.state.generation], [3, 3]);
});

test('a request has one Authorization header, for any spelling of the caller’s', async () => {
  const phone = rig();
  const auth = phone.create();
  await auth.ready();
  for (const name of ['authorization', 'Authorization', 'AUTHORIZATION']) {
    await auth.request({ url: '/orders', header: { [name]: 'Basic x', 'X-Other': '1' } });
    assert.deepEqual({ ...phone.sent.at(-1)?.header }, { 'X-Other': '1', Authorization: 'Bearer access1' });
  }
  await auth.logout();
  await auth.request({ url: '/orders', header: { authorization: 'Basic x' }, guest: true });
  assert.deepEqual(
    { ...phone.sent.at(-1)?.header },
    { authorization: 'Basic x' },
    'the header of a guest request stays',
  );
});

test('a token over the limit is refused, not truncated', async () => {
  for (const [access, refresh] of [
    ['a'.repeat(8_193), 'r'],
    ['a', 'r'.repeat(1_000_000)],
  ]) {
    const phone = rig();
    phone.answers['/oauth/token'] = () => reply(200, { access_token: access, refresh_token: refresh, expires_in: 600 });
    const last = outcomes({ token: phone.create().token() });
    await phone.time.pass(60_000);
    assert.equal(last.token, 'edge_failed');
  }
  const phone = rig();
  const data = { access_token: 'a'.repeat(8_192), refresh_token: 'r'.repeat(8_192), expires_in: 600 };
  phone.answers['/oauth/token'] = () => reply(200, data);
  const auth = phone.create();
  assert.equal((await auth.token()).token.length, 8_192);
  auth.dispose();
  assert.equal((await phone.create().token()).token.length, 8_192);
  assert.equal(
    phone.sent.filter(({ url }) => url === `${EDGE}/oauth/token`).length,
    1,
    'the session is read from storage',
  );
});

test('invalid arguments reject with invalid_argument and throw nothing', async () => {
  const phone = rig();
  const auth = phone.create() as Json;
  const calls: Array<[string, ...unknown[]]> = [
    ['request'],
    ['request', null],
    ['request', {}],
    ['request', { url: 7 }],
    ['phone'],
    ['phone', null],
    ['openData'],
    ['openData', 'data'],
    ['profile'],
    ['profile', { avatarUrl: 'wxfile://a' }],
    ['getUserProfile'],
    ['ready', null],
    ['login', 'now'],
    ['logout', null],
    ['token', 5],
    ['ensure', 'scope.camera', null],
    ['use', 'scope.camera'],
    ['scopes', null],
    ['openSetting', null],
  ];
  for (const [name, ...args] of calls) {
    assert.equal((await ended(auth[name](...args))).code, 'invalid_argument', `${name} ${JSON.stringify(args)}`);
  }
  assert.throws(() => auth.subscribe('listener'), { code: 'invalid_argument' });
  for (const odd of [undefined, null, 'x', {}, Number.NaN]) auth.expired(odd);
  assert.equal(await auth.request({ url: '/orders' }).then(({ statusCode }: Json) => statusCode), 200);
});

test('addresses must be https or on this machine', async () => {
  const table: Array<[string, boolean]> = [
    ['https://auth.example.com', true],
    ['http://auth.example.com', false],
    ['http://localhost:8787', true],
    ['http://127.0.0.1:8787', true],
    ['http://[::1]:8787', true],
    ['http://127.evil.example', false],
    ['http://localhost.evil.example', false],
    ['http://localhost@evil.example', false],
    ['ftp://auth.example.com', false],
    ['', false],
  ];
  for (const [address, fine] of table) {
    for (const options of [{ edge: address }, { origins: [address] }]) {
      const make = () => rig().create(options).dispose();
      if (fine) make();
      else assert.throws(make, { code: 'invalid_argument' }, address);
    }
  }
  assert.throws(() => rig().weapp.createAuth(undefined as never), { code: 'invalid_argument' });
});

test('a second createAuth with other options warns that the first options apply', async () => {
  const said: string[] = [];
  const phone = rig('none', {}, { console: { warn: (text: string) => said.push(text) } });
  const first = phone.create({ login: 'on-demand' });
  assert.equal(phone.create({ login: 'on-demand' }), first);
  assert.equal(said.length, 0);
  assert.equal(phone.create({ edge: 'https://other.example', login: 'on-demand' }), first);
  assert.equal(said.length, 1);
  assert.match(said[0] as string, /createAuth was called before for wx0000000000000001, with other options/);
});

test('a guest request does not wait for a hanging renewal', async () => {
  const phone = rig();
  const auth = phone.create();
  await auth.ready();
  phone.answers['/oauth/token'] = () => undefined;
  auth.expired(1);
  const last = outcomes({
    guest: auth.request({ url: '/orders', guest: true }),
    other: auth.request({ url: '/mine' }),
  });
  await phone.time.pass(1_000);
  assert.deepEqual(last, { guest: 'waits', other: 'waits' });
  await phone.time.pass(2_000);
  await turn();
  assert.deepEqual(last, { guest: 'done', other: 'waits' });
});
