// Access tokens, old and stable, and who may have them. § marks point into docs/platform-facts.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { A, type Fake, fake } from './sim.mts';

const old = (world: Fake) => world.get('/cgi-bin/token', { grant_type: 'client_credential', appid: A, secret: 'sa' });
const stable = (world: Fake, force_refresh = false, change: object = {}) =>
  world.post('/cgi-bin/stable_token', {
    grant_type: 'client_credential',
    appid: A,
    secret: 'sa',
    force_refresh,
    ...change,
  });
/** 87008 when the token passes: the next thing missing is the signature's method. */
const use = async (world: Fake, access_token: string) =>
  (await world.get('/wxa/checksession', { access_token })).errcode;
const PASSES = 87008;

test('each call of token ends the one before, five minutes later; stable tokens are apart (§3.3)', async () => {
  const world = fake();
  const steady = (await stable(world)).access_token;
  const first = (await old(world)).access_token;
  const second = (await old(world)).access_token;
  assert.notEqual(first, second);
  assert.deepEqual([await use(world, first), await use(world, second)], [PASSES, PASSES], 'they overlap');
  await world.advance(300);
  assert.deepEqual([await use(world, first), await use(world, second)], [40001, PASSES], 'not the latest');
  assert.equal(await use(world, steady), PASSES);
  await world.advance(6_900);
  assert.equal(await use(world, second), 42001, 'two hours old');
});

test('of three tokens in five minutes the first is ended at once, or lives on, as assumed (§3.3)', async () => {
  for (const token_overlap of ['previous', 'every'] as const) {
    const world = fake({}, { assume: { token_overlap } });
    const first = (await old(world)).access_token;
    const second = (await old(world)).access_token;
    await old(world);
    assert.equal(await use(world, first), token_overlap === 'every' ? PASSES : 40001);
    assert.equal(await use(world, second), PASSES);
  }
});

test('stable_token is idempotent, and renews five minutes before the end (§3.3)', async () => {
  const world = fake();
  const first = await stable(world);
  await world.advance(100);
  const same = await stable(world);
  assert.deepEqual([same.access_token, same.expires_in], [first.access_token, 7_100]);
  await world.advance(6_800);
  const renewed = await stable(world);
  assert.notEqual(renewed.access_token, first.access_token);
  assert.equal(await use(world, first.access_token), PASSES, 'old and new overlap');
  await world.advance(300);
  assert.deepEqual([await use(world, first.access_token), await use(world, renewed.access_token)], [42001, PASSES]);
});

test('forcing ends the old one at once; 30 s apart and 20 a day (§3.3)', async () => {
  const world = fake();
  const { access_token } = await stable(world);
  const forced = await stable(world, true);
  assert.deepEqual([await use(world, access_token), await use(world, forced.access_token)], [40001, PASSES]);
  assert.equal((await stable(world, true)).errcode, 45011);
  assert.equal((await stable(world)).access_token, forced.access_token, 'the normal mode goes on');
  await world.advance(29);
  assert.equal((await stable(world, true)).errcode, 45011);
  await world.advance(1);
  for (let n = 1; n < 20; n++) {
    assert.equal((await stable(world, true)).errcode, undefined);
    await world.advance(30);
  }
  assert.equal((await stable(world, true)).errcode, 45009);
});

test('tokens have a daily quota (§3.3)', async () => {
  const world = fake({}, { assume: { tokens_per_day: 2 } });
  const errcodes = [];
  for (let n = 0; n < 3; n++) errcodes.push((await old(world)).errcode);
  assert.deepEqual(errcodes, [undefined, undefined, 45009]);
  await world.advance(86_400);
  assert.equal((await old(world)).errcode, undefined);
});

test('what is wrong with the request is said (§3.3)', async () => {
  const world = fake();
  assert.equal((await stable(world, false, { grant_type: 'x' })).errcode, 40002);
  assert.equal((await stable(world, false, { appid: 'wx0' })).errcode, 40013);
  assert.equal((await stable(world, false, { secret: 'x' })).errcode, 40125);
  assert.equal((await stable(world, false, { secret: '' })).errcode, 41004);
  assert.equal((await world.get('/cgi-bin/stable_token')).errcode, 43002);
});

test('a body that is missing is 44002, one that is not a JSON object 47001 (§3)', async () => {
  const world = fake();
  const token = await world.token();
  const phone = `/wxa/business/getuserphonenumber?access_token=${token}`;
  const json = JSON.stringify({ grant_type: 'client_credential', appid: A, secret: 'sa' });
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const errcode = async (path: string, body: string, headers = {}): Promise<number | undefined> => {
    const request = new Request(`http://wechat.test${path}`, { method: 'POST', body, headers });
    return ((await (await world.handle(request)).json()) as { errcode?: number }).errcode;
  };
  for (const path of ['/cgi-bin/stable_token', phone]) {
    assert.equal(await errcode(path, ''), 44002, path);
    assert.equal(await errcode(path, ' \n'), 44002, path);
    for (const body of ['{"a":', 'null', '[]', '"text"', 'code=1&appid=2']) {
      assert.equal(await errcode(path, body, form), 47001, `${path} ${body}`);
    }
  }
  // curl declares everything a form; editors begin a file with a line break.
  assert.equal(await errcode('/cgi-bin/stable_token', json, form), undefined);
  assert.equal(await errcode('/cgi-bin/stable_token', `\r\n\t ${json}\n`), undefined);
  assert.equal(await errcode('/wxa/business/getuserphonenumber', ''), 41001, 'the token comes first');
});

test('each subsystem writes its messages in its own way (observed, §3)', async () => {
  const world = fake();
  const token = await world.token();
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
    assert.match((await world.get(path, query)).errmsg, new RegExp(`^${text}${rid}`), path);
  }
  const { errmsg } = await world.get('/sns/jscode2session');
  const [, time = ''] = /rid: (\w+)/.exec(errmsg) ?? [];
  assert.equal(Number.parseInt(time, 16), world.wechat.world.seconds(), 'the request’s time in hex');
});

test('a path that the simulator does not have is answered in JSON with an errcode', async () => {
  const { handle } = fake();
  for (const path of ['/cgi-bin/user/info', '/sns/', '/x', '/sns/jscode2session/']) {
    const response = await handle(new Request(`http://wechat.test${path}`));
    assert.deepEqual([response.status, ((await response.json()) as { errcode: number }).errcode], [200, 40066], path);
  }
});

test('an IP list of more than ten entries is refused, as WeChat’s page does (§3.3)', () => {
  const ip_list = Array.from({ length: 11 }, (_, n) => `10.0.0.${n}`);
  fake({ ip_list: ip_list.slice(1) });
  assert.throws(() => fake({ ip_list }), /at most 10 entries/);
});

test('a frozen secret is 40243, a frozen account 50007 (§3.3)', async () => {
  assert.equal((await old(fake({ frozen: 'secret' }))).errcode, 40243);
  assert.equal((await old(fake({ frozen: 'account' }))).errcode, 50007);
});

test('callers that the IP list does not have are 40164; it may or may not cover jscode2session (§3.3)', async () => {
  const query = { grant_type: 'client_credential', appid: A, secret: 'sa' };
  for (const ip_list_covers_jscode2session of [true, false]) {
    const world = fake({ ip_list: ['203.0.113.7', '10.0.0.0/8'] }, { assume: { ip_list_covers_jscode2session } });
    const refused = await world.get('/cgi-bin/token', query, '198.51.100.1');
    assert.equal(refused.errcode, 40164);
    assert.match(refused.errmsg, /^invalid ip 198\.51\.100\.1 .*not in whitelist rid: /);
    for (const ip of ['203.0.113.7', '::ffff:203.0.113.7', '10.200.3.4']) {
      assert.equal((await world.get('/cgi-bin/token', query, ip)).errcode, undefined, ip);
    }
    const { code: js_code } = world.wechat.issueCode(A, 'mei');
    const exchange = { ...query, js_code, grant_type: 'authorization_code' };
    const { errcode } = await world.get('/sns/jscode2session', exchange, '198.51.100.1');
    assert.equal(errcode, ip_list_covers_jscode2session ? 40164 : undefined);
  }
});
