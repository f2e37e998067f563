// The fake WeChat keeps WeChat's rules. § marks point into docs/platform-facts.md.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { hmacHex } from '../../js/sim/crypto.js';
import { createPhone, type Prompt } from '../../js/sim/phone.js';
import { type SimServer, startServer } from '../../js/sim/server.js';
import { WeChat } from '../../js/sim/wechat.js';
import type { Json } from '../harness.mts';

const A = 'wxaaaaaaaaaaaaaaaa';
const B = 'wxbbbbbbbbbbbbbbbb';
// The clock stands, but for what a test advances.
const wechat = new WeChat({
  now: () => 1_790_000_000_000,
  apps: { [A]: { secret: 'sa', unionid: true }, [B]: { secret: 'sb', unionid: true } },
});
let server: SimServer;
before(async () => {
  server = await startServer(wechat);
});
after(() => server.close());
beforeEach(() => wechat.reset());

const get = async (path: string): Promise<Json> => (await fetch(server.url + path)).json();
const post = async (path: string, body: Json): Promise<Json> =>
  (await fetch(server.url + path, { method: 'POST', body: JSON.stringify(body) })).json();
const redeem = (code: string, appid = A, secret = 'sa') =>
  get(`/sns/jscode2session?appid=${appid}&secret=${secret}&js_code=${code}&grant_type=authorization_code`);
const stableToken = (force_refresh = false) =>
  post('/cgi-bin/stable_token', { grant_type: 'client_credential', appid: A, secret: 'sa', force_refresh });

test('a code is used once, for five minutes, by its own app (§1.1, §3.1)', async () => {
  const { code, openid } = await post('/_sim/codes', { appid: A, user: 'mei' });
  assert.equal((await redeem(code, B, 'sb')).errcode, 40029);
  const session = await redeem(code);
  assert.equal(session.openid, openid);
  assert.equal('errcode' in session, false, 'real successes carry none');
  assert.match(session.session_key, /^[A-Za-z0-9+/]{22}==$/);
  assert.equal((await redeem(code)).errcode, 40163);
  const late = await wechat.issueCode(A, 'mei');
  await post('/_sim/clock', { advance_s: 300 });
  assert.equal((await redeem(late.code)).errcode, 40029);
});

test('mistakes of the operator have their errcodes, a rid and status 200, as text/plain (§3)', async () => {
  const { code } = await wechat.issueCode(A, 'mei');
  assert.equal((await redeem(code, 'wx0')).errcode, 40013);
  assert.equal((await redeem(code, A, 'wrong')).errcode, 40125);
  assert.equal((await redeem('')).errcode, 41008);
  const reply = await fetch(`${server.url}/sns/jscode2session`);
  assert.deepEqual([reply.status, reply.headers.get('content-type')], [200, 'text/plain']);
  assert.match(((await reply.json()) as Json).errmsg, /rid: /);
});

test('one session_key is valid per user and app: a login ends the one before (§1.1, §3.2)', async () => {
  const { access_token } = await stableToken();
  const first = await redeem((await wechat.issueCode(A, 'mei')).code);
  const check = async (key: string) =>
    (
      await get(
        `/wxa/checksession?access_token=${access_token}&openid=${first.openid}&signature=${await hmacHex(key, '')}&sig_method=hmac_sha256`,
      )
    ).errcode;
  assert.equal(await check(first.session_key), 0);
  const second = await redeem((await wechat.issueCode(A, 'mei')).code);
  assert.deepEqual([await check(first.session_key), await check(second.session_key)], [87009, 0]);
});

test('a person is another openid in every app, and one unionid (§3.8)', async () => {
  const a = await redeem((await wechat.issueCode(A, 'mei')).code);
  const b = await redeem((await wechat.issueCode(B, 'mei')).code, B, 'sb');
  assert.notEqual(a.openid, b.openid);
  assert.equal(a.unionid, b.unionid);
});

test('stable_token is idempotent, renews before its end, and forcing ends the old one (§3.3)', async () => {
  const first = await stableToken();
  await post('/_sim/clock', { advance_s: 100 });
  const same = await stableToken();
  assert.deepEqual([same.access_token, same.expires_in], [first.access_token, 7100]);
  await post('/_sim/clock', { advance_s: 6_900 });
  const renewed = await stableToken();
  assert.notEqual(renewed.access_token, first.access_token);
  const use = (token: string) => get(`/wxa/checksession?access_token=${token}`);
  assert.equal((await use(first.access_token)).errcode, 87008, 'old and new overlap: the token passes');
  await stableToken(true);
  assert.equal((await use(renewed.access_token)).errcode, 42001);
  assert.equal((await use('nonsense')).errcode, 40001);
});

test('a phone code is another kind, paid for once, and of its user (§1.3, §3.5)', async () => {
  const { access_token } = await stableToken();
  const phone = (body: Json) => post(`/wxa/business/getuserphonenumber?access_token=${access_token}`, body);
  const login = await wechat.issueCode(A, 'mei');
  assert.equal((await phone({ code: login.code })).errcode, 40029);
  const code = await wechat.issuePhoneCode(A, 'mei');
  assert.equal((await redeem(code)).errcode, 40029);
  assert.equal((await phone({ code, openid: 'oSomebodyElse' })).errcode, 40029);
  const reply = await phone({ code, openid: login.openid });
  assert.equal(reply.phone_info.watermark.appid, A);
  assert.equal((await phone({ code, openid: login.openid })).errcode, 40163);
});

test('faults act from the nth call on, for so many calls', async () => {
  await post('/_sim/faults', { call: 'jscode2session', from: 2, times: 1, errcode: -1 });
  const codes = await Promise.all(['a', 'b', 'c'].map(async (user) => (await wechat.issueCode(A, user)).code));
  const errcodes = [];
  for (const code of codes) errcodes.push((await redeem(code)).errcode);
  assert.deepEqual(errcodes, [undefined, -1, undefined]);
});

const promised = <T,>(call: (callbacks: Json) => void, options: object = {}): Promise<T> =>
  new Promise((success, fail) => call({ ...options, success, fail }));

test('a refused scope fails at once, without a dialog, until the settings grant it (§2.2)', async () => {
  const prompts: Prompt[] = [];
  const phone = createPhone({ wechat, appid: A, user: 'mei', onPrompt: (prompt) => prompts.push(prompt) });
  const scope = 'scope.camera';
  const setting = async () => (await promised<Json>(phone.wx.getSetting)).authSetting;
  const prompted = async () => {
    while (!prompts.length) await new Promise((resolve) => setTimeout(resolve, 1));
    return prompts.pop() as Prompt;
  };
  assert.deepEqual(await setting(), {}, 'never asked: absent');
  const refused = assert.rejects(promised(phone.wx.authorize, { scope }), { errMsg: 'authorize:fail auth deny' });
  const dialog = await prompted();
  if (dialog.kind === 'scope') dialog.deny();
  await refused;
  await assert.rejects(promised(phone.wx.authorize, { scope }), { errno: 103 });
  assert.deepEqual([await setting(), prompts.length], [{ [scope]: false }, 0]);

  await assert.rejects(promised(phone.wx.openSetting), { errMsg: /TAP gesture/ });
  const opened = phone.tap(() => promised<Json>(phone.wx.openSetting));
  const page = await prompted();
  if (page.kind === 'settings') {
    page.set(scope, true);
    page.close();
  }
  assert.deepEqual((await opened).authSetting, { [scope]: true });
  await promised(phone.wx.authorize, { scope });
});

test('the privacy contract is needed until it is agreed to (§1.5)', async () => {
  const phone = createPhone({ wechat, appid: A, user: 'mei' });
  const needed = async () => (await promised<Json>(phone.wx.getPrivacySetting)).needAuthorization;
  assert.equal(await needed(), true);
  await phone.agreePrivacy();
  assert.equal(await needed(), false);
});

test('the same seed gives the same codes', async () => {
  const once = async () => (await new WeChat({ apps: { [A]: { secret: 's' } }, seed: 5 }).issueCode(A, 'x')).code;
  assert.equal(await once(), await once());
});
