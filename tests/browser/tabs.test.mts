// Two tabs of one page in Chromium, with the edge in workerd. Playwright sets the clock of the page and a header that of
// the edge, so half an hour passes without waiting.
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { WeChat } from '../../js/sim/wechat/index.js';
import { find } from '../../scripts/setup.mts';
import { at } from '../../scripts/shell.mts';
import { built } from '../built.mts';
import { freePort, type Json, SECRET, startWorld, type World } from '../harness.mts';
import { CHROMIUM_FLAGS } from './flags.mts';

const SITE = 'wx517e000000000000';
const MINUTE_MS = 60_000;

let world: World;
let browser: Browser;
let context: BrowserContext;
let back: string;
let site: string;
let later = 0;

const PAGE = `<!doctype html><title>tab</title><script type="module">
  import { createAuth, webHost } from '/index.mjs';
  window.auth = createAuth({ edge: location.origin, appid: '${SITE}', host: webHost({ login: { redirectUri: location.origin + '/tab' } }) });
</script>`;

before(async () => {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  back = `${origin}/tab`;
  site = mkdtempSync(join(tmpdir(), 'wxauth-tabs-'));
  writeFileSync(join(site, 'tab.html'), PAGE);
  for (const file of ['index.mjs', 'wxauth.wasm']) copyFileSync(built('web', file), join(site, file));
  world = await startWorld({
    port,
    wechat: new WeChat({ apps: { [SITE]: { secret: SECRET, kind: 'website', redirect_uris: [`${origin}/`] } } }),
    apps: { [SITE]: { secret: SECRET, kind: 'website', redirect_uris: [back], access_token_ttl_s: 60 } },
    more: {
      assets: { directory: site, workerName: 'wxauth', routerConfig: { has_user_worker: true } },
      modules: [
        {
          type: 'ESModule',
          path: at('dist/edge/clock.js'),
          contents: readFileSync(at('tests/browser/edge-clock.mjs'), 'utf8'),
        },
        { type: 'ESModule', path: at('dist/edge/index.js') },
        { type: 'CompiledWasm', path: at('dist/edge/index_bg.wasm') },
      ],
    },
  });
  browser = await chromium.launch({ executablePath: find('Chromium'), args: CHROMIUM_FLAGS });
  context = await browser.newContext();
  context.setDefaultTimeout(300_000);
  await context.clock.install();
});
after(async () => {
  await browser?.close();
  await world?.stop();
  rmSync(site, { recursive: true });
});

async function open(): Promise<Page> {
  const page = await context.newPage();
  await page.goto(back);
  await page.waitForFunction(() => (window as Json).auth);
  return page;
}

const session = (page: Page): Promise<string> => page.evaluate(() => (window as Json).auth.state.session);
const becomes = (page: Page, wanted: string) =>
  page.waitForFunction((wanted) => (window as Json).auth?.state.session === wanted, wanted, { polling: 50 });
const account = (page: Page): Promise<number | string> =>
  page.evaluate(() =>
    (window as Json).auth.request({ url: '/account' }).then(
      ({ statusCode }: Json) => statusCode,
      ({ code }: Json) => code,
    ),
  );

async function pass(ms: number): Promise<void> {
  later += ms;
  await fetch(`${world.url}/healthz`, { headers: { 'x-clock': String(later) } });
  await context.clock.runFor(ms);
}

test('two tabs share one login and one session for half an hour, and one log-out', async () => {
  const first = await open();
  await first.evaluate(() => (window as Json).auth.ready());
  assert.equal(await session(first), 'guest');
  await first.evaluate(() => void (window as Json).auth.login().catch(() => undefined));
  await first.waitForURL(/\/connect\//);
  await first.getByRole('link', { name: 'mei' }).click();
  await first.waitForURL(/\/tab/);
  await becomes(first, 'logged-in');
  const second = await open();
  await becomes(second, 'logged-in');
  for (let minute = 1; minute <= 30; minute++) {
    await pass(MINUTE_MS);
    assert.equal(await account(first), 200, `the first tab, minute ${minute}`);
    // The second tab was idle for longer than the grace of the edge; then both renew at the same time.
    if (minute % 5 === 0) {
      await pass(MINUTE_MS);
      assert.deepEqual(await Promise.all([account(second), account(first)]), [200, 200], `both, minute ${minute}`);
    }
  }
  assert.deepEqual([await session(first), await session(second)], ['logged-in', 'logged-in']);
  assert.deepEqual(
    world.lines.filter((line) => /refresh_reused|session_ended/.test(line)),
    [],
  );

  await second.evaluate(() => (window as Json).auth.logout());
  await becomes(first, 'logged-out');
  assert.equal(await account(first), 'logged_out');
  await first.reload();
  await becomes(first, 'logged-out');
});
