// One script of events gives byte-identical effects from the shipped module and the shipped fallback: in V8 with the
// globals of a phone, in JavaScriptCore without JIT (the engine of an iPhone), and in Chromium.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { type Browser, chromium } from 'playwright-core';
import type { Effect } from 'wxauth-core';
import type { CoreModule } from '../../js/client/host.js';
import { createPhone } from '../../js/sim/phone/index.js';
import { WeChat } from '../../js/sim/wechat/index.js';
import { find } from '../../scripts/setup.mts';
import { at } from '../../scripts/shell.mts';
import { CHROMIUM_FLAGS } from '../browser/flags.mts';
import { lockedPhone } from './phone.mts';
import { standalone } from './standalone.mts';

const script = readFileSync(at('tests/weapp/transcript.js'), 'utf8');
const transcript = runInNewContext(`${script}\ntranscript`) as (module: unknown) => string;

let core: CoreModule;
let expected: string;
let browser: Browser;
before(async () => {
  const phone = createPhone({ wechat: new WeChat({ apps: {} }), appid: 'wx0', user: 'x' });
  core = await lockedPhone(phone.wx).weapp.weappHost().load();
  expected = transcript(core);
  browser = await chromium.launch({ executablePath: find('Chromium'), args: CHROMIUM_FLAGS });
});
after(() => browser.close());

/** Every effect of the core; the compiler refuses a list that lacks one. */
const EFFECTS: Record<Effect['type'], true> = {
  CallLogin: true,
  Exchange: true,
  Refresh: true,
  Revoke: true,
  Send: true,
  SetToken: true,
  Settle: true,
  ReadRecord: true,
  Save: true,
  AcquireLock: true,
  ReleaseLock: true,
  CheckSession: true,
  ReadSetting: true,
  ReadSystem: true,
  ReadPrivacy: true,
  ShowPrivacy: true,
  Authorize: true,
  Wake: true,
  State: true,
};
/** Methods of the core that take no event. */
const NOT_EVENTS = ['constructor', 'free', '__destroy_into_raw', 'state', 'status', 'record'];

test('the script covers every effect and every method', () => {
  for (const effect of Object.keys(EFFECTS)) assert.ok(expected.includes(`"type":"${effect}"`), effect);
  const methods = Object.getOwnPropertyNames(core.Core.prototype).filter((name) => !NOT_EVENTS.includes(name));
  assert.ok(methods.length > 20);
  for (const method of methods) assert.ok(new RegExp(`^${method} `, 'm').test(expected), method);
});

test('the fallback gives the same effects in V8 with the globals of a phone', async () => {
  const phone = createPhone({ wechat: new WeChat({ apps: {} }), appid: 'wx0', user: 'x' });
  const { weapp } = lockedPhone(phone.wx, 'absent');
  assert.equal(transcript(await weapp.weappHost().load()), expected);
});

for (const wasm of [true, false]) {
  const engine = wasm ? 'wasm' : 'fallback';

  test(`the ${engine} gives the same effects in JavaScriptCore without JIT`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'wxauth-jsc-'));
    const file = join(folder, 'run.js');
    // The jsc shell has no usable timers, and the script needs none.
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

  test(`the ${engine} gives the same effects in Chromium`, async () => {
    const page = await browser.newPage();
    const result = await page.evaluate(`${standalone()}\n${script}\nload(${wasm}).then(transcript)`);
    assert.equal(result, expected);
    await page.close();
  });
}
