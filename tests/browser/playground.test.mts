// `npm start` and its playground in Chromium.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import type { Auth } from '../../js/client/auth.js';
import { find } from '../../scripts/setup.mts';
import { at } from '../../scripts/shell.mts';
import { exampleOf } from '../examples.mts';
import { freePort, type Json } from '../harness.mts';
import { CHROMIUM_FLAGS } from './flags.mts';

interface Running {
  child: ChildProcess;
  /** Everything that it printed. */
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

const until = async (condition: string, check: () => boolean | Promise<boolean>): Promise<void> => {
  for (let tries = 0; tries < 3_000; tries++) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`did not happen: ${condition}\n${running.output()}`);
};

async function startUp(): Promise<void> {
  running = run();
  await until('ready', () => running.output().includes(`ready ${url}`));
}

/** Sends SIGINT to the process group, like Ctrl-C in a terminal. */
async function ctrlC(): Promise<void> {
  const ended = new Promise((resolve) => running.child.on('exit', resolve));
  process.kill(-(running.child.pid as number), 'SIGINT');
  await ended;
}

const text = async (id: string): Promise<string> => (await page.textContent(`#${id}`)) ?? '';
const says = (id: string, wanted: string) => until(`${id}: ${wanted}`, async () => (await text(id)).includes(wanted));
const tap = (name: string) => page.getByRole('button', { name, exact: true }).click();
const act = (action: string) => page.click(`[data-action=${action}]`);
/** Entries of the client's storage that hold a session and a log-out. */
const SESSION = /wxauth3 (?:\d+ ){2}-?\d+ (?:\d+ ){2}[1-9]\d* /;
const LOG_OUT = /wxauth3 \d+ out /;
/** Waits until storage holds what the page shows: the page shows a change first, and stores it then. */
const stores = (name: string, check: (entries: string) => boolean) =>
  until(`${name} is stored`, async () => check(await page.evaluate(() => Object.values(localStorage).join('\n'))));
const storesSession = () => stores('the session', (entries) => SESSION.test(entries) && !LOG_OUT.test(entries));
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
  context.setDefaultTimeout(300_000);
  page = await context.newPage();
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
});
after(async () => {
  await browser?.close();
  await ctrlC();
  rmSync(env.STATE_DIR as string, { recursive: true });
});

test('keys.json is readable by its owner only', () => {
  assert.equal(statSync(join(env.STATE_DIR as string, 'keys.json')).mode & 0o777, 0o600);
});

test('a port in use is reported with its variable', async () => {
  const second = run();
  const status = await new Promise((resolve) => second.child.on('exit', resolve));
  assert.equal(status, 1);
  assert.match(second.output(), new RegExp(`Port ${env.PORT} is in use.*PORT`));
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
  await storesSession();
  await page.reload();
  await says('session', 'Logged in');
  assert.equal((await calls())['wx.login'], 1);
});

test('a refused location is granted through the settings page', async () => {
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
  await says('scopes', 'userLocation ✓');
  await says('view', 'userLocation ✓');
});

test('the edge verifies the profile', async () => {
  await act('profile');
  await tap('Allow');
  await says('profile', 'signed by WeChat');
});

test('an expired token is renewed without wx.login', async () => {
  await act('expire');
  await says('state', 'generation2');
  assert.equal((await calls())['wx.login'], 1);
});

test('requests after a revocation at the edge make one silent login', async () => {
  await act('revoke');
  await says('revoke', 'revoked');
  assert.equal((await calls())['wx.login'], 1);
  await page.evaluate(() => document.getElementById('requests')?.replaceChildren());
  await act('requests');
  await says('requests', '5 of 5');
  await says('session', 'Logged in');
  await until('a second login', async () => (await calls())['wx.login'] === 2);
});

test('a log-out persists until the user logs in', async () => {
  await tap('Log out');
  await says('session', 'Logged out');
  await stores('the log-out', (entries) => LOG_OUT.test(entries) && !SESSION.test(entries));
  await page.reload();
  await says('session', 'Logged out');
  await act('requests');
  await says('requests', 'logged_out');
  await tap('Log in');
  await says('session', 'Logged in');
});

test('a restart of npm start keeps the session', async () => {
  await storesSession();
  await page.goto('about:blank');
  await ctrlC();
  await startUp();
  await page.goto(url);
  await says('session', 'Logged in');
  await act('expire');
  await until('renewed', async () => running.output().includes('"path":"/oauth/token"'));
  await says('session', 'Logged in');
  assert.equal((await calls())['wx.login'] ?? 0, 0, 'the restarted simulator saw no login');
});

/** Waits for the state that the picture marks. The text next to it can show the state earlier. */
const shows = (state: string) =>
  until(`the picture shows ${state}`, async () => (await page.textContent('#picture .here')) === state);
/** Steps from the first entry of the timeline until the picture shows a state. */
const stepTo = async (state: string, step: () => Promise<void>): Promise<void> => {
  for (let at = 1; at < 20 && (await page.textContent('#picture .here')) !== state; at++) {
    await step();
    await until('the next entry', async () => (await text('position')).startsWith(`${at + 1} of`));
  }
  await shows(state);
};
const open = async (query: string) => {
  await page.goto(`${url}/?${query}`);
  await page.waitForSelector('#users option', { state: 'attached' });
};

test('user, platform and base library can be chosen and are part of the address', async () => {
  await page.selectOption('#users', 'li');
  await says('greeting', 'Welcome, li');
  await page.selectOption('#libraries', '2.20.0');
  await page.waitForURL(/library=2\.20\.0/);
  await page.selectOption('#platforms', 'android');
  await page.waitForURL(/platform=android/);
  await says('session', 'Logged in');
  await act('location');
  await tap('Deny');
  await says('location', 'denied-now');
  await says('fake-log', 'wx.authorizeli: fail 系统错误，错误码：-12006,auth deny');
});

test('an injected fault shows in the picture and in both logs until it is removed', async () => {
  await page.selectOption('#faults', { label: 'code exchanges fail: 40226, blocked' });
  await page.click('#break');
  await says('broken', '40226, blocked');
  await open('user=wang');
  await says('fake-log', '40226');
  await says('session', 'Guest');
  await shows('guest');
  await says('edge-log', 'POST /oauth/token');
  await page.click('#mend');
  await says('broken', 'No faults');
  await tap('Log in');
  await says('session', 'Logged in');
  await shows('logged in');
});

test('the timeline steps back through the states and returns to the live state', async () => {
  await open('user=stepper');
  await says('session', 'Logged in');
  await until('logged in on the timeline', async () => /logged-in/.test(await text('trace')));
  await page.focus('#trace');
  // More steps than entries.
  for (let step = 0; step < 60; step++) await page.keyboard.press('ArrowUp');
  await until('the first entry', async () => /^1 of \d+/.test(await text('position')));
  await stepTo('logging in', () => page.keyboard.press('ArrowDown'));
  assert.equal(await page.locator('#trace [aria-current=step]').count(), 1);
  await page.screenshot({ path: join(screenshots, '1280-step.png'), fullPage: true });
  await page.click('#live');
  await shows('logged in');
});

test('a trace is saved, loaded and stepped through; another file is refused', async () => {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')]);
  const saved = readFileSync(await download.path(), 'utf8');
  assert.doesNotMatch(saved, /ey[A-Za-z0-9_-]{20}/, 'no token in a trace');
  await open('user=loader');
  await says('session', 'Logged in');
  const choose = async (content: string) => {
    const file = { name: 'trace.json', mimeType: 'application/json', buffer: Buffer.from(content) };
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.click('#load')]);
    await chooser.setFiles(file);
  };
  await choose('{"no": "trace"}');
  await says('trace-error', 'not a wxauth trace');
  await choose(saved);
  await says('position', `1 of ${JSON.parse(saved).entries.length}, loaded from a file`);
  await stepTo('logging in', () => page.click('#later'));
  await page.click('#live');
  await shows('logged in');
});

test('every control can be reached with the keyboard, and a dialog keeps the focus', async () => {
  await open('user=keys');
  await says('session', 'Logged in');
  const reached = new Set<string>();
  const current = () =>
    page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      return element.id || element.dataset.action || element.textContent || '';
    });
  for (let step = 0; step < 40; step++) {
    await page.keyboard.press('Tab');
    reached.add(await current());
  }
  const controls = ['requests', 'location', 'profile', 'expire', 'revoke', 'logio', 'users', 'platforms', 'libraries'];
  const more = ['languages', 'faults', 'break', 'earlier', 'later', 'save', 'load', 'trace', 'edge-log', 'fake-log'];
  assert.deepEqual(
    [...controls, ...more].filter((name) => !reached.has(name)),
    [],
  );
  await page.focus('[data-action=location]');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[role=dialog]');
  assert.equal(await current(), 'Agree');
  await page.keyboard.press('Shift+Tab');
  assert.equal(await current(), 'Not now');
  await page.keyboard.press('Enter');
  assert.equal(await current(), 'location', 'the focus returns to the control that opened the dialog');
});

test('the Chinese page has no English text', async () => {
  await open('lang=zh&user=chinese');
  await says('session', '已静默登录');
  assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
  const left = await page.evaluate(() =>
    [...document.querySelectorAll('[data-text]')]
      .map((element) => element.textContent)
      .filter((text) => /^[ -~]+$/.test(text ?? '')),
  );
  assert.deepEqual(left, []);
  await page.screenshot({ path: join(screenshots, '1280-zh.png'), fullPage: true });
  await open('lang=en');
});

test('the page of the simulator shows users, codes, tokens and the log', async () => {
  const sim = await context.newPage();
  sim.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  sim.on('pageerror', (error) => complaints.push(String(error)));
  await sim.goto(`http://127.0.0.1:${env.WECHAT_PORT}/`);
  await until('a person', async () => (await sim.textContent('#people'))?.includes('loader') === true);
  assert.match((await sim.textContent('#codes')) ?? '', /login.*used/);
  assert.match((await sim.textContent('#log')) ?? '', /jscode2session/);
  await sim.setViewportSize({ width: 390, height: 900 });
  const scroll = await sim.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(scroll <= 390, `${scroll} px wide`);
  await sim.screenshot({ path: join(screenshots, '390-sim.png'), fullPage: true });
  await sim.close();
});

for (const as of ['official', 'website'] as const) {
  const choice = 'Log in with WeChat';
  test(`a web page logs in by ${as === 'official' ? 'an official account' : 'a website’s QR code'}, reloads, logs out`, async () => {
    const site = await context.newPage();
    site.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    site.on('pageerror', (error) => complaints.push(String(error)));
    const state = (wanted: string) =>
      until(`${as}: ${wanted}`, async () => (await site.textContent('#session'))?.includes(wanted) === true);
    await site.goto(`${url}/site?as=${as}`);
    await state('Guest');
    await site.getByRole('button', { name: choice }).click();
    await site.waitForURL(/\/connect\//);
    await site.screenshot({ path: join(screenshots, `wechat-${as}.png`) });
    await site.goBack();
    await state('Guest');
    assert.ok(site.url().startsWith(`${url}/site`), 'the page does not leave again after going back');
    await site.getByRole('button', { name: choice }).click();
    await site.getByRole('link', { name: 'Cancel' }).click();
    await state('Guest');
    await site.getByRole('button', { name: choice }).click();
    await site.getByRole('link', { name: 'wang' }).click();
    await state('Logged in');
    assert.equal(site.url(), `${url}/site?as=${as}`, 'the code is removed from the address');
    await until('an openid', async () => /^o/.test((await site.textContent('#openid')) ?? ''));
    await site.screenshot({ path: join(screenshots, `site-${as}.png`) });
    await site.reload();
    await state('Logged in');
    await site.getByRole('button', { name: 'Log out' }).click();
    await state('Logged out');
    await site.close();
  });
}

for (const away of [false, true]) {
  test(`a web page whose session was ended ${away ? 'while it was closed' : 'under it'} stays where it is, as a guest`, async () => {
    const site = await (await browser.newContext()).newPage();
    const thrown: string[] = [];
    site.on('pageerror', (error) => thrown.push(String(error)));
    const state = (wanted: string) =>
      until(wanted, async () => (await site.textContent('#session').catch(() => '')) === wanted);
    await site.goto(`${url}/site?as=official`);
    await site.getByRole('button', { name: 'Log in with WeChat' }).click();
    await site.getByRole('link', { name: 'li' }).click();
    await state('Logged in');
    const outcome = await site.evaluate(async (away) => {
      const { __wxauth: machines } = globalThis as unknown as { __wxauth: Map<string, Auth> };
      const [[appid, auth]] = [...machines] as [[string, Auth]];
      const { token } = await auth.token();
      await fetch('/oauth/revoke', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token, client_id: appid }),
      });
      if (away) return undefined;
      const refused = await auth.request({ url: '/account' }).catch((error) => error.code);
      return [refused, (await auth.ready()).session];
    }, away);
    assert.deepEqual(outcome, away ? undefined : ['login_required', 'guest']);
    await site.reload();
    await state('Guest');
    assert.equal(site.url(), `${url}/site?as=official`);
    assert.deepEqual(thrown, []);
    await site.context().close();
  });
}

for (const width of [390, 1280]) {
  test(`the page fits a width of ${width} px`, async () => {
    await page.setViewportSize({ width, height: 900 });
    const scroll = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(scroll <= width, `${scroll} px wide`);
    await page.screenshot({ path: join(screenshots, `${width}.png`), fullPage: true });
  });
}

test('the web example of the README runs: a new visitor is a guest and the page does not leave', async () => {
  const source = exampleOf('README.md', 'web', url).replace("'wxauth/web'", "'/wxauth-web.mjs'");
  const visitor = await browser.newContext();
  const fresh = await visitor.newPage();
  await fresh.goto(`${url}/site?as=website`);
  const content = `${source}\nwindow.example = { auth, session, statusCode };`;
  await fresh.addScriptTag({ type: 'module', content });
  await fresh.waitForFunction('window.example');
  const [session, statusCode, refused] = (await fresh.evaluate(`(async () => {
    const { auth, session, statusCode } = window.example;
    const refused = await auth.request({ url: '/account' }).catch((error) => error.code);
    auth.dispose();
    return [session, statusCode, refused];
  })()`)) as [string, number, string];
  assert.deepEqual([session, statusCode, refused], ['guest', 200, 'login_required']);
  assert.equal(fresh.url(), `${url}/site?as=website`);
  await visitor.close();
});

test('the console has no errors except those of expected replies: 401 and 400 after the revocation, 403 of the blocked user', () => {
  const said = (status: string) => `Failed to load resource: the server responded with a status of ${status}`;
  const revoked = [...Array(5).fill(said('401 (Unauthorized)')), said('400 (Bad Request)')];
  assert.deepEqual([...complaints].sort(), [...revoked, said('403 (Forbidden)')].sort());
});
