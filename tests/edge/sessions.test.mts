// Session management by users and backends, in workerd: list, end, introspect, erase.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  APPID,
  basic,
  bearer,
  exchange,
  type Json,
  keysOf,
  logIn,
  OTHER_APPID,
  post,
  refresh,
  revoke,
  SECRET,
  send,
  startWorld,
  type World,
} from '../harness.mts';

const BACKEND: [string, string] = ['api', 'a backend’s +secret% of CANARY characters'];
const OTHER_BACKEND: [string, string] = ['other', 'another-backends-secret'];

let world: World;
before(async () => {
  world = await startWorld({
    apps: {
      [APPID]: { secret: SECRET, backends: Object.fromEntries([BACKEND]) },
      [OTHER_APPID]: { secret: SECRET, backends: Object.fromEntries([OTHER_BACKEND]) },
    },
  });
});
after(() => world.stop());

const introspect = (token: string, as = BACKEND) => post(`${world.url}/oauth/introspect`, { token }, basic(...as));
const admin = (action: string, openid: string, client_id = APPID, as = BACKEND) =>
  post(`${world.url}/admin/${action}`, { client_id, openid }, basic(...as));
const get = (path: string, token: string) => send(world.url + path, { headers: bearer(token) });
const del = (path: string, token: string) => send(world.url + path, { method: 'DELETE', headers: bearer(token) });
const audits = (kind: string) => world.lines.map((line) => JSON.parse(line)).filter(({ audit }) => audit === kind);

test('a backend introspects access and refresh tokens of its own app only', async () => {
  const { access, refresh, openid } = await logIn(world, 'introspected');
  const { body } = await introspect(access);
  assert.deepEqual(
    [body.active, body.sub, body.client_id, body.aud, body.token_type, body.iss],
    [true, openid, APPID, APPID, 'Bearer', world.url],
  );
  assert.equal(body.exp - body.iat, 600);
  assert.ok(body.sid && body.jti);
  const { body: sealed } = await introspect(refresh);
  assert.deepEqual([sealed.active, sealed.sub, sealed.sid, sealed.token_type], [true, openid, body.sid, undefined]);
  for (const token of [access, refresh, 'nonsense', `${access}x`]) {
    const reply = await introspect(token, token === access || token === refresh ? OTHER_BACKEND : BACKEND);
    assert.deepEqual([reply.status, reply.body], [200, { active: false }]);
  }
});

test('introspection returns the unionid, which no token contains', async () => {
  const { code, openid } = await world.wechat.issueCode(APPID, 'united');
  world.wechat.faults.add({
    call: 'jscode2session',
    http: {
      status: 200,
      body: JSON.stringify({ openid, session_key: 'tiihtNczf5v6AKRyjwEUhQ==', unionid: 'oUnionCANARY' }),
    },
  });
  const { body } = await exchange(world, code);
  world.wechat.faults.clear();
  assert.ok(!Buffer.from(body.access_token.split('.')[1], 'base64url').toString().includes('oUnion'));
  assert.equal((await introspect(body.access_token)).body.unionid, 'oUnionCANARY');
  assert.equal((await introspect(body.refresh_token)).body.unionid, 'oUnionCANARY');
  assert.equal((await get('/account', body.access_token)).body.unionid, 'oUnionCANARY');
});

test('the tokens of a revoked session are not active', async () => {
  const session = await logIn(world, 'no longer');
  await revoke(world, session.refresh);
  assert.deepEqual((await introspect(session.access)).body, { active: false });
  assert.deepEqual((await introspect(session.refresh)).body, { active: false });
});

test('introspection of an old refresh token reports it inactive and does not end the session', async () => {
  const session = await logIn(world, 'rotated');
  let token = session.refresh;
  for (let n = 0; n < 3; n++) token = (await refresh(world, token)).body.refresh_token;
  assert.deepEqual((await introspect(session.refresh)).body, { active: false });
  assert.equal((await refresh(world, token)).status, 200);
});

test('missing, wrong and malformed backend credentials are 401 with a Basic challenge', async () => {
  const { access } = await logIn(world);
  const headers: Array<Record<string, string>> = [
    {},
    bearer(access),
    basic('api', 'wrong'),
    basic('other', BACKEND[1]),
    basic('', ''),
    { authorization: 'Basic' },
    { authorization: 'Basic !!!' },
    { authorization: `Basic ${btoa('no colon')}` },
  ];
  for (const header of headers) {
    for (const path of ['/oauth/introspect', '/admin/revoke', '/admin/erase']) {
      const reply = await post(world.url + path, { token: access, client_id: APPID, openid: 'o' }, header);
      assert.deepEqual([reply.status, reply.body.error, reply.body.code], [401, 'invalid_client', 'backend_unknown']);
      assert.match(reply.headers.get('www-authenticate') ?? '', /^Basic /);
    }
  }
});

test('Basic credentials are accepted plain and percent-encoded (RFC 6749 §2.3.1)', async () => {
  const { access } = await logIn(world);
  const encoded = BACKEND.map((part) => encodeURIComponent(part)) as [string, string];
  assert.equal((await introspect(access, encoded)).body.active, true);
});

test('ten wrong secrets lock that address for that backend id, and no other address', async () => {
  const from = (address: string, secret: string) =>
    post(`${world.url}/oauth/introspect`, { token: 'x' }, { ...basic('api', secret), 'cf-connecting-ip': address });
  for (let n = 0; n < 10; n++) assert.equal((await from('192.0.2.9', `guess ${n}`)).body.code, 'backend_unknown');
  const locked = await from('192.0.2.9', BACKEND[1]);
  assert.deepEqual([locked.status, locked.body.code, locked.headers.get('retry-after')], [429, 'rate_limited', '60']);
  assert.deepEqual((await from('192.0.2.10', BACKEND[1])).body, { active: false });
});

test('a user lists their sessions and ends one of them', async () => {
  const began = Math.floor(Date.now() / 1000);
  const phone = await logIn(world, 'two devices', { label: 'the phone' });
  const agent = 'Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) MicroMessenger/8.0.16(0x18001041)';
  const { code } = await world.wechat.issueCode(APPID, 'two devices');
  const tablet = (await exchange(world, code, {}, { 'user-agent': agent })).body;

  const { sessions, more } = (await get('/sessions', phone.access)).body;
  const rows = sessions.map(({ label, current }: Json) => `${label} ${current}`).sort();
  assert.deepEqual([rows, more], [['iPad, MicroMessenger 8.0.16 false', 'the phone true'], false]);
  const now = Date.now() / 1000;
  for (const { logged_in_at, refreshed_at } of sessions) {
    assert.ok(began <= logged_in_at && logged_in_at <= now, `${began} ${logged_in_at} ${now}`);
    assert.equal(refreshed_at % 86_400, 0, 'rounded to days');
  }
  const other = sessions.find(({ current }: Json) => !current).id;
  assert.equal((await del(`/sessions/${other}`, phone.access)).status, 204);
  assert.equal((await del(`/sessions/${other}`, phone.access)).status, 204, 'again');
  assert.equal((await get('/sessions', phone.access)).body.sessions.length, 1);
  assert.equal((await refresh(world, tablet.refresh_token)).body.code, 'session_ended');
  assert.equal((await get('/sessions', tablet.access_token)).status, 401);
  assert.equal((await del('/sessions/nonsense', phone.access)).status, 404);
});

test('a user cannot end the session of another user', async () => {
  const mine = await logIn(world, 'mine');
  const theirs = await logIn(world, 'theirs');
  const id = (await get('/sessions', theirs.access)).body.sessions[0].id;
  assert.equal((await del(`/sessions/${id}`, mine.access)).status, 404, 'the same answer as for an unknown id');
  assert.equal((await refresh(world, theirs.refresh)).status, 200);
});

test('a user logs out everywhere and can log in again', async () => {
  const sessions = [await logIn(world, 'everywhere'), await logIn(world, 'everywhere')];
  assert.equal((await del('/sessions', (sessions[0] as { access: string }).access)).status, 204);
  for (const session of sessions) {
    assert.equal((await refresh(world, session.refresh)).body.code, 'session_ended');
    assert.equal((await get('/account', session.access)).status, 401);
  }
  const later = await logIn(world, 'everywhere');
  assert.equal((await get('/sessions', later.access)).body.sessions.length, 1);
});

test('a list of more than 32 sessions sets more', async () => {
  for (let n = 0; n < 33; n++) await logIn(world, 'many');
  const { body } = await get('/sessions', (await logIn(world, 'many')).access);
  assert.deepEqual([body.sessions.length, body.more], [32, true]);
});

test('an account shows the stored data, and its user erases it, more than once', async () => {
  const session = await logIn(world, 'forgotten');
  const other = await logIn(world, 'forgotten');
  const { body } = await get('/account', session.access);
  assert.deepEqual(
    [body.openid, body.client_id, body.sessions.length, body.session_key_stored, body.revoked_before],
    [session.openid, APPID, 2, true, undefined],
  );
  const before = await keysOf(world);
  assert.equal((await del('/account', session.access)).status, 204);
  const left = (await keysOf(world)).filter((name) => !before.includes(name));
  const gone = before.filter((name) => !left.includes(name) && /^(s1|k1)/.test(name));
  assert.equal(left.length, 1);
  assert.match(left[0] as string, /^e1:/);
  const user = (left[0] as string).slice(3);
  assert.deepEqual(
    (await keysOf(world)).filter((name) => name.includes(user)),
    left,
    'no other record of this user',
  );
  assert.ok(gone.length >= 3);
  assert.equal((await refresh(world, other.refresh)).body.code, 'session_ended');
  assert.equal((await del('/account', session.access)).status, 401, 'the token has ended');
  const [line] = audits('account_erase').slice(-1);
  assert.deepEqual([line.level, line.client_id, line.user], ['warn', APPID, user]);
});

test('a backend revokes and erases users of its own app by openid', async () => {
  const session = await logIn(world, 'stolen phone');
  assert.equal((await admin('revoke', session.openid, OTHER_APPID)).body.code, 'app_foreign');
  assert.equal((await admin('revoke', session.openid, APPID, OTHER_BACKEND)).status, 403);
  assert.equal((await admin('revoke', 'not an openid')).body.code, 'parameter_malformed');
  assert.equal((await refresh(world, session.refresh)).status, 200, 'the refused requests had no effect');
  assert.deepEqual([(await admin('revoke', session.openid)).status], [200]);
  assert.equal((await refresh(world, session.refresh)).body.code, 'session_ended');

  const again = await logIn(world, 'stolen phone');
  for (const _ of [1, 2]) assert.equal((await admin('erase', again.openid)).status, 200);
  assert.equal((await refresh(world, again.refresh)).body.code, 'session_ended');
  const { user, backend } = audits('admin_erase').at(-1);
  assert.equal(backend, 'api');
  assert.deepEqual(
    (await keysOf(world)).filter((name) => name.includes(user)),
    [`e1:${user}`],
  );
  assert.equal(audits('admin_revoke').length, 1);
});

test('a reused refresh token is an audit line without the openid', async () => {
  const session = await logIn(world, 'robbed');
  let token = session.refresh;
  for (let n = 0; n < 3; n++) token = (await refresh(world, token)).body.refresh_token;
  assert.equal((await refresh(world, session.refresh)).body.code, 'session_ended');
  assert.equal((await refresh(world, token)).body.code, 'session_ended', 'the newest token is refused too');
  const line = audits('refresh_reused').at(-1);
  assert.deepEqual(Object.keys(line).sort(), ['audit', 'client_id', 'level', 'request_id', 'sid', 'user']);
  assert.ok(!JSON.stringify(line).includes(session.openid));
});

test('an openid, unionid or phone number in a body is not a credential', async () => {
  const mine = await logIn(world, 'asks');
  const other = await logIn(world, 'is asked about');
  const foreign = { openid: other.openid, unionid: 'u', phone_number: '13800000000', sub: other.openid };
  for (const path of ['/oauth/token', '/oauth/revoke', '/wechat/open-data', '/wechat/phone']) {
    const reply = await post(world.url + path, { client_id: APPID, ...foreign });
    assert.ok(reply.status >= 400 && reply.status < 500, path);
  }
  const { body } = await send(`${world.url}/account?openid=${other.openid}`, { headers: bearer(mine.access) });
  assert.equal(body.openid, mine.openid);
});

test('the log classifies errors by the responsible party', async () => {
  await send(`${world.url}/nothing`);
  await exchange(world, 'wrongcode');
  const line = world.lines
    .map((line) => JSON.parse(line))
    .filter(({ class: blame }) => blame === 'caller')
    .at(-1);
  assert.deepEqual(
    [line.path, line.status, line.code, line.method, line.level],
    ['/oauth/token', 400, 'code_invalid', 'POST', 'info'],
  );
  assert.match(line.request_id, /^[0-9a-f]{16}$/);
  assert.ok(world.lines.some((line) => line.includes('"path":"-"') && line.includes('not_found')));
});
