// SDKs of other projects call the simulator instead of WeChat, unmodified: through their base URL, or through a host
// override if they have none.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type SimServer, startServer } from '../../js/sim/http-server.js';
import { WeChat } from '../../js/sim/wechat/index.js';
import type { Json } from '../harness.mts';
import { runPython } from './python.mts';

const APPID = 'wxa0b1c2d3e4f50617';
const WEB = 'wx5170000000000000';
const SECRET = '0123456789abcdef0123456789abcdef';
const KEY = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG';
const require = createRequire(import.meta.url);

const wechat = new WeChat({
  apps: {
    [APPID]: {
      secret: SECRET,
      push_url: 'https://shop.example/push',
      push_token: 'token',
      encoding_aes_key: KEY,
      push_format: 'xml',
      unionid: true,
    },
    [WEB]: { secret: SECRET, kind: 'official_account' },
  },
});
let server: SimServer;
before(async () => {
  server = await startServer(wechat);
});
after(() => server.close());

/** The data that a phone sends to a server: a code, and a profile encrypted with the session_key of that code. */
function login(user: string) {
  const { code, openid } = wechat.issueCode(APPID, user);
  return { code, openid, profile: wechat.profile(APPID, user) };
}

test('wechatpy: login, tokens, decryption, phone, web login, encrypted push', async () => {
  const { code, openid, profile } = login('mei');
  const push = wechat.push.compose(APPID, { user: 'mei', event: 'user_authorization_revoke' });
  const said = await runPython('wechatpy_speaks.py', {
    base: server.url,
    appid: APPID,
    secret: SECRET,
    code,
    profile,
    phone_code: wechat.issuePhoneCode(APPID, 'mei'),
    web_appid: WEB,
    web_code: wechat.web.issueCode(WEB, 'mei', 'snsapi_userinfo'),
    push_token: 'token',
    encoding_aes_key: KEY,
    push: { body: push.body, ...Object.fromEntries(new URL(push.url).searchParams) },
  });
  const { sessionKey } = wechat.account(APPID, 'mei');
  assert.deepEqual([said.code_to_session.openid, said.code_to_session.session_key], [openid, sessionKey]);
  assert.deepEqual([said['code_to_session again'], said['wrong secret']], [40163, 40125]);
  assert.equal(said.fetch_access_token, 7_200);
  assert.deepEqual([said.decrypt_message.openId, said.decrypt_message.watermark.appid], [openid, APPID]);
  assert.equal(said.phone, wechat.user('mei').phone);
  assert.deepEqual(said.oauth.slice(0, 3), ['snsapi_userinfo', 'mei', true]);
  const { source, event, user } = said.push;
  assert.deepEqual([event, user, source === openid], ['user_authorization_revoke', openid, false]);
});

test('node-easywechat: login, decryption, its access token, phone, encrypted push', async () => {
  const { MiniApp } = require('node-easywechat');
  const config = { app_id: APPID, secret: SECRET, token: 'token', aes_key: KEY, http: { baseURL: server.url } };
  const app = new MiniApp({ ...config, use_stable_access_token: true });
  const kept = new Map<string, Json>();
  app.setCache({
    get: async (key: string) => kept.get(key),
    has: async (key: string) => kept.has(key),
    set: async (key: string, value: Json) => Boolean(kept.set(key, value)),
    delete: async (key: string) => kept.delete(key),
  });
  const { code, openid, profile } = login('li');
  const session = await app.getUtils().codeToSession(code);
  assert.equal(session.openid, openid);
  const opened = app.getUtils().decryptSession(session.session_key, profile.iv, profile.encryptedData);
  assert.equal(opened.openId, openid);
  await assert.rejects(app.getUtils().codeToSession(code), /40163/);
  const phone = await app
    .getClient()
    .postJson('/wxa/business/getuserphonenumber', { code: wechat.issuePhoneCode(APPID, 'li') });
  assert.equal(phone.toObject().phone_info.purePhoneNumber, wechat.user('li').phone);

  const { url, body } = wechat.push.compose(APPID, { user: 'li', event: 'user_authorization_cancellation' });
  const { timestamp, nonce, msg_signature } = Object.fromEntries(new URL(url).searchParams);
  const encrypted = /<Encrypt><!\[CDATA\[(.*?)]]>/.exec(body)?.[1];
  const xml = app.getEncryptor().decrypt(encrypted, msg_signature, nonce, timestamp);
  assert.match(xml, /user_authorization_cancellation/);
});

test('wechat-jssdk: login, signature, decryption', async () => {
  const { MiniProgram } = require('wechat-jssdk');
  const folder = mkdtempSync(join(tmpdir(), 'wechat-jssdk-'));
  const mini = new MiniProgram({
    miniProgram: { appId: APPID, appSecret: SECRET, GET_SESSION_KEY_URL: `${server.url}/sns/jscode2session` },
    // Without this its timer, which saves every ten minutes, keeps the process alive.
    storeOptions: { fileStorePath: join(folder, 'store.json'), noInterval: true },
  });
  const { code, openid, profile } = login('wang');
  const session = await mini.getSession(code);
  assert.equal(session.openid, openid);
  assert.equal(await mini.genSignature(profile.rawData, session.session_key), profile.signature);
  assert.equal((await mini.decryptData(profile.encryptedData, profile.iv, session.session_key)).openId, openid);
  rmSync(folder, { recursive: true });
});

test('co-wechat-api: its access_token stays valid after another fetch, and the JS-SDK ticket', async () => {
  const Api = require('co-wechat-api');
  const api = new Api(APPID, SECRET);
  api.prefix = `${server.url}/cgi-bin/`;
  api.snsPrefix = `${server.url}/sns/`;
  const { accessToken } = await api.getAccessToken();
  const another = new Api(APPID, SECRET);
  another.prefix = api.prefix;
  assert.notEqual((await another.getAccessToken()).accessToken, accessToken);
  api.registerTicketHandle();
  const { ticket } = await api.getTicket();
  assert.match(ticket, /^\w{86}$/);
});
