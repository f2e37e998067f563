// Time, randomness and callbacks are the test's to choose; faults act by rule.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Clock } from '../../js/sim/clock.js';
import type { Delivery } from '../../js/sim/phone/device.js';
import type { Json } from '../harness.mts';
import { A, called, fake } from './sim.mts';

test('a virtual clock stands, and runs what is due in its order', async () => {
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

test('the machine’s clock can be pushed ahead', async () => {
  const clock = new Clock();
  const before = clock.now();
  let rang = false;
  clock.after(3_600_000, () => (rang = true));
  await clock.advance(3_600_000);
  assert.ok(rang && clock.now() >= before + 3_600_000);
});

test('what fell due while the machine was busy runs in its order', async (t) => {
  // The machine's clock stands still, then jumps past both timers: the order must not depend on this machine's speed.
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

test('the same seed gives the same codes, keys, tokens and message ids, also after a reset', async () => {
  const run = async (world = fake({}, { seed: 7 })) => {
    const session = await world.exchange(world.wechat.issueCode(A, 'mei').code);
    const refused = await world.exchange('nonsense');
    const both = await Promise.all([called(world.phone().wx.login), called(world.phone({ user: 'li' }).wx.login)]);
    return [session, refused, await world.token(), both];
  };
  const world = fake({}, { seed: 7 });
  const first = await run(world);
  assert.deepEqual(await run(), first);
  world.wechat.reset();
  assert.deepEqual(await run(world), first);
  assert.notDeepEqual(await run(fake({}, { seed: 8 })), first);
});

test('every callback’s time is the test’s: later, never, twice, after hide', async () => {
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

test('a latency is the phone’s clock’s', async () => {
  const world = fake();
  let code = '';
  world.phone({ latency: 200 }).wx.login({ success: (result) => (code = result.code) });
  await world.advance(0.199);
  assert.equal(code, '');
  await world.advance(0.001);
  assert.match(code, /^\w{32}$/);
});

test('promises come where no callback is passed and the base library has them; never of login (§1.0)', async () => {
  const world = fake();
  const { wx } = world.phone();
  assert.equal((await wx.getSetting()).errMsg, 'getSetting:ok');
  await assert.rejects(Promise.resolve(wx.authorize({ scope: 'x' })), { errMsg: 'authorize:fail invalid scope' });
  assert.equal(wx.getSetting({ success() {} }), undefined);
  assert.equal((wx.login as () => unknown)(), undefined);
  assert.equal(world.phone({ SDKVersion: '2.10.1' }).wx.getSetting(), undefined);
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

test('wx.login keeps to its time-out, or not, as assumed (§1.1)', async () => {
  for (const login_timeout of ['honoured', 'ignored'] as const) {
    const world = fake({}, { assume: { login_timeout } });
    const seen: Json[] = [];
    // The way to WeChat takes 20 seconds.
    world.wechat.faults.add({ call: 'wx.login', delay_ms: 20_000 });
    world.phone().wx.login({ timeout: 5_000, success: (ok) => seen.push(ok), fail: (failure) => seen.push(failure) });
    await world.advance(60);
    if (login_timeout === 'honoured') assert.deepEqual(seen, [{ errMsg: 'login:fail timeout', errno: 5 }]);
    else assert.equal(seen[0].errMsg, 'login:ok');
  }
});

test('more than four rated calls in a second are noted, not refused: the symptom is not known (§1.1)', async () => {
  const world = fake();
  const { wx } = world.phone();
  for (let n = 0; n < 5; n++) await called(wx.login);
  const warned = () => world.wechat.world.log.after(0).filter(({ text }) => text.startsWith('warning')).length;
  assert.equal(warned(), 1);
  await world.advance(1);
  await called(wx.getSetting);
  assert.equal(warned(), 1);
});

test('faults act from the nth call on, for so many calls, for one person', async () => {
  const world = fake();
  await world.post('/_sim/faults', { call: 'jscode2session', from: 2, times: 1, errcode: -1 });
  const exchange = async () => (await world.exchange(world.wechat.issueCode(A, 'mei').code)).errcode;
  assert.deepEqual([await exchange(), await exchange(), await exchange()], [undefined, -1, undefined]);
  world.wechat.faults.add({ call: 'wx.login', user: 'li', fail: { errMsg: 'login:fail', errno: 1402101 } });
  await called(world.phone().wx.login);
  await assert.rejects(called(world.phone({ user: 'li' }).wx.login), { errno: 1402101 });
  await world.post('/_sim/faults', { clear: 'wx.login' });
  await called(world.phone({ user: 'li' }).wx.login);
  assert.deepEqual(world.wechat.faults.list(), [{ call: 'jscode2session', from: 2, times: 1, errcode: -1 }]);
});

test('a fault of one user acts on the server calls that name this user by code, token or openid', async () => {
  const OA = 'wx0a00000000000000';
  const world = fake({}, { apps: { [OA]: { secret: 's', kind: 'official_account' } } });
  const { wechat } = world;
  const grant_type = 'authorization_code';
  const web = async (user: string) => {
    const code = wechat.web.issueCode(OA, user, 'snsapi_userinfo');
    return world.get('/sns/oauth2/access_token', { appid: OA, secret: 's', code, grant_type });
  };
  const token = await world.token();
  const sessions = { li: await web('li'), mei: await web('mei') };
  const calls: Record<string, (user: 'li' | 'mei') => Promise<Json>> = {
    jscode2session: (user) => world.exchange(wechat.issueCode(A, user).code),
    access_token: web,
    userinfo: (user) => world.get('/sns/userinfo', { ...sessions[user], lang: 'zh_CN' }),
    auth: (user) => world.get('/sns/auth', { access_token: sessions[user].access_token, openid: 'other' }),
    refresh_token: (user) => {
      const { refresh_token } = sessions[user];
      return world.get('/sns/oauth2/refresh_token', { appid: OA, grant_type: 'refresh_token', refresh_token });
    },
    checksession: (user) => world.get('/wxa/checksession', { openid: wechat.account(A, user).openid }),
    getuserphonenumber: (user) =>
      world.post('/wxa/business/getuserphonenumber', { code: wechat.issuePhoneCode(A, user) }, { access_token: token }),
  };
  for (const [call, ask] of Object.entries(calls)) {
    wechat.faults.add({ call, user: 'li', errcode: -1 });
    assert.equal((await ask('li')).errcode, -1, `${call} of li`);
    assert.notEqual((await ask('mei')).errcode, -1, `${call} of mei`);
  }
});

test('a fault that is misspelt, mistyped or could not be acted out is refused', async () => {
  const world = fake();
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
    assert.equal(typeof (await world.post('/_sim/faults', fault)).error, 'string', JSON.stringify(fault));
  }
  assert.deepEqual(world.wechat.faults.list(), []);
});

test('an answer lost after the work: the code is used and nobody knows', async () => {
  const world = fake();
  world.wechat.faults.add({ call: 'jscode2session', times: 1, after_work: true, drop: true });
  const { code } = world.wechat.issueCode(A, 'mei');
  const query = `appid=${A}&secret=sa&js_code=${code}&grant_type=authorization_code`;
  const request = new Request(`http://w/sns/jscode2session?${query}`);
  assert.equal((await world.handle(request)).type, 'error');
  assert.equal((await world.exchange(code)).errcode, 40163);
});

test('a reply may be HTML, late, or never come', async () => {
  const world = fake();
  world.wechat.faults.add({ call: 'jscode2session', times: 1, http: { status: 502, body: '<html>' } });
  const ask = (signal?: AbortSignal) =>
    world.handle(new Request('http://w/sns/jscode2session', signal ? { signal } : {}));
  const html = await ask();
  assert.deepEqual([html.status, await html.text()], [502, '<html>']);
  world.wechat.faults.add({ call: 'jscode2session', times: 1, delay_ms: 3_000 });
  const late = ask();
  await world.advance(3);
  assert.equal((await late).status, 200);
  world.wechat.faults.add({ call: 'jscode2session', times: 1, hang: true });
  const gone = new AbortController();
  const never = ask(gone.signal);
  gone.abort();
  assert.equal((await never).status, 200, 'only a caller who left ends it');
});

test('a phone’s callbacks may come never, twice, or with the next hide or show', async () => {
  const world = fake();
  const phone = world.phone();
  let seen = 0;
  const login = () => phone.wx.login({ success: () => (seen += 1), fail: () => (seen += 1) });
  const times = async (act: () => unknown) => {
    seen = 0;
    await act();
    await world.advance(1);
    return seen;
  };
  const fault = (how: object) => world.wechat.faults.add({ call: 'wx.login', times: 1, ...how });
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
