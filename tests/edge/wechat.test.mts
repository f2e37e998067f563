// Open data, profile signatures and phone numbers at the edge in workerd, against the crypto of the simulator.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { encryptOpenData, fromBase64, toBase64 } from '../../js/sim/crypto.js';
import {
  APPID,
  bearer,
  type Json,
  logIn,
  OTHER_APPID,
  post,
  type Session,
  startWorld,
  type World,
} from '../harness.mts';

let world: World;
let session: Session;
let profile: Awaited<ReturnType<World['wechat']['profile']>>;
before(async () => {
  world = await startWorld();
  session = await logIn(world, 'mei');
  profile = await world.wechat.profile(APPID, 'mei');
});
after(() => world.stop());

const openData = (encrypted_data: string, iv: string, token = session.access) =>
  post(`${world.url}/wechat/open-data`, { encrypted_data, iv }, bearer(token));
const verify = (raw_data: string, signature: string, token = session.access) =>
  post(`${world.url}/wechat/user-info/verify`, { raw_data, signature }, bearer(token));

/** Encrypts open data with the session_key that WeChat holds for this user now. */
async function seal(data: Json): Promise<[string, string]> {
  const { sessionKey } = await world.wechat.account(APPID, 'mei');
  const iv = new Uint8Array(16).fill(7);
  return [await encryptOpenData(sessionKey as string, iv, JSON.stringify(data)), toBase64(iv)];
}

const watermark = (ageS = 0, appid = APPID) => ({ timestamp: Math.floor(Date.now() / 1000) - ageS, appid });

test('the signature of WeChat over rawData is valid, any other is signature_mismatch', async () => {
  assert.deepEqual((await verify(profile.rawData, profile.signature)).body, { valid: true });
  const wrong = [
    [JSON.stringify(JSON.parse(profile.rawData), null, 1), profile.signature],
    [profile.rawData, profile.signature.toUpperCase()],
    [profile.rawData, `${profile.signature}00`],
    [profile.rawData, profile.signature.slice(1)],
    [profile.rawData, 'no hex at all'],
    [profile.rawData, ''],
  ] as const;
  for (const [raw, signature] of wrong) {
    const { status, body } = await verify(raw, signature);
    assert.deepEqual([status, body.code], [400, 'signature_mismatch'], signature);
  }
});

test('open data of the session is decrypted', async () => {
  const { status, body } = await openData(profile.encryptedData, profile.iv);
  assert.equal(status, 200);
  assert.deepEqual([body.data.openId, body.data.nickName], [session.openid, 'mei']);
});

test('every reason for which open data does not decrypt gives the same answer', async () => {
  const bytes = fromBase64(profile.encryptedData);
  const flipped = Uint8Array.from(bytes, (byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte));
  const iv = fromBase64(profile.iv);
  // `{"openId":"` has 11 characters, so changing byte 12 of the IV changes the openId inside.
  const forgedIv = Uint8Array.from(iv, (byte, at) => (at === 12 ? byte ^ 1 : byte));
  const foreign = await seal({ watermark: watermark(0, 'wx0') });
  const cases: Record<string, readonly [string, string]> = {
    'a flipped byte': [toBase64(flipped), profile.iv],
    'a forged identity': [profile.encryptedData, toBase64(forgedIv)],
    'a short iv': [profile.encryptedData, 'AAAA'],
    'no base64': ['!!', profile.iv],
    'a lost plus': [`AAAA ${'A'.repeat(19)}`, profile.iv],
    'no whole block': ['AAAA', profile.iv],
    'another app': foreign,
    'no watermark': await seal({}),
    'another user': await seal({ openId: 'oSomebodyElse', watermark: watermark() }),
  };
  for (const [name, [data, iv]] of Object.entries(cases)) {
    const { status, body } = await openData(data, iv);
    const { request_id: _, ...answer } = body;
    assert.equal(status, 400, name);
    assert.deepEqual(
      answer,
      {
        error: 'invalid_request',
        error_description: 'The data does not decrypt under this session.',
        code: 'decrypt_failed',
      },
      name,
    );
  }
  assert.ok(
    world.lines.some((line) => line.includes('base64_plus_lost')),
    'the log has the reason',
  );
  assert.ok(world.lines.some((line) => line.includes('foreign_openid')));
});

test('open data older than ten minutes or from the future is data_stale', async () => {
  for (const age of [660, -660]) {
    const { status, body } = await openData(...(await seal({ watermark: watermark(age) })));
    assert.deepEqual([status, body.code], [400, 'data_stale'], String(age));
  }
  assert.equal((await openData(...(await seal({ watermark: watermark(300) })))).status, 200);
});

test('every invalid access token gives the same answer', async () => {
  const [header, claims, signature] = session.access.split('.') as [string, string, string];
  const none = Buffer.from('{"alg":"none","typ":"at+jwt","kid":"x"}').toString('base64url');
  const flipped = signature.startsWith('A') ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
  const tokens = [
    'x',
    `${header}.${claims}.${flipped}`,
    `${header}.${claims}.`,
    `${none}.${claims}.`,
    'ä'.repeat(3),
    'a'.repeat(10_000),
    session.refresh,
  ];
  const answers = new Set<string>();
  for (const token of tokens) {
    const headers = { authorization: `Bearer ${encodeURIComponent(token)}` };
    const { status, body } = await post(`${world.url}/wechat/open-data`, {}, headers);
    answers.add(`${status} ${body.error} ${body.code} ${body.error_description}`);
  }
  const missing = await post(`${world.url}/wechat/open-data`, {});
  answers.add(`${missing.status} ${missing.body.error} ${missing.body.code} ${missing.body.error_description}`);
  assert.equal(answers.size, 1, [...answers].join('\n'));
  assert.match([...answers][0] as string, /^401 invalid_token session_invalid/);
});

test('open data made with a newer session_key is decrypted for an older session of the user', async () => {
  const other = await logIn(world, 'mei');
  const fresh = await world.wechat.profile(APPID, 'mei');
  assert.equal((await openData(fresh.encryptedData, fresh.iv)).status, 200, 'the older session uses the newest key');
  assert.equal((await openData(fresh.encryptedData, fresh.iv, other.access)).status, 200);
});

const phone = (code: unknown, token = session.access) => post(`${world.url}/wechat/phone`, { code }, bearer(token));
const phoneCode = (user = 'mei', appid = APPID) => world.wechat.issuePhoneCode(appid, user);

test('the code of a phone button gives the number once, to the user who tapped', async () => {
  const code = phoneCode();
  const { status, body } = await phone(code);
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(body).sort(), ['country_code', 'phone_number', 'pure_phone_number']);
  assert.equal(body.country_code, '86');
  assert.equal((await phone(code)).body.code, 'code_used');
  assert.equal((await phone(phoneCode('li'))).body.code, 'code_invalid', 'another user’s');
  assert.equal((await phone(phoneCode('mei', OTHER_APPID))).body.code, 'code_invalid', 'another app’s');
  assert.equal((await phone('')).body.code, 'parameter_missing');
  assert.equal((await phone('not a code')).body.code, 'code_malformed');
  assert.equal((await phone(phoneCode(), 'nonsense')).status, 401);
});

test('a phone code is never sent to WeChat twice', async () => {
  world.wechat.faults.add({ call: 'getuserphonenumber', times: 1, after_work: true, drop: true });
  const { status, body } = await phone(phoneCode());
  assert.deepEqual([status, body.code], [502, 'upstream_unreachable'], 'a second call would have answered code_used');
});

test('a session_key that WeChat calls invalid is 409 for any data; a valid one is 400 for wrong data (§3.2)', async () => {
  const user = await logIn(world, 'turned');
  const old = await world.wechat.profile(APPID, 'turned');
  assert.equal((await openData(`${old.encryptedData.slice(0, -4)}AAA=`, old.iv, user.access)).status, 400);
  // A wx.login that the edge does not see replaces the session_key at WeChat.
  world.wechat.issueCode(APPID, 'turned');
  const made = await world.wechat.profile(APPID, 'turned');
  assert.equal((await openData(made.encryptedData, made.iv, user.access)).body.code, 'session_key_stale');
  assert.equal((await verify(made.rawData, made.signature, user.access)).body.code, 'session_key_stale');
  world.wechat.faults.add({ call: 'checksession', times: 1, errcode: -1 });
  const silent = await openData(made.encryptedData, made.iv, user.access);
  assert.deepEqual([silent.status, silent.body.code], [400, 'decrypt_failed'], 'if checksession fails');
});
