// OAuth clients of other projects, unmodified and with default settings. Some send Basic with an empty secret, some use
// only `/.well-known/openid-configuration`.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import * as openid from 'openid-client';
import { WeChat } from '../../js/sim/wechat/index.js';
import { python } from '../../scripts/setup.mts';
import { at } from '../../scripts/shell.mts';
import { APPID, bearer, freePort, type Json, logIn, SECRET, startWorld, type World } from '../harness.mts';

const require = createRequire(import.meta.url);
const SITE = 'wx517e000000000000';
const BACK = 'https://shop.example/after';

let world: World;
before(async () => {
  const port = await freePort();
  const site = { secret: SECRET, kind: 'website' as const };
  const phone = { [APPID]: { secret: SECRET } };
  // The redirect address registered at WeChat is that of the edge.
  const wechat = new WeChat({ apps: { ...phone, [SITE]: { ...site, redirect_uris: [`http://127.0.0.1:${port}/`] } } });
  world = await startWorld({ port, wechat, apps: { ...phone, [SITE]: { ...site, redirect_uris: [BACK] } } });
});
after(() => world.stop());

/** Follows a web login of a user who agrees, and returns the address that the browser ends at. */
async function sentBack(url: string): Promise<URL> {
  const login = await fetch(url, { redirect: 'manual' });
  const page = new URL(login.headers.get('location') as string);
  page.searchParams.set('user', 'mei');
  const chosen = await fetch(page, { redirect: 'manual' });
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
  const home = await fetch(chosen.headers.get('location') as string, { redirect: 'manual', headers: { cookie } });
  return new URL(home.headers.get('location') as string);
}

const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url');
const claimsOf = (token: string): Json =>
  JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString());
const user = () => world.wechat.account(SITE, 'mei').openid;

test('requests-oauthlib and httpx-oauth log in, refresh and revoke', async () => {
  const child = spawn(python(), [at('tests/foreign/oauth_clients.py')], { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  child.stdin.end(JSON.stringify({ url: world.url, client_id: SITE, redirect_uri: BACK }));
  const status = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(status, 0, output);
  const [requests, httpx, scope] = JSON.parse(output.trim().split('\n').at(-1) as string);
  assert.deepEqual(
    [requests, httpx],
    [
      [user(), true, 200],
      [user(), true, 200],
    ],
  );
  assert.deepEqual(scope, ['invalid_scope']);
});

test('simple-oauth2 logs in, refreshes and revokes', async () => {
  const { AuthorizationCode } = require('simple-oauth2');
  const paths = { authorizePath: '/web/login', tokenPath: '/oauth/token', revokePath: '/oauth/revoke' };
  const client = new AuthorizationCode({ client: { id: SITE, secret: '' }, auth: { tokenHost: world.url, ...paths } });
  const verifier = 'v'.repeat(43);
  const asked = { redirect_uri: BACK, state: 'state', code_challenge: challengeOf(verifier) };
  const home = await sentBack(client.authorizeURL({ ...asked, code_challenge_method: 'S256' }));
  const code = home.searchParams.get('code');
  const session = await client.getToken({ code, redirect_uri: BACK, code_verifier: verifier });
  assert.equal(claimsOf(session.token.access_token).sub, user());
  const renewed = await session.refresh();
  assert.equal(claimsOf(renewed.token.access_token).sid, claimsOf(session.token.access_token).sid);
  await renewed.revokeAll();
  await assert.rejects(renewed.refresh(), /400/);
});

test('get-jwks finds the keys by provider discovery, and fast-jwt verifies with them', async () => {
  const getJwks = require('get-jwks')({ providerDiscovery: true });
  const { createVerifier } = require('fast-jwt');
  const key = ({ header }: Json) => getJwks.getPublicKey({ domain: world.url, kid: header.kid, alg: header.alg });
  const verify = createVerifier({ key, allowedIss: world.url, allowedAud: APPID, algorithms: ['ES256'] });
  const session = await logIn(world, 'get-jwks');
  assert.equal((await verify(session.access)).sub, session.openid);
  await assert.rejects(verify(`${session.access.slice(0, -4)}AAAA`));
});

test('the Hono example of docs/verify.md accepts a token of the edge and refuses others', async () => {
  const [, source] = /<!-- run: hono -->\n```js\n([\s\S]*?)```/.exec(readFileSync(at('docs/verify.md'), 'utf8')) ?? [];
  assert.ok(source, 'the example is there');
  const file = at('target', `hono-${process.pid}.mjs`);
  const resolved = (_: string, name: string) => `from '${pathToFileURL(require.resolve(name)).href}'`;
  writeFileSync(
    file,
    source.replaceAll('https://auth.example.com', world.url).replaceAll(/from '(hono[^']*)'/g, resolved),
  );
  try {
    const app = ((await import(pathToFileURL(file).href)) as Json).default;
    const session = await logIn(world, 'hono');
    const ask = (token: string) => app.request('/api/me', { headers: bearer(token) });
    assert.deepEqual(await (await ask(session.access)).json(), { appid: APPID, openid: session.openid });
    assert.equal((await ask(`${session.access.slice(0, -4)}AAAA`)).status, 401);
  } finally {
    rmSync(file);
  }
});

test('openid-client discovers the edge by its default, OpenID Connect', async () => {
  const insecure = { execute: [openid.allowInsecureRequests] };
  const config = await openid.discovery(new URL(world.url), SITE, {}, openid.None(), insecure);
  const server = config.serverMetadata();
  assert.equal(server.authorization_endpoint, `${world.url}/web/login`);
  // OpenID Connect Discovery §3 requires these; Rust's openidconnect refuses a document without them.
  for (const name of [
    'jwks_uri',
    'response_types_supported',
    'subject_types_supported',
    'id_token_signing_alg_values_supported',
  ]) {
    assert.ok(name in server, name);
  }
});
