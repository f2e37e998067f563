// The built client on a simulated phone, with the edge in workerd and the simulated WeChat behind it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { agreeToAll, refuseAll } from '../../js/sim/phone/prompts.js';
import { replay } from '../../js/sim/replay.js';
import { APPID, type Json, refresh, startWorld, type World } from '../harness.mts';
import { client, codeOf, device, on, stored, tookIn } from './world.mts';

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.stop());

const yes = { onPrompt: agreeToAll };
const user = (name: string) => ({ user: name });

test('the event of a phone button gives a number, and submitting it twice redeems the code once', async () => {
  const { phone, auth } = device(world, yes);
  world.wechat.permissions.agree(APPID, 'user 1');
  const detail = (await phone.press('getPhoneNumber')) as Json;
  const [first, second] = await Promise.all([auth.phone(detail), auth.phone(detail)]);
  assert.equal(first.country_code, '86');
  assert.deepEqual(second, first);
  assert.equal(await codeOf(auth.phone(detail)), 'phone_code_used');
  const realtime = (await phone.press('getRealtimePhoneNumber')) as Json;
  assert.equal((await auth.phone(realtime)).phone_number, first.phone_number);
});

test('open data of a session_key that the edge does not know is tap_again after a new login, and the next tap succeeds', async () => {
  const { phone, auth, calls } = device(world, user('turned'));
  await auth.ready();
  // A data pre-fetch of WeChat: a login code that the edge never gets.
  await phone.prefetch();
  const lost = await world.wechat.profile(APPID, 'turned');
  assert.equal(await codeOf(auth.openData(lost)), 'tap_again');
  assert.equal(calls.login, 2);
  const made = await world.wechat.profile(APPID, 'turned');
  assert.equal((await auth.openData(made)).nickName, 'turned');
  assert.equal(calls.login, 2);
});

test('after a relaunch checkSession is called once, when open data is first used', async () => {
  const first = device(world, user('relaunched'));
  await first.auth.ready();
  await stored(first.auth);
  const { auth, calls } = on(world, first.phone.relaunch());
  await auth.request({ url: '/healthz' });
  assert.deepEqual([calls.login, calls.checkSession], [undefined, undefined]);
  await auth.ready({ openData: true });
  await auth.ready({ openData: true });
  const made = await world.wechat.profile(APPID, 'relaunched');
  assert.equal((await auth.openData(made)).nickName, 'relaunched');
  assert.deepEqual([calls.login, calls.checkSession], [undefined, 1]);
});

test('each known text of a failed checkSession leads to a new login before open data (§1.1)', async () => {
  const texts = [
    'checkSession:fail session time out, need relogin',
    'checkSession:fail Error: session time out, need relogin',
    'checkSession:fail 系统错误，错误码：-13001,session time out…d relogin',
  ];
  for (const [n, errMsg] of texts.entries()) {
    const first = device(world, user(`expired ${n}`));
    await first.auth.ready();
    await stored(first.auth);
    first.auth.dispose();
    world.wechat.faults.add({ call: 'wx.checkSession', user: `expired ${n}`, fail: { errMsg } });
    const { auth, calls } = on(world, first.phone.relaunch());
    await auth.ready({ openData: true });
    assert.equal(calls.login, 1, errMsg);
  }
  world.wechat.faults.clear('wx.checkSession');
});

test('a closed dialog is cancelled, not denied, for any errno (§1.4)', async () => {
  for (const errno of [undefined, 104]) {
    const { auth } = device(world, user(`closer ${errno}`));
    const fail = { errMsg: 'authorize:fail:auth canceled', ...(errno ? { errno } : {}) };
    world.wechat.faults.add({ call: 'wx.authorize', user: `closer ${errno}`, times: 1, fail });
    world.wechat.permissions.agree(APPID, `closer ${errno}`);
    assert.deepEqual(await auth.ensure('scope.camera'), { type: 'cancelled' });
  }
  const { auth } = device(world, { user: 'undescribed', manifest: { permission: {} }, ...yes });
  world.wechat.permissions.agree(APPID, 'undescribed');
  const permission = await auth.ensure('scope.userLocation');
  assert.deepEqual(permission, { type: 'misconfigured', missing: 'scope-name' });
});

test('a wx without app events, settings page and random values logs in, like that of a skill (§1.12)', async () => {
  const { phone } = device(world, { ...user('skill'), ...yes });
  const { onAppShow, offAppShow, onAppHide, offAppHide, openSetting, getRandomValues, ...wx } = phone.wx;
  const auth = client.createAuth({ edge: world.url, host: client.weappHost({ wx }) });
  assert.equal((await auth.request({ url: '/healthz' })).statusCode, 200);
  assert.deepEqual(await auth.ensure('scope.camera'), { type: 'granted' });
  assert.equal(await codeOf(auth.openSetting()), 'unsupported');
  auth.dispose();
});

test('errors of the WeChat gateway, with errCode instead of errno, are classified (§1.8)', async () => {
  const { phone } = device(world, user('gateway'));
  const table = [
    [102016, 'misconfigured'],
    [102020, 'network'],
    [-601069, 'network'],
  ] as const;
  let errCode = 0;
  const request = (options: Json) =>
    options.url.endsWith('/healthz')
      ? void options.fail({ errCode, message: `gateway.call: fail wx system error , code: ${errCode}` })
      : phone.wx.request(options);
  const host = client.weappHost({ wx: { ...phone.wx, request } });
  const auth = client.createAuth({ edge: world.url, host });
  await auth.ready();
  for (const [given, code] of table) {
    errCode = given;
    assert.equal(await codeOf(auth.request({ url: '/healthz' })), code, String(given));
  }
});

test('after an exchange without an answer the client logs in again before open data, without asking checkSession', async () => {
  const first = device(world, user('unacknowledged'));
  await first.auth.ready();
  await stored(first.auth);
  first.auth.dispose();
  world.wechat.faults.add({ call: 'jscode2session', times: 1, hang: true });
  // The session ends, so the client logs in; the app is closed before the edge answers.
  const second = on(world, first.phone.relaunch());
  const { token } = await second.auth.token();
  await fetch(`${world.url}/oauth/revoke`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, client_id: APPID }),
  });
  second.auth.expired(second.auth.state.generation);
  void second.auth.token().catch(() => {});
  while (!second.calls.login) await new Promise((resolve) => setTimeout(resolve, 10));
  await stored(second.auth);
  second.auth.dispose();
  const { auth, calls } = on(world, second.phone.relaunch());
  await auth.ready({ openData: true });
  assert.deepEqual([calls.login, calls.checkSession], [1, undefined]);
  const made = await world.wechat.profile(APPID, 'unacknowledged');
  assert.equal((await auth.openData(made)).nickName, 'unacknowledged');
});

test('altered data is data_invalid and causes no login', async () => {
  const { auth, calls } = device(world, user('altered'));
  await auth.ready();
  const made = await world.wechat.profile(APPID, 'altered');
  assert.equal(await codeOf(auth.openData({ ...made, iv: 'AAAAAAAAAAAAAAAAAAAAAA==' })), 'data_invalid');
  assert.equal(await codeOf(auth.profile({ ...made, rawData: `${made.rawData} ` })), 'data_invalid');
  assert.equal(calls.login, 1);
});

test('a profile has avatar and nickname, and the temporary avatar file is uploaded', async () => {
  const { phone, auth } = device(world, { ...yes, user: 'painter' });
  world.wechat.permissions.agree(APPID, 'painter');
  assert.equal(await auth.profileMethod(), 'choose-avatar');
  const { avatarUrl } = (await phone.press('chooseAvatar')) as { avatarUrl: string };
  const uploaded: string[] = [];
  const profile = await auth.profile({ avatarUrl, nickName: 'Mei' }, async (path) => {
    uploaded.push(path);
    return 'https://cdn.example/mei.png';
  });
  assert.deepEqual(profile, { nickName: 'Mei', avatarUrl: 'https://cdn.example/mei.png', verified: false });
  assert.deepEqual(uploaded, [avatarUrl]);
  assert.deepEqual(await auth.profile({ nickName: 'Mei' }), { nickName: 'Mei', verified: false });
  await assert.rejects(auth.profile({ avatarUrl }), { code: 'invalid_argument' });
});

test('getUserProfile on an old base library is called in the stack of the tap, also before the core has loaded', async () => {
  const first = device(world, { ...yes, user: 'oldie', SDKVersion: '2.12.0' });
  // During wx.login the profile is unsigned, or signed with the previous session_key.
  assert.equal(await codeOf(first.phone.tap(() => first.auth.getUserProfile({ desc: 'To greet you' }))), 'tap_again');
  await stored(first.auth);
  const { phone, auth } = on(world, first.phone.relaunch());
  const asked = phone.tap(() => auth.getUserProfile({ desc: 'To greet you' }));
  const { nickName, verified } = await asked;
  assert.deepEqual([nickName, verified, await auth.profileMethod()], ['oldie', true, 'get-user-profile']);
  assert.equal(await codeOf(auth.getUserProfile({ desc: 'To greet you' })), 'not_in_tap');
});

test('scopes are read once per show, and the settings page needs a tap', async () => {
  const { phone, auth, calls } = device(world, { ...yes, user: 'scopes' });
  assert.deepEqual(await auth.ensure('scope.camera'), { type: 'granted' });
  assert.deepEqual(await auth.scopes(), [{ scope: 'scope.camera', granted: true }]);
  assert.equal(calls.getSetting, 1);
  phone.hide();
  phone.show();
  await auth.scopes();
  assert.equal(calls.getSetting, 2);
  assert.equal(await codeOf(auth.openSetting()), 'not_in_tap');
});

test('a denied scope can be granted in the settings page', async () => {
  let setting = false;
  const { phone, auth } = device(world, {
    user: 'denier',
    onPrompt(prompt) {
      if (prompt.kind !== 'settings') return refuseAll(prompt);
      prompt.set('scope.camera', setting);
      prompt.close();
    },
  });
  assert.deepEqual(await auth.ensure('scope.camera'), { type: 'denied-now' });
  assert.deepEqual(await auth.ensure('scope.camera'), { type: 'needs-tap', tap: 'open-setting' });
  setting = true;
  const state = await phone.tap(() => auth.openSetting());
  assert.deepEqual(state.scopes, [{ scope: 'scope.camera', granted: true }]);
  assert.deepEqual(await auth.ensure('scope.camera'), { type: 'granted' });
});

test('a permission that the phone withholds is distinguished from one that the user refused', async () => {
  const { phone, auth } = device(world, { ...yes, user: 'walker' });
  const where = () =>
    auth.use('scope.userLocation', () => new Promise((success, fail) => phone.wx.getLocation({ success, fail })));
  assert.equal(((await where()) as Json).latitude > 0, true);
  phone.switches.location = false;
  await assert.rejects(where(), { permission: { type: 'blocked-by-os', fix: 'location-switch' } });
  phone.switches.location = true;
  phone.os.location = 'denied';
  await assert.rejects(where(), { permission: { type: 'blocked-by-os', fix: 'app-authorize-setting' } });
});

test('use explains permission failures of its function and passes on other errors', async () => {
  const { auth } = device(world, { ...yes, user: 'user' });
  const failing = (errMsg: string, errno?: number) =>
    auth.use('scope.userLocation', () => Promise.reject(errno ? { errMsg, errno } : { errMsg }));
  await assert.rejects(failing('getLocation:fail auth deny'), {
    code: 'scope_not_granted',
    permission: { type: 'needs-tap', tap: 'open-setting' },
  });
  // The denial is remembered until the app is shown again.
  await assert.rejects(failing('never runs'), { permission: { type: 'needs-tap', tap: 'open-setting' } });
  const camera = (error: unknown) => auth.use('scope.camera', () => Promise.reject(error));
  await assert.rejects(
    camera({
      errMsg: 'getLocation:fail the api need to be declared in the requiredPrivateInfos field in app.json/ext.json',
    }),
    {
      permission: { type: 'misconfigured', missing: 'required-private-infos' },
    },
  );
  await assert.rejects(camera({ errMsg: 'camera:fail timeout' }), { errMsg: 'camera:fail timeout' });
  await assert.rejects(camera(new RangeError('mine')), RangeError);
});

test('an aborted signal cancels its own call only, and aborts its request', async () => {
  let aborted = 0;
  const hanging = ((url: URL, init: RequestInit) => {
    if (!String(url).includes('hang')) return fetch(url, init);
    return new Promise((_, reject) => init.signal?.addEventListener('abort', () => reject(new Error(`${++aborted}`))));
  }) as typeof fetch;
  const { auth } = device(world, { user: 'impatient', fetch: hanging });
  const { signal, abort } = client.createAbortController();
  const native = new AbortController();
  const cancelled = [
    codeOf(auth.request({ url: '/hang', signal })),
    codeOf(auth.token({ signal }).then(() => auth.ensure('scope.camera', { signal }))),
    codeOf(auth.request({ url: '/hang', signal: native.signal })),
  ];
  const other = auth.request({ url: '/healthz' });
  assert.equal((await other).statusCode, 200);
  abort();
  native.abort();
  assert.deepEqual(await Promise.all(cancelled), ['cancelled', 'cancelled', 'cancelled']);
  assert.equal(
    await codeOf(auth.request({ url: '/hang', signal })),
    'cancelled',
    'with a signal that is already aborted',
  );
  while (aborted < 2) await new Promise((resolve) => setTimeout(resolve, 5));
});

test('a configured body code of the application’s server means that the token expired', async () => {
  const seen: string[] = [];
  const backend = ((url: URL, init: RequestInit) => {
    if (url.host !== 'shop.example') return fetch(url, init);
    const token = new Headers(init.headers).get('authorization') as string;
    if (!seen.includes(token)) seen.push(token);
    return Promise.resolve(Response.json({ errcode: seen.length < 2 ? 40101 : 0 }));
  }) as typeof fetch;
  const { auth, calls } = device(
    world,
    { user: 'shopper', fetch: backend },
    { origins: ['https://shop.example'], expiry: { field: 'errcode', values: [40101] } },
  );
  const replies = await Promise.all([1, 2, 3].map((n) => auth.request({ url: `https://shop.example/${n}` })));
  assert.deepEqual(
    replies.map(({ data }) => data),
    [{ errcode: 0 }, { errcode: 0 }, { errcode: 0 }],
  );
  assert.deepEqual([seen.length, calls.login], [2, 1]);
});

test('a log-out everywhere ends the sessions of other devices, and is repeated if the edge is not reachable', async () => {
  const phone = device(world, user('twice'));
  const tablet = device(world, user('twice'));
  await Promise.all([phone.auth.ready(), tablet.auth.ready()]);
  phone.phone.wx.setStorageSync('unrelated', 1);
  world.wechat.faults.add({
    call: 'wx.request',
    user: 'twice',
    times: 1,
    fail: { errMsg: 'request:fail timeout', errno: 5 },
  });
  await phone.auth.logout({ everywhere: true });
  await stored(phone.auth);
  assert.equal(phone.auth.state.session, 'logged-out');
  const again = on(world, phone.phone.relaunch());
  assert.equal((await again.auth.ready()).session, 'logged-out');
  await tookIn(again.auth, 'revoked');
  tablet.auth.expired(tablet.auth.state.generation);
  await tablet.auth.token();
  assert.equal(tablet.calls.login, 2, 'its session had been ended');
  await again.auth.login();
});

test('a trace has no secret, and its replay reaches the same states', async () => {
  const { phone, auth } = device(world, { ...yes, user: 'recorded' });
  world.wechat.permissions.agree(APPID, 'recorded');
  await auth.ready();
  const secrets = [(await auth.token()).token];
  const detail = (await phone.press('getPhoneNumber')) as Json;
  secrets.push(detail.code, detail.encryptedData);
  await Promise.all([auth.phone(detail), auth.phone(detail)]);
  auth.expired(auth.state.generation);
  secrets.push((await auth.token()).token);
  await auth.ensure('scope.camera');
  phone.hide();
  phone.show();
  await auth.scopes();
  await auth.logout();
  await auth.login();
  await stored(auth);
  const record = await new Promise<Json>((success) =>
    phone.wx.getStorage({ key: `wxauth:${APPID}`, encrypt: true, success }),
  );
  secrets.push(
    ...String(record.data)
      .split(' ')
      .filter((word) => word.length > 20),
  );
  assert.deepEqual([secrets.length, secrets.every(Boolean)], [6, true]);
  const json = JSON.stringify(auth.trace());
  for (const secret of [...secrets, 'recorded', (await world.wechat.account(APPID, 'recorded')).sessionKey as string]) {
    assert.ok(!json.includes(secret), secret);
  }
  const { same, states } = await replay(JSON.parse(json), client.weappHost({ wx: phone.wx }));
  assert.ok(same && states.length > 8, JSON.stringify(states));
  const tampered = JSON.parse(json);
  tampered.entries = tampered.entries.filter(({ name }: Json) => name !== 'tokensArrived');
  assert.equal((await replay(tampered, client.weappHost({ wx: phone.wx }))).same, false);
  await assert.rejects(
    replay({ ...tampered, lost: 3 }, client.weappHost({ wx: phone.wx })),
    /first 3 entries of the trace are lost/,
  );
  const { auth: relaunched } = on(world, phone.relaunch());
  await relaunched.ready();
  const resumed = relaunched.trace();
  assert.ok(
    (await replay(resumed, client.weappHost({ wx: phone.wx }))).same,
    'a trace that begins with a stored record',
  );
});

test('the realtime log of WeChat gets state changes and errors, and no secret', async () => {
  const { phone } = device(world, user('logged'));
  const { realtimeLog } = await import('../../js/client/realtime-log.js');
  const { auth } = on(world, phone.relaunch(), { log: realtimeLog(phone.wx) });
  await auth.ready();
  await codeOf(auth.phone({ errMsg: 'getPhoneNumber:fail no quota', errno: 1400001 }));
  const lines = phone.logs.map(({ level, args }: Json) => `${level} ${args.join(' ')}`);
  assert.ok(
    lines.some((line) => /^info wxauth logged-in generation 1$/.test(line)),
    lines.join('\n'),
  );
  assert.ok(
    lines.some((line) => /^warn wxauth no_quota \d+$/.test(line)),
    lines.join('\n'),
  );
  assert.doesNotMatch(lines.join(), /ey[A-Za-z0-9_-]{20}/);
});

test('two createAuth calls on one phone share one machine and one login', async () => {
  const { phone } = device(world, user('shared'));
  const wx = phone.relaunch().wx;
  let logins = 0;
  const login = (options: Json) => {
    logins += 1;
    wx.login(options);
  };
  const counted = { ...wx, login };
  const make = () => client.createAuth({ edge: world.url, host: client.weappHost({ wx: counted }) });
  const [one, two] = [make(), make()];
  await Promise.all([one.ready(), two.ready(), one.request({ url: '/healthz' }), two.token()]);
  assert.deepEqual([one === two, logins], [true, 1]);
});

test('the edge rotates the refresh token, and the phone stores the newest', async () => {
  const { phone, auth } = device(world, user('rotated'));
  await auth.ready();
  const held = async () => {
    const { data } = await new Promise<Json>((success) =>
      phone.wx.getStorage({ key: `wxauth:${APPID}`, encrypt: true, success }),
    );
    return String(data).split(' ')[8] as string;
  };
  const before = await held();
  auth.expired(auth.state.generation);
  await auth.token();
  assert.notEqual(await held(), before);
  assert.equal((await refresh(world, await held())).status, 200);
});
