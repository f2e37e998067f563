// One script of events, byte-identical effects: the shipped module and the shipped fallback, in V8 as a phone has it,
// in JavaScriptCore without its JIT (an iPhone's engine), and in Chromium.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { type Browser, chromium } from 'playwright-core';
import { createPhone } from '../../js/sim/phone/index.js';
import { WeChat } from '../../js/sim/wechat/index.js';
import { find } from '../../scripts/setup.mts';
import { at } from '../../scripts/shell.mts';
import { CHROMIUM_FLAGS } from '../browser/flags.mts';
import { lockedPhone } from './phone.mts';
import { standalone } from './standalone.mts';

const script = readFileSync(at('tests/weapp/transcript.js'), 'utf8');
const transcript = runInNewContext(`${script}\ntranscript`) as (module: unknown) => string;

let expected: string;
let browser: Browser;
before(async () => {
  const phone = createPhone({ wechat: new WeChat({ apps: {} }), appid: 'wx0', user: 'x' });
  expected = transcript(await lockedPhone(phone.wx).weapp.weappHost().load());
  browser = await chromium.launch({ executablePath: find('Chromium'), args: CHROMIUM_FLAGS });
});
after(() => browser.close());

test('the script meets every effect and every method', () => {
  for (const effect of [
    'CallLogin',
    'Exchange',
    'Refresh',
    'Revoke',
    'Send',
    'SetToken',
    'Settle',
    'ReadRecord',
    'Save',
    'AcquireLock',
    'ReleaseLock',
    'CheckSession',
    'ReadSetting',
    'ReadSystem',
    'ReadPrivacy',
    'ShowPrivacy',
    'Authorize',
    'Wake',
    'State',
  ]) {
    assert.ok(expected.includes(`"type":"${effect}"`), effect);
  }
  const methods = [
    ...readFileSync(at('target/core/client/core.d.ts'), 'utf8').matchAll(/^ {4}(\w+)\(now: number/gm),
  ].map(([, name]) => name as string);
  assert.ok(methods.length > 20);
  for (const method of methods) assert.ok(new RegExp(`^${method} `, 'm').test(expected), method);
});

test('V8 as a phone has it, fallback', async () => {
  const phone = createPhone({ wechat: new WeChat({ apps: {} }), appid: 'wx0', user: 'x' });
  const { weapp } = lockedPhone(phone.wx, 'absent');
  assert.equal(transcript(await weapp.weappHost().load()), expected);
});

for (const wasm of [true, false]) {
  const engine = wasm ? 'wasm' : 'fallback';

  test(`JavaScriptCore without JIT, ${engine}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'wxauth-jsc-'));
    const file = join(folder, 'run.js');
    // jsc has no timers worth the name, and nothing here waits.
    writeFileSync(
      file,
      `var setTimeout = function () {}, clearTimeout = setTimeout;${standalone()}\n${script}\nload(${wasm}).then(function (module) { print(transcript(module)); }, function (error) { print('failed: ' + error); });`,
    );
    const { stdout, stderr } = spawnSync(find('JavaScriptCore'), [file], {
      encoding: 'utf8',
      env: { ...process.env, JSC_useJIT: '0' },
      maxBuffer: 1 << 26,
    });
    rmSync(folder, { recursive: true });
    assert.equal(stdout.trimEnd(), expected, stderr);
  });

  test(`Chromium, ${engine}`, async () => {
    const page = await browser.newPage();
    const result = await page.evaluate(`${standalone()}\n${script}\nload(${wasm}).then(transcript)`);
    assert.equal(result, expected);
    await page.close();
  });
}
