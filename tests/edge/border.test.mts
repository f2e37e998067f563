// CORS, security headers and rate limits, in workerd.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import {
  type Answer,
  APPID,
  bearer,
  exchange,
  GRANT,
  JS_CODE,
  keysOf,
  logIn,
  OTHER_APPID,
  post,
  refresh,
  SECRET,
  send,
  startWorld,
  type World,
} from '../harness.mts';

const OURS = 'https://app.example.com';
const THEIRS = 'https://other.example.com';

let world: World;
before(async () => {
  world = await startWorld({
    apps: {
      [APPID]: { secret: SECRET, allowed_origins: [OURS, 'http://localhost:5173'] },
      [OTHER_APPID]: { secret: SECRET, allowed_origins: [THEIRS] },
    },
  });
});
after(() => world.stop());

const allowed = ({ headers }: Answer) => headers.get('access-control-allow-origin');
const preflight = (path: string, origin: string) =>
  send(world.url + path, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
  });
const verifyWrong = ({ url }: World, token: string) =>
  post(`${url}/wechat/user-info/verify`, { raw_data: '{}', signature: 'x' }, bearer(token));
const endRandom = ({ url }: World, token: string) =>
  send(`${url}/sessions/${randomBytes(16).toString('base64url')}`, { method: 'DELETE', headers: bearer(token) });
const nonsense = (origin: string, client_id = APPID) =>
  post(`${world.url}/oauth/revoke`, { client_id, token: 'nonsense' }, { origin });

test('a preflight is answered for the origins of all apps and for no other', async () => {
  for (const origin of [OURS, THEIRS, 'http://localhost:5173', world.url]) {
    const reply = await preflight('/oauth/token', origin);
    assert.deepEqual([reply.status, allowed(reply)], [204, origin]);
    assert.equal(reply.headers.get('access-control-allow-methods'), 'POST');
    assert.equal(reply.headers.get('access-control-allow-headers'), 'authorization, content-type');
    assert.equal(reply.headers.get('vary'), 'Origin');
    assert.equal(reply.headers.get('access-control-allow-credentials'), null);
  }
  assert.equal(
    (await preflight('/account', OURS)).headers.get('access-control-allow-methods'),
    'GET, DELETE',
    'the methods of this path',
  );
  for (const origin of [
    'https://evil.example.com',
    'null',
    `${OURS}.evil.com`,
    'http://app.example.com',
    `${OURS}:8443`,
  ]) {
    const reply = await preflight('/oauth/token', origin);
    assert.deepEqual([reply.status, allowed(reply)], [204, null], origin);
    assert.equal(reply.headers.get('vary'), 'Origin');
  }
});

test('a request must come from an origin of its own app', async () => {
  const good = await nonsense(OURS);
  assert.deepEqual([good.status, allowed(good)], [200, OURS]);
  assert.equal(good.headers.get('access-control-expose-headers'), 'Date, Retry-After');
  for (const [origin, client] of [
    [THEIRS, APPID],
    [OURS, OTHER_APPID],
    ['null', APPID],
    ['https://evil.example.com', APPID],
  ] as const) {
    const reply = await nonsense(origin, client);
    assert.deepEqual([reply.status, reply.body.code, allowed(reply)], [403, 'origin_not_allowed', null], origin);
  }
  assert.equal((await nonsense(world.url)).status, 200, 'the origin of the edge itself');
});

test('an access token is refused from the page of another app', async () => {
  const { access } = await logIn(world, 'tabs');
  const account = (origin: string) => send(`${world.url}/account`, { headers: { ...bearer(access), origin } });
  assert.equal((await account(OURS)).status, 200);
  const reply = await account(THEIRS);
  assert.deepEqual([reply.status, allowed(reply)], [403, null]);
});

test('the pages of an app can read its errors', async () => {
  const reply = await exchange(world, 'wrong', {}, { origin: OURS });
  assert.deepEqual([reply.body.code, allowed(reply)], ['code_invalid', OURS]);
});

test('any page may read metadata, keys and openapi.json; no page may call the endpoints for backends', async () => {
  for (const path of [
    '/.well-known/oauth-authorization-server',
    '/.well-known/jwks.json',
    '/openapi.json',
    '/healthz',
  ]) {
    const reply = await send(world.url + path, { headers: { origin: 'https://anybody.example' } });
    assert.deepEqual([reply.status, allowed(reply)], [200, '*'], path);
  }
  for (const path of ['/oauth/introspect', '/admin/revoke', '/admin/erase']) {
    assert.equal(allowed(await preflight(path, OURS)), null, path);
  }
});

test('every answer has the security headers, and only the JWKS is cacheable', async () => {
  for (const path of ['/healthz', '/nothing', '/account', '/.well-known/jwks.json']) {
    const { headers } = await send(world.url + path);
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('content-security-policy'), "default-src 'none'; frame-ancestors 'none'");
    assert.equal(headers.get('referrer-policy'), 'no-referrer');
    assert.equal(headers.get('content-type'), 'application/json');
    assert.equal(headers.get('set-cookie'), null);
    assert.equal(headers.get('cache-control'), path.includes('jwks') ? 'public, max-age=600' : 'no-store');
  }
  const secure = await startWorld({ bindings: { ISSUER: 'https://auth.example.com' } });
  const { headers } = await send(`${secure.url}/healthz`);
  assert.equal(headers.get('strict-transport-security'), 'max-age=31536000');
  await secure.stop();
});

test('a 405 names the allowed methods', async () => {
  const reply = await send(`${world.url}/account`, { method: 'PUT' });
  assert.deepEqual([reply.status, reply.headers.get('allow')], [405, 'GET, DELETE, HEAD']);
});

test('requests over the limit of a user or an address are 429, and other users are not affected', async () => {
  const limited = await startWorld({ limits: { ADDRESS_LIMIT: 40, USER_LIMIT: 5 } });
  const session = await logIn(limited, 'busy');
  let reply = await refresh(limited, session.refresh);
  for (let n = 0; n < 4; n++) {
    assert.equal(reply.status, 200);
    reply = await refresh(limited, reply.body.refresh_token);
  }
  assert.deepEqual([reply.status, reply.body.code, reply.body.error], [429, 'rate_limited', 'temporarily_unavailable']);
  assert.deepEqual([reply.headers.get('retry-after'), reply.body.retry_after], ['60', 60]);
  const other = await logIn(limited, 'calm');
  assert.equal((await refresh(limited, other.refresh)).status, 200);

  const seen = limited.wechat.state().calls.jscode2session ?? 0;
  const statuses = new Set<number>();
  for (let n = 0; n < 60; n++) {
    const grant = { grant_type: GRANT, subject_token: `guess${n}`, subject_token_type: JS_CODE, client_id: APPID };
    statuses.add((await post(`${limited.url}/oauth/token`, grant, { 'cf-connecting-ip': '192.0.2.1' })).status);
  }
  assert.deepEqual([...statuses].sort(), [400, 429], 'code guesses from one address');
  assert.ok((limited.wechat.state().calls.jscode2session ?? 0) - seen <= 40, 'no call to WeChat over the limit');
  await limited.stop();
});

test('calls over the limit reach neither the store nor WeChat, and the user may still refresh', async () => {
  const limited = await startWorld({ limits: { ADDRESS_LIMIT: 1_000, USER_LIMIT: 5 } });
  const session = await logIn(limited, 'burning');
  const written = async () => (await keysOf(limited)).length;
  const before = await written();
  const statuses: number[] = [];
  for (let n = 0; n < 20; n++) {
    const call = n % 2 ? verifyWrong : endRandom;
    statuses.push((await call(limited, session.access)).status);
  }
  assert.deepEqual(statuses.slice(5), Array(15).fill(429));
  assert.ok((limited.wechat.state().calls.checksession ?? 0) <= 2);
  assert.ok((await written()) - before <= 4, 'tombstones, and WeChat’s access_token');
  assert.equal((await refresh(limited, session.refresh)).status, 200);
  await limited.stop();
});

test('without rate-limit bindings requests pass and the log says so', async () => {
  const open = await startWorld({ limits: {} });
  await logIn(open);
  const line = open.lines.map((line) => JSON.parse(line)).find(({ path }) => path === '/oauth/token');
  assert.equal(line.rate_limit, 'absent');
  await open.stop();
});
