// Scopes, the privacy contract and the operating system on a phone. §: docs/platform-facts.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PhoneOptions } from '../../js/sim/phone/index.js';
import { agreeToAll } from '../../js/sim/phone/prompts.js';
import { A, called, fake, promptQueue, type Sim } from './sim.mts';

const CAMERA = 'scope.camera';
const LOCATION = 'scope.userLocation';

/** A phone whose user has agreed to the privacy contract. */
async function agreed(sim: Sim, options: Partial<PhoneOptions> = {}) {
  const hand = promptQueue();
  const phone = sim.phone({ onPrompt: hand.onPrompt, ...options });
  sim.wechat.permissions.agree(A, 'mei');
  const authorize = (scope: string) => called(phone.wx.authorize, { scope });
  return { hand, phone, authorize, wx: phone.wx };
}

test('getSetting lists requested scopes, and those that are always granted (§1.4, §2.1)', async () => {
  const { hand, authorize, wx } = await agreed(fake());
  const before = (await called(wx.getSetting)).authSetting;
  assert.deepEqual(Object.keys(before).sort(), [
    'scope.address',
    'scope.invoice',
    'scope.invoiceTitle',
    'scope.userInfo',
  ]);
  const asked = authorize(CAMERA);
  (await hand.next('scope')).allow();
  await asked;
  assert.equal((await called(wx.getSetting)).authSetting[CAMERA], true);
  await authorize('scope.address');
  await assert.rejects(authorize('scope.nonsense'), { errMsg: 'authorize:fail invalid scope' });
});

test('a refused scope fails without a dialog until the settings page grants it (§2.2)', async () => {
  const { hand, phone, authorize, wx } = await agreed(fake());
  const refused = assert.rejects(authorize(CAMERA), { errMsg: 'authorize:fail auth deny', errno: 103 });
  (await hand.next('scope')).deny();
  await refused;
  await assert.rejects(authorize(CAMERA), { errno: 103 });
  assert.equal(hand.waiting(), 0);

  await assert.rejects(called(wx.openSetting), {
    errMsg: 'openSetting:fail can only be invoked by user TAP gesture.',
  });
  const opened = phone.tap(() => called(wx.openSetting));
  const page = await hand.next('settings');
  assert.deepEqual(page.grants, { [CAMERA]: false }, 'only requested scopes');
  page.set(CAMERA, true);
  page.set('scope.record', true);
  page.close();
  const { authSetting } = await opened;
  assert.deepEqual([authSetting[CAMERA], authSetting['scope.record']], [true, undefined]);
  await authorize(CAMERA);
});

test('WeChat keeps a user’s answers for every device, until the mini program is deleted (§2.2)', async () => {
  const sim = fake();
  const { hand, authorize } = await agreed(sim);
  const asked = authorize(CAMERA);
  (await hand.next('scope')).allow();
  await asked;
  const other = sim.phone();
  assert.equal((await called(other.wx.getSetting)).authSetting[CAMERA], true);
  sim.wechat.world.users.deleteProgram(A, 'mei');
  assert.equal((await called(other.wx.getSetting)).authSetting[CAMERA], undefined);
  assert.equal((await called(other.wx.getPrivacySetting)).needAuthorization, true);
});

test('a dismissed dialog fails with the assumed text and is shown again (§1.4)', async () => {
  const texts = [
    [undefined, 'authorize:fail:auth canceled'],
    ['authorize no response', 'authorize:fail authorize no response'],
    ['auth deny', 'authorize:fail auth deny'],
  ] as const;
  for (const [dismissed_dialog, errMsg] of texts) {
    const assume = dismissed_dialog ? { dismissed_dialog } : {};
    const { hand, authorize, wx } = await agreed(fake({}, { assume }));
    const failed = assert.rejects(authorize(CAMERA), { errMsg });
    (await hand.next('scope')).dismiss();
    await failed;
    assert.equal((await called(wx.getSetting)).authSetting[CAMERA], undefined);
  }
});

test('older clients use other texts, Android its own, and have no errno (§1.4)', async () => {
  const texts = [
    ['ios', '2.32.3', { errMsg: 'authorize:fail auth deny', errno: 103 }],
    ['ios', '2.20.0', { errMsg: 'authorize:fail:auth deny' }],
    ['android', '2.20.0', { errMsg: 'authorize:fail 系统错误，错误码：-12006,auth deny' }],
  ] as const;
  for (const [platform, SDKVersion, failure] of texts) {
    const { hand, authorize } = await agreed(fake(), { platform, SDKVersion });
    const refused = authorize(CAMERA).catch((failure) => failure);
    (await hand.next('scope')).deny();
    assert.deepEqual(await refused, failure);
  }
});

test('a scope that app.json does not declare fails without a dialog (§2.3)', async () => {
  const missing = { errMsg: /the api need to be declared in the requiredPrivateInfos field/ };
  const { hand, authorize, wx } = await agreed(fake(), {
    manifest: { permission: { [LOCATION]: { desc: 'To find a shop' } }, requiredPrivateInfos: ['getFuzzyLocation'] },
  });
  await assert.rejects(authorize(LOCATION), missing);
  await assert.rejects(called(wx.getLocation), missing);
  await assert.rejects(authorize('scope.userFuzzyLocation'), { errMsg: 'authorize:fail:require permission desc' });
  await assert.rejects(
    (await agreed(fake(), { manifest: { requiredBackgroundModes: ['audio'] } })).authorize(
      'scope.userLocationBackground',
    ),
    missing,
  );
  assert.equal(hand.waiting(), 0);
});

test('getLocation checks the scope, then the operating system, each with its own failure (§1.6)', async () => {
  const sim = fake();
  const { hand, phone, wx } = await agreed(sim, { os: { location: 'not determined' }, platform: 'ios' });
  const located = called(wx.getLocation, { type: 'gcj02' });
  (await hand.next('scope')).allow();
  const os = await hand.next('os');
  assert.equal(os.permission, 'location');
  os.allow();
  assert.equal(typeof (await located).latitude, 'number');
  assert.equal(wx.getAppAuthorizeSetting().locationAuthorized, 'authorized');
  phone.os.location = 'denied';
  await assert.rejects(called(wx.getLocation), { errMsg: 'getLocation:fail system permission denied', errno: 3 });
  assert.equal((await called(wx.getSetting)).authSetting[LOCATION], true, 'WeChat’s record is another');
});

test('getAppAuthorizeSetting lists the permissions of the platform (§1.6)', () => {
  const sim = fake();
  const of = (platform: PhoneOptions['platform'], SDKVersion = '3.8.0') =>
    sim.phone({ platform: platform as 'ios', SDKVersion }).wx.getAppAuthorizeSetting();
  assert.ok('albumAuthorized' in of('ios') && 'locationReducedAccuracy' in of('ios'));
  assert.ok(!('albumAuthorized' in of('android')) && 'bluetoothAuthorized' in of('android'));
  assert.ok(!('bluetoothAuthorized' in of('android', '3.4.0')));
});

test('without consent WeChat shows its popup; after a refusal it shows none for 10 s (§1.5)', async () => {
  const sim = fake();
  const hand = promptQueue();
  const { wx } = sim.phone({ onPrompt: hand.onPrompt, SDKVersion: '3.0.0' });
  assert.equal((await called(wx.getPrivacySetting)).needAuthorization, true);
  const authorize = () => called(wx.authorize, { scope: CAMERA });
  const refused = assert.rejects(authorize(), {
    errMsg: 'authorize:fail privacy permission is not authorized',
    errno: 104,
  });
  (await hand.next('privacy')).deny();
  await refused;
  await sim.advance(9);
  await assert.rejects(authorize(), { errMsg: /not authorized in gap/ });
  assert.equal(hand.waiting(), 0);
  await sim.advance(1);
  const asked = authorize();
  (await hand.next('privacy')).allow();
  (await hand.next('scope')).allow();
  await asked;
  assert.equal((await called(wx.getPrivacySetting)).needAuthorization, false);
});

test('from 3.4.1 the scope dialog carries the privacy checkbox, and its refusal is errno 103 (§1.5)', async () => {
  const sim = fake();
  const hand = promptQueue();
  const { wx } = sim.phone({ onPrompt: hand.onPrompt });
  const refused = assert.rejects(called(wx.authorize, { scope: CAMERA }), { errno: 103 });
  const dialog = await hand.next('scope');
  assert.equal(dialog.privacy, true);
  dialog.deny();
  await refused;
  const asked = called(wx.authorize, { scope: 'scope.record' });
  (await hand.next('scope')).allow();
  await asked;
  assert.equal((await called(wx.getPrivacySetting)).needAuthorization, false);
});

test('agree without a tap on the named button fails or is ignored, as assumed (§1.5)', async () => {
  const sim = fake();
  const { wx } = sim.phone();
  wx.onNeedPrivacyAuthorization((resolve) => resolve({ event: 'agree', buttonId: 'agree' }));
  await assert.rejects(called(wx.requirePrivacyAuthorize), {
    errMsg: 'requirePrivacyAuthorize:fail click action before resolve is needed',
    errno: 104,
  });
  assert.equal((await called(wx.getPrivacySetting)).needAuthorization, true);
});

test('with a privacy listener the call waits for resolve, which needs a tap on the named button (§1.5)', async () => {
  const sim = fake({}, { assume: { privacy_agree_without_tap: 'ignored' } });
  const hand = promptQueue();
  const phone = sim.phone({ onPrompt: hand.onPrompt });
  let resolve: Parameters<Parameters<typeof phone.wx.onNeedPrivacyAuthorization>[0]>[0] = () => {};
  let referrer = '';
  const listening = new Promise<void>((heard) =>
    phone.wx.onNeedPrivacyAuthorization((answer, info) => {
      resolve = answer;
      referrer = info.referrer;
      heard();
    }),
  );
  const asked = called(phone.wx.authorize, { scope: CAMERA });
  await listening;
  assert.equal(referrer, 'authorize');
  resolve({ event: 'exposureAuthorization' });
  resolve({ event: 'agree', buttonId: 'agree' });
  await sim.advance(60);
  assert.equal(hand.waiting(), 0, 'the button was not tapped');
  assert.deepEqual(await phone.press('agreePrivacyAuthorization', { id: 'agree' }), {
    errMsg: 'agreePrivacyAuthorization:ok',
  });
  resolve({ event: 'agree', buttonId: 'agree' });
  const dialog = await hand.next('scope');
  assert.equal(dialog.privacy, false);
  dialog.allow();
  await asked;
});

test('disagree fails with the assumed errno; after a silent listener WeChat shows its popup (§1.5)', async () => {
  for (const privacy_errno of [104, 101102] as const) {
    const sim = fake({}, { assume: { privacy_errno } });
    const { wx } = sim.phone();
    wx.onNeedPrivacyAuthorization((resolve) => resolve({ event: 'disagree' }));
    await assert.rejects(called(wx.requirePrivacyAuthorize), { errno: privacy_errno });
  }
  const sim = fake();
  const hand = promptQueue();
  const { wx } = sim.phone({ onPrompt: hand.onPrompt });
  wx.onNeedPrivacyAuthorization(() => {});
  const required = called(wx.requirePrivacyAuthorize);
  await sim.advance(10);
  (await hand.next('privacy')).allow();
  await required;
});

test('an undeclared information type is errno 112, a missing guideline 1025 (§1.5)', async () => {
  const undeclared = fake({ privacy: ['location'] }).phone();
  await assert.rejects(called(undeclared.wx.authorize, { scope: CAMERA }), {
    errMsg: 'authorize:fail api scope is not declared in the privacy agreement',
    errno: 112,
  });
  const { wx } = fake({ privacy: 'none' }).phone();
  await assert.rejects(called(wx.authorize, { scope: CAMERA }), {
    errMsg: 'authorize:fail appid privacy api banned',
    errno: 1025,
  });
  assert.equal((await called(wx.getPrivacySetting)).needAuthorization, false);
});

test('a new declaration takes effect after 5 minutes and needs consent for the new type only (§1.5)', async () => {
  const sim = fake({ privacy: ['location'] });
  const hand = promptQueue();
  const { wx } = sim.phone({ onPrompt: hand.onPrompt });
  const needed = async () => (await called(wx.getPrivacySetting)).needAuthorization;
  sim.wechat.permissions.agree(A, 'mei');
  sim.wechat.permissions.declare(A, 'camera');
  await sim.advance(299);
  assert.equal(await needed(), false);
  await sim.advance(1);
  assert.equal(await needed(), true);
  const located = called(wx.getLocation);
  const dialog = await hand.next('scope');
  assert.equal(dialog.privacy, false, 'location was agreed to before');
  dialog.allow();
  await located;
});

test('base libraries below 2.32.3 show no privacy popup and lack its methods (§1.5)', async () => {
  const { wx } = fake().phone({ SDKVersion: '2.32.2', onPrompt: agreeToAll });
  assert.equal(wx.getPrivacySetting, undefined);
  assert.equal(wx.onNeedPrivacyAuthorization, undefined);
  await called(wx.authorize, { scope: CAMERA });
});

test('an older base library lacks the methods of newer ones', () => {
  assert.equal(fake().phone({ SDKVersion: '2.20.0' }).wx.getAppBaseInfo, undefined);
});

test('below 2.32.3 an undeclared call fails or succeeds, as assumed (§1.5)', async () => {
  for (const old_libraries_check_declaration of [true, false]) {
    for (const privacy of ['none', ['location']] as const) {
      const sim = fake({ privacy: privacy as 'none' }, { assume: { old_libraries_check_declaration } });
      const { wx } = sim.phone({ SDKVersion: '2.32.2', onPrompt: agreeToAll });
      const failed = await called(wx.authorize, { scope: CAMERA }).then(
        () => false,
        () => true,
      );
      assert.equal(failed, old_libraries_check_declaration);
    }
  }
});

test('a call that fails several checks reports the first in the assumed order (§1.6)', async () => {
  const reasons = {
    manifest: /require permission desc/,
    scope: /auth deny/,
    privacy: /not declared/,
    os: /system permission denied/,
  };
  const checks = Object.keys(reasons) as Array<keyof typeof reasons>;
  for (const first of checks) {
    const refusal_order = [first, ...checks.filter((check) => check !== first)];
    const sim = fake({ privacy: ['camera'] }, { assume: { refusal_order } });
    sim.wechat.permissions.grant(A, 'mei', { [LOCATION]: false });
    const { wx } = sim.phone({ manifest: { permission: {} }, os: { location: 'denied' } });
    await assert.rejects(called(wx.getLocation), { errMsg: reasons[first] });
  }
});

test('deleteProgram clears this device’s storage, and ends the session_key as assumed (§1.7, §1.1)', async () => {
  for (const session_key_after_deletion of ['ended', 'kept'] as const) {
    const sim = fake({}, { assume: { session_key_after_deletion } });
    const { phone, wx, hand, authorize } = await agreed(sim);
    const asked = authorize(CAMERA);
    (await hand.next('scope')).allow();
    await asked;
    await called(wx.login);
    wx.setStorageSync('k', 'v');
    await phone.deleteProgram();
    assert.equal(phone.appState, 'dead');
    const again = phone.relaunch().wx;
    assert.equal(again.getStorageSync('k'), '');
    assert.equal((await called(again.getSetting)).authSetting[CAMERA], undefined);
    assert.equal((await called(again.getPrivacySetting)).needAuthorization, true);
    const valid = await called(again.checkSession).then(
      () => 'kept',
      () => 'ended',
    );
    assert.equal(valid, session_key_after_deletion);
  }
});
