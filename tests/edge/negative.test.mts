// What must fail, and how: tests/data/negative-tests.md has the list. In workerd, over HTTP.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { after, before, test } from 'node:test';
import { edgeErrors } from '../../js/entries/errors.js';
import { makeKeys } from '../../scripts/keys.mts';
import { at, files } from '../../scripts/shell.mts';
import {
  APPID,
  bearer,
  exchange,
  GRANT,
  JS_CODE,
  type Json,
  logIn,
  post,
  refresh,
  SECRET,
  send,
  sessionsOf,
  startWorld,
  type World,
} from '../harness.mts';

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.stop());

const token = (body: unknown, headers?: Record<string, string>) => post(`${world.url}/oauth/token`, body, headers);
const calls = () => world.wechat.state().calls.jscode2session ?? 0;

async function code(user = 'mei'): Promise<string> {
  return (await world.wechat.issueCode(APPID, user)).code;
}

async function withFault(fault: Json, check: () => Promise<void>): Promise<void> {
  world.wechat.faults.add({ call: 'jscode2session', ...fault });
  try {
    await check();
  } finally {
    world.wechat.faults.clear();
  }
}

test('no code, an empty one, a blank one: no call to WeChat (T01)', async () => {
  const seen = calls();
  for (const subject_token of [undefined, '', '  ']) {
    const { status, body } = await token({
      grant_type: GRANT,
      subject_token_type: JS_CODE,
      client_id: APPID,
      subject_token,
    });
    assert.deepEqual([status, body.error, body.code], [400, 'invalid_request', 'code_missing']);
  }
  assert.equal(calls(), seen);
});

test('a code that would change the url never leaves (T02)', async () => {
  const seen = calls();
  for (const bad of ['a&appid=wx1', 'a#b', 'a\r\nb', 'ä', 'a'.repeat(4096)]) {
    assert.equal((await exchange(world, bad)).body.code, 'code_malformed');
  }
  assert.equal(calls(), seen);
});

const REFUSALS: Array<[test: string, errcode: number, status: number, error: string, code: string]> = [
  ['T03', 40029, 400, 'invalid_request', 'code_invalid'],
  ['T04', 40163, 400, 'invalid_request', 'code_used'],
  ['T08', 40226, 403, 'access_denied', 'user_blocked'],
  ['T09', 45011, 429, 'temporarily_unavailable', 'upstream_rate_limited'],
  ['T10', -1, 503, 'temporarily_unavailable', 'upstream_busy'],
  ['T12', 40013, 500, 'server_error', 'misconfigured'],
  ['T12', 40125, 500, 'server_error', 'misconfigured'],
  ['T12', 40243, 500, 'server_error', 'misconfigured'],
  ['T12', 41002, 500, 'server_error', 'misconfigured'],
  ['T13', 99999, 502, 'server_error', 'upstream_error'],
];
for (const [id, errcode, status, error, stable] of REFUSALS) {
  test(`errcode ${errcode} is ${status} ${stable} (${id})`, () =>
    withFault({ errcode }, async () => {
      const seen = calls();
      const reply = await exchange(world, await code());
      assert.deepEqual([reply.status, reply.body.error, reply.body.code], [status, error, stable]);
      assert.equal(JSON.stringify(reply.body).includes('injected'), false, 'WeChat’s text stays inside');
      assert.equal(calls(), seen + 1, 'no retry once WeChat has spoken');
      if (status === 429) assert.ok(Number(reply.headers.get('retry-after')) <= 60 && reply.body.retry_after <= 60);
    }));
}

test('what is no answer of WeChat’s is 502 (T14, T15, T16, T19)', async () => {
  const good = '{"openid":"o1","session_key":"tiihtNczf5v6AKRyjwEUhQ=="}';
  const bodies: Array<[http: Json, status: number]> = [
    [{ status: 502, body: '<html>' }, 502],
    [{ status: 200, body: '<html>' }, 502],
    [{ status: 200, body: '' }, 502],
    [{ status: 200, body: good.slice(0, 20) }, 502],
    [{ status: 200, body: '[]' }, 502],
    [{ status: 200, body: '{"openid":"","session_key":"tiihtNczf5v6AKRyjwEUhQ=="}' }, 502],
    [{ status: 200, body: '{"openid":"o1","session_key":"AAAA"}' }, 502],
    [{ status: 200, body: 'x'.repeat(10_000_000) }, 502],
    // The same answer under and over the limit of 64 KiB: only its size differs.
    [{ status: 200, body: good + ' '.repeat(60_000) }, 200],
    [{ status: 200, body: good + ' '.repeat(66_000) }, 502],
    [{ status: 200, body: Buffer.from(good.replace('o1', 'ÎÒ'), 'latin1') }, 502],
    [{ status: 200, body: `\ufeff${good}\n` }, 200],
  ];
  for (const [http, status] of bodies) {
    await withFault({ http }, async () => {
      const reply = await exchange(world, await code());
      assert.equal(reply.status, status, http.body.slice(0, 40));
      if (status === 502) assert.equal(reply.body.code, 'upstream_malformed');
    });
  }
});

test('an upstream that hangs is 504 at the deadline and leaves nothing behind (T17)', () =>
  withFault({ hang: true }, async () => {
    const before = (await (await sessionsOf(world)).list()).keys.length;
    const reply = await exchange(world, await code('hangs'));
    assert.deepEqual([reply.status, reply.body.code], [504, 'upstream_timeout']);
    assert.equal((await (await sessionsOf(world)).list()).keys.length, before);
  }));

test('a redirect is not followed (T18)', async () => {
  let met = 0;
  const listen = async (server: Server): Promise<string> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  };
  const elsewhere = createServer((_, response) => {
    met += 1;
    response.end('{}');
  });
  const location = await listen(elsewhere);
  const redirecting = createServer((_, response) => response.writeHead(302, { location }).end());
  const other = await startWorld({ bindings: { WECHAT_API_BASE: await listen(redirecting) } });
  const reply = await exchange(other, 'code');
  assert.deepEqual([reply.status, reply.body.code, met], [502, 'upstream_malformed', 0]);
  await other.stop();
  elsewhere.close();
  redirecting.close();
});

test('an unknown client is 401 before any call to WeChat (T21)', async () => {
  const seen = calls();
  for (const client_id of ['wx0', '', '../x']) {
    const { status, body } = await token({
      grant_type: GRANT,
      subject_token: 'x',
      subject_token_type: JS_CODE,
      client_id,
    });
    assert.deepEqual([status, body.error], [401, 'invalid_client']);
  }
  assert.equal(calls(), seen);
});

test('a body over 32 KiB is 413, also when it does not say its length (T22)', async () => {
  const { status, body } = await token(JSON.stringify({ x: 'x'.repeat(33_000) }));
  assert.deepEqual([status, body.code], [413, 'body_too_large']);
  const streamed = await new Promise<number | undefined>((resolve) => {
    const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
    const sending = httpRequest(`${world.url}/oauth/token`, { method: 'POST', headers }, (response) => {
      clearInterval(more);
      resolve(response.statusCode);
      sending.destroy();
    });
    sending.on('error', () => {});
    const more = setInterval(() => sending.write(Buffer.alloc(4096, 'x')), 1);
  });
  assert.equal(streamed, 413);
});

test('other content types are 415 (T23)', async () => {
  for (const type of ['text/html', 'application/json, text/plain', 'text/plain']) {
    assert.deepEqual((await token('{}', { 'content-type': type })).status, 415, type);
  }
  const missing = await fetch(`${world.url}/oauth/token`, { method: 'POST', body: new Uint8Array([123, 125]) });
  assert.equal(missing.status, 415);
});

test('JSON that parsers disagree about is 400 (T24, T25)', async () => {
  const deep = '['.repeat(10_000);
  for (const body of [
    '{"client_id":"a","client_id":"b"}',
    deep,
    '{"client_id":NaN}',
    '{"client_id":"\\ud800"}',
    '[]',
    '1',
    '',
    '{"client_id":1}',
  ]) {
    const reply = await token(body);
    assert.deepEqual([reply.status, reply.body.code], [400, 'body_malformed'], body.slice(0, 40));
  }
  const reply = await token(new Uint8Array([0x7b, 0xff, 0x7d]));
  assert.deepEqual([reply.status, reply.body.code], [400, 'body_not_utf8']);
  assert.equal(
    (await token('grant_type=a&grant_type=b', { 'content-type': 'application/x-www-form-urlencoded' })).status,
    400,
  );
});

test('more than 32 parameters are 400, in JSON, a form and a query', async () => {
  const names = Array.from({ length: 2_000 }, (_, n) => `n${n}`);
  const form = names.map((name) => `${name}=x`).join('&');
  const query = names
    .slice(0, 33)
    .map((name) => `${name}=x`)
    .join('&');
  const replies = [
    await token(Object.fromEntries(names.map((name) => [name, 'x']))),
    await token(form, { 'content-type': 'application/x-www-form-urlencoded' }),
    await send(`${world.url}/web/login?client_id=${APPID}&${query}`),
    await send(`${world.url}/web/callback?state=x&${query}`),
  ];
  for (const { status, body } of replies) assert.deepEqual([status, body.code], [400, 'body_malformed']);
});

test('other methods are 405, other paths 404 (T58)', async () => {
  for (const path of ['/oauth/token', '/oauth/revoke', '/wechat/open-data', '/wechat/user-info/verify']) {
    assert.equal((await fetch(world.url + path)).status, 405, path);
    assert.equal((await fetch(world.url + path, { headers: { 'x-http-method-override': 'POST' } })).status, 405, path);
  }
  assert.equal((await fetch(`${world.url}/nothing`)).status, 404);
});

test('HEAD is GET without the body (RFC 9110 §9.3.2)', async () => {
  for (const path of ['/healthz', '/.well-known/jwks.json', '/account', '/nothing']) {
    const [head, get] = await Promise.all([fetch(world.url + path, { method: 'HEAD' }), fetch(world.url + path)]);
    assert.deepEqual([head.status, await head.text()], [get.status, ''], path);
    const told = ({ headers }: Response) => ['content-type', 'cache-control'].map((name) => headers.get(name));
    assert.deepEqual(told(head), told(get), path);
  }
});

test('another grant is unsupported_grant_type, another subject invalid_request (RFC 8693 §2.2.2)', async () => {
  const wrong = [
    [{ grant_type: 'password' }, 'unsupported_grant_type'],
    [{ grant_type: GRANT, subject_token_type: 'urn:x' }, 'invalid_request'],
    [{ grant_type: GRANT }, 'invalid_request'],
  ] as const;
  for (const [grant, error] of wrong) {
    assert.equal((await token({ client_id: APPID, subject_token: 'x', ...grant })).body.error, error);
  }
});

test('a corrupt record is no session, never a 500 (T51)', async () => {
  const session = await logIn(world, 'corrupt');
  const sessions = await sessionsOf(world);
  const { keys } = await sessions.list({ prefix: 's1:' });
  for (const { name } of keys) await sessions.put(name, new Uint8Array([1, 2, 3]).buffer);
  assert.equal((await refresh(world, session.refresh)).status, 200, 'the token is fresh and proves itself');
  const { keys: everywhere } = await sessions.list({ prefix: 'e1:' });
  assert.equal(everywhere.length, 0);
});

test('records are sealed to their names: one copied over another opens nowhere', async () => {
  const people = [await logIn(world, 'copied from'), await logIn(world, 'copied to')];
  const account = async ({ access }: { access: string }) =>
    (await send(`${world.url}/account`, { headers: bearer(access) })).body;
  for (const person of people) assert.equal((await account(person)).session_key_stored, true);
  const sessions = await sessionsOf(world);
  const { keys } = await sessions.list({ prefix: 'k1:' });
  const values = await Promise.all(keys.map(({ name }) => sessions.get(name, 'arrayBuffer')));
  await Promise.all(keys.map(({ name }, at) => sessions.put(name, values[(at + 1) % keys.length] as ArrayBuffer)));
  for (const person of people) assert.equal((await account(person)).session_key_stored, false);
});

test('each misconfiguration answers 500 to everything and names its variable in the log', async () => {
  const keys = makeKeys();
  const [jwk, other] = [keys, makeKeys()].map(({ SIGNING_KEYS }) => JSON.parse(SIGNING_KEYS).keys[0]);
  const mixed = { ...other, d: jwk.d };
  const [sealing] = JSON.parse(keys.SEALING_KEYS).keys;
  const set = (...keys: object[]) => JSON.stringify({ keys });
  const wrong: Array<[variable: string, bindings: Record<string, string>]> = [
    ['ISSUER', { ISSUER: 'http://auth.example.com' }],
    ['SIGNING_KEYS', { SIGNING_KEYS: '{"keys":[]}' }],
    ['SIGNING_KEYS', { SIGNING_KEYS: '{"keys":[{"kty":"EC","crv":"P-384","x":"","y":"","d":""}]}' }],
    ['SIGNING_KEYS', { SIGNING_KEYS: set(mixed) }],
    ['SIGNING_KEYS', { SIGNING_KEYS: set(jwk, mixed) }],
    ['SIGNING_KEYS', { SIGNING_KEYS: set(jwk, other, jwk) }],
    ['SEALING_KEYS', { SEALING_KEYS: '{"keys":[{"k":"AAAA"}]}' }],
    ['SEALING_KEYS', { SEALING_KEYS: set(sealing, sealing) }],
    ['NAME_KEY', { NAME_KEY: 'short' }],
    ['WECHAT_APPS', { WECHAT_APPS: '{' }],
    ['WECHAT_APPS', { WECHAT_APPS: `{"${APPID}":{"secret":""}}` }],
    ['WECHAT_APPS', { WECHAT_APPS: `{"${APPID}":{"secret":"${SECRET}","sekret":"x"}}` }],
    ['WECHAT_APPS_2', { WECHAT_APPS_2: `{"${APPID}":{"secret":"${SECRET}"}}` }],
  ];
  for (const [variable, bindings] of wrong) {
    const broken = await startWorld({ bindings: { ...keys, ...bindings } });
    const reply = await fetch(`${broken.url}/healthz`);
    const body = (await reply.json()) as Json;
    assert.deepEqual([reply.status, body.code], [500, 'misconfigured'], variable);
    await broken.stop();
    const line = broken.lines.find((line) => line.includes('misconfigured')) ?? '';
    assert.ok(JSON.parse(line).detail.startsWith(`${variable} `), line);
    assert.ok(!line.includes('CANARY'), 'no secret in the log');
  }
});

test('no secret, code, key or openid in logs, key names, error bodies or a dump of KV (T63)', async () => {
  const { code: spent, openid } = await world.wechat.issueCode(APPID, 'canary');
  const { body } = await exchange(world, spent);
  const errors = [
    await exchange(world, spent),
    await refresh(world, `${body.refresh_token}x`),
    await token({ client_id: APPID }),
  ];
  await refresh(world, body.refresh_token);
  const { sessionKey } = await world.wechat.account(APPID, 'canary');
  const sessions = await sessionsOf(world);
  const { keys } = await sessions.list();
  const dump = await Promise.all(
    keys.map(async ({ name }) => name + Buffer.from(await sessions.get(name, 'arrayBuffer')).toString('latin1')),
  );
  const metadata = JSON.stringify(keys.map(({ metadata }) => metadata ?? null));
  const places = {
    logs: world.lines.join('\n'),
    dump: dump.join('\n'),
    metadata,
    errors: JSON.stringify(errors.map(({ body }) => body)),
  };
  for (const [place, text] of Object.entries(places)) {
    for (const canary of [SECRET, spent, openid, sessionKey as string, body.access_token, body.refresh_token]) {
      assert.ok(!text.includes(canary), `${place} holds ${canary.slice(0, 8)}…`);
    }
  }
  assert.ok(world.lines.length > 20, 'the log was looked at');
});

test('nothing in a request names another WeChat, issuer or app (T68)', async () => {
  const headers = { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example', host: 'evil.example' };
  const metadata = await send(`${world.url}/.well-known/oauth-authorization-server?issuer=https://evil.example`, {
    headers,
  });
  assert.deepEqual([metadata.body.issuer, metadata.body.token_endpoint], [world.url, `${world.url}/oauth/token`]);
  const more = { wechat_api: 'http://evil.example', WECHAT_API_BASE: 'http://evil.example', host: 'evil.example' };
  assert.equal((await exchange(world, await code('pointed elsewhere'), more, headers)).status, 200);
});

test('the number is found in none of what is kept or logged (T63)', async () => {
  const session = await logIn(world, 'canary phone');
  const before = world.lines.length;
  const { body } = await post(
    `${world.url}/wechat/phone`,
    { code: world.wechat.issuePhoneCode(APPID, 'canary phone') },
    { authorization: `Bearer ${session.access}` },
  );
  assert.match(body.pure_phone_number, /^\d{11}$/);
  assert.ok(world.lines.length > before);
  const sessions = await sessionsOf(world);
  const { keys } = await sessions.list();
  const dump = await Promise.all(
    keys.map(async ({ name }) => name + Buffer.from(await sessions.get(name, 'arrayBuffer'))),
  );
  for (const text of [world.lines.join('\n'), dump.join('\n')]) assert.ok(!text.includes(body.pure_phone_number));
});

test('every code of the OpenAPI document is explained in wxauth/errors, with its status', () => {
  const { paths } = JSON.parse(readFileSync(at('docs/openapi.json'), 'utf8'));
  const documented = new Set<string>();
  for (const operation of Object.values<Json>(paths).flatMap((methods) => Object.values<Json>(methods))) {
    for (const [status, response] of Object.entries<Json>(operation.responses)) {
      const codes = response.content?.['application/json']?.schema.allOf?.[1].properties.code.enum ?? [];
      for (const code of codes) documented.add(`${code} ${status}`);
    }
  }
  const explained = Object.entries(edgeErrors).map(([code, { status }]) => `${code} ${status}`);
  // Of no operation: an unknown path, another method, and what never is.
  const redirected = ['login_refused 403', 'snapshot_user 403', 'client_unauthorized 400', 'scope_unsupported 400'];
  const beside = ['method_not_allowed 405', 'internal 500', ...redirected];
  assert.deepEqual([...documented, ...beside].sort(), explained.sort());
});

/** Lines of the list that have no test of their own here, and why. */
const REASONS: Record<string, string> = {
  T05: 'dropped: a code is used once',
  T06: 'dropped: a code is used once',
  T11: 'as T10: there is no retry, so busy for ever is the same answer',
  T27: 'tests/wechat/signature.rs: upper-case hex is refused, as a case of signature_cases.json',
  T29: 'dropped: subtle compares; timing cannot be asserted',
  T37: 'dropped: KV cannot promise it; DESIGN has no replay guard',
  T38: 'tests/edge/wechat.test.mts: WeChat says 40029 for any code that is none, so code_invalid',
  T39: 'tests/edge/wechat.test.mts: WeChat says 40029 for another user’s code, too, so code_invalid',
  T40: 'tests/wechat/reply.rs: a case of upstream_responses.json',
  T49: 'src/edge/tests/races: for every S',
  T59: 'the one cookie is read by GET /web/callback alone, which changes nothing; tests/edge/web.test.mts',
  T66: 'dropped: there is no endpoint that takes a user',
};

test('every line of the list is a named test, or has a reason', () => {
  const list = readFileSync(at('tests/data/negative-tests.md'), 'utf8');
  const ids = [...list.matchAll(/^\| (T\d\d) /gm)].map(([, id]) => id as string);
  const sources = files([at('tests/edge'), at('src/edge/tests')]).map((file) =>
    readFileSync(file, 'utf8').replace(/const REASONS[\s\S]*?\n};/, ''),
  );
  const named = new Set(sources.flatMap((text) => [...text.matchAll(/\bT\d\d\b/g)].map(([id]) => id)));
  assert.equal(ids.length, 68);
  assert.deepEqual(
    ids.filter((id) => !named.has(id) && !(id in REASONS)),
    [],
  );
  assert.deepEqual(
    Object.keys(REASONS).filter((id) => named.has(id)),
    [],
    'a reason that is no longer needed',
  );
});
