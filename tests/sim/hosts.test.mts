// The built simulator in its environments: the command `wxauth-sim`, a Node server, CommonJS, a Worker.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import { after, test } from 'node:test';
import { Miniflare } from 'miniflare';
import { startServer } from '../../js/sim/http-server.js';
import { createPhone } from '../../js/sim/phone/index.js';
import { agreeToAll } from '../../js/sim/phone/prompts.js';
import { WeChat } from '../../js/sim/wechat/index.js';
import { at } from '../../scripts/shell.mts';
import { freePort, type Json } from '../harness.mts';
import { A, called } from './sim.mts';

const CLI = at('dist/sim/cli.mjs');
const started: ChildProcess[] = [];
after(() => {
  for (const child of started) child.kill();
});

/** Starts the command, and resolves with its URL when it listens. Rejects if it exits. */
function command(...args: string[]): Promise<string> {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  let output = '';
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      output += chunk;
      const url = /fake WeChat at (\S+)\n/.exec(output)?.[1];
      if (url) resolve(url);
    });
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('exit', (status) => reject(new Error(`exit ${status}: ${output}`)));
  });
}

const json = async (url: string, body?: object): Promise<Json> =>
  (await fetch(url, body ? { method: 'POST', body: JSON.stringify(body) } : {})).json();
const exchange = (base: string, appid: string, secret: string, code: string) =>
  json(`${base}/sns/jscode2session?appid=${appid}&secret=${secret}&js_code=${code}&grant_type=authorization_code`);

test('the command serves the apps, the seed and the time of its options', async () => {
  const before = performance.now();
  const url = await command('--port', '0', '--app', `${A}:sa`, '--seed', '5', '--now', '2026-01-01T00:00:00Z');
  console.log(`# wxauth-sim listens after ${Math.round(performance.now() - before)} ms`);
  const state = await json(`${url}/_sim/state`);
  assert.deepEqual([Object.keys(state.apps), state.now], [[A], Date.UTC(2026, 0, 1)]);
  const { code, openid } = await json(`${url}/_sim/codes`, { appid: A, user: 'mei' });
  assert.equal((await exchange(url, A, 'sa', code)).openid, openid);
});

test('a phone in another process follows the same rules over HTTP', async () => {
  const url = await command('--port', '0', '--app', `${A}:sa`);
  const phone = createPhone({ wechat: url, appid: A, user: 'mei', onPrompt: agreeToAll });
  const { code } = await called(phone.wx.login);
  assert.equal((await exchange(url, A, 'sa', code)).errcode, undefined);
  await called(phone.wx.authorize, { scope: 'scope.camera' });
  assert.equal((await json(`${url}/_sim/state`)).apps[A].users.mei.grants['scope.camera'], true);
  await json(`${url}/_sim/faults`, { call: 'wx.login', times: 1, fail: { errMsg: 'login:fail', errno: 1402101 } });
  await assert.rejects(called(phone.wx.login), { errno: 1402101 });
  await called(phone.wx.login);
});

test('a phone whose WeChat is down or does not know the app fails with an errMsg', async () => {
  const url = await command('--port', '0', '--app', `${A}:sa`);
  const stranger = createPhone({ wechat: url, appid: 'wx0', user: 'mei' });
  await assert.rejects(called(stranger.wx.login), { errMsg: 'login:fail invalid appid' });
  started.at(-1)?.kill();
  await new Promise((resolve) => started.at(-1)?.on('exit', resolve));
  const phone = createPhone({ wechat: url, appid: A, user: 'mei' });
  await assert.rejects(called(phone.wx.login), { errMsg: /^login:fail .*fetch failed/ });
  await assert.rejects(called(phone.wx.request, { url }), { errMsg: /^request:fail/ });
});

test('the command exits 2 on wrong usage and 1 on failure, with one sentence', async () => {
  const port = String(await freePort());
  await command('--port', port);
  await assert.rejects(command('--port', port), /^Error: exit 1: wxauth-sim: .*EADDRINUSE.*choose another one/);
  await assert.rejects(command('--config', 'missing.json'), /^Error: exit 1: wxauth-sim: cannot read .*missing\.json/);
  const wrong: Array<[args: string[], sentence: RegExp]> = [
    [['--app', 'nonsense'], /--app must be APPID:SECRET, not "nonsense"; see --help/],
    [['--now', 'soon'], /--now must be a time .*; see --help/],
    [['--seed', '1.5'], /--seed must be an integer .*; see --help/],
    [['--port', '65536'], /--port must be an integer from 0 to 65535, not "65536"; see --help/],
    [['--prot', '1'], /Unknown option '--prot'; see --help/],
    [['serve'], /Unexpected argument 'serve'; see --help/],
    [['--port'], /--port <value>' argument missing; see --help/],
  ];
  for (const [args, sentence] of wrong) {
    await assert.rejects(command(...args), ({ message }: Error) => {
      assert.match(message, sentence);
      assert.match(message, /^exit 2: wxauth-sim: .+\n$/);
      return true;
    });
  }
  assert.match(execFileSync(process.execPath, [CLI, '--help'], { encoding: 'utf8' }), /npx -p wxauth wxauth-sim/);
});

test('the control API lists its calls and names the error of a wrong one', async () => {
  const url = await command('--port', '0', '--app', `${A}:sa`);
  const post = (name: string, body: object) => json(`${url}/_sim/${name}`, body);
  assert.match((await json(`${url}/_sim/nothing`)).error, /There are: GET state, /);
  assert.match((await post('codes', { appid: A })).error, /user is missing/);
  assert.match((await post('codes', { appid: 'wx0', user: 'mei' })).error, /invalid appid/);
  assert.match((await post('faults', { times: 1, errcode: 1, call: '' })).error, /call of a fault must be a name/);
  assert.match((await post('push', { appid: A, user: 'mei', event: 'x' })).error, /push_url/);
  assert.equal((await post('people', { user: 'rogue', blocked: true })).blocked, true);
  const { code } = await post('codes', { appid: A, user: 'rogue' });
  assert.equal((await exchange(url, A, 'sa', code)).errcode, 40226);
  const phone = await post('codes', { appid: A, user: 'mei', kind: 'phone' });
  assert.equal((await exchange(url, A, 'sa', phone.code)).errcode, 40029);
  assert.match((await post('profile', { appid: A, user: 'mei' })).error, /mei has no valid login/);
  await post('codes', { appid: A, user: 'mei' });
  assert.equal((await post('profile', { appid: A, user: 'mei' })).userInfo.nickName, 'mei');
  await post('log', { name: '/oauth/token', text: '200' });
  const log = await json(`${url}/_sim/log`);
  assert.deepEqual(
    log.map(({ source, name }: Json) => `${source} ${name}`),
    ['server jscode2session', 'server jscode2session', 'edge /oauth/token'],
  );
  assert.deepEqual(await json(`${url}/_sim/log?after=${log.at(-1).n}`), []);
  await post('clock', { advance_s: 300 });
  await post('reset', {});
  assert.deepEqual((await json(`${url}/_sim/state`)).codes, {});
});

test('the fault drop closes the connection', async () => {
  const wechat = new WeChat({ apps: { [A]: { secret: 'sa' } } });
  const server = await startServer(wechat);
  wechat.faults.add({ call: 'jscode2session', drop: true });
  await assert.rejects(
    new Promise((resolve, reject) => {
      request(`${server.url}/sns/jscode2session`, resolve).on('error', reject).end();
    }),
    /socket hang up/,
  );
  await server.close();
});

test('a callback that throws does not stop others, and its error is reported as uncaught', () => {
  const program = `
    import { createPhone, WeChat } from '${at('dist/sim/index.mjs')}';
    const wechat = new WeChat({ apps: { ${A}: { secret: 'sa' } } });
    const { wx } = createPhone({ wechat, appid: '${A}', user: 'mei', latency: 1 });
    process.on('uncaughtException', (error) => console.log('uncaught', error.message));
    wx.login({ success: () => { throw new Error('mine'); } });
    wx.login({ success: () => console.log('second') });
  `;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  assert.deepEqual(output.trim().split('\n').sort(), ['second', 'uncaught mine']);
});

test('CommonJS: the server accepts a WeChat of the other file', async () => {
  const require = createRequire(import.meta.url);
  const { WeChat } = require('../../dist/sim/index.cjs');
  const server = await require('../../dist/sim/server.cjs').startServer(
    new WeChat({ apps: { [A]: { secret: 'sa' } } }),
  );
  const { code } = await json(`${server.url}/_sim/codes`, { appid: A, user: 'mei' });
  await exchange(server.url, A, 'sa', code);
  assert.equal((await exchange(server.url, A, 'sa', code)).errcode, 40163);
  await server.close();
});

test('a Worker can serve it', async () => {
  const worker = `
    import { serve, WeChat } from './sim/index.mjs';
    const handle = serve(new WeChat({ apps: { ${A}: { secret: 'sa' } } }));
    export default { fetch: (request) => handle(request) };
  `;
  const shipped = readFileSync(at('dist/sim/index.mjs'), 'utf8');
  const chunks = [...shipped.matchAll(/from "\.\/(chunk-\w+\.mjs)"/g)].map(([, name]) => name as string);
  const miniflare = new Miniflare({
    modules: [
      { type: 'ESModule', path: 'worker.mjs', contents: worker },
      ...['index.mjs', ...chunks].map((name) => ({
        type: 'ESModule' as const,
        path: `sim/${name}`,
        contents: readFileSync(at('dist/sim', name), 'utf8'),
      })),
    ],
    compatibilityDate: '2026-04-01',
  });
  const url = (await miniflare.ready).origin;
  const { code, openid } = await json(`${url}/_sim/codes`, { appid: A, user: 'mei' });
  assert.equal((await exchange(url, A, 'sa', code)).openid, openid);
  await miniflare.dispose();
});
