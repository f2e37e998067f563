// Storage: quotas, encryption, devices. §: docs/platform-facts.md.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { called, fake } from './sim.mts';

const KB = 1024;
const text = (kb: number) => 'x'.repeat(kb * KB);

test('stored values of every type are read back, on the same device only (§1.7)', async () => {
  const sim = fake();
  const { wx } = sim.phone();
  const when = new Date(5);
  for (const data of ['text', 7, true, null, { a: [1] }, when]) {
    await called(wx.setStorage, { key: 'k', data });
    assert.deepEqual((await called(wx.getStorage, { key: 'k' })).data, data);
    assert.deepEqual(wx.getStorageSync('k'), data);
  }
  await assert.rejects(called(sim.phone().wx.getStorage, { key: 'k' }), { errMsg: 'getStorage:fail data not found' });
  assert.equal(wx.getStorageSync('nothing'), '');
  await called(wx.removeStorage, { key: 'k' });
  await assert.rejects(called(wx.getStorage, { key: 'k' }));
});

test('limits are 1 MB per key and 10 MB in total, encrypted 0.7 and 7.1 MB (§1.7)', async () => {
  const { wx } = fake().phone();
  const set = (key: string, kb: number, encrypt = false) => called(wx.setStorage, { key, data: text(kb), encrypt });
  await assert.rejects(set('big', 1025), { errMsg: 'setStorage:fail:entry size limit reached' });
  await assert.rejects(set('big', 720, true), { errMsg: 'setStorage:fail:entry size limit reached' });
  for (let n = 0; n < 10; n++) await set(`k${n}`, 1000);
  await assert.rejects(set('more', 1000), { errMsg: 'setStorage:fail exceed storage max size 10Mb' });
  await set('k0', 1000);
  await assert.rejects(set('secret', 10, true), { errMsg: /exceed storage/ });
  const info = await called(wx.getStorageInfo);
  assert.deepEqual([info.keys.length, info.limitSize, info.currentSize > 10_000], [10, 10_240, true]);
  await called(wx.clearStorage);
  await set('more', 1000);
});

test('from 2.21.3 an encrypted value is read only with encrypt (§1.7)', async () => {
  const { wx } = fake().phone();
  await called(wx.setStorage, { key: 'k', data: 'v', encrypt: true });
  await assert.rejects(called(wx.getStorage, { key: 'k' }), { errMsg: /data not found/ });
  assert.equal((await called(wx.getStorage, { key: 'k', encrypt: true })).data, 'v');
  assert.equal(wx.getStorageSync('k'), '', 'only the asynchronous calls know of it');
  const old = fake().phone({ SDKVersion: '2.21.2' }).wx;
  await called(old.setStorage, { key: 'k', data: 'v', encrypt: true });
  assert.equal((await called(old.getStorage, { key: 'k' })).data, 'v');
});

test('synchronous calls throw an error whose message and errMsg name the call (§1.7)', async () => {
  const sim = fake({}, { assume: { storage_full_text: 'exceed storage max size 10Mb' } });
  const { wx } = sim.phone();
  wx.setStorageSync('k', 1);
  assert.equal(wx.getStorageSync('k'), 1);
  const thrown = (errMsg: string) => (error: Error & { errMsg?: string }) => {
    assert.deepEqual([error instanceof Error, error.message, error.errMsg], [true, errMsg, errMsg]);
    return true;
  };
  assert.throws(() => wx.setStorageSync('k', text(1025)), thrown('setStorageSync:fail:entry size limit reached'));
  wx.removeStorageSync('k');
  assert.deepEqual(wx.getStorageInfoSync().keys, []);
  for (let n = 0; n < 10; n++) wx.setStorageSync(`k${n}`, text(1000));
  assert.throws(
    () => wx.setStorageSync('more', text(1000)),
    thrown('setStorageSync:fail exceed storage max size 10Mb'),
  );
  const assumed = fake({}, { assume: { storage_full_text: 'full' } }).phone().wx;
  for (let n = 0; n < 10; n++) assumed.setStorageSync(`k${n}`, text(1000));
  assert.throws(() => assumed.setStorageSync('more', text(1000)), thrown('setStorageSync:fail full'));
});

test('Android counts UTF-16 units of key and value, other platforms UTF-8 bytes (§1.7)', () => {
  const MB = 1024 * KB;
  const fits = (platform: 'android' | 'ios', char: string, length: number) => {
    const { wx } = fake().phone({ platform });
    try {
      wx.setStorageSync('k', char.repeat(length));
      return true;
    } catch {
      return false;
    }
  };
  const table: Array<[...Parameters<typeof fits>, boolean]> = [
    ['android', 'x', MB - 1, true],
    ['android', 'x', MB, false],
    ['android', '微', 400_000, true],
    ['android', '微', MB - 1, true],
    ['android', '微', MB, false],
    ['ios', 'x', MB - 1, true],
    ['ios', 'x', MB, false],
    ['ios', '微', 400_000, false],
  ];
  for (const [platform, char, length, expected] of table) {
    assert.equal(fits(platform, char, length), expected, `${platform} ${char} × ${length}`);
  }
});
