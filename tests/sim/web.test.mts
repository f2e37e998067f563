// Web logins: pages, codes, tokens, profiles. § marks point into docs/platform-facts.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fake, fake } from './world.mts';

const OA = 'wx0a00000000000000';
const SITE = 'wx5170000000000000';
const BACK = 'https://shop.example/login/callback?from=menu';

function world(assume = {}): Fake {
  const web = { secret: 's', redirect_uris: ['https://shop.example/other'] };
  return fake(
    {},
    {
      assume,
      apps: {
        [OA]: { ...web, kind: 'official_account', unionid: true },
        [SITE]: { ...web, kind: 'website', unionid: true },
      },
    },
  );
}

async function visit({ handle }: Fake, page: string, query: Record<string, string>): Promise<Response> {
  return handle(new Request(`http://wechat.test/connect/${page}?${new URLSearchParams(query)}`));
}

const authorize = (world: Fake, query: Record<string, string> = {}) =>
  visit(world, 'oauth2/authorize', {
    appid: OA,
    redirect_uri: BACK,
    response_type: 'code',
    scope: 'snsapi_userinfo',
    state: 'abc123',
    ...query,
  });

async function code(world: Fake, query: Record<string, string> = {}): Promise<string> {
  const response = await authorize(world, { user: 'mei', ...query });
  assert.equal(response.status, 302);
  const target = new URL(response.headers.get('location') as string);
  assert.deepEqual(
    [target.host, target.searchParams.get('state'), target.searchParams.get('from')],
    ['shop.example', 'abc123', 'menu'],
  );
  return target.searchParams.get('code') as string;
}

const exchange = (world: Fake, code: string, appid = OA) =>
  world.get('/sns/oauth2/access_token', { appid, secret: 's', code, grant_type: 'authorization_code' });

test('from the page to the profile, and the same person everywhere by unionid (§3.8)', async () => {
  const fake = world();
  const session = await exchange(fake, await code(fake));
  assert.deepEqual([session.expires_in, session.scope, session.is_snapshotuser], [7_200, 'snsapi_userinfo', undefined]);
  const { access_token, openid } = session;
  const profile = await fake.get('/sns/userinfo', { access_token, openid, lang: 'zh_CN' });
  assert.deepEqual([profile.nickname, profile.privilege, profile.unionid], ['mei', [], session.unionid]);
  assert.equal((await fake.get('/sns/auth', { access_token, openid })).errcode, 0);
  assert.equal((await fake.get('/sns/auth', { access_token, openid: 'oOther' })).errcode, 40003);
});

test('without a user the page asks who is there; its links need no hand (§3.8)', async () => {
  const fake = world();
  fake.wechat.person('<li>');
  const html = await (await authorize(fake)).text();
  assert.match(html, /Log in as/);
  assert.ok(!html.includes('<li>'), 'names are text');
  const links = [...html.matchAll(/href="([^"]+)"/g)].map(([, link]) =>
    (link as string).replaceAll('&#38;', '&').replaceAll('&#60;', '<'),
  );
  const back = await fake.handle(
    new Request(new URL(links.find((link) => link.includes('user=')) as string, 'http://w')),
  );
  assert.equal(back.status, 302);
});

test('what is wrong with the request is said, and no code goes anywhere (§3.8)', async () => {
  const fake = world();
  const refused = async (query: Record<string, string>) => {
    const response = await authorize(fake, { user: 'mei', ...query });
    assert.equal(response.status, 400);
    return /role="alert">([\w]+)/.exec(await response.text())?.[1];
  };
  assert.equal(await refused({ appid: 'wx0' }), 'appid');
  assert.equal(await refused({ redirect_uri: 'https://evil.example/' }), 'redirect_uri');
  assert.equal(await refused({ redirect_uri: 'nonsense' }), 'redirect_uri');
  assert.equal(await refused({ scope: 'snsapi_login' }), 'scope');
  assert.equal(await refused({ state: 'a-b' }), 'state');
  assert.equal(await refused({ state: 'a'.repeat(129) }), 'state');
  assert.deepEqual(fake.wechat.state().codes, {});
});

test('a code is used once and for five minutes, a QR code’s for ten (§3.8)', async () => {
  const fake = world();
  const once = await code(fake);
  assert.equal((await exchange(fake, once, SITE)).errcode, 40029, 'another app’s');
  await exchange(fake, once);
  assert.equal((await exchange(fake, once)).errcode, 40163);
  const late = await code(fake);
  const scanned = await visit(fake, 'qrconnect', {
    appid: SITE,
    redirect_uri: BACK,
    response_type: 'code',
    scope: 'snsapi_login',
    state: 'any-thing_goes',
    user: 'mei',
  });
  const qr = new URL(scanned.headers.get('location') as string).searchParams.get('code') as string;
  await fake.advance(300);
  assert.equal((await exchange(fake, late)).errcode, 40029);
  assert.equal((await exchange(fake, qr, SITE)).scope, 'snsapi_login');
});

test('snsapi_base has no profile (§3.8)', async () => {
  const fake = world();
  const { access_token, openid } = await exchange(fake, await code(fake, { scope: 'snsapi_base' }));
  assert.equal((await fake.get('/sns/userinfo', { access_token, openid })).errcode, 48001);
});

test('refreshing gives a new access token and does not prolong the refresh token (§3.8)', async () => {
  const fake = world();
  const { access_token, openid, refresh_token } = await exchange(fake, await code(fake));
  const refresh = () =>
    fake.get('/sns/oauth2/refresh_token', { appid: OA, grant_type: 'refresh_token', refresh_token });
  await fake.advance(7_200);
  assert.equal((await fake.get('/sns/auth', { access_token, openid })).errcode, 42001);
  const fresh = await refresh();
  assert.equal(fresh.refresh_token, refresh_token);
  assert.equal((await fake.get('/sns/auth', { access_token: fresh.access_token, openid })).errcode, 0);
  await fake.advance(30 * 86_400 - 7_200);
  assert.equal((await refresh()).errcode, 40030);
});

test('what is missing is said before what is wrong (seen in co-wechat-oauth’s own tests)', async () => {
  const fake = world();
  const errcode = async (path: string, query: Record<string, string>) => (await fake.get(path, query)).errcode;
  const refresh = { appid: 'wx0', grant_type: 'refresh_token' };
  assert.equal(await errcode('/sns/oauth2/refresh_token', refresh), 41003);
  assert.equal(await errcode('/sns/oauth2/refresh_token', { ...refresh, refresh_token: 'x' }), 40013);
  assert.equal(await errcode('/sns/oauth2/refresh_token', { ...refresh, appid: OA, refresh_token: 'x' }), 40030);
  assert.equal(await errcode('/sns/oauth2/access_token', { appid: 'wx0', secret: 's' }), 41008);
  assert.equal(await errcode('/sns/userinfo', { access_token: 'x', openid: 'y' }), 40001);
});

test('a snapshot page’s person is virtual, and marked (§3.8)', async () => {
  const fake = world();
  const real = await exchange(fake, await code(fake));
  fake.wechat.person('ghost').snapshot = true;
  const ghost = await exchange(fake, await code(fake, { user: 'ghost' }));
  assert.equal(ghost.is_snapshotuser, 1);
  assert.notEqual(ghost.openid, real.openid);
});

test('a cancelled login comes back with the state alone, or not at all, as assumed (§3.8)', async () => {
  const query = {
    appid: SITE,
    redirect_uri: BACK,
    response_type: 'code',
    scope: 'snsapi_login',
    state: 'x',
    deny: '1',
  };
  const back = await visit(world(), 'qrconnect', query);
  const target = new URL(back.headers.get('location') as string);
  assert.deepEqual([target.searchParams.get('state'), target.searchParams.get('code')], ['x', null]);
  assert.equal((await visit(world({ qr_login_denied: 'no-redirect' }), 'qrconnect', query)).status, 200);
});

test('the JS-SDK ticket is one for two hours (§3.8)', async () => {
  const fake = world();
  const ticket = async () => fake.get('/cgi-bin/ticket/getticket', { access_token: await fake.token(), type: 'jsapi' });
  const first = await ticket();
  await fake.advance(100);
  const same = await ticket();
  assert.deepEqual([same.ticket, same.expires_in, first.errcode], [first.ticket, 7_100, 0]);
  await fake.advance(7_100);
  assert.notEqual((await ticket()).ticket, first.ticket);
});
