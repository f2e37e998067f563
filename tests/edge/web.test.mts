// Web logins at the edge: OAuth's authorization code flow with PKCE in front of the two logins of WeChat (§3.8), against
// the pages of the simulator.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import * as oauth from 'oauth4webapi';
import { WeChat } from '../../js/sim/wechat/index.js';
import {
  type Answer,
  APPID,
  basic,
  freePort,
  type Json,
  keysOf,
  post,
  refresh,
  revoke,
  SECRET,
  send,
  startWorld,
  type World,
} from '../harness.mts';

const OFFICIAL = 'wx0ff1c1a100000000';
const SITE = 'wx517e000000000000';
const BACK = 'https://shop.example/after?from=login';

let world: World;
before(async () => {
  // The redirect address registered at WeChat contains the port, so the port is chosen first.
  const port = await freePort();
  const host = `http://127.0.0.1:${port}/`;
  const app = { secret: SECRET, redirect_uris: [BACK], backends: { api: 'secret' } };
  world = await startWorld({
    port,
    wechat: new WeChat({
      apps: {
        [APPID]: { secret: SECRET },
        [OFFICIAL]: { secret: SECRET, kind: 'official_account', redirect_uris: [host], unionid: true },
        [SITE]: { secret: SECRET, kind: 'website', redirect_uris: [host], unionid: true },
      },
    }),
    apps: {
      [APPID]: { secret: SECRET, redirect_uris: [BACK] },
      [OFFICIAL]: { ...app, kind: 'official_account' },
      [SITE]: { ...app, kind: 'website' },
    },
  });
});
after(() => world.stop());

const verifier = () => randomBytes(32).toString('base64url');
const challengeOf = (text: string) => createHash('sha256').update(text).digest('base64url');

const begin = (client_id: string, code_verifier: string, more: Record<string, string> = {}): Promise<Answer> => {
  const url = new URL(`${world.url}/web/login`);
  const code_challenge = challengeOf(code_verifier);
  const asked = { response_type: 'code', client_id, redirect_uri: BACK, state: 'the client’s own', code_challenge };
  for (const [name, value] of Object.entries({ ...asked, code_challenge_method: 'S256', ...more })) {
    url.searchParams.set(name, value);
  }
  return send(url.href);
};
const location = ({ headers }: Answer) => new URL(headers.get('location') as string);
const cookieOf = ({ headers }: Answer) => (headers.get('set-cookie') as string).split(';')[0] as string;

/** Opens WeChat's page, lets the user choose, and returns the address that WeChat redirects to. */
async function atWechat(login: Answer, choice: Record<string, string>): Promise<URL> {
  const page = location(login);
  for (const [name, value] of Object.entries(choice)) page.searchParams.set(name, value);
  const reply = await fetch(page, { redirect: 'manual' });
  return new URL(reply.headers.get('location') as string);
}
const back = (to: URL, cookie: string) => send(to.href, { headers: { cookie } });

async function authorize(client_id: string, code_verifier: string, user: string): Promise<URL> {
  const login = await begin(client_id, code_verifier);
  return location(await back(await atWechat(login, { user }), cookieOf(login)));
}
const redeem = (client_id: string, code: string, code_verifier: string, more: Record<string, string> = {}) =>
  post(`${world.url}/oauth/token`, {
    grant_type: 'authorization_code',
    client_id,
    code,
    code_verifier,
    redirect_uri: BACK,
    ...more,
  });

for (const [kind, client, page, scope, asked] of [
  ['official account', OFFICIAL, '/connect/oauth2/authorize', 'snsapi_base', {}],
  ['official account', OFFICIAL, '/connect/oauth2/authorize', 'snsapi_userinfo', { scope: 'snsapi_userinfo' }],
  ['website', SITE, '/connect/qrconnect', 'snsapi_login', {}],
] as const) {
  test(`a ${kind}’s user logs in by ${scope}, refreshes and logs out`, async () => {
    const secret = verifier();
    const login = await begin(client, secret, asked);
    assert.equal(login.status, 302);
    const to = location(login);
    assert.deepEqual([to.origin + to.pathname, to.hash], [world.simulator.url + page, '#wechat_redirect']);
    assert.equal(to.searchParams.get('scope'), scope);
    assert.match(to.searchParams.get('state') as string, /^[0-9a-f]{32}$/);
    assert.equal(to.searchParams.get('redirect_uri'), `${world.url}/web/callback`);
    const set = login.headers.get('set-cookie') as string;
    assert.match(set, /^__Host-wxauth-[0-9a-f]{32}=[\w-]+; Path=\/; Max-Age=600; Secure; HttpOnly; SameSite=Lax$/);

    const returned = await back(await atWechat(login, { user: 'mei' }), cookieOf(login));
    const after = location(returned);
    assert.equal(after.origin + after.pathname, 'https://shop.example/after');
    assert.deepEqual(
      [after.searchParams.get('from'), after.searchParams.get('state'), after.searchParams.get('iss')],
      ['login', 'the client’s own', world.url],
    );
    assert.match(returned.headers.get('set-cookie') as string, /=; Path=\/; Max-Age=0;/);

    const { status, body } = await redeem(client, after.searchParams.get('code') as string, secret);
    assert.equal(status, 200, JSON.stringify(body));
    const { openid, unionid } = await world.wechat.account(client, 'mei');
    const claims = JSON.parse(Buffer.from(body.access_token.split('.')[1], 'base64url').toString());
    assert.deepEqual([claims.sub, claims.client_id], [openid, client]);
    const seen = await post(`${world.url}/oauth/introspect`, { token: body.access_token }, basic('api', 'secret'));
    // With snsapi_base WeChat asks the user nothing and returns no unionid (§3.8).
    const expected = scope === 'snsapi_base' ? undefined : unionid;
    assert.equal(seen.body.unionid, expected, 'unionid, except with snsapi_base');
    const renewed = await refresh(world, body.refresh_token, client);
    assert.equal(renewed.status, 200);
    assert.equal((await revoke(world, renewed.body.refresh_token, client)).status, 200);
    assert.equal((await refresh(world, renewed.body.refresh_token, client)).body.code, 'session_ended');
  });
}

test('oauth4webapi completes the flow with its default settings, apart from http', async () => {
  const insecure = { [oauth.allowInsecureRequests]: true };
  const issuer = new URL(world.url);
  const discovery = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
  const server = await oauth.processDiscoveryResponse(issuer, discovery);
  const client: oauth.Client = { client_id: SITE };
  const secret = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const login = await begin(SITE, secret, { state });
  assert.equal(`${server.authorization_endpoint}`, `${world.url}/web/login`);
  const returned = location(await back(await atWechat(login, { user: 'li' }), cookieOf(login)));
  const callback = oauth.validateAuthResponse(server, client, returned, state);
  const reply = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    callback,
    BACK,
    secret,
    insecure,
  );
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, reply);
  assert.equal(tokens.token_type, 'bearer');
});

test('a repeated code gives the same session until that is refreshed, then code_used (RFC 6749 §4.1.2)', async () => {
  const secret = verifier();
  const code = (await authorize(SITE, secret, 'replay')).searchParams.get('code') as string;
  const first = (await redeem(SITE, code, secret)).body;
  const sid = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString()).sid;
  const again = (await redeem(SITE, code, secret)).body;
  assert.equal(sid(again.access_token), sid(first.access_token));
  let token = first.refresh_token;
  for (let n = 0; n < 3; n++) token = (await refresh(world, token, SITE)).body.refresh_token;
  const used = await redeem(SITE, code, secret);
  assert.deepEqual([used.status, used.body.error, used.body.code], [400, 'invalid_grant', 'code_used']);
  assert.equal((await refresh(world, token, SITE)).status, 200, 'the session goes on');
  assert.equal((await refresh(world, again.refresh_token, SITE)).status, 400, 'detected as a reused token');
  assert.equal((await redeem(SITE, code, secret)).body.code, 'session_ended');
});

test('a code is bound to its client, redirect_uri and verifier', async () => {
  const secret = verifier();
  const code = (await authorize(SITE, secret, 'careful')).searchParams.get('code') as string;
  const wrong: Array<[Promise<Answer>, string]> = [
    [redeem(SITE, code, verifier()), 'code_invalid'],
    [redeem(SITE, code, ''), 'code_invalid'],
    [redeem(SITE, code, challengeOf(secret)), 'code_invalid'],
    [redeem(OFFICIAL, code, secret), 'code_invalid'],
    [redeem(SITE, code, secret, { redirect_uri: 'https://shop.example/after' }), 'code_invalid'],
    [redeem(SITE, `${code.slice(0, -2)}AA`, secret), 'code_invalid'],
    [redeem(SITE, '', secret), 'code_missing'],
  ];
  for (const [reply, says] of wrong) {
    const error = says === 'code_missing' ? 'invalid_request' : 'invalid_grant';
    const { status, body } = await reply;
    assert.deepEqual([status, body.error, body.code], [400, error, says]);
  }
  assert.equal((await redeem(SITE, code, secret)).status, 200);
});

test('a redirect_uri that differs from the listed one in any byte is refused without a redirect', async () => {
  for (const redirect_uri of ['https://evil.example/', 'https://shop.example/after', `${BACK}&x=1`, `${BACK}#x`, '']) {
    const reply = await begin(SITE, verifier(), { redirect_uri });
    assert.deepEqual(
      [reply.status, reply.body.code, reply.headers.get('location')],
      [400, 'redirect_uri_unknown', null],
    );
  }
  const unknown = await begin('wx0', verifier());
  assert.deepEqual([unknown.status, unknown.body.code], [401, 'client_unknown']);
});

test('an error of the request is reported in the redirect to the client', async () => {
  for (const [more, error] of [
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ code_challenge: 'short' }, 'invalid_request'],
    [{ state: 'x'.repeat(513) }, 'invalid_request'],
    [{ scope: 'snsapi_userinfo' }, 'invalid_scope'],
    [{ client_id: APPID }, 'unauthorized_client'],
  ] as const) {
    const { searchParams } = location(await begin(SITE, verifier(), more));
    assert.deepEqual([searchParams.get('error'), searchParams.get('iss')], [error, world.url]);
  }
});

test('a missing or foreign state is login_unknown, and a used one gives no second code', async () => {
  const login = await begin(SITE, verifier());
  const other = await begin(SITE, verifier());
  const returned = await atWechat(login, { user: 'mei' });
  const none = new URL(returned);
  none.searchParams.delete('state');
  const cases: Array<[URL, string]> = [
    [returned, ''],
    [returned, cookieOf(other)],
    [returned, cookieOf(login).replace(/=.*/, cookieOf(other).replace(/^[^=]*/, ''))],
    [none, cookieOf(login)],
    [returned, `${cookieOf(login).split('=')[0]}=AAAA`],
  ];
  for (const [url, cookie] of cases) {
    const reply = await back(url, cookie);
    assert.deepEqual([reply.status, reply.body.code, reply.headers.get('location')], [400, 'login_unknown', null]);
  }
  const good = await back(returned, `theme=dark; ${cookieOf(other)}; ${cookieOf(login)}`);
  assert.ok(location(good).searchParams.get('code'), 'two logins in two tabs do not disturb each other');
  assert.match(good.headers.get('set-cookie') as string, /=; Path=\/; Max-Age=0;/, 'the cookie is deleted');
  // Also if the browser kept the cookie: WeChat accepts its code once.
  const spent = location(await back(returned, cookieOf(login)));
  assert.deepEqual([spent.searchParams.get('code'), spent.searchParams.get('error_description')], [null, 'code_used']);
});

test('a refusal, a snapshot user and a refused code are reported as OAuth errors in the redirect', async () => {
  const refused = await begin(OFFICIAL, verifier());
  const denied = location(await back(await atWechat(refused, { deny: '1' }), cookieOf(refused)));
  assert.deepEqual(
    [denied.searchParams.get('error'), denied.searchParams.get('state')],
    ['access_denied', 'the client’s own'],
  );

  world.wechat.world.users.user('preview').snapshot = true;
  const preview = await authorize(OFFICIAL, verifier(), 'preview');
  assert.deepEqual(
    [preview.searchParams.get('error'), preview.searchParams.get('error_description')],
    ['access_denied', 'snapshot_user'],
  );
  assert.equal(preview.searchParams.get('code'), null);

  const login = await begin(OFFICIAL, verifier());
  const used = await atWechat(login, { user: 'mei' });
  used.searchParams.set('code', 'wrong');
  const failed = location(await back(used, cookieOf(login)));
  assert.equal(failed.searchParams.get('error'), 'server_error');
  const lines = world.lines.map((line) => JSON.parse(line)).filter(({ path }) => path === '/web/callback');
  assert.deepEqual(
    lines.slice(-3).map(({ code, class: blame, status }: Json) => [code, blame, status]),
    [
      ['login_refused', 'user', 302],
      ['snapshot_user', 'user', 302],
      ['code_invalid', 'caller', 302],
    ],
  );
});

test('code=authdeny of an official account page is access_denied and costs no call to WeChat', async () => {
  const login = await begin(OFFICIAL, verifier());
  const denied = await atWechat(login, { user: 'denies' });
  denied.searchParams.set('code', 'authdeny');
  const calls = () => JSON.stringify(world.wechat.state().calls);
  const before = calls();
  const { searchParams } = location(await back(denied, cookieOf(login)));
  assert.deepEqual(
    [searchParams.get('error'), searchParams.get('error_description')],
    ['access_denied', 'login_refused'],
  );
  assert.equal(calls(), before);
});

test('a browser keeps the cookies of five logins', async () => {
  const cookies: string[] = [];
  let sent = '';
  for (let n = 0; n < 7; n++) {
    const url = new URL(`${world.url}/web/login`);
    const asked = { response_type: 'code', client_id: SITE, redirect_uri: BACK, code_challenge_method: 'S256' };
    for (const [name, value] of Object.entries({ ...asked, code_challenge: challengeOf(verifier()) })) {
      url.searchParams.set(name, value);
    }
    const { headers } = await send(url.href, { headers: sent ? { cookie: sent } : {} });
    for (const cookie of headers.getSetCookie()) {
      const [pair] = cookie.split(';') as [string];
      const at = cookies.findIndex((known) => known.split('=')[0] === pair.split('=')[0]);
      if (at >= 0) cookies.splice(at, 1);
      else cookies.push(pair);
    }
    sent = cookies.join('; ');
  }
  assert.equal(cookies.length, 5);
});

test('a web login stores nothing before its code is redeemed, and logs no secret', async () => {
  const sessions = async () => (await keysOf(world)).length;
  const before = await sessions();
  const secret = verifier();
  const after = await authorize(SITE, secret, 'nothing stored');
  assert.equal(await sessions(), before);
  const code = after.searchParams.get('code') as string;
  await redeem(SITE, code, secret);
  assert.equal(await sessions(), before + 1, 'a session, and no session_key');
  const log = world.lines.join('\n');
  const { openid, unionid } = await world.wechat.account(SITE, 'nothing stored');
  for (const canary of [code, secret, SECRET, openid, unionid as string, 'shop.example'])
    assert.ok(!log.includes(canary));
});
