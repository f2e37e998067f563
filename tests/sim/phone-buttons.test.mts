// Profiles, phone numbers, avatars and nicknames. § marks point into docs/platform-facts.md.
import assert from 'node:assert/strict';
import { createDecipheriv } from 'node:crypto';
import { test } from 'node:test';
import { sha1Hex } from '../../js/sim/crypto.js';
import type { PhoneDetail } from '../../js/sim/phone/buttons.js';
import type { PhoneOptions } from '../../js/sim/phone/index.js';
import { agreeToAll, refuseAll } from '../../js/sim/phone/prompts.js';
import { A, called, fake, owner } from './sim.mts';

const base64 = (text: string) => Buffer.from(text, 'base64');
function decrypted(sessionKey: string, iv: string, data: string) {
  const cipher = createDecipheriv('aes-128-cbc', base64(sessionKey), base64(iv));
  return JSON.parse(Buffer.concat([cipher.update(base64(data)), cipher.final()]).toString());
}

const yes = { onPrompt: agreeToAll };
const COUPLED = 'getPhoneNumber|agreePrivacyAuthorization';

test('the phone button gives a code that a server redeems (§1.3)', async () => {
  const world = fake();
  const phone = world.phone(yes);
  const detail = (await phone.press(COUPLED)) as PhoneDetail;
  assert.deepEqual(Object.keys(detail).sort(), ['code', 'errMsg'], 'no open data before a login');
  const access_token = await world.token();
  const { phone_info } = await world.post('/wxa/business/getuserphonenumber', { code: detail.code }, { access_token });
  assert.equal(phone_info.purePhoneNumber, world.wechat.user('mei').phone);

  await called(phone.wx.login);
  const old = (await fake()
    .phone({ ...yes, SDKVersion: '2.20.0' })
    .press('getPhoneNumber')) as PhoneDetail;
  assert.equal(old.code, undefined, 'before 2.21.2');
  const after = (await phone.press('getPhoneNumber')) as PhoneDetail;
  assert.equal(typeof after.encryptedData, 'string');
  const realtime = (await phone.press('getRealtimePhoneNumber')) as PhoneDetail;
  assert.deepEqual(Object.keys(realtime).sort(), ['code', 'errMsg']);
});

test('phone refusals: user, quota, subject, privacy, each as WeChat words it (§1.3)', async () => {
  const pressed = async (app: object, options: Partial<PhoneOptions>, config = {}) => {
    const world = fake(app, config);
    world.wechat.permissions.agree(A, 'mei');
    return world.phone({ ...yes, ...options }).press('getPhoneNumber');
  };
  const no = { onPrompt: refuseAll };
  assert.deepEqual(await pressed({}, no), { errMsg: 'getPhoneNumber:fail user deny' });
  assert.deepEqual(await pressed({}, no, { assume: { refusal_errno: 103 } }), {
    errMsg: 'getPhoneNumber:fail user deny',
    errno: 103,
  });
  assert.deepEqual(await pressed({}, { ...no, SDKVersion: '2.20.0' }), { errMsg: 'getPhoneNumber:fail:user deny' });
  assert.deepEqual(await pressed({ certified: false }, {}), {
    errMsg: 'getPhoneNumber:fail no permission',
    errno: 102,
  });
  assert.deepEqual(await pressed({ phone_quota: 0 }, {}), {
    errMsg: 'getPhoneNumber:fail appid no enough quota',
    errno: 1400001,
  });
  assert.equal(((await pressed({ privacy: ['location'] }, {})) as PhoneDetail).errno, 112);
});

test('a phone number is paid for when it is given, not when it is refused (§1.3)', async () => {
  const world = fake({ phone_quota: 1 });
  world.wechat.permissions.agree(A, 'mei');
  await world.phone({ onPrompt: refuseAll }).press('getPhoneNumber');
  const phone = world.phone(yes);
  assert.equal(((await phone.press('getPhoneNumber')) as PhoneDetail).errMsg, 'getPhoneNumber:ok');
  assert.equal(((await phone.press('getPhoneNumber')) as PhoneDetail).errno, 1400001);
});

test('a button without consent waits for the privacy popup; coupled, its tap is the consent (§1.3, §1.5)', async () => {
  const world = fake();
  const hand = owner();
  const phone = world.phone({ onPrompt: hand.onPrompt });
  const refused = phone.press('getPhoneNumber');
  (await hand.next('privacy')).deny();
  assert.deepEqual(await refused, {
    errMsg: 'getPhoneNumber:fail privacy permission is not authorized',
    errno: 104,
  });
  const coupled = phone.press(COUPLED);
  (await hand.next('phone-number')).allow();
  assert.equal((await coupled)?.errMsg, 'getPhoneNumber:ok');
});

const GREY = { nickName: '微信用户', gender: 0, language: '', city: '', province: '', country: '', is_demote: true };

test('getUserInfo is silent and anonymous, in what is encrypted too (§1.2)', async () => {
  const world = fake();
  const { wx } = world.phone();
  const { session_key, openid } = await world.exchange((await called(wx.login)).code);
  const { userInfo, rawData, signature, encryptedData, iv, ...rest } = await called(wx.getUserInfo);
  const { avatarUrl, ...shown } = userInfo;
  assert.deepEqual(shown, GREY);
  assert.deepEqual(JSON.parse(rawData), userInfo);
  assert.equal(signature, sha1Hex(rawData + session_key));
  const { watermark, openId, unionId, ...opened } = decrypted(session_key, iv, encryptedData);
  assert.deepEqual([opened, openId, watermark.appid], [userInfo, openid, A]);
  assert.match(avatarUrl, /^https:/);
  assert.deepEqual(rest, { errMsg: 'getUserInfo:ok' }, 'no cloudID without WeChat’s cloud');
});

test('getUserInfo: credentials need a valid login, and are left out where they are not wanted (§1.2)', async () => {
  const SIGNED = ['encryptedData', 'errMsg', 'iv', 'rawData', 'signature', 'userInfo'];
  const OPEN = ['errMsg', 'rawData', 'userInfo'];
  const table: Array<[loggedIn: boolean, withCredentials: boolean | undefined, fields: string[] | undefined]> = [
    [true, true, SIGNED],
    [true, undefined, SIGNED],
    [true, false, OPEN],
    [false, true, undefined],
    [false, undefined, OPEN],
    [false, false, OPEN],
  ];
  for (const [loggedIn, withCredentials, fields] of table) {
    const { wx } = fake().phone();
    if (loggedIn) await called(wx.login);
    const got = called(wx.getUserInfo, withCredentials === undefined ? {} : { withCredentials });
    if (fields) assert.deepEqual(Object.keys(await got).sort(), fields);
    else await assert.rejects(got, { errMsg: /^getUserInfo:fail/ });
  }
});

test('the privacy popup is told of a button by its component’s name (§1.5)', async () => {
  for (const type of ['getPhoneNumber', 'getRealtimePhoneNumber', 'chooseAvatar'] as const) {
    const phone = fake().phone();
    const told: string[] = [];
    phone.wx.onNeedPrivacyAuthorization((resolve, { referrer }) => {
      told.push(referrer);
      resolve({ event: 'disagree' });
    });
    const detail = await phone.press(type);
    assert.deepEqual(told, [`button.${type}`]);
    assert.equal((detail as { errMsg: string }).errMsg, `${type}:fail privacy permission is not authorized`);
  }
});

test('one picker of avatars at a time (§1.2)', async () => {
  const world = fake();
  world.wechat.permissions.agree(A, 'mei');
  const hand = owner();
  const phone = world.phone({ onPrompt: hand.onPrompt });
  const first = phone.press('chooseAvatar');
  const picker = await hand.next('avatar');
  assert.deepEqual(await phone.press('chooseAvatar'), {
    errMsg: 'chooseAvatar:fail another chooseAvatar is in progress',
  });
  picker.cancel();
  assert.deepEqual(await first, { errMsg: 'chooseAvatar:fail cancel' });
  const again = phone.press('chooseAvatar');
  (await hand.next('avatar')).choose();
  assert.ok(await again);
});

test('getUserProfile needs a tap, a reason of 30 characters and an answer; grey from 2.27.1 on (§1.2)', async () => {
  const world = fake();
  const ask = (options: Partial<PhoneOptions>, desc = 'To greet you') => {
    const phone = world.phone(options);
    return phone.tap(() => called(phone.wx.getUserProfile, { desc }));
  };
  await assert.rejects(called(world.phone(yes).wx.getUserProfile, { desc: 'x' }), { errMsg: /TAP gesture\.$/ });
  await assert.rejects(ask(yes, ''), { errMsg: 'getUserProfile:fail desc length does not meet the requirements' });
  await assert.rejects(ask(yes, 'x'.repeat(31)), { errMsg: /desc length/ });
  await assert.rejects(ask({ onPrompt: refuseAll }), { errMsg: 'getUserProfile:fail auth deny' });
  assert.equal((await ask(yes)).userInfo.nickName, '微信用户');
  assert.equal((await ask({ ...yes, SDKVersion: '2.27.0' })).userInfo.nickName, 'mei');
});

test('an avatar is a temporary file, named as the platform does; one that fails the check makes no event (§1.2)', async () => {
  const world = fake();
  world.wechat.permissions.agree(A, 'mei');
  const avatar = (options: Partial<PhoneOptions>, review?: 'fail') =>
    world.phone({ ...yes, ...options }).press('chooseAvatar', review ? { review } : {});
  assert.match(((await avatar({ platform: 'ios' })) as { avatarUrl: string }).avatarUrl, /^wxfile:\/\/tmp_/);
  assert.match(((await avatar({})) as { avatarUrl: string }).avatarUrl, /^http:\/\/tmp\//);
  assert.equal(await avatar({}, 'fail'), undefined);
  assert.ok(await avatar({ SDKVersion: '2.24.3' }, 'fail'), 'no check yet');
  assert.equal(await avatar({ SDKVersion: '2.21.1' }), undefined, 'no such button yet');
  assert.deepEqual(await avatar({ onPrompt: refuseAll }), { errMsg: 'chooseAvatar:fail cancel' });
});

test('an unsafe nickname is cleared; without consent it is a plain input (§1.2)', async () => {
  const world = fake();
  const phone = world.phone();
  assert.deepEqual(await phone.typeNickname('Mei', 'fail'), { value: 'Mei' });
  world.wechat.permissions.agree(A, 'mei');
  assert.deepEqual(await phone.typeNickname('Mei'), { value: 'Mei', review: { pass: true, timeout: false } });
  assert.deepEqual(await phone.typeNickname('Mei', 'fail'), { value: '', review: { pass: false, timeout: false } });
  assert.deepEqual(await phone.typeNickname('Mei', 'timeout'), {
    value: 'Mei',
    review: { pass: false, timeout: true },
  });
});
