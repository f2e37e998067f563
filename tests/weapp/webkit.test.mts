// Opt-in: the shipped web build and the shipped weapp files in WebKit, through webkit2gtk-driver and xvfb of Debian.
// `WEBKIT=1 npm test -- weapp` runs it.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { after, before, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { createPhone } from '../../js/sim/phone/index.js';
import { WeChat } from '../../js/sim/wechat/index.js';
import { at } from '../../scripts/shell.mts';
import { freePort, type Json } from '../harness.mts';
import { lockedPhone } from './phone.mts';
import { standalone } from './standalone.mts';

const script = readFileSync(at('tests/weapp/transcript.js'), 'utf8');
const transcript = runInNewContext(`${script}\ntranscript`) as (module: unknown) => string;

if (process.env.WEBKIT) {
  let driver: ChildProcess;
  let server: Server;
  let page: string;
  let session: string;
  let expected: string;

  const command = async (path: string, body: object): Promise<Json> => {
    const reply = await fetch(path, { method: 'POST', body: JSON.stringify(body) });
    const { value } = (await reply.json()) as Json;
    assert.ok(reply.ok, JSON.stringify(value));
    return value;
  };
  /** Runs a script on the page and returns the value of its promise. */
  const onPage = (body: string): Promise<string> => {
    const wrapped = `const done = arguments[arguments.length - 1];\n(async () => {${body}})().then(done, (e) => done(String(e)));`;
    return command(`${session}/execute/async`, { script: wrapped, args: [] });
  };

  before(async () => {
    const phone = createPhone({ wechat: new WeChat({ apps: {} }), appid: 'wx0', user: 'x' });
    expected = transcript(await lockedPhone(phone.wx).weapp.weappHost().load());
    const served: Record<string, [string, string | Buffer]> = {
      '/': ['text/html', '<!doctype html><title>wxauth</title>'],
      '/index.mjs': ['text/javascript', readFileSync(at('dist/web/index.mjs'))],
      '/wxauth.wasm': ['application/wasm', readFileSync(at('dist/web/wxauth.wasm'))],
    };
    server = createServer((request, response) => {
      const [type, body] = served[request.url as string] ?? ['text/plain', ''];
      response.setHeader('content-type', type).end(body);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    page = `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
    const port = await freePort();
    driver = spawn('xvfb-run', ['-a', 'WebKitWebDriver', `--port=${port}`], { stdio: 'ignore', detached: true });
    const base = `http://127.0.0.1:${port}`;
    while (!(await fetch(`${base}/status`).catch(() => undefined))) await new Promise((go) => setTimeout(go, 100));
    const { sessionId, capabilities } = await command(`${base}/session`, { capabilities: { alwaysMatch: {} } });
    console.log(`# ${capabilities.browserName} ${capabilities.browserVersion}`);
    session = `${base}/session/${sessionId}`;
    await command(`${session}/url`, { url: page });
  });
  after(() => {
    process.kill(-(driver.pid as number));
    server.close();
  });

  test('WebKit, the web build', async () => {
    const body = `const { webHost } = await import('/index.mjs');\n${script}\nreturn transcript(await webHost().load());`;
    assert.equal(await onPage(body), expected);
  });

  for (const wasm of [true, false]) {
    test(`WebKit, the weapp files, ${wasm ? 'wasm' : 'fallback'}`, async () => {
      assert.equal(await onPage(`${standalone()}\n${script}\nreturn transcript(await load(${wasm}));`), expected);
    });
  }
}
