// Dialogs, toasts, pages, sockets, canIUse, promises. §: docs/platform-facts.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PhoneOptions } from '../../js/sim/phone/index.js';
import { WITHOUT_PROMISE } from '../../js/sim/phone/promises.js';
import { agreeToAll, refuseAll } from '../../js/sim/phone/prompts.js';
import type { Json } from '../harness.mts';
import { called, fake, promptQueue } from './sim.mts';

const yes = { onPrompt: agreeToAll };
const no = { onPrompt: refuseAll };

test('a modal dialog shows its texts and resolves with the tapped button', async () => {
  const hand = promptQueue();
  const { wx } = fake().phone({ onPrompt: hand.onPrompt });
  const asked = called(wx.showModal, { title: 'Log in?', content: 'To keep your cart', confirmText: 'Yes' });
  const { confirm, cancel, ...dialog } = await hand.next('modal');
  assert.deepEqual(dialog, {
    kind: 'modal',
    title: 'Log in?',
    content: 'To keep your cart',
    confirmText: 'Yes',
    cancelText: '取消',
    editable: false,
  });
  confirm();
  assert.deepEqual(await asked, { confirm: true, cancel: false, content: '', errMsg: 'showModal:ok' });
  const refused = called(fake().phone(no).wx.showModal);
  assert.deepEqual(await refused, { confirm: false, cancel: true, content: '', errMsg: 'showModal:ok' });
  const alert = await called(fake().phone(no).wx.showModal, { showCancel: false });
  assert.deepEqual([alert.confirm, alert.cancel], [true, false], 'without a cancel button it can only be confirmed');
});

test('an editable dialog returns the typed text, from 2.17.1', async () => {
  for (const [SDKVersion, editable, content] of [
    ['2.17.1', true, 'Mei'],
    ['2.17.0', false, ''],
  ] as const) {
    const hand = promptQueue();
    const { wx } = fake().phone({ onPrompt: hand.onPrompt, SDKVersion });
    const asked = called(wx.showModal, { editable: true });
    const dialog = await hand.next('modal');
    assert.equal(dialog.editable, editable);
    dialog.confirm('Mei');
    assert.equal((await asked).content, content);
  }
});

test('an action sheet returns the index of the item, and fails if it is cancelled', async () => {
  const hand = promptQueue();
  const { wx } = fake().phone({ onPrompt: hand.onPrompt });
  const asked = called(wx.showActionSheet, { itemList: ['A', 'B'] });
  const sheet = await hand.next('action-sheet');
  assert.deepEqual(sheet.items, ['A', 'B']);
  sheet.pick(1);
  assert.equal((await asked).tapIndex, 1);
  const failed = called(fake().phone(no).wx.showActionSheet, { itemList: ['A'] });
  await assert.rejects(failed, { errMsg: 'showActionSheet:fail cancel' });
});

/** Returns the callbacks of a dialog that can open the settings page, which needs a tap (§1.4). */
async function tapsIn(dialog: 'showModal' | 'showActionSheet', options: Partial<PhoneOptions>): Promise<string[]> {
  const sim = fake();
  const phone = sim.phone(options);
  const opened: string[] = [];
  const open = (callback: string) =>
    phone.wx.openSetting({ success: () => opened.push(callback), fail: ({ errMsg }) => assert.match(errMsg, /TAP/) });
  const show: (options: Json) => unknown = dialog === 'showModal' ? phone.wx.showModal : phone.wx.showActionSheet;
  show({
    itemList: ['settings'],
    success: () => open('success'),
    fail: () => open('fail'),
    complete: () => open('complete'),
  });
  await sim.advance(1);
  return opened;
}

test('the success callback of a dialog counts as a tap; fail and complete do so below 3.3.5 only (§1.4)', async () => {
  const table: Array<[Parameters<typeof tapsIn>, string[]]> = [
    [['showModal', { ...yes, SDKVersion: '3.3.5' }], ['success']],
    [
      ['showModal', { ...yes, SDKVersion: '3.3.4' }],
      ['success', 'complete'],
    ],
    [['showActionSheet', { ...yes, SDKVersion: '3.3.5' }], ['success']],
    [['showActionSheet', { ...no, SDKVersion: '3.3.5' }], []],
    [
      ['showActionSheet', { ...no, SDKVersion: '3.3.4' }],
      ['fail', 'complete'],
    ],
  ];
  for (const [given, expected] of table) assert.deepEqual(await tapsIn(...given), expected, JSON.stringify(given));
});

test('a dialog’s promise carries no tap (§1.4)', async () => {
  const { wx } = fake().phone(yes);
  await wx.showModal({});
  await assert.rejects(called(wx.openSetting), { errMsg: /TAP gesture/ });
});

test('a toast ends after its duration, a loading indicator when it is hidden; one is visible at a time', async () => {
  const sim = fake();
  const phone = sim.phone();
  await called(phone.wx.showToast, { title: 'Saved' });
  assert.deepEqual(phone.toast, { title: 'Saved', kind: 'toast' });
  await sim.advance(1.5);
  assert.equal(phone.toast, undefined);
  await called(phone.wx.showToast, { title: 'Saved' });
  await called(phone.wx.showLoading, { title: 'Loading' });
  await sim.advance(60);
  assert.deepEqual(phone.toast, { title: 'Loading', kind: 'loading' });
  await assert.rejects(called(phone.wx.hideToast, { noConflict: true }), {
    errMsg: "hideToast:fail:toast can't be found",
  });
  await called(phone.wx.hideLoading);
  await assert.rejects(called(phone.wx.hideLoading), { errMsg: "hideLoading:fail:toast can't be found" });
});

test('pages are opened, replaced and left, at most ten', async () => {
  const { wx, pages } = fake().phone();
  await called(wx.navigateTo, { url: '/pages/login?from=cart' });
  await called(wx.redirectTo, { url: '/pages/home' });
  assert.deepEqual(pages, ['pages/index/index', '/pages/home']);
  await called(wx.navigateBack, { delta: 5 });
  assert.deepEqual(pages, ['pages/index/index']);
  await called(wx.reLaunch, { url: '/pages/me' });
  for (let n = 1; n < 10; n++) await called(wx.navigateTo, { url: `/pages/${n}` });
  await assert.rejects(called(wx.navigateTo, { url: '/pages/10' }), {
    errMsg: 'navigateTo:fail webview count limit exceed',
  });
  await called(wx.switchTab, { url: '/pages/tab' });
  assert.deepEqual(pages, ['/pages/tab']);
});

test('code that registers socket listeners can be loaded; connecting fails', async () => {
  const { wx } = fake().phone();
  for (const register of [wx.onSocketOpen, wx.onSocketMessage, wx.onSocketClose, wx.onSocketError]) register(() => {});
  wx.connectSocket({ url: 'wss://a.example/' }).onOpen(() => {});
  await assert.rejects(called(wx.connectSocket, { url: 'wss://a.example/' }), { errMsg: /^connectSocket:fail/ });
  await assert.rejects(called(wx.closeSocket), { errMsg: /^closeSocket:fail/ });
});

test('canIUse is true for the methods of this wx only (§1.1)', () => {
  const { wx } = fake().phone();
  const old = fake().phone({ SDKVersion: '2.20.0' }).wx;
  const table: Array<[schema: string, today: boolean, in2020: boolean]> = [
    ['login', true, true],
    ['showModal', true, true],
    ['request.object.method.GET', true, true],
    ['getPrivacySetting', true, false],
    ['setBackgroundFetchToken', false, false],
    ['cloud', false, false],
    ['toString', false, false],
    ['CameraContext.onCameraFrame', false, false],
    ['button.open-type.chooseAvatar', true, false],
    ['button.open-type.contact', false, false],
    ['setStorage.object.encrypt', true, false],
    ['showModal.object.editable', true, true],
    ['', false, false],
  ];
  for (const [schema, today, in2020] of table) {
    assert.deepEqual([wx.canIUse(schema), old.canIUse(schema)], [today, in2020], schema);
  }
});

test('methods whose documentation excludes promises return none, with or without callbacks (§1.0)', () => {
  const { wx } = fake().phone();
  const manager = wx.getUserCryptoManager();
  for (const name of Object.keys(WITHOUT_PROMISE)) {
    const [object, method] = name.includes('.') ? [manager, name.split('.')[1]] : [wx, name];
    const given = (object as Json)[method as string]({ url: 'https://a.example/', length: 1, filePath: '', name: '' });
    assert.equal(given instanceof Promise, false, name);
  }
  assert.ok(Object.keys(WITHOUT_PROMISE).includes('getPrivacySetting'));
  assert.ok(wx.getSetting() instanceof Promise);
});

test('an option of the wrong type fails with the base library’s text (§1.4)', async () => {
  const { wx } = fake().phone();
  const table: Array<[name: string, options: object, parameter: string, type: string]> = [
    ['authorize', {}, 'scope', 'Undefined'],
    ['authorize', { scope: null }, 'scope', 'Null'],
    ['getStorage', {}, 'key', 'Undefined'],
    ['setStorage', { key: 1, data: 1 }, 'key', 'Number'],
    ['removeStorage', {}, 'key', 'Undefined'],
    ['request', {}, 'url', 'Undefined'],
    ['uploadFile', { url: 'https://a.example/' }, 'filePath', 'Undefined'],
    ['navigateTo', {}, 'url', 'Undefined'],
  ];
  for (const [name, options, parameter, type] of table) {
    await assert.rejects(called((wx as Json)[name], options), {
      errMsg: `${name}:fail parameter error: parameter.${parameter} should be String instead of ${type};`,
    });
  }
});
