// OAuth 2 at the edge in workerd: clients of other projects, rotation, revocation.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';
import { makeKeys } from '../../scripts/keys.mts';
import {
  APPID,
  bearer,
  exchange,
  GRANT,
  JS_CODE,
  logIn,
  OTHER_APPID,
  post,
  refresh,
  revoke,
  startWorld,
  type World,
} from '../harness.mts';

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.stop());

test('jose verifies the access token with the JWKS, in the profile of RFC 9068', async () => {
  const { access, openid } = await logIn(world);
  const keys = createRemoteJWKSet(new URL(`${world.url}/.well-known/jwks.json`));
  const { payload, protectedHeader } = await jwtVerify(access, keys, {
    issuer: world.url,
    audience: APPID,
    typ: 'at+jwt',
  });
  assert.equal(protectedHeader.alg, 'ES256');
  assert.deepEqual(Object.keys(payload).sort(), ['aud', 'auth', 'client_id', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub']);
  assert.equal(payload.sub, openid);
  assert.equal(payload.client_id, APPID);
  assert.equal((payload.exp as number) - (payload.iat as number), 600);
});

test('oauth4webapi discovers, exchanges, refreshes and revokes', async () => {
  const insecure = { [oauth.allowInsecureRequests]: true };
  const issuer = new URL(world.url);
  const discovery = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
  const server = await oauth.processDiscoveryResponse(issuer, discovery);
  const client: oauth.Client = { client_id: APPID };

  const { code } = await world.wechat.issueCode(APPID, 'oauth4webapi');
  const parameters = { subject_token: code, subject_token_type: JS_CODE };
  const reply = await oauth.genericTokenEndpointRequest(server, client, oauth.None(), GRANT, parameters, insecure);
  const tokens = await oauth.processGenericTokenEndpointResponse(server, client, reply);
  assert.equal(tokens.token_type, 'bearer');
  assert.equal(tokens.issued_token_type, 'urn:ietf:params:oauth:token-type:access_token');

  const again = await oauth.refreshTokenGrantRequest(
    server,
    client,
    oauth.None(),
    tokens.refresh_token as string,
    insecure,
  );
  const next = await oauth.processRefreshTokenResponse(server, client, again);
  assert.notEqual(next.refresh_token, tokens.refresh_token);

  const revocation = await oauth.revocationRequest(
    server,
    client,
    oauth.None(),
    next.refresh_token as string,
    insecure,
  );
  await oauth.processRevocationResponse(revocation);
  const ended = await oauth.refreshTokenGrantRequest(
    server,
    client,
    oauth.None(),
    next.refresh_token as string,
    insecure,
  );
  await assert.rejects(oauth.processRefreshTokenResponse(server, client, ended), { error: 'invalid_grant' });
});

test('a refresh token works twice within its grace, with one next generation', async () => {
  const { refresh: first } = await logIn(world, 'two devices');
  const [a, b] = await Promise.all([refresh(world, first), refresh(world, first)]);
  assert.deepEqual([a.status, b.status], [200, 200]);
  const next = await refresh(world, a.body.refresh_token);
  assert.equal(next.status, 200);
  assert.equal((await refresh(world, b.body.refresh_token)).status, 200, 'of the same generation');
});

test('a refresh token older than its predecessor ends the session', async () => {
  const first = await logIn(world, 'thief');
  const second = (await refresh(world, first.refresh)).body.refresh_token;
  const third = (await refresh(world, second)).body.refresh_token;
  await refresh(world, third);
  const reused = await refresh(world, first.refresh);
  assert.deepEqual([reused.status, reused.body.error, reused.body.code], [400, 'invalid_grant', 'session_ended']);
  assert.equal((await refresh(world, third)).status, 400, 'every token of the session is refused');
});

for (const kind of ['access', 'refresh'] as const) {
  test(`revoking the ${kind} token ends the session: both of its tokens are refused`, async () => {
    const session = await logIn(world, `revoked by ${kind}`);
    assert.equal((await revoke(world, session[kind])).status, 200);
    assert.equal((await refresh(world, session.refresh)).body.code, 'session_ended');
    const used = await post(
      `${world.url}/wechat/user-info/verify`,
      { raw_data: '{}', signature: '' },
      bearer(session.access),
    );
    assert.deepEqual([used.status, used.body.code], [401, 'session_invalid']);
  });
}

test('a revocation with everywhere ends all sessions of the user and no later one', async () => {
  const phone = await logIn(world, 'everywhere');
  const tablet = await logIn(world, 'everywhere');
  const stranger = await logIn(world, 'somebody else');
  const everywhere = { token: phone.refresh, client_id: APPID, everywhere: 'true' };
  assert.equal((await post(`${world.url}/oauth/revoke`, everywhere)).status, 200);
  for (const { refresh: token } of [phone, tablet]) assert.equal((await refresh(world, token)).status, 400);
  assert.equal((await refresh(world, stranger.refresh)).status, 200);
  assert.equal((await refresh(world, (await logIn(world, 'everywhere')).refresh)).status, 200);
});

test('revoking an unknown token succeeds, except for an unknown client (RFC 7009 §2.2)', async () => {
  assert.equal((await revoke(world, 'nonsense')).status, 200);
  assert.equal((await revoke(world, 'nonsense', 'wx0')).body.error, 'invalid_client');
});

test('a login with the old refresh token keeps the session id, unless that session was revoked', async () => {
  const sid = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString()).sid;
  const first = await logIn(world, 'again');
  const second = await logIn(world, 'again', { refresh_token: first.refresh });
  assert.equal(sid(second.access), sid(first.access));
  assert.equal((await refresh(world, second.refresh)).status, 200);
  const stranger = await logIn(world, 'stranger', { refresh_token: first.refresh });
  assert.notEqual(sid(stranger.access), sid(first.access));
  await revoke(world, second.access);
  const third = await logIn(world, 'again', { refresh_token: second.refresh });
  assert.notEqual(sid(third.access), sid(first.access));
  assert.equal((await refresh(world, third.refresh)).status, 200);
});

test('a refresh token of one app is refused for another app', async () => {
  const { refresh: token } = await logIn(world, 'tenant');
  assert.equal((await refresh(world, token, OTHER_APPID)).body.code, 'session_ended');
  assert.equal((await refresh(world, token)).status, 200);
});

test('a code of one app is refused for another app', async () => {
  const { code } = await world.wechat.issueCode(APPID, 'mei');
  const { status, body } = await exchange(world, code, { client_id: OTHER_APPID });
  assert.deepEqual([status, body.error, body.code], [400, 'invalid_request', 'code_invalid']);
});

test('100 parallel logins with one code make one session', async () => {
  const { code } = await world.wechat.issueCode(APPID, 'crowd');
  const replies = await Promise.all(Array.from({ length: 100 }, () => exchange(world, code)));
  assert.equal(replies.filter(({ status }) => status === 200).length, 1);
  assert.equal(replies.filter(({ body }) => body.code === 'code_used').length, 99);
});

test('a token reply is not cacheable and carries the time of the edge in Date', async () => {
  const { code } = await world.wechat.issueCode(APPID, 'mei');
  // Date has whole seconds.
  const before = Math.floor(Date.now() / 1000) * 1000;
  const { headers } = await exchange(world, code);
  const after = Date.now();
  assert.equal(headers.get('cache-control'), 'no-store');
  assert.equal(headers.get('pragma'), 'no-cache');
  assert.equal(headers.get('content-type'), 'application/json');
  const date = Date.parse(headers.get('date') ?? '');
  assert.ok(before <= date && date <= after, headers.get('date') ?? 'no Date');
});

test('sessions survive a restart of the edge', async () => {
  const kvPersist = mkdtempSync(join(tmpdir(), 'wxauth-kv-'));
  const keys = { ...makeKeys() };
  try {
    const first = await startWorld({ kvPersist, keys });
    const { refresh: token } = await logIn(first);
    const { refresh_token } = (await refresh(first, token)).body;
    await first.stop();
    const port = Number(new URL(first.url).port);
    const second = await startWorld({ kvPersist, keys, port, wechat: first.wechat });
    assert.equal((await refresh(second, refresh_token)).status, 200);
    await second.stop();
  } finally {
    rmSync(kvPersist, { recursive: true });
  }
});
