// Login codes, exchanges and the valid session_key. §: docs/platform-facts.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hmacHex } from '../../js/sim/crypto.js';
import { A, B, called, fake } from './sim.mts';

test('a code is valid once, for 5 minutes, for its own app (§1.1, §3.1)', async () => {
  const sim = fake();
  const { code, openid } = sim.wechat.issueCode(A, 'mei');
  assert.equal((await sim.exchange(code, B)).errcode, 40029);
  const session = await sim.exchange(code);
  assert.equal(session.openid, openid);
  assert.equal('errcode' in session, false, 'real successes carry none');
  assert.match(session.session_key, /^[A-Za-z0-9+/]{22}==$/);
  assert.equal((await sim.exchange(code)).errcode, 40163);
  const late = sim.wechat.issueCode(A, 'mei');
  await sim.advance(300);
  assert.equal((await sim.exchange(late.code)).errcode, 40029);
});

test('configuration mistakes are answered with errcode, rid and status 200, as text/plain (§3)', async () => {
  const { wechat, get, handle } = fake();
  const { code: js_code } = wechat.issueCode(A, 'mei');
  const errcode = async (query: Record<string, string>) => (await get('/sns/jscode2session', query)).errcode;
  assert.equal(await errcode({ js_code }), 41002);
  assert.equal(await errcode({ appid: A, js_code }), 41004);
  assert.equal(await errcode({ appid: 'wx0', secret: 's', js_code }), 40013);
  assert.equal(await errcode({ appid: A, secret: 'wrong', js_code }), 40125);
  assert.equal(await errcode({ appid: A, secret: 'sa' }), 41008);
  for (const grant of [{}, { grant_type: 'client_credential' }]) {
    assert.equal(await errcode({ appid: A, secret: 'sa', js_code, ...grant }), 40002);
  }
  const body = JSON.stringify({ appid: A, secret: 'sa', js_code, grant_type: 'authorization_code' });
  const posted = await handle(new Request('http://wechat.test/sns/jscode2session', { method: 'POST', body }));
  assert.deepEqual([posted.status, posted.headers.get('content-type')], [200, 'text/plain']);
  const text = await posted.text();
  assert.match(text, /"errcode":41002,"errmsg":"appid missing, rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}"/);
});

test('slashes are escaped in JSON, as observed, unless assumed otherwise (§3.1)', async () => {
  for (const escape_slashes of [true, false]) {
    const { wechat, handle } = fake({}, { assume: { escape_slashes } });
    let text = '';
    for (let user = 0; !text.includes('/'); user++) {
      const { code } = wechat.issueCode(A, `user ${user}`);
      const query = `appid=${A}&secret=sa&js_code=${code}&grant_type=authorization_code`;
      text = await (await handle(new Request(`http://wechat.test/sns/jscode2session?${query}`))).text();
    }
    assert.equal(text.includes('\\/'), escape_slashes);
    assert.match(JSON.parse(text).session_key, /^[A-Za-z0-9+/]{22}==$/);
  }
});

test('one session_key is valid per user and app: a login ends the previous one (§1.1, §3.2)', async () => {
  const sim = fake();
  const first = await sim.exchange(sim.wechat.issueCode(A, 'mei').code);
  const check = async (key: string) =>
    (await sim.get('/wxa/checksession', await sim.signed(first.openid, key))).errcode;
  assert.equal(await check(first.session_key), 0);
  const second = await sim.exchange(sim.wechat.issueCode(A, 'mei').code);
  assert.deepEqual([await check(first.session_key), await check(second.session_key)], [87009, 0]);
  const other = await sim.exchange(sim.wechat.issueCode(A, 'li').code);
  assert.deepEqual([await check(second.session_key), await check(other.session_key)], [0, 87009]);
});

test('the session_key changes at the login, or at the exchange if that is assumed (§1.1)', async () => {
  for (const session_key_rotates_at of ['login', 'exchange'] as const) {
    const sim = fake({}, { assume: { session_key_rotates_at } });
    const first = await sim.exchange(sim.wechat.issueCode(A, 'mei').code);
    sim.wechat.issueCode(A, 'mei');
    const { errcode } = await sim.get('/wxa/checksession', await sim.signed(first.openid, first.session_key));
    assert.equal(errcode, session_key_rotates_at === 'login' ? 87009 : 0);
  }
});

test('within the minimum refresh period a login keeps the session_key (§1.1)', async () => {
  const sim = fake({}, { assume: { session_key_min_refresh_s: 60 } });
  const key = async () => (await sim.exchange(sim.wechat.issueCode(A, 'mei').code)).session_key;
  const first = await key();
  await sim.advance(59);
  assert.equal(await key(), first);
  await sim.advance(1);
  assert.notEqual(await key(), first);
});

test('a data pre-fetch issues a code and changes the session_key too (§1.1)', async () => {
  const sim = fake();
  const first = await sim.exchange(sim.wechat.issueCode(A, 'mei').code);
  const { code } = await sim.phone().prefetch();
  const { errcode } = await sim.get('/wxa/checksession', await sim.signed(first.openid, first.session_key));
  assert.equal(errcode, 87009);
  assert.equal((await sim.exchange(code)).openid, first.openid);
});

test('wx.checkSession checks the latest login, and fails when the session_key was unused for its life (§1.1)', async () => {
  const sim = fake();
  const { wx } = sim.phone();
  await assert.rejects(called(wx.checkSession), { errMsg: 'checkSession:fail session time out, need relogin' });
  await called(wx.login);
  await called(wx.checkSession);
  await sim.advance(2 * 86_400);
  await called(wx.checkSession);
  await sim.advance(2 * 86_400);
  await called(wx.checkSession);
  await sim.advance(3 * 86_400);
  await assert.rejects(called(wx.checkSession));
});

test('resetusersessionkey ends the old key, and the new one keeps its expiry (§3.2)', async () => {
  const sim = fake();
  const { openid, session_key } = await sim.exchange(sim.wechat.issueCode(A, 'mei').code);
  const reset = await sim.get('/wxa/resetusersessionkey', await sim.signed(openid, session_key));
  assert.deepEqual([reset.errcode, reset.openid], [0, openid]);
  const check = async (key: string) => (await sim.get('/wxa/checksession', await sim.signed(openid, key))).errcode;
  assert.deepEqual([await check(session_key), await check(reset.session_key)], [87009, 0]);
  await sim.advance(3 * 86_400);
  assert.equal(await check(reset.session_key), 87007);
});

test('checksession refuses unknown openids, other sig_methods and missing tokens (§3.2, §3.3)', async () => {
  const sim = fake();
  const { openid, session_key } = await sim.exchange(sim.wechat.issueCode(A, 'mei').code);
  const good = await sim.signed(openid, session_key);
  const errcode = async (change: object) => (await sim.get('/wxa/checksession', { ...good, ...change })).errcode;
  assert.equal(await errcode({ sig_method: 'md5' }), 87008);
  assert.equal(await errcode({ openid: 'oNobody' }), 87007);
  assert.equal(await errcode({ access_token: '' }), 41001);
  assert.equal(await errcode({ access_token: 'nonsense' }), 40001);
});

test('getuserencryptkey returns the last three versions, getLatestUserKey the newest (§1.9, §3.5)', async () => {
  const sim = fake();
  const { openid, session_key } = await sim.exchange(sim.wechat.issueCode(A, 'mei').code);
  const list = async () =>
    (await sim.get('/wxa/business/getuserencryptkey', await sim.signed(openid, session_key))).key_info_list;
  const versions = async () => (await list()).map(({ version }: { version: number }) => version);
  assert.deepEqual(await versions(), [1]);
  await sim.advance(3_599);
  assert.deepEqual(await versions(), [1], 'a key lives for an hour');
  // Keys are made on request: the requests are 5 and 19 hours apart.
  await sim.advance(5 * 3_600);
  assert.deepEqual(await versions(), [2, 1]);
  await sim.advance(19 * 3_600);
  assert.deepEqual(await versions(), [3, 2, 1]);
  await sim.advance(3_600);
  await list();
  await sim.advance(3);
  const [newest, older, oldest, ...more] = await list();
  assert.deepEqual([newest.version, older.version, oldest.version, more], [4, 3, 2, []]);
  assert.deepEqual([newest.expire_in, older.expire_in], [3_597, 0]);
  assert.equal(older.create_time - oldest.create_time, 19 * 3_600);
  assert.match(newest.iv, /^[0-9a-f]{16}$/);
  const key = await called(sim.phone().wx.getUserCryptoManager().getLatestUserKey);
  assert.deepEqual([key.encryptKey, key.iv, key.version], [newest.encrypt_key, newest.iv, 4]);
});

test('a blocked user gets 40226, too many exchanges 45011 (§3.1)', async () => {
  const sim = fake({}, { assume: { exchanges_per_minute: 2 } });
  sim.wechat.user('rogue').blocked = true;
  assert.equal((await sim.exchange(sim.wechat.issueCode(A, 'rogue').code)).errcode, 40226);
  const errcodes = [];
  for (let n = 0; n < 3; n++) errcodes.push((await sim.exchange(sim.wechat.issueCode(A, 'mei').code)).errcode);
  assert.deepEqual(errcodes, [undefined, undefined, 45011]);
  await sim.advance(60);
  assert.equal((await sim.exchange(sim.wechat.issueCode(A, 'mei').code)).errcode, undefined);
  const unknown = [];
  for (let n = 0; n < 3; n++) unknown.push((await sim.exchange('no such code')).errcode);
  assert.deepEqual(unknown, [40029, 40029, 40029], 'the quota is a user’s, and an unknown code has none');
});

test('a blocked login uses its code or keeps it, as assumed (§3.1)', async () => {
  for (const blocked_login_uses_code of [true, false]) {
    const sim = fake({}, { assume: { blocked_login_uses_code } });
    sim.wechat.user('rogue').blocked = true;
    const { code } = sim.wechat.issueCode(A, 'rogue');
    assert.equal((await sim.exchange(code)).errcode, 40226);
    assert.equal((await sim.exchange(code)).errcode, blocked_login_uses_code ? 40163 : 40226);
  }
});

test('a code that was used and has expired gives 40029 or 40163, as assumed (§3.1)', async () => {
  for (const used_code_after_expiry of [40029, 40163] as const) {
    const sim = fake({}, { assume: { used_code_after_expiry } });
    const { code } = sim.wechat.issueCode(A, 'mei');
    await sim.exchange(code);
    await sim.advance(300);
    assert.equal((await sim.exchange(code)).errcode, used_code_after_expiry);
  }
});

test('only mini programs have login and phone codes, only components component tokens (§3.6, §3.8)', async () => {
  const kinds = ['official_account', 'website', 'component'] as const;
  const appid = (kind: string) => `wx_${kind}`;
  const apps = Object.fromEntries(kinds.map((kind) => [appid(kind), { secret: 's', kind }]));
  const sim = fake({}, { apps });
  for (const kind of kinds) {
    for (const body of [{}, { kind: 'phone' }]) {
      const { error } = await sim.post('/_sim/codes', { appid: appid(kind), user: 'mei', ...body });
      assert.match(error, /^invalid appid: .* not a mini_program$/);
    }
    const login = called(sim.phone({ appid: appid(kind) }).wx.login);
    await assert.rejects(login, { errMsg: /^login:fail invalid appid/ });
  }
  const token = async (component_appid: string, component_appsecret: string, ticket = 't') =>
    (
      await sim.post('/cgi-bin/component/api_component_token', {
        component_appid,
        component_appsecret,
        component_verify_ticket: ticket,
      })
    ).errcode;
  assert.equal(await token(A, 'sa'), 61011);
  assert.equal(await token(appid('component'), 's'), undefined);
  assert.equal(await token(appid('component'), 's', ''), 61006);
  assert.equal(await token('', 's'), 41018);
});

test('a user has a different openid in each app, and one unionid (§3.8)', async () => {
  const sim = fake();
  const a = await sim.exchange(sim.wechat.issueCode(A, 'mei').code);
  const b = await sim.exchange(sim.wechat.issueCode(B, 'mei').code, B);
  assert.notEqual(a.openid, b.openid);
  assert.equal(a.unionid, b.unionid);
  assert.match(a.openid, /^o[A-Za-z0-9_-]{27}$/);
});

test('a component logs users in for the apps that have authorised it (§3.6)', async () => {
  const C = 'wxcccccccccccccccc';
  const sim = fake({}, { apps: { [C]: { secret: 'sc', kind: 'component', authorizers: [A] } } });
  const { component_access_token } = await sim.post('/cgi-bin/component/api_component_token', {
    component_appid: C,
    component_appsecret: 'sc',
    component_verify_ticket: 'ticket@@@x',
  });
  const exchange = (appid: string, token = component_access_token) =>
    sim.get('/sns/component/jscode2session', {
      appid,
      js_code: sim.wechat.issueCode(appid, 'mei').code,
      grant_type: 'authorization_code',
      component_appid: C,
      component_access_token: token,
    });
  assert.equal((await exchange(A)).openid, sim.wechat.account(A, 'mei').openid);
  assert.equal((await exchange(B)).errcode, 61003);
  assert.equal((await exchange(A, await sim.token())).errcode, 40001, 'another kind of token');
  const own = { grant_type: 'client_credential', component_appid: C };
  const { access_token } = await sim.get('/cgi-bin/token', { ...own, appid: C, secret: 'sc' });
  assert.equal((await exchange(A, access_token)).errcode, 40001, 'of the component, but of another kind');
  const check = await sim.get('/wxa/checksession', { access_token: component_access_token });
  assert.equal(check.errcode, 40001, 'and the other way round');
});

test('a phone code is not a login code, is valid once, and belongs to its user (§1.3, §3.5)', async () => {
  const sim = fake();
  const access_token = await sim.token();
  const phone = (body: object) => sim.post('/wxa/business/getuserphonenumber', body, { access_token });
  const login = sim.wechat.issueCode(A, 'mei');
  assert.equal((await phone({ code: login.code })).errcode, 40029);
  const code = sim.wechat.issuePhoneCode(A, 'mei');
  assert.equal((await sim.exchange(code)).errcode, 40029);
  assert.equal((await phone({ code, openid: 'oSomebodyElse' })).errcode, 40029);
  const reply = await phone({ code, openid: login.openid });
  assert.deepEqual(reply.phone_info.watermark, { timestamp: sim.wechat.world.seconds(), appid: A });
  assert.equal((await phone({ code, openid: login.openid })).errcode, 40163);
  assert.equal((await phone({ code: sim.wechat.issuePhoneCode(B, 'mei') })).errcode, 40013, 'another app’s');
});

test('the key of the HMAC is the base64 text of the session_key (§3.2)', () => {
  assert.equal(
    hmacHex('o0q0otL8aEzpcZL/FT9WsQ==', '{"foo":"bar"}'),
    '654571f79995b2ce1e149e53c0a33dc39c0a74090db514261454e8dbe432aa0b',
  );
});
