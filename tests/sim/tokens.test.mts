// Access tokens of servers: cgi-bin/token, stable_token, IP lists. §: docs/platform-facts.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { A, fake, type Sim } from './sim.mts';

const old = (sim: Sim) => sim.get('/cgi-bin/token', { grant_type: 'client_credential', appid: A, secret: 'sa' });
const stable = (sim: Sim, force_refresh = false, change: object = {}) =>
  sim.post('/cgi-bin/stable_token', {
    grant_type: 'client_credential',
    appid: A,
    secret: 'sa',
    force_refresh,
    ...change,
  });
/** Returns 87008 if the token is valid, because sig_method is missing. */
const use = async (sim: Sim, access_token: string) => (await sim.get('/wxa/checksession', { access_token })).errcode;
const PASSES = 87008;

test('each call of cgi-bin/token ends the previous token after 5 minutes, but no stable token (§3.3)', async () => {
  const sim = fake();
  const steady = (await stable(sim)).access_token;
  const first = (await old(sim)).access_token;
  const second = (await old(sim)).access_token;
  assert.notEqual(first, second);
  assert.deepEqual([await use(sim, first), await use(sim, second)], [PASSES, PASSES], 'they overlap');
  await sim.advance(300);
  assert.deepEqual([await use(sim, first), await use(sim, second)], [40001, PASSES], 'not the latest');
  assert.equal(await use(sim, steady), PASSES);
  await sim.advance(6_900);
  assert.equal(await use(sim, second), 42001, 'two hours old');
});

test('the first of three tokens within 5 minutes ends at the third or lives on, as assumed (§3.3)', async () => {
  for (const token_overlap of ['previous', 'every'] as const) {
    const sim = fake({}, { assume: { token_overlap } });
    const first = (await old(sim)).access_token;
    const second = (await old(sim)).access_token;
    await old(sim);
    assert.equal(await use(sim, first), token_overlap === 'every' ? PASSES : 40001);
    assert.equal(await use(sim, second), PASSES);
  }
});

test('stable_token is idempotent, and renews the token 5 minutes before its expiry (§3.3)', async () => {
  const sim = fake();
  const first = await stable(sim);
  await sim.advance(100);
  const same = await stable(sim);
  assert.deepEqual([same.access_token, same.expires_in], [first.access_token, 7_100]);
  await sim.advance(6_800);
  const renewed = await stable(sim);
  assert.notEqual(renewed.access_token, first.access_token);
  assert.equal(await use(sim, first.access_token), PASSES, 'old and new overlap');
  await sim.advance(300);
  assert.deepEqual([await use(sim, first.access_token), await use(sim, renewed.access_token)], [42001, PASSES]);
});

test('force_refresh ends the old token; calls are 30 s apart and at most 20 a day (§3.3)', async () => {
  const sim = fake();
  const { access_token } = await stable(sim);
  const forced = await stable(sim, true);
  assert.deepEqual([await use(sim, access_token), await use(sim, forced.access_token)], [40001, PASSES]);
  assert.equal((await stable(sim, true)).errcode, 45011);
  assert.equal((await stable(sim)).access_token, forced.access_token, 'the normal mode goes on');
  await sim.advance(29);
  assert.equal((await stable(sim, true)).errcode, 45011);
  await sim.advance(1);
  for (let n = 1; n < 20; n++) {
    assert.equal((await stable(sim, true)).errcode, undefined);
    await sim.advance(30);
  }
  assert.equal((await stable(sim, true)).errcode, 45009);
});

test('cgi-bin/token has a daily quota (§3.3)', async () => {
  const sim = fake({}, { assume: { tokens_per_day: 2 } });
  const errcodes = [];
  for (let n = 0; n < 3; n++) errcodes.push((await old(sim)).errcode);
  assert.deepEqual(errcodes, [undefined, undefined, 45009]);
  await sim.advance(86_400);
  assert.equal((await old(sim)).errcode, undefined);
});

test('token calls name the error of a wrong request (§3.3)', async () => {
  const sim = fake();
  assert.equal((await stable(sim, false, { grant_type: 'x' })).errcode, 40002);
  assert.equal((await stable(sim, false, { appid: 'wx0' })).errcode, 40013);
  assert.equal((await stable(sim, false, { secret: 'x' })).errcode, 40125);
  assert.equal((await stable(sim, false, { secret: '' })).errcode, 41004);
  assert.equal((await sim.get('/cgi-bin/stable_token')).errcode, 43002);
});

test('a missing body is 44002, a body that is not a JSON object 47001 (§3)', async () => {
  const sim = fake();
  const token = await sim.token();
  const phone = `/wxa/business/getuserphonenumber?access_token=${token}`;
  const json = JSON.stringify({ grant_type: 'client_credential', appid: A, secret: 'sa' });
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const errcode = async (path: string, body: string, headers = {}): Promise<number | undefined> => {
    const request = new Request(`http://wechat.test${path}`, { method: 'POST', body, headers });
    return ((await (await sim.handle(request)).json()) as { errcode?: number }).errcode;
  };
  for (const path of ['/cgi-bin/stable_token', phone]) {
    assert.equal(await errcode(path, ''), 44002, path);
    assert.equal(await errcode(path, ' \n'), 44002, path);
    for (const body of ['{"a":', 'null', '[]', '"text"', 'code=1&appid=2']) {
      assert.equal(await errcode(path, body, form), 47001, `${path} ${body}`);
    }
  }
  // curl declares every body as a form; some editors begin a file with a line break.
  assert.equal(await errcode('/cgi-bin/stable_token', json, form), undefined);
  assert.equal(await errcode('/cgi-bin/stable_token', `\r\n\t ${json}\n`), undefined);
  assert.equal(await errcode('/wxa/business/getuserphonenumber', ''), 41001, 'the token comes first');
});

test('each subsystem has its own format of error messages (observed, §3)', async () => {
  const sim = fake();
  const token = await sim.token();
  const rid = 'rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$';
  const latest = 'could get access_token by getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r';
  const messages: Array<[path: string, query: Record<string, string>, text: string]> = [
    ['/sns/jscode2session', {}, 'appid missing, '],
    ['/sns/userinfo', { access_token: 'x' }, 'invalid credential, access_token is invalid or not latest, '],
    ['/cgi-bin/token', { appid: 'wx0', secret: 's' }, 'invalid appid '],
    ['/cgi-bin/ticket/getticket', { access_token: 'x' }, `.* not latest, ${latest} `],
    ['/wxa/checksession', { access_token: 'x' }, `.* not latest, ${latest} `],
    ['/wxa/checksession', { access_token: token, sig_method: 'x' }, 'invalid sig_method '],
    ['/wxa/business/getuserencryptkey', { access_token: token }, 'invalid sig_method hint: \\[\\w+\\] '],
    ['/wxa/business/getuserencryptkey', {}, 'access_token missing '],
    ['/cgi-bin/getcallbackip', { access_token: token }, 'invalid url '],
  ];
  for (const [path, query, text] of messages) {
    assert.match((await sim.get(path, query)).errmsg, new RegExp(`^${text}${rid}`), path);
  }
  const { errmsg } = await sim.get('/sns/jscode2session');
  const [, time = ''] = /rid: (\w+)/.exec(errmsg) ?? [];
  assert.equal(Number.parseInt(time, 16), sim.wechat.world.seconds(), 'the request’s time in hex');
});

test('an unknown path is answered in JSON with an errcode', async () => {
  const { handle } = fake();
  for (const path of ['/cgi-bin/user/info', '/sns/', '/x', '/sns/jscode2session/']) {
    const response = await handle(new Request(`http://wechat.test${path}`));
    assert.deepEqual([response.status, ((await response.json()) as { errcode: number }).errcode], [200, 40066], path);
  }
});

test('an IP list of more than 10 entries is refused, as on WeChat’s page (§3.3)', () => {
  const ip_list = Array.from({ length: 11 }, (_, n) => `10.0.0.${n}`);
  fake({ ip_list: ip_list.slice(1) });
  assert.throws(() => fake({ ip_list }), /at most 10 entries/);
});

test('a frozen secret is 40243, a frozen account 50007 (§3.3)', async () => {
  assert.equal((await old(fake({ frozen: 'secret' }))).errcode, 40243);
  assert.equal((await old(fake({ frozen: 'account' }))).errcode, 50007);
});

test('callers outside the IP list get 40164; whether it covers jscode2session is an assumption (§3.3)', async () => {
  const query = { grant_type: 'client_credential', appid: A, secret: 'sa' };
  for (const ip_list_covers_jscode2session of [true, false]) {
    const sim = fake({ ip_list: ['203.0.113.7', '10.0.0.0/8'] }, { assume: { ip_list_covers_jscode2session } });
    const refused = await sim.get('/cgi-bin/token', query, '198.51.100.1');
    assert.equal(refused.errcode, 40164);
    assert.match(refused.errmsg, /^invalid ip 198\.51\.100\.1 .*not in whitelist rid: /);
    for (const ip of ['203.0.113.7', '::ffff:203.0.113.7', '10.200.3.4']) {
      assert.equal((await sim.get('/cgi-bin/token', query, ip)).errcode, undefined, ip);
    }
    const { code: js_code } = sim.wechat.issueCode(A, 'mei');
    const exchange = { ...query, js_code, grant_type: 'authorization_code' };
    const { errcode } = await sim.get('/sns/jscode2session', exchange, '198.51.100.1');
    assert.equal(errcode, ip_list_covers_jscode2session ? 40164 : undefined);
  }
});
