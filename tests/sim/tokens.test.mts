// Access tokens, old and stable, and who may have them. § marks point into docs/platform-facts.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { A, type Fake, fake } from './world.mts';

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
  assert.deepEqual([await use(world, first), await use(world, second)], [42001, PASSES]);
  assert.equal(await use(world, steady), PASSES);
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
  assert.deepEqual([await use(world, access_token), await use(world, forced.access_token)], [42001, PASSES]);
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
    assert.match(refused.errmsg, /^invalid ip 198\.51\.100\.1 .*not in whitelist, rid: /);
    for (const ip of ['203.0.113.7', '::ffff:203.0.113.7', '10.200.3.4']) {
      assert.equal((await world.get('/cgi-bin/token', query, ip)).errcode, undefined, ip);
    }
    const exchange = { ...query, js_code: world.wechat.issueCode(A, 'mei').code };
    const { errcode } = await world.get('/sns/jscode2session', exchange, '198.51.100.1');
    assert.equal(errcode, ip_list_covers_jscode2session ? 40164 : undefined);
  }
});
