// Clock, random values, delivery of callbacks, faults.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Clock } from '../../js/sim/clock.js';
import type { Delivery } from '../../js/sim/phone/device.js';
import type { Json } from '../harness.mts';
import { A, called, fake } from './sim.mts';

test('a virtual clock stands still, and advance runs timers in the order of their times', async () => {
  const clock = new Clock(1_000);
  const seen: string[] = [];
  clock.after(20, () => seen.push(`b ${clock.now()}`));
  clock.after(10, () => {
    seen.push(`a ${clock.now()}`);
    void Promise.resolve().then(() => clock.after(5, () => seen.push(`then ${clock.now()}`)));
  });
  clock.after(15, () => seen.push('never'))();
  await clock.advance(9);
  assert.deepEqual(seen, []);
  await clock.advance(100);
  assert.deepEqual(seen, ['a 1010', 'then 1015', 'b 1020']);
  assert.equal(clock.now(), 1_109);
});

test('the machine’s clock can be advanced', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_000 });
  const clock = new Clock();
  const seen: number[] = [];
  clock.after(3_600_000, () => seen.push(clock.now()));
  await clock.advance(3_600_000);
  assert.deepEqual(seen, [3_601_000]);
  t.mock.timers.setTime(2_000);
  assert.equal(clock.now(), 3_602_000);
});

test('timers that became due while the machine was busy run in the order of their times', async (t) => {
  // The mocked time jumps past both timers, so that the test does not depend on the machine's speed.
  t.mock.timers.enable({ apis: ['Date'], now: 1_000 });
  const clock = new Clock();
  const seen: string[] = [];
  const second = new Promise<void>((done) => {
    clock.after(2, () => done(void seen.push('second')));
    clock.after(1, () => seen.push('first'));
  });
  t.mock.timers.setTime(1_005);
  await second;
  assert.deepEqual(seen, ['first', 'second']);
});

test('the same seed gives the same codes, keys, tokens and request ids, also after a reset', async () => {
  const run = async (sim = fake({}, { seed: 7 })) => {
    const session = await sim.exchange(sim.wechat.issueCode(A, 'mei').code);
    const refused = await sim.exchange('nonsense');
    const both = await Promise.all([called(sim.phone().wx.login), called(sim.phone({ user: 'li' }).wx.login)]);
    return [session, refused, await sim.token(), both];
  };
  const sim = fake({}, { seed: 7 });
  const first = await run(sim);
  assert.deepEqual(await run(), first);
  sim.wechat.reset();
  assert.deepEqual(await run(sim), first);
  assert.notDeepEqual(await run(fake({}, { seed: 8 })), first);
});

test('deliver lets a test run callbacks later, never, twice, or after hide', async () => {
  const due: Delivery[] = [];
  const phone = fake().phone({ deliver: (delivery) => due.push(delivery) });
  const codes: string[] = [];
  const turn = () => new Promise((resolve) => setTimeout(resolve, 0));
  phone.wx.login({ success: ({ code }) => codes.push(code) });
  phone.wx.getSetting({ success: () => codes.push('setting') });
  await turn();
  const of = (name: string) => due.find(({ api, result }) => api === name && result === 'success') as Delivery;
  assert.equal(due.length, 2);
  of('getSetting').run();
  phone.hide();
  of('login').run();
  of('login').run();
  assert.deepEqual([codes.length, codes[0], codes[1] === codes[2]], [3, 'setting', true]);
});

test('latency is measured on WeChat’s clock', async () => {
  const sim = fake();
  let code = '';
  sim.phone({ latency: 200 }).wx.login({ success: (result) => (code = result.code) });
  await sim.advance(0.199);
  assert.equal(code, '');
  await sim.advance(0.001);
  assert.match(code, /^\w{32}$/);
});

test('a method without callbacks returns a promise if the base library has promises; login never does (§1.0)', async () => {
  const sim = fake();
  const { wx } = sim.phone();
  assert.equal((await wx.getSetting()).errMsg, 'getSetting:ok');
  await assert.rejects(Promise.resolve(wx.authorize({ scope: 'x' })), { errMsg: 'authorize:fail invalid scope' });
  assert.equal(wx.getSetting({ success() {} }), undefined);
  assert.equal((wx.login as () => unknown)(), undefined);
  assert.equal(sim.phone({ SDKVersion: '2.10.1' }).wx.getSetting(), undefined);
  const order: string[] = [];
  await new Promise<void>((done) =>
    wx.getSetting({
      success: () => order.push('success'),
      complete: ({ errMsg }) => {
        order.push(errMsg);
        done();
      },
    }),
  );
  assert.deepEqual(order, ['success', 'getSetting:ok']);
});

test('wx.login honours its timeout or ignores it, as assumed (§1.1)', async () => {
  for (const login_timeout of ['honoured', 'ignored'] as const) {
    const sim = fake({}, { assume: { login_timeout } });
    const seen: Json[] = [];
    // The answer takes 20 seconds.
    sim.wechat.faults.add({ call: 'wx.login', delay_ms: 20_000 });
    sim.phone().wx.login({ timeout: 5_000, success: (ok) => seen.push(ok), fail: (failure) => seen.push(failure) });
    await sim.advance(60);
    if (login_timeout === 'honoured') assert.deepEqual(seen, [{ errMsg: 'login:fail timeout', errno: 5 }]);
    else assert.equal(seen[0].errMsg, 'login:ok');
  }
});

test('more than 4 rate-limited calls in a second cause a warning in the log, not a failure (§1.1)', async () => {
  const sim = fake();
  const { wx } = sim.phone();
  for (let n = 0; n < 5; n++) await called(wx.login);
  const warned = () => sim.wechat.world.log.after(0).filter(({ text }) => text.startsWith('warning')).length;
  assert.equal(warned(), 1);
  await sim.advance(1);
  await called(wx.getSetting);
  assert.equal(warned(), 1);
});

test('a fault acts from the nth call, for a number of calls, for one user', async () => {
  const sim = fake();
  await sim.post('/_sim/faults', { call: 'jscode2session', from: 2, times: 1, errcode: -1 });
  const exchange = async () => (await sim.exchange(sim.wechat.issueCode(A, 'mei').code)).errcode;
  assert.deepEqual([await exchange(), await exchange(), await exchange()], [undefined, -1, undefined]);
  sim.wechat.faults.add({ call: 'wx.login', user: 'li', fail: { errMsg: 'login:fail', errno: 1402101 } });
  await called(sim.phone().wx.login);
  await assert.rejects(called(sim.phone({ user: 'li' }).wx.login), { errno: 1402101 });
  await sim.post('/_sim/faults', { clear: 'wx.login' });
  await called(sim.phone({ user: 'li' }).wx.login);
  assert.deepEqual(sim.wechat.faults.list(), [{ call: 'jscode2session', from: 2, times: 1, errcode: -1 }]);
});

test('a fault of one user acts on server calls that name the user by code, token or openid', async () => {
  const OA = 'wx0a00000000000000';
  const sim = fake({}, { apps: { [OA]: { secret: 's', kind: 'official_account' } } });
  const { wechat } = sim;
  const grant_type = 'authorization_code';
  const web = async (user: string) => {
    const code = wechat.web.issueCode(OA, user, 'snsapi_userinfo');
    return sim.get('/sns/oauth2/access_token', { appid: OA, secret: 's', code, grant_type });
  };
  const token = await sim.token();
  const sessions = { li: await web('li'), mei: await web('mei') };
  const calls: Record<string, (user: 'li' | 'mei') => Promise<Json>> = {
    jscode2session: (user) => sim.exchange(wechat.issueCode(A, user).code),
    access_token: web,
    userinfo: (user) => sim.get('/sns/userinfo', { ...sessions[user], lang: 'zh_CN' }),
    auth: (user) => sim.get('/sns/auth', { access_token: sessions[user].access_token, openid: 'other' }),
    refresh_token: (user) => {
      const { refresh_token } = sessions[user];
      return sim.get('/sns/oauth2/refresh_token', { appid: OA, grant_type: 'refresh_token', refresh_token });
    },
    checksession: (user) => sim.get('/wxa/checksession', { openid: wechat.account(A, user).openid }),
    getuserphonenumber: (user) =>
      sim.post('/wxa/business/getuserphonenumber', { code: wechat.issuePhoneCode(A, user) }, { access_token: token }),
  };
  for (const [call, ask] of Object.entries(calls)) {
    wechat.faults.add({ call, user: 'li', errcode: -1 });
    assert.equal((await ask('li')).errcode, -1, `${call} of li`);
    assert.notEqual((await ask('mei')).errcode, -1, `${call} of mei`);
  }
});

test('a fault with an unknown or mistyped field, or an impossible value, is refused', async () => {
  const sim = fake();
  const junk = [
    { cal: 'x' },
    { call: '' },
    { call: 1 },
    { call: 'x', tmes: 1 },
    { call: 'x', times: 0 },
    { call: 'x', every: 0.5 },
    { call: 'x', delay_ms: 'soon' },
    { call: 'x', delay_ms: null },
    { call: 'x', http: { status: 99, body: '' } },
    { call: 'x', http: { status: 204, body: 'text' } },
    { call: 'x', http: 'text' },
    { call: 'x', fail: {} },
    { call: 'x', until: 'never' },
    { call: 'x', errcode: '40029' },
  ];
  for (const fault of junk) {
    assert.equal(typeof (await sim.post('/_sim/faults', fault)).error, 'string', JSON.stringify(fault));
  }
  assert.deepEqual(sim.wechat.faults.list(), []);
});

test('after_work: the answer is lost and the code is used', async () => {
  const sim = fake();
  sim.wechat.faults.add({ call: 'jscode2session', times: 1, after_work: true, drop: true });
  const { code } = sim.wechat.issueCode(A, 'mei');
  const query = `appid=${A}&secret=sa&js_code=${code}&grant_type=authorization_code`;
  const request = new Request(`http://w/sns/jscode2session?${query}`);
  assert.equal((await sim.handle(request)).type, 'error');
  assert.equal((await sim.exchange(code)).errcode, 40163);
});

test('a fault can make a reply HTML, late, or absent', async () => {
  const sim = fake();
  sim.wechat.faults.add({ call: 'jscode2session', times: 1, http: { status: 502, body: '<html>' } });
  const ask = (signal?: AbortSignal) =>
    sim.handle(new Request('http://w/sns/jscode2session', signal ? { signal } : {}));
  const html = await ask();
  assert.deepEqual([html.status, await html.text()], [502, '<html>']);
  sim.wechat.faults.add({ call: 'jscode2session', times: 1, delay_ms: 3_000 });
  const late = ask();
  await sim.advance(3);
  assert.equal((await late).status, 200);
  sim.wechat.faults.add({ call: 'jscode2session', times: 1, hang: true });
  const gone = new AbortController();
  const never = ask(gone.signal);
  gone.abort();
  assert.equal((await never).status, 200, 'the hang ends when the caller disconnects');
});

test('a fault can make callbacks run never, twice, or at the next hide or show', async () => {
  const sim = fake();
  const phone = sim.phone();
  let seen = 0;
  const login = () => phone.wx.login({ success: () => (seen += 1), fail: () => (seen += 1) });
  const times = async (act: () => unknown) => {
    seen = 0;
    await act();
    await sim.advance(1);
    return seen;
  };
  const fault = (how: object) => sim.wechat.faults.add({ call: 'wx.login', times: 1, ...how });
  fault({ hang: true });
  assert.equal(await times(login), 0);
  fault({ twice: true });
  assert.equal(await times(login), 2);
  fault({ until: 'hide' });
  assert.equal(await times(login), 0);
  assert.equal(await times(() => phone.hide()), 1);
  fault({ until: 'show' });
  assert.equal(await times(login), 0);
  assert.equal(await times(() => phone.show()), 1);
});

test('after_work on a phone: the call fails and the code is issued; without it there is no code', async () => {
  for (const after_work of [true, false]) {
    const sim = fake();
    sim.wechat.faults.add({ call: 'wx.login', after_work, fail: { errMsg: 'login:fail' } });
    await assert.rejects(called(sim.phone().wx.login), { errMsg: 'login:fail' });
    assert.equal(Object.keys(sim.wechat.state().codes).length, after_work ? 1 : 0);
    const logged = sim.wechat.world.log.after(0).map(({ name, text }) => `${name} ${text}`);
    assert.deepEqual(logged, ['wx.login mei: fail']);
  }
});

test('a wx call with one operation takes one round trip, in which it is counted and logged', async (t) => {
  const sim = fake();
  let trips = 0;
  t.mock.method(globalThis, 'fetch', async (url: string, init: RequestInit) => {
    trips += 1;
    return sim.handle(new Request(url, init));
  });
  const { wx } = sim.phone({ wechat: 'http://wechat.test' });
  const turn = () => new Promise((resolve) => setTimeout(resolve, 0));
  // The first call also asks for the app's settings.
  await called(wx.login);
  await turn();
  const calls: Record<string, (options: Json) => unknown> = {
    'wx.login': wx.login,
    'wx.checkSession': wx.checkSession,
    'wx.getSetting': wx.getSetting,
    'wx.getPrivacySetting': wx.getPrivacySetting,
    'wx.getLatestUserKey': wx.getUserCryptoManager().getLatestUserKey,
  };
  for (const [name, call] of Object.entries(calls)) {
    const before = { trips, calls: sim.wechat.state().calls[name] ?? 0, log: sim.wechat.world.log.after(0).length };
    await called(call);
    await turn();
    assert.equal(trips, before.trips + 1, name);
    assert.equal(sim.wechat.state().calls[name], before.calls + 1);
    const logged = sim.wechat.world.log.after(before.log).map((entry) => `${entry.name} ${entry.text}`);
    assert.deepEqual(logged, [`${name} mei: ok`]);
  }
});

test('a failed wx.checkSession is logged once, as a failure', async () => {
  const sim = fake();
  await assert.rejects(called(sim.phone().wx.checkSession));
  const logged = sim.wechat.world.log.after(0).map(({ name, text }) => `${name} ${text}`);
  assert.deepEqual(logged, ['wx.checkSession mei: fail session time out, need relogin']);
});
