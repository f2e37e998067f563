// Profiles, phone numbers, avatars and nicknames. §: docs/platform-facts.md.
import assert from 'node:assert/strict';
import { createDecipheriv } from 'node:crypto';
import { test } from 'node:test';
import { sha1Hex } from '../../js/sim/crypto.js';
import type { PhoneDetail } from '../../js/sim/phone/buttons.js';
import type { PhoneOptions } from '../../js/sim/phone/index.js';
import { agreeToAll, refuseAll } from '../../js/sim/phone/prompts.js';
import { A, called, fake, promptQueue } from './sim.mts';

const base64 = (text: string) => Buffer.from(text, 'base64');
function decrypted(sessionKey: string, iv: string, data: string) {
  const cipher = createDecipheriv('aes-128-cbc', base64(sessionKey), base64(iv));
  return JSON.parse(Buffer.concat([cipher.update(base64(data)), cipher.final()]).toString());
}

const yes = { onPrompt: agreeToAll };
const COUPLED = 'getPhoneNumber|agreePrivacyAuthorization';

test('the phone button returns a code that a server redeems (§1.3)', async () => {
  const sim = fake();
  const phone = sim.phone(yes);
  const detail = (await phone.press(COUPLED)) as PhoneDetail;
  assert.deepEqual(Object.keys(detail).sort(), ['code', 'errMsg'], 'no open data before a login');
  const access_token = await sim.token();
  const { phone_info } = await sim.post('/wxa/business/getuserphonenumber', { code: detail.code }, { access_token });
  assert.equal(phone_info.purePhoneNumber, sim.wechat.user('mei').phone);

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

test('the phone button fails with WeChat’s text for user, quota, certification and privacy (§1.3)', async () => {
  const pressed = async (app: object, options: Partial<PhoneOptions>, config = {}) => {
    const sim = fake(app, config);
    sim.wechat.permissions.agree(A, 'mei');
    return sim.phone({ ...yes, ...options }).press('getPhoneNumber');
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

test('the quota counts a phone number that is returned, not one that is refused (§1.3)', async () => {
  const sim = fake({ phone_quota: 1 });
  sim.wechat.permissions.agree(A, 'mei');
  await sim.phone({ onPrompt: refuseAll }).press('getPhoneNumber');
  const phone = sim.phone(yes);
  assert.equal(((await phone.press('getPhoneNumber')) as PhoneDetail).errMsg, 'getPhoneNumber:ok');
  assert.equal(((await phone.press('getPhoneNumber')) as PhoneDetail).errno, 1400001);
});

test('a button without consent shows the privacy popup; the tap on a coupled button is the consent (§1.3, §1.5)', async () => {
  const sim = fake();
  const hand = promptQueue();
  const phone = sim.phone({ onPrompt: hand.onPrompt });
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

test('getUserInfo shows no dialog and is anonymous, in encryptedData too (§1.2)', async () => {
  const sim = fake();
  const { wx } = sim.phone();
  const { session_key, openid } = await sim.exchange((await called(wx.login)).code);
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

test('getUserInfo: withCredentials needs a valid login, and false signs nothing (§1.2)', async () => {
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

test('the referrer of a button’s privacy popup is its component name (§1.5)', async () => {
  for (const type of ['getPhoneNumber', 'getRealtimePhoneNumber', 'chooseAvatar'] as const) {
    const phone = fake().phone();
    const seen: string[] = [];
    phone.wx.onNeedPrivacyAuthorization((resolve, { referrer }) => {
      seen.push(referrer);
      resolve({ event: 'disagree' });
    });
    const detail = await phone.press(type);
    assert.deepEqual(seen, [`button.${type}`]);
    assert.equal((detail as { errMsg: string }).errMsg, `${type}:fail privacy permission is not authorized`);
  }
});

test('a second avatar picker fails while one is open (§1.2)', async () => {
  const sim = fake();
  sim.wechat.permissions.agree(A, 'mei');
  const hand = promptQueue();
  const phone = sim.phone({ onPrompt: hand.onPrompt });
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

test('getUserProfile needs a tap, a desc of at most 30 characters and consent; it is anonymous from 2.27.1 (§1.2)', async () => {
  const sim = fake();
  const ask = (options: Partial<PhoneOptions>, desc = 'To greet you') => {
    const phone = sim.phone(options);
    return phone.tap(() => called(phone.wx.getUserProfile, { desc }));
  };
  await assert.rejects(called(sim.phone(yes).wx.getUserProfile, { desc: 'x' }), { errMsg: /TAP gesture\.$/ });
  await assert.rejects(ask(yes, ''), { errMsg: 'getUserProfile:fail desc length does not meet the requirements' });
  await assert.rejects(ask(yes, 'x'.repeat(31)), { errMsg: /desc length/ });
  await assert.rejects(ask({ onPrompt: refuseAll }), { errMsg: 'getUserProfile:fail auth deny' });
  assert.equal((await ask(yes)).userInfo.nickName, '微信用户');
  assert.equal((await ask({ ...yes, SDKVersion: '2.27.0' })).userInfo.nickName, 'mei');
});

test('an avatar is a temporary file with the platform’s path; a picture that fails the check causes no event (§1.2)', async () => {
  const sim = fake();
  sim.wechat.permissions.agree(A, 'mei');
  const avatar = (options: Partial<PhoneOptions>, review?: 'fail') =>
    sim.phone({ ...yes, ...options }).press('chooseAvatar', review ? { review } : {});
  assert.match(((await avatar({ platform: 'ios' })) as { avatarUrl: string }).avatarUrl, /^wxfile:\/\/tmp_/);
  assert.match(((await avatar({})) as { avatarUrl: string }).avatarUrl, /^http:\/\/tmp\//);
  assert.equal(await avatar({}, 'fail'), undefined);
  assert.ok(await avatar({ SDKVersion: '2.24.3' }, 'fail'), 'no check yet');
  assert.equal(await avatar({ SDKVersion: '2.21.1' }), undefined, 'no such button yet');
  assert.deepEqual(await avatar({ onPrompt: refuseAll }), { errMsg: 'chooseAvatar:fail cancel' });
});

test('an unsafe nickname is cleared; without consent it is an ordinary input (§1.2)', async () => {
  const sim = fake();
  const phone = sim.phone();
  assert.deepEqual(await phone.typeNickname('Mei', 'fail'), { value: 'Mei' });
  sim.wechat.permissions.agree(A, 'mei');
  assert.deepEqual(await phone.typeNickname('Mei'), { value: 'Mei', review: { pass: true, timeout: false } });
  assert.deepEqual(await phone.typeNickname('Mei', 'fail'), { value: '', review: { pass: false, timeout: false } });
  assert.deepEqual(await phone.typeNickname('Mei', 'timeout'), {
    value: 'Mei',
    review: { pass: false, timeout: true },
  });
});
