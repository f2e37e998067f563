// Invalid requests and faults of WeChat, over HTTP against the edge in workerd. tests/data/negative-tests.md is the list.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { after, before, test } from 'node:test';
import { makeKeys } from '../../scripts/keys.mts';
import { at } from '../../scripts/shell.mts';
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
import { isTest } from '../named-tests.mts';

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

test('a missing, empty or blank code is code_missing and costs no call to WeChat', async () => {
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

test('a code with characters that would change the url is not sent to WeChat', async () => {
  const seen = calls();
  for (const bad of ['a&appid=wx1', 'a#b', 'a\r\nb', 'ä', 'a'.repeat(4096)]) {
    assert.equal((await exchange(world, bad)).body.code, 'code_malformed');
  }
  assert.equal(calls(), seen);
});

const REFUSALS: Array<[errcode: number, status: number, error: string, code: string]> = [
  [40029, 400, 'invalid_request', 'code_invalid'],
  [40163, 400, 'invalid_request', 'code_used'],
  [40226, 403, 'access_denied', 'user_blocked'],
  [45011, 429, 'temporarily_unavailable', 'upstream_rate_limited'],
  [-1, 503, 'temporarily_unavailable', 'upstream_busy'],
  [40013, 500, 'server_error', 'misconfigured'],
  [40125, 500, 'server_error', 'misconfigured'],
  [40243, 500, 'server_error', 'misconfigured'],
  [41002, 500, 'server_error', 'misconfigured'],
  [99999, 502, 'server_error', 'upstream_error'],
];
for (const [errcode, status, error, stable] of REFUSALS) {
  test(`errcode ${errcode} is answered with ${status} ${stable}`, () =>
    withFault({ errcode }, async () => {
      const seen = calls();
      const reply = await exchange(world, await code());
      assert.deepEqual([reply.status, reply.body.error, reply.body.code], [status, error, stable]);
      assert.equal(JSON.stringify(reply.body).includes('injected'), false, 'no text of WeChat in the answer');
      assert.equal(calls(), seen + 1, 'no retry after an answer of WeChat');
      if (status === 429) assert.ok(Number(reply.headers.get('retry-after')) <= 60 && reply.body.retry_after <= 60);
    }));
}

test('a reply that is not in the format of WeChat is 502 upstream_malformed', async () => {
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
    // The same reply under and over the limit of 64 KiB: only the size differs.
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

test('a call to WeChat that hangs is 504 upstream_timeout and stores nothing', () =>
  withFault({ hang: true }, async () => {
    const before = (await (await sessionsOf(world)).list()).keys.length;
    const reply = await exchange(world, await code('hangs'));
    assert.deepEqual([reply.status, reply.body.code], [504, 'upstream_timeout']);
    assert.equal((await (await sessionsOf(world)).list()).keys.length, before);
  }));

test('a redirect of WeChat is not followed', async () => {
  let met = 0;
  const listen = async (server: Server): Promise<string> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  };
  const otherHost = createServer((_, response) => {
    met += 1;
    response.end('{}');
  });
  const location = await listen(otherHost);
  const redirecting = createServer((_, response) => response.writeHead(302, { location }).end());
  const other = await startWorld({ bindings: { WECHAT_API_BASE: await listen(redirecting) } });
  const reply = await exchange(other, 'code');
  assert.deepEqual([reply.status, reply.body.code, met], [502, 'upstream_malformed', 0]);
  await other.stop();
  otherHost.close();
  redirecting.close();
});

test('an unknown client_id is 401 and costs no call to WeChat', async () => {
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

test('a body over 32 KiB is 413, with and without Content-Length', async () => {
  const { status, body } = await token(JSON.stringify({ x: 'x'.repeat(33_000) }));
  assert.deepEqual([status, body.code], [413, 'body_too_large']);
  const streamed = await new Promise<number | undefined>((resolve) => {
    const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
    const sending = httpRequest(`${world.url}/oauth/token`, { method: 'POST', headers }, (response) => {
      resolve(response.statusCode);
      sending.destroy();
    });
    sending.on('error', () => {});
    // The body never ends; the edge answers once it has read more than 32 KiB.
    for (let n = 0; n < 16; n++) sending.write(Buffer.alloc(4096, 'x'));
  });
  assert.equal(streamed, 413);
});

test('a content type other than JSON or a form is 415', async () => {
  for (const type of ['text/html', 'application/json, text/plain', 'text/plain']) {
    assert.deepEqual((await token('{}', { 'content-type': type })).status, 415, type);
  }
  const missing = await fetch(`${world.url}/oauth/token`, { method: 'POST', body: new Uint8Array([123, 125]) });
  assert.equal(missing.status, 415);
});

test('ambiguous JSON is 400 body_malformed, invalid UTF-8 body_not_utf8', async () => {
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

test('another method is 405, another path 404', async () => {
  for (const path of ['/oauth/token', '/oauth/revoke', '/wechat/open-data', '/wechat/user-info/verify']) {
    assert.equal((await fetch(world.url + path)).status, 405, path);
    assert.equal((await fetch(world.url + path, { headers: { 'x-http-method-override': 'POST' } })).status, 405, path);
  }
  assert.equal((await fetch(`${world.url}/nothing`)).status, 404);
});

test('HEAD answers like GET, without a body (RFC 9110 §9.3.2)', async () => {
  for (const path of ['/healthz', '/.well-known/jwks.json', '/account', '/nothing']) {
    const [head, get] = await Promise.all([fetch(world.url + path, { method: 'HEAD' }), fetch(world.url + path)]);
    assert.deepEqual([head.status, await head.text()], [get.status, ''], path);
    const headersOf = ({ headers }: Response) => ['content-type', 'cache-control'].map((name) => headers.get(name));
    assert.deepEqual(headersOf(head), headersOf(get), path);
  }
});

test('an unknown grant_type is unsupported_grant_type, an unknown subject_token_type invalid_request (RFC 8693 §2.2.2)', async () => {
  const wrong = [
    [{ grant_type: 'password' }, 'unsupported_grant_type'],
    [{ grant_type: GRANT, subject_token_type: 'urn:x' }, 'invalid_request'],
    [{ grant_type: GRANT }, 'invalid_request'],
  ] as const;
  for (const [grant, error] of wrong) {
    assert.equal((await token({ client_id: APPID, subject_token: 'x', ...grant })).body.error, error);
  }
});

test('a corrupt session record does not end the session', async () => {
  const session = await logIn(world, 'corrupt');
  const sessions = await sessionsOf(world);
  const { keys } = await sessions.list({ prefix: 's1:' });
  for (const { name } of keys) await sessions.put(name, new Uint8Array([1, 2, 3]).buffer);
  assert.equal((await refresh(world, session.refresh)).status, 200, 'the token is fresh and proves itself');
  const { keys: everywhere } = await sessions.list({ prefix: 'e1:' });
  assert.equal(everywhere.length, 0);
});

test('a session_key record that is copied to the name of another user does not open', async () => {
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

test('each configuration error answers 500 misconfigured and names its variable in the log', async () => {
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

test('no secret, code, key or openid is in logs, key names, error bodies or KV', async () => {
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

test('no part of a request selects another WeChat host, issuer or app', async () => {
  const headers = { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example', host: 'evil.example' };
  const metadata = await send(`${world.url}/.well-known/oauth-authorization-server?issuer=https://evil.example`, {
    headers,
  });
  assert.deepEqual([metadata.body.issuer, metadata.body.token_endpoint], [world.url, `${world.url}/oauth/token`]);
  const more = { wechat_api: 'http://evil.example', WECHAT_API_BASE: 'http://evil.example', host: 'evil.example' };
  assert.equal((await exchange(world, await code('pointed otherHost'), more, headers)).status, 200);
});

test('no phone number is in logs or KV', async () => {
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

test('every line of tests/data/negative-tests.md names tests that exist', () => {
  const rows = readFileSync(at('tests/data/negative-tests.md'), 'utf8').match(/^\| T\d\d .*$/gm) ?? [];
  assert.ok(rows.length > 50);
  for (const row of rows) {
    const proofs = [...(row.split(' | ')[3] ?? '').matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);
    assert.ok(proofs.length > 0, row);
    for (const proof of proofs) assert.ok(isTest(proof), `no such test: ${proof}`);
  }
});
