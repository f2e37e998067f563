// `npm start` as a newcomer runs it, and its playground in a real Chromium.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { find } from '../../scripts/setup.mts';
import { at } from '../../scripts/shell.mts';
import { freePort, type Json, readmeExample } from '../harness.mts';
import { CHROMIUM_FLAGS } from './flags.mts';

interface Running {
  child: ChildProcess;
  /** All it printed. */
  output(): string;
}

const env: Record<string, string> = {};
const screenshots = at('target', 'screenshots');
let running: Running;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let url: string;
const complaints: string[] = [];

function run(): Running {
  const child = spawn(process.execPath, [at('scripts/run.mjs'), 'start'], {
    env: { ...process.env, ...env },
    stdio: 'pipe',
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
  return { child, output: () => output };
}

const until = async (what: string, check: () => boolean | Promise<boolean>): Promise<void> => {
  for (let tries = 0; tries < 600; tries++) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`never: ${what}\n${running.output()}`);
};

async function startUp(): Promise<void> {
  running = run();
  await until('ready', () => running.output().includes(`ready ${url}`));
}

/** Ctrl-C reaches the whole group, as in a terminal. */
async function ctrlC(): Promise<void> {
  const ended = new Promise((resolve) => running.child.on('exit', resolve));
  process.kill(-(running.child.pid as number), 'SIGINT');
  await ended;
}

const text = async (id: string): Promise<string> => (await page.textContent(`#${id}`)) ?? '';
const says = (id: string, wanted: string) => until(`${id}: ${wanted}`, async () => (await text(id)).includes(wanted));
const tap = (name: string) => page.getByRole('button', { name, exact: true }).click();
const act = (action: string) => page.click(`[data-action=${action}]`);
const calls = async (): Promise<Json> =>
  ((await (await fetch(`http://127.0.0.1:${env.WECHAT_PORT}/_sim/state`)).json()) as Json).calls;

before(async () => {
  env.PORT = String(await freePort());
  env.WECHAT_PORT = String(await freePort());
  env.STATE_DIR = mkdtempSync(join(tmpdir(), 'wxauth-state-'));
  url = `http://127.0.0.1:${env.PORT}`;
  mkdirSync(screenshots, { recursive: true });
  await startUp();
  browser = await chromium.launch({ executablePath: find('Chromium'), args: CHROMIUM_FLAGS });
  context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  page = await context.newPage();
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
});
after(async () => {
  await browser?.close();
  await ctrlC();
  rmSync(env.STATE_DIR as string, { recursive: true });
});

test('the keys are made once and are the owner’s alone', () => {
  assert.equal(statSync(join(env.STATE_DIR as string, 'keys.json')).mode & 0o777, 0o600);
});

test('a taken port is a clear error', async () => {
  const second = run();
  const status = await new Promise((resolve) => second.child.on('exit', resolve));
  assert.equal(status, 1);
  assert.match(second.output(), new RegExp(`Port ${env.PORT} is taken.*PORT`));
});

test('a cold start logs in silently, with one code', async () => {
  await page.goto(url);
  await says('session', 'Logged in');
  const { 'wx.login': logins, jscode2session } = await calls();
  assert.deepEqual([logins, jscode2session], [1, 1]);
  await act('requests');
  await says('requests', '5 of 5');
});

test('a reload keeps the session', async () => {
  await page.reload();
  await says('session', 'Logged in');
  assert.equal((await calls())['wx.login'], 1);
});

test('a refused location has a way back: privacy, dialog, settings, granted', async () => {
  await act('location');
  await page.screenshot({ path: join(screenshots, '1280-privacy.png') });
  await tap('Agree');
  await tap('Deny');
  await says('location', 'denied-now');
  await act('location');
  await tap('Open settings');
  await page.getByRole('checkbox').click();
  await page.screenshot({ path: join(screenshots, '1280-settings.png') });
  await tap('Back');
  await says('location', 'granted');
  await says('state', 'userLocation ✓');
});

test('the profile is checked at the edge', async () => {
  await act('profile');
  await says('profile', 'signed by WeChat');
});

test('an expired token is renewed without wx.login', async () => {
  await act('expire');
  await says('state', 'generation2');
  assert.equal((await calls())['wx.login'], 1);
});

test('a session revoked at the edge becomes a silent new login', async () => {
  await act('revoke');
  await says('revoke', 'revoked');
  await says('session', 'Logged in');
  await until('a second login', async () => (await calls())['wx.login'] === 2);
});

test('logging out lasts, until the user logs in', async () => {
  await tap('Log out');
  await says('session', 'Logged out');
  await page.reload();
  await says('session', 'Logged out');
  await act('requests');
  await says('requests', 'logged_out');
  await tap('Log in');
  await says('session', 'Logged in');
});

test('a restart of everything keeps the session', async () => {
  await ctrlC();
  await startUp();
  await page.reload();
  await says('session', 'Logged in');
  await act('expire');
  await until('renewed', async () => running.output().includes('"path":"/oauth/token"'));
  await says('session', 'Logged in');
  assert.equal((await calls())['wx.login'] ?? 0, 0, 'the simulator began anew, and was not asked for a login');
});

for (const width of [390, 1280]) {
  test(`at ${width} px nothing sticks out`, async () => {
    await page.setViewportSize({ width, height: 900 });
    const scroll = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(scroll <= width, `${scroll} px wide`);
    await page.screenshot({ path: join(screenshots, `${width}.png`), fullPage: true });
  });
}

test('the README’s web example runs: a page without wx is a guest', async () => {
  const source = readmeExample('web', url).replace(
    /^import (.*) from 'wxauth\/web';$/m,
    "const $1 = await import('/wxauth-web.mjs');",
  );
  const [session, statusCode, refused] = (await page.evaluate(`(async () => {
    ${source}
    const refused = await auth.request({ url: '/healthz' }).catch((error) => error.code);
    auth.dispose();
    return [session, statusCode, refused];
  })()`)) as [string, number, string];
  assert.deepEqual([session, statusCode, refused], ['guest', 200, 'login_required']);
});

test('no console errors but the one line Chromium writes for the 400 that OAuth wants after a revoke', () => {
  assert.deepEqual(complaints, ['Failed to load resource: the server responded with a status of 400 (Bad Request)']);
});
