// Web logins: pages, codes, tokens, profiles. §: docs/platform-facts.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../harness.mts';
import { A, fake, type Sim } from './sim.mts';

const OA = 'wx0a00000000000000';
const SITE = 'wx5170000000000000';
const BACK = 'https://shop.example/login/callback?from=menu';

function sim(assume = {}): Sim {
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

async function visit({ handle }: Sim, page: string, query: Record<string, string>): Promise<Response> {
  return handle(new Request(`http://wechat.test/connect/${page}?${new URLSearchParams(query)}`));
}

const authorize = (sim: Sim, query: Record<string, string> = {}) =>
  visit(sim, 'oauth2/authorize', {
    appid: OA,
    redirect_uri: BACK,
    response_type: 'code',
    scope: 'snsapi_userinfo',
    state: 'abc123',
    ...query,
  });

async function code(sim: Sim, query: Record<string, string> = {}): Promise<string> {
  const response = await authorize(sim, { user: 'mei', ...query });
  assert.equal(response.status, 302);
  const target = new URL(response.headers.get('location') as string);
  assert.deepEqual(
    [target.host, target.searchParams.get('state'), target.searchParams.get('from')],
    ['shop.example', 'abc123', 'menu'],
  );
  return target.searchParams.get('code') as string;
}

const exchange = (sim: Sim, code: string, appid = OA) =>
  sim.get('/sns/oauth2/access_token', { appid, secret: 's', code, grant_type: 'authorization_code' });

test('a web login leads from the page to the profile, with the user’s unionid (§3.8)', async () => {
  const fake = sim();
  const session = await exchange(fake, await code(fake));
  assert.deepEqual([session.expires_in, session.scope, session.is_snapshotuser], [7_200, 'snsapi_userinfo', undefined]);
  const { access_token, openid } = session;
  const profile = await fake.get('/sns/userinfo', { access_token, openid, lang: 'zh_CN' });
  assert.deepEqual([profile.nickname, profile.privilege, profile.unionid], ['mei', [], session.unionid]);
  assert.equal((await fake.get('/sns/auth', { access_token, openid })).errcode, 0);
  assert.equal((await fake.get('/sns/auth', { access_token, openid: 'oOther' })).errcode, 40003);
});

test('without `user` the page lists the users; a link with `user` redirects (§3.8)', async () => {
  const fake = sim();
  fake.wechat.user('<li>');
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

test('a wrong request shows its error on the page and redirects nowhere (§3.8)', async () => {
  const fake = sim();
  const refused = async (query: Record<string, string>) => {
    const response = await authorize(fake, { user: 'mei', ...query });
    assert.equal(response.status, 400);
    return /role="alert">([\w]+)/.exec(await response.text())?.[1];
  };
  assert.equal(await refused({ appid: 'wx0' }), 'appid');
  assert.equal(await refused({ redirect_uri: 'https://evil.example/' }), 'redirect_uri');
  assert.equal(await refused({ redirect_uri: 'nonsense' }), 'redirect_uri');
  assert.equal(await refused({ scope: 'snsapi_login' }), 'scope');
  assert.equal(await refused({ redirect_uri: 'javascript:alert(1)' }), 'redirect_uri');
  assert.equal(await refused({ appid: SITE }), 'scope', 'a website has no snsapi_userinfo');
  assert.equal(await refused({ appid: A }), 'scope', 'a mini program has no web login');
  assert.equal(await refused({ state: 'a'.repeat(129) }), 'state');
  assert.deepEqual(fake.wechat.state().codes, {});
});

const QR = { appid: SITE, redirect_uri: BACK, response_type: 'code', scope: 'snsapi_login', user: 'mei' };
const returned = (response: Response): string => response.headers.get('location') ?? '';

test('an official account’s redirect_uri must not have a port, except on loopback (10003, §3.8)', async () => {
  const oa = { appid: OA, response_type: 'code', scope: 'snsapi_base', state: 's', user: 'mei' };
  const fake_ = fake({}, { apps: { [OA]: { secret: 's', kind: 'official_account' } } });
  const status = async (redirect_uri: string) =>
    (await visit(fake_, 'oauth2/authorize', { ...oa, redirect_uri })).status;
  assert.equal(await status('https://shop.example:8443/x'), 400);
  assert.equal(await status('https://shop.example/x'), 302);
  assert.equal(await status('http://127.0.0.1:8787/x'), 302);
});

test('the redirect has the code before the state; an official account’s state loses its quotes, a website’s does not', async () => {
  const fake = sim();
  const state = '{"a":1}-_';
  const oa = returned(await authorize(fake, { user: 'mei', state }));
  assert.match(oa, /\?from=menu&code=\w+&state=%7Ba%3A\+1%7D-_$/);
  const site = returned(await visit(fake, 'qrconnect', { ...QR, state }));
  assert.match(site, /&code=\w+&state=%7B%22a%22%3A1%7D-_$/);
  const long = 'a'.repeat(129);
  assert.match(returned(await visit(fake, 'qrconnect', { ...QR, state: long })), /state=a{129}$/);
  const lenient = await authorize(sim({ long_state: 'accepted' }), { user: 'mei', state: long });
  assert.match(returned(lenient), /state=a{129}$/);
});

test('a code is valid once and for 5 minutes, one of a QR login for 10 (§3.8)', async () => {
  const fake = sim();
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
  const site = await exchange(fake, qr, SITE);
  assert.deepEqual([site.scope, typeof site.unionid], ['snsapi_login', 'string']);
});

test('snsapi_base has no unionid and no profile (§3.8)', async () => {
  const fake = sim();
  const session = await exchange(fake, await code(fake, { scope: 'snsapi_base' }));
  assert.equal('unionid' in session, false);
  const { access_token, openid } = session;
  assert.equal((await fake.get('/sns/userinfo', { access_token, openid })).errcode, 48001);
});

test('a refresh keeps and extends an access token that has not expired (§3.8)', async () => {
  const fake = sim();
  const { access_token, openid, refresh_token } = await exchange(fake, await code(fake));
  await fake.advance(7_199);
  const renewed = await fake.get('/sns/oauth2/refresh_token', {
    appid: OA,
    grant_type: 'refresh_token',
    refresh_token,
  });
  assert.deepEqual([renewed.access_token, renewed.expires_in], [access_token, 7_200]);
  await fake.advance(7_199);
  assert.equal((await fake.get('/sns/auth', { access_token, openid })).errcode, 0);
});

test('a refresh replaces an expired access token; the refresh token’s life is not extended (§3.8)', async () => {
  const fake = sim();
  const { access_token, openid, refresh_token } = await exchange(fake, await code(fake));
  const refresh = () =>
    fake.get('/sns/oauth2/refresh_token', { appid: OA, grant_type: 'refresh_token', refresh_token });
  await fake.advance(7_200);
  assert.equal((await fake.get('/sns/auth', { access_token, openid })).errcode, 42001);
  const fresh = await refresh();
  assert.equal(fresh.refresh_token, refresh_token);
  assert.equal((await fake.get('/sns/auth', { access_token: fresh.access_token, openid })).errcode, 0);
  assert.equal((await fake.get('/sns/auth', { access_token, openid })).errcode, 42001, 'the old one stays expired');
  await fake.advance(30 * 86_400 - 7_200);
  assert.equal((await refresh()).errcode, 40030);
});

test('missing parameters are reported before wrong ones (as in co-wechat-oauth’s own tests)', async () => {
  const fake = sim();
  const errcode = async (path: string, query: Record<string, string>) => (await fake.get(path, query)).errcode;
  const refresh = { appid: 'wx0', grant_type: 'refresh_token' };
  assert.equal(await errcode('/sns/oauth2/refresh_token', refresh), 41003);
  assert.equal(await errcode('/sns/oauth2/refresh_token', { ...refresh, refresh_token: 'x' }), 40013);
  assert.equal(await errcode('/sns/oauth2/refresh_token', { ...refresh, appid: OA, refresh_token: 'x' }), 40030);
  assert.equal(await errcode('/sns/oauth2/access_token', { appid: 'wx0', secret: 's' }), 41008);
  assert.equal(await errcode('/sns/userinfo', { access_token: 'x', openid: 'y' }), 40001);
});

test('a snapshot page returns a virtual openid and unionid, or the real ones if assumed (§3.8)', async () => {
  for (const snapshot_ids of ['virtual', 'real'] as const) {
    const fake = sim({ snapshot_ids });
    const real = await exchange(fake, await code(fake));
    fake.wechat.user('mei').snapshot = true;
    const seen = await exchange(fake, await code(fake));
    const profile = await fake.get('/sns/userinfo', seen);
    const same = snapshot_ids === 'real';
    assert.equal(seen.is_snapshotuser, 1);
    assert.deepEqual([seen.openid === real.openid, seen.unionid === real.unionid], [same, same]);
    assert.deepEqual([profile.openid, profile.unionid], [seen.openid, seen.unionid]);
    fake.wechat.user('mei').snapshot = false;
    assert.equal((await exchange(fake, await code(fake))).openid, real.openid, 'the real account is kept');
    const users = Object.keys(fake.wechat.state().apps[OA]?.users ?? {});
    assert.deepEqual(users, same ? ['mei'] : ['mei', 'mei (snapshot)']);
  }
});

test('a mini program has no virtual accounts', async () => {
  const { wechat } = sim();
  const { openid } = wechat.account(A, 'mei');
  wechat.user('mei').snapshot = true;
  assert.equal(wechat.account(A, 'mei').openid, openid);
});

test('a refused login redirects as assumed: with state only, with code=authdeny, or not at all (§3.8)', async () => {
  const denied = async (page: 'qrconnect' | 'oauth2/authorize', assume: object) => {
    const { user: _, ...qr } = QR;
    const oa = { ...qr, appid: OA, scope: 'snsapi_base' };
    const query = { ...(page === 'qrconnect' ? qr : oa), state: 'x', deny: '1' };
    const response = await visit(sim(assume), page, query);
    return response.status === 302 ? new URL(returned(response)).search : response.status;
  };
  assert.equal(await denied('qrconnect', {}), '?from=menu&state=x');
  assert.equal(await denied('qrconnect', { qr_login_denied: 'no-redirect' }), 200);
  const ways = { authdeny: '?from=menu&code=authdeny&state=x', 'state-only': '?from=menu&state=x', 'no-redirect': 200 };
  for (const [official_account_denied, result] of Object.entries(ways)) {
    assert.equal(await denied('oauth2/authorize', { official_account_denied }), result);
  }
});

test('every path reads parameters from a form body too, but not from JSON (§3.1)', async () => {
  const fake = sim();
  const post = async (path: string, body: string, type = 'application/x-www-form-urlencoded; charset=utf-8') => {
    const init = { method: 'POST', body, headers: { 'content-type': type } };
    return (await fake.handle(new Request(`http://wechat.test${path}`, init))).json() as Promise<Json>;
  };
  const form = (path: string, params: Record<string, string>) => post(path, String(new URLSearchParams(params)));
  const app = { appid: OA, secret: 's', grant_type: 'authorization_code' };
  const session = await form('/sns/oauth2/access_token', { ...app, code: await code(fake) });
  assert.equal(session.scope, 'snsapi_userinfo');
  const { access_token, openid, refresh_token } = session;
  assert.equal((await form('/sns/userinfo', { access_token, openid })).nickname, 'mei');
  assert.equal((await form('/sns/auth', { access_token, openid })).errcode, 0);
  const refresh = { appid: OA, grant_type: 'refresh_token', refresh_token };
  assert.equal((await form('/sns/oauth2/refresh_token', refresh)).openid, openid);
  const login = { appid: A, secret: 'sa', grant_type: 'authorization_code' };
  const mini = await form('/sns/jscode2session', { ...login, js_code: fake.wechat.issueCode(A, 'mei').code });
  assert.equal(typeof mini.session_key, 'string');
  const grant = { appid: A, secret: 'sa', grant_type: 'client_credential' };
  const token = (await form('/cgi-bin/token', grant)).access_token;
  assert.equal((await form('/cgi-bin/ticket/getticket', { access_token: token, type: 'jsapi' })).errcode, 0);
  const json = JSON.stringify({ ...app, code: await code(fake) });
  assert.equal((await post('/sns/oauth2/access_token', json, 'application/json')).errcode, 41002);
});

test('grant_type must be authorization_code (§3.8)', async () => {
  const fake = sim();
  for (const grant of [{}, { grant_type: 'refresh_token' }]) {
    const query = { appid: OA, secret: 's', code: await code(fake), ...grant };
    assert.equal((await fake.get('/sns/oauth2/access_token', query)).errcode, 40002);
  }
});

test('a code of one kind of app is unknown to another kind’s call (§3.8)', async () => {
  const fake = sim();
  const grant_type = 'authorization_code';
  const js_code = await code(fake);
  const login = { appid: OA, secret: 's', js_code, grant_type };
  assert.equal((await fake.get('/sns/jscode2session', login)).errcode, 40029);
  const mini = { appid: A, secret: 'sa', code: fake.wechat.issueCode(A, 'mei').code, grant_type };
  assert.equal((await fake.get('/sns/oauth2/access_token', mini)).errcode, 40029);
  for (const [appid, scope] of [
    [A, 'snsapi_base'],
    [SITE, 'snsapi_userinfo'],
    [OA, 'snsapi_login'],
  ] as const) {
    assert.throws(() => fake.wechat.web.issueCode(appid, 'mei', scope), { errcode: 10005 });
  }
});

test('userinfo and access_token each have a quota of 50,000 calls a minute (§3.8)', async () => {
  const fake = sim();
  const { access_token, openid } = await exchange(fake, await code(fake));
  for (let n = 0; n < 50_000; n++) fake.wechat.web.userInfo(access_token, openid);
  assert.equal((await fake.get('/sns/userinfo', { access_token, openid })).errcode, 45011);
  assert.equal((await fake.get('/sns/auth', { access_token, openid })).errcode, 0);
  await fake.advance(60);
  assert.equal((await fake.get('/sns/userinfo', { access_token, openid })).errcode, undefined);
});

test('the JS-SDK ticket stays the same for two hours (§3.8)', async () => {
  const fake = sim();
  const ticket = async () => fake.get('/cgi-bin/ticket/getticket', { access_token: await fake.token(), type: 'jsapi' });
  const first = await ticket();
  await fake.advance(100);
  const same = await ticket();
  assert.deepEqual([same.ticket, same.expires_in, first.errcode], [first.ticket, 7_100, 0]);
  await fake.advance(7_100);
  assert.notEqual((await ticket()).ticket, first.ticket);
  const untyped = await fake.get('/cgi-bin/ticket/getticket', { access_token: await fake.token() });
  assert.equal(untyped.errcode, 40097);
});
