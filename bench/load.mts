// Time until the core has answered its first event, in fresh processes and pages, with the shipped files.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { find } from '../scripts/setup.mts';
import { at } from '../scripts/shell.mts';
import { CHROMIUM_FLAGS } from '../tests/browser/flags.mts';
import { standalone } from '../tests/weapp/standalone.mts';

const SLOWED = 6;

/** Prints the time in ms from loading to the first effects. The engine has parsed the text of the module before. */
const timed = (wasm: boolean, now: string, print: string): string => `
  var setTimeout = function () {}, clearTimeout = setTimeout;
  ${standalone()}
  var before = ${now};
  load(${wasm}).then(function (module) {
    var core = new module.Core('silent', 'official', []);
    if (core.launched(1790000000000, 1).length === 0) throw new Error('no effects');
    ${print}(${now} - before);
  });`;

function inJsc(wasm: boolean): number {
  const folder = mkdtempSync(join(tmpdir(), 'wxauth-bench-'));
  const file = join(folder, 'run.js');
  writeFileSync(file, timed(wasm, 'preciseTime() * 1000', 'print'));
  const env = { ...process.env, JSC_useJIT: '0' };
  const { stdout } = spawnSync(find('JavaScriptCore'), [file], { encoding: 'utf8', env });
  rmSync(folder, { recursive: true });
  return Number(stdout);
}

function inNode(): number {
  const script = `
    const before = performance.now();
    const { createAuth, weappHost } = await import(${JSON.stringify(at('dist/node/index.mjs'))});
    const never = () => {};
    const wx = { login: never, request: never, getStorageSync: never, setStorage: never, getSetting: never,
      openSetting: never, authorize: never, onAppShow: never, onAppHide: never,
      getStorage: ({ fail }) => fail({ errMsg: 'getStorage:fail data not found' }),
      getAccountInfoSync: () => ({ miniProgram: { appId: 'wx0000000000000000' } }) };
    const auth = createAuth({ edge: 'https://edge.example', host: weappHost({ wx }) });
    await new Promise((resolve) => auth.subscribe(({ session }) => session === 'logging-in' && resolve()));
    console.log(performance.now() - before);
    process.exit(0);`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  return Number(stdout);
}

/** Loads the web build in a fresh page with a slowed CPU. */
async function inChromium(): Promise<() => Promise<number>> {
  const browser = await chromium.launch({ executablePath: find('Chromium'), args: CHROMIUM_FLAGS });
  const origin = 'https://page.example';
  const served: Record<string, [string, Buffer | string]> = {
    '/': ['text/html', '<!doctype html>'],
    '/index.mjs': ['text/javascript', readFileSync(at('dist/web/index.mjs'))],
    '/wxauth.wasm': ['application/wasm', readFileSync(at('dist/web/wxauth.wasm'))],
  };
  return async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.route(`${origin}/**`, (route) => {
      const [contentType, body] = served[new URL(route.request().url()).pathname] ?? ['text/plain', ''];
      return route.fulfill({ contentType, body });
    });
    await page.goto(`${origin}/`);
    const session = await context.newCDPSession(page);
    await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWED });
    const ms = await page.evaluate(`(async () => {
      const before = performance.now();
      const { createAuth, webHost } = await import('/index.mjs');
      await createAuth({ edge: location.origin, appid: 'wx0000000000000000', host: webHost() }).ready();
      return performance.now() - before;
    })()`);
    await context.close();
    return ms as number;
  };
}

export async function loads(): Promise<Record<string, () => number | Promise<number>>> {
  return {
    'jsc without JIT, wasm': () => inJsc(true),
    'jsc without JIT, fallback': () => inJsc(false),
    Node: inNode,
    [`Chromium slowed ${SLOWED} times`]: await inChromium(),
  };
}
