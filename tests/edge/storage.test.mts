// Faults of KV, in workerd: the real KV behind a wrapper that fails on demand.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { at } from '../../scripts/shell.mts';
import {
  APPID,
  basic,
  bearer,
  exchange,
  GRANT,
  JS_CODE,
  type Json,
  logIn,
  post,
  refresh,
  revoke,
  SECRET,
  send,
  startWorld,
  type World,
} from '../harness.mts';
import { faultyKv } from './faulty.mts';

/** Kind of fault by operation and prefix of the key's name, for example `put s1`. */
let faults: Record<string, string> = {};
/** Called when an operation with a fault begins. */
let struck: (fault: string) => void = () => undefined;
let world: World;

before(async () => {
  world = await startWorld({
    apps: { [APPID]: { secret: SECRET, backends: { api: 'secret' } } },
    ...faultyKv((operation, name) => {
      const key = Object.keys(faults).find((key) => `${operation} ${name}`.startsWith(key));
      if (key) struck(key);
      return key && faults[key];
    }),
  });
});
after(() => world.stop());

async function during<T>(broken: Record<string, string>, act: () => Promise<T>): Promise<T> {
  faults = broken;
  try {
    return await act();
  } finally {
    faults = {};
  }
}

const sidOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).sid;
const code = async (user: string) => (await world.wechat.issueCode(APPID, user)).code;
const get = (path: string, token: string) => send(world.url + path, { headers: bearer(token) });
const del = (path: string, token: string) => send(world.url + path, { method: 'DELETE', headers: bearer(token) });
const unavailable = (reply: { status: number; body: Json }) =>
  assert.deepEqual([reply.status, reply.body.code, reply.body.retry_after], [503, 'storage_unavailable', 1]);

for (const kind of ['429', '500', 'hang']) {
  test(`failed writes (${kind}) make a login and a revocation 503, a refresh 200`, async () => {
    const session = await logIn(world, `write ${kind}`);
    const other = await code(`write ${kind}`);
    await during({ 'put ': kind }, async () => {
      const [rotated, ...failed] = await Promise.all([
        refresh(world, session.refresh),
        exchange(world, other),
        revoke(world, session.refresh),
        del('/sessions', session.access),
        post(`${world.url}/admin/revoke`, { client_id: APPID, openid: session.openid }, basic('api', 'secret')),
      ]);
      assert.equal(rotated.status, 200);
      for (const reply of failed) unavailable(reply);
    });
    assert.equal((await refresh(world, session.refresh)).status, 200, 'the session still lives, as the 503 said');
    assert.equal((await exchange(world, await code(`write ${kind}`))).status, 200);
  });
}

test('a failed write after the answer is one line of the log', async () => {
  const session = await logIn(world, 'late');
  await during({ 'put s1': '429' }, () => refresh(world, session.refresh));
  const late = world.lines.map((line) => JSON.parse(line)).find(({ late_put }) => late_put);
  assert.deepEqual([late.level, late.late_put], ['error', 'kv put: KV PUT failed: 429 Too Many Requests']);
});

for (const kind of ['500', 'hang']) {
  test(`failed reads (${kind}) make every endpoint that needs the store 503, and the JWKS stays available`, async () => {
    const session = await logIn(world, `read ${kind}`);
    await during({ 'get ': kind }, async () => {
      const replies = await Promise.all([
        refresh(world, session.refresh),
        get('/sessions', session.access),
        get('/account', session.access),
        post(`${world.url}/oauth/introspect`, { token: session.access }, basic('api', 'secret')),
        post(`${world.url}/wechat/user-info/verify`, { raw_data: 'x', signature: 'x' }, bearer(session.access)),
        exchange(world, await code(`read ${kind}`)),
      ]);
      for (const reply of replies) unavailable(reply);
      assert.equal((await send(`${world.url}/.well-known/jwks.json`)).status, 200);
    });
    assert.equal((await refresh(world, session.refresh)).status, 200);
  });
}

test('a failed list or delete is 503, and a repeated erasure succeeds', async () => {
  const session = await logIn(world, 'erased twice');
  await during({ 'list ': '500' }, async () => unavailable(await get('/sessions', session.access)));
  const erase = () =>
    post(`${world.url}/admin/erase`, { client_id: APPID, openid: session.openid }, basic('api', 'secret'));
  await during({ 'delete k1': '500' }, async () => unavailable(await erase()));
  assert.equal(
    (await refresh(world, session.refresh)).body.code,
    'session_ended',
    'the sessions end before their records are deleted',
  );
  assert.equal((await erase()).status, 200);
});

test('a record that is not visible yet ends no session', async () => {
  const session = await logIn(world, 'elsewhere');
  await during({ 'get s1': 'missing', 'get k1': 'missing' }, async () => {
    assert.equal((await get('/account', session.access)).status, 200);
    assert.equal((await refresh(world, session.refresh)).status, 200);
  });
});

test('a session whose write KV lost is refreshed, under the same session id', async () => {
  const lost = await code('lost');
  const { body } = await during({ 'put s1': 'lost' }, () => exchange(world, lost));
  const account = await get('/account', body.access_token);
  assert.equal(account.body.sessions.length, 0, 'the record is not in KV');
  const renewed = await refresh(world, body.refresh_token);
  assert.equal(renewed.status, 200);
  assert.equal(sidOf(renewed.body.access_token), sidOf(body.access_token));
});

for (const kind of ['throws inside', 'traps inside'])
  test(`an exception that ${kind} the wasm fails the requests under way at once, and no secret leaks`, async () => {
    const session = await logIn(world, 'thrown');
    const { code } = await world.wechat.issueCode(APPID, 'bystander');
    const statuses = await during({ 'get s1': kind, 'put k1': 'hang' }, async () => {
      const grant = { grant_type: GRANT, subject_token: code, subject_token_type: JS_CODE, client_id: APPID };
      const hangs = new Promise((resolve) => (struck = resolve));
      const bystander = raw('/oauth/token', { method: 'POST', body: new URLSearchParams(grant) });
      await hangs;
      const broken = raw('/account', { headers: bearer(session.access) });
      return Promise.all([broken, bystander]);
    });
    for (const [status] of statuses) assert.equal(status, 500);
    const next = await get('/account', session.access);
    assert.deepEqual([next.status, next.body.openid], [200, session.openid]);
    const { sessionKey } = await world.wechat.account(APPID, 'thrown');
    for (const text of [...statuses.map(([, text]) => text), world.lines.join('\n')]) {
      for (const canary of [sessionKey as string, session.access, session.refresh, session.openid, SECRET, code]) {
        assert.ok(!text.includes(canary), canary);
      }
    }
  });

/** Sends a request whose answer is not in openapi.json: the runtime sends it, not the edge. */
async function raw(path: string, init: RequestInit): Promise<[status: number, text: string]> {
  const reply = await fetch(world.url + path, init);
  return [reply.status, await reply.text()];
}

test('docs/storage.md describes the answer of every endpoint without KV', () => {
  const text = readFileSync(at('docs/storage.md'), 'utf8');
  const { paths } = JSON.parse(readFileSync(at('docs/openapi.json'), 'utf8'));
  for (const [path, methods] of Object.entries<Json>(paths)) {
    for (const method of Object.keys(methods)) {
      assert.ok(text.includes(`\`${method.toUpperCase()} ${path}\``), `${method} ${path}`);
    }
  }
});
