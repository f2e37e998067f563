// Web-login clients of other projects against the simulator, unmodified: from their redirect through WeChat's page to the
// user that they report. Each uses GET or POST, a form or a query, as it does with WeChat.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { type SimServer, startServer } from '../../js/sim/http-server.js';
import { WeChat } from '../../js/sim/wechat/index.js';
import type { Json } from '../harness.mts';
import { runPython } from './python.mts';
import { redirectWeChat } from './wechat-host.mts';

const SITE = 'wx5170000000000000';
const OFFICIAL = 'wx0a00000000000000';
const MINI = 'wxa0b1c2d3e4f50617';
const SECRET = '0123456789abcdef0123456789abcdef';
const BACK = 'http://shop.example/callback';
const require = createRequire(import.meta.url);

const wechat = new WeChat({
  apps: {
    [SITE]: { secret: SECRET, kind: 'website', unionid: true },
    [OFFICIAL]: { secret: SECRET, kind: 'official_account', unionid: true },
    [MINI]: { secret: SECRET, unionid: true },
  },
});
wechat.user('mei').nickName = '小梅';
let server: SimServer;
let restore: () => void;
before(async () => {
  server = await startServer(wechat);
  restore = redirectWeChat(server.url);
});
after(async () => {
  restore();
  await server.close();
});

/** Opens WeChat's page as a user who logs in or refuses, and returns the address that WeChat redirects to. */
async function visit(address: string, choice: Record<string, string>): Promise<URL> {
  const page = new URL(address);
  for (const [name, value] of Object.entries(choice)) page.searchParams.set(name, value);
  const response = await fetch(page, { redirect: 'manual' });
  assert.equal(response.status, 302, await response.text());
  return new URL(response.headers.get('location') as string);
}

/** Passes one request to a passport strategy and returns its outcome. */
function passport(strategy: Json, query: object, options: object = {}): Promise<Json> {
  return new Promise((resolve) => {
    const bound = Object.create(strategy);
    bound.success = (user: Json) => resolve({ user });
    bound.fail = (...why: Json[]) => resolve({ failed: why });
    bound.error = (error: Error) => resolve({ error: error.message });
    bound.redirect = (url: string) => resolve({ url });
    const express = {
      protocol: 'http',
      originalUrl: '/callback',
      get: () => 'shop.example',
      session: {},
      _passport: {},
    };
    bound.authenticate({ query, headers: {}, ...express }, options);
  });
}
const verify = (...args: Json[]) => args.at(-1)(null, args);

test('passport-weixin logs in users of a website and of a mini program', async () => {
  const { Strategy } = require('passport-weixin');
  const app = { clientID: SITE, clientSecret: SECRET, callbackURL: BACK, requireState: false };
  const strategy = new Strategy(app, verify);
  const { url } = await passport(strategy, {}, { state: 'csrf' });
  const back = await visit(url, { user: 'mei' });
  const { user, error } = await passport(strategy, Object.fromEntries(back.searchParams), { state: 'csrf' });
  assert.equal(error, undefined);
  const [, , profile] = user;
  assert.deepEqual([profile.id, profile.displayName], [wechat.account(SITE, 'mei').unionid, '小梅']);

  const weapp = new Strategy(
    {
      clientID: MINI,
      clientSecret: SECRET,
      authorizationURL: 'https://api.weixin.qq.com/sns/jscode2session',
      scope: 'weapp_login',
      requireState: false,
    },
    verify,
  );
  const { code, openid } = wechat.issueCode(MINI, 'mei');
  const mini = await passport(weapp, { code });
  assert.ok(JSON.stringify(mini.user).includes(openid));
});

test('passport-wechat: profile of an official account, no unionid with snsapi_base, website, refusal', async () => {
  const Strategy = require('passport-wechat').Strategy;
  const strategy = (more: object) =>
    new Strategy({ appID: OFFICIAL, appSecret: SECRET, callbackURL: BACK, ...more }, verify);
  const logIn = async (more: object, choice: Record<string, string> = { user: 'mei' }) => {
    const { url } = await passport(strategy(more), {}, { state: 'csrf' });
    const back = await visit(url, choice);
    return passport(strategy(more), Object.fromEntries(back.searchParams));
  };
  const { openid, unionid } = wechat.account(OFFICIAL, 'mei');
  const [, , known] = (await logIn({ scope: 'snsapi_userinfo' })).user;
  assert.deepEqual([known.openid, known.unionid, known.nickname], [openid, unionid, '小梅']);
  const [, , silent] = (await logIn({ scope: 'snsapi_base' })).user;
  assert.deepEqual(silent, { openid, unionid: undefined });
  const [, , site] = (await logIn({ client: 'web', scope: 'snsapi_login', appID: SITE })).user;
  assert.deepEqual([site.openid, site.unionid], [wechat.account(SITE, 'mei').openid, unionid]);
  assert.deepEqual(await logIn({ scope: 'snsapi_userinfo' }, { deny: '1' }), { failed: [401] });
});

test('wechat-oauth: userinfo, refresh, check of the old token, login of a mini program', async () => {
  const OAuth = require('wechat-oauth');
  const call = (api: Json, name: string, ...args: Json[]): Promise<Json> =>
    new Promise((resolve, reject) => {
      api[name](...args, (error: Error, result: Json) => (error ? reject(error) : resolve(result)));
    });
  const api = new OAuth(OFFICIAL, SECRET);
  const back = await visit(api.getAuthorizeURL(BACK, 'state', 'snsapi_userinfo'), { user: 'mei' });
  const { data } = await call(api, 'getAccessToken', back.searchParams.get('code'));
  const { openid, access_token, refresh_token } = data;
  assert.equal((await call(api, 'getUser', openid)).nickname, '小梅');
  const renewed = await call(api, 'refreshAccessToken', refresh_token);
  assert.equal(renewed.data.openid, openid);
  assert.equal((await call(api, 'verifyToken', openid, access_token)).errmsg, 'ok');
  const mini = new OAuth(MINI, SECRET, undefined, undefined, true);
  const login = wechat.issueCode(MINI, 'mei');
  assert.equal((await call(mini, 'getSessionKey', login.code)).data.openid, login.openid);
  await assert.rejects(call(mini, 'getSessionKey', login.code), { code: 40163 });
});

test('Auth.js: login of a website up to its session', async () => {
  const { Auth } = await import('@auth/core');
  const { default: provider } = await import('@auth/core/providers/wechat');
  const cookies = new Map<string, string>();
  /** A browser with cookies at the shop. */
  const shop = async (path: string, body?: URLSearchParams): Promise<Response> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const init = body ? { method: 'POST', body, headers: { cookie } } : { headers: { cookie } };
    const response = await Auth(new Request(new URL(path, 'http://shop.example'), init), {
      providers: [provider({ clientId: SITE, clientSecret: SECRET, platformType: 'WebsiteApp' })],
      secret: SECRET,
      trustHost: true,
      basePath: '/auth',
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    return response;
  };
  const { csrfToken } = (await (await shop('/auth/csrf')).json()) as Json;
  const start = await shop('/auth/signin/wechat', new URLSearchParams({ csrfToken, callbackUrl: BACK }));
  const back = await visit(start.headers.get('location') as string, { user: 'mei' });
  const done = await shop(back.href);
  assert.equal(done.headers.get('location'), BACK);
  const session = (await (await shop('/auth/session')).json()) as Json;
  assert.equal(session.user.name, '小梅');
});

const python = (program: string) => runPython(program, { base: server.url, appid: SITE, secret: SECRET, user: 'mei' });

test('django-allauth: login from the page of a Django project to its account', async () => {
  const { openid, unionid } = wechat.account(SITE, 'mei');
  assert.deepEqual(await python('django_allauth_login.py'), {
    denied: 401,
    status: 302,
    location: '/after',
    openid,
    unionid,
    nickname: '小梅',
  });
});

test('social-auth-core: login from its redirect to the details of the user', async () => {
  const { openid, unionid } = wechat.account(SITE, 'mei');
  const seen = await python('social_auth_login.py');
  assert.deepEqual([seen.openid, seen.unionid, seen.username], [openid, unionid, '小梅']);
  assert.equal(seen.denied, 'AuthProviderError', 'it asks WeChat without a code');
});
