// The simulator's HTTP server: no request, complete or truncated, ends or blocks it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { ROUTES } from '../../js/sim/api/routes.js';
import { type SimServer, startServer } from '../../js/sim/http-server.js';
import { Random } from '../../js/sim/random.js';
import { WeChat } from '../../js/sim/wechat/index.js';
import { at } from '../../scripts/shell.mts';
import type { Json } from '../harness.mts';
import { A } from './sim.mts';

const wechat = new WeChat({ apps: { [A]: { secret: 'sa' } }, now: Date.UTC(2026, 0, 1) });
let server: SimServer;
before(async () => {
  server = await startServer(wechat);
});
after(() => server.close());

/** Sends bytes, then closes or resets the connection. Returns the received bytes. */
function raw(bytes: string | Buffer, end: 'close' | 'reset' = 'close'): Promise<string> {
  const { port, hostname } = new URL(server.url);
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(Number(port), hostname);
    socket.on('data', (chunk) => (received += chunk));
    socket.on('error', () => {});
    socket.on('close', () => resolve(received));
    socket.write(bytes, () => {
      if (end === 'reset') socket.resetAndDestroy();
      // With `Connection: close` the server closes the connection after its answer.
      else if (!/connection: close/i.test(String(bytes))) socket.end();
    });
  });
}

const state = async (): Promise<number> => (await fetch(`${server.url}/_sim/state`)).status;
/** Requests that failed by an exception in the simulator. */
const internalErrors = () => wechat.world.log.after(0).filter(({ text }) => text.startsWith('internal error'));
const request = (line: string, ...headers: string[]): string =>
  `${[line, ...headers, 'Connection: close'].join('\r\n')}\r\n\r\n`;

test('each malformed or unusual request has its status, and the server goes on', async () => {
  const get = 'GET /_sim/state HTTP/1.1';
  const cases: Array<[bytes: string, status: number]> = [
    [request(get, 'Host: a b'), 200],
    [request(get, 'Host: [::1'), 200],
    [request(get, 'Host: %'), 200],
    [request('TRACE / HTTP/1.1', 'Host: x'), 405],
    [request('OPTIONS * HTTP/1.1', 'Host: x'), 400],
    [request('GET http://shop.example/_sim/state HTTP/1.1', 'Host: x'), 200],
    [request('GET //a%20b:c/_sim/state HTTP/1.1', 'Host: x'), 200],
    [request('GET /%zz?%=%ff HTTP/1.1', 'Host: x'), 200],
    [request('GET /_sim/%E0%A4%A HTTP/1.1', 'Host: x'), 404],
    [request('HEAD /_sim/state HTTP/1.1', 'Host: x'), 404],
    [`${request('HEAD /sns/auth HTTP/1.1', 'Host: x', 'Content-Length: 2')}{}`, 200],
    [request('PROPFIND /sns/auth HTTP/1.1', 'Host: x'), 200],
    [request(get, 'Host: x', `X-Long: ${'x'.repeat(20_000)}`), 431],
    [request(get, 'Host: x', 'Content-Length: 5', 'Transfer-Encoding: chunked'), 400],
    [request(get, 'Host: x', 'Content-Length: -1'), 400],
    [request('POST /_sim/log HTTP/1.1', 'Host: x', 'Content-Length: 5', 'Content-Length: 6'), 400],
    [`${request('POST /_sim/log HTTP/1.1', 'Host: x', 'Transfer-Encoding: chunked')}zz\r\n`, 400],
    ['\0\x01\x02\r\n\r\n', 400],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ];
  for (const [bytes, status] of cases) {
    assert.equal(Number((await raw(bytes)).split(' ')[1]), status, JSON.stringify(bytes.slice(0, 80)));
    assert.equal(await state(), 200);
  }
});

test('an upload that is truncated at any byte does not end the server', async () => {
  const body = JSON.stringify({ appid: A, user: 'mei' });
  const whole = `${request('POST /_sim/codes HTTP/1.1', 'Host: x', `Content-Length: ${body.length}`)}${body}`;
  for (let length = 1; length < whole.length; length += 5) {
    await raw(whole.slice(0, length).replace('Connection: close\r\n', ''), length % 2 ? 'close' : 'reset');
  }
  assert.equal(await state(), 200);
  assert.match(await raw(whole), /"openid"/);
  assert.deepEqual(internalErrors(), []);
});

test('a client that disconnects during a hang does not end the server', async () => {
  wechat.faults.add({ call: 'jscode2session', times: 2, hang: true });
  for (const end of ['close', 'reset'] as const) await raw('GET /sns/jscode2session HTTP/1.1\r\nHost: x\r\n\r\n', end);
  assert.equal(await state(), 200);
  wechat.faults.clear();
});

test('a body of more than 10 MB is answered with 413 before it is complete', async () => {
  const head = request('POST /_sim/log HTTP/1.1', 'Host: x', 'Content-Length: 50000000');
  assert.match(await raw(head + 'x'.repeat((10 << 20) + 1)), /^HTTP\/1.1 413 /);
  assert.equal(await state(), 200);
});

test('400 random requests, complete or truncated, neither end nor block the server', async () => {
  const random = new Random(11);
  const pick = <T,>(choices: T[]): T => choices[(random.bytes(1)[0] as number) % choices.length] as T;
  const noise = () => Buffer.from(random.bytes(pick([0, 1, 20, 300])));
  const paths = [
    ...Object.keys(ROUTES),
    '/',
    '/connect/qrconnect',
    '/_sim/codes',
    '/_sim/phone',
    '/_sim/people',
    '/%',
    '*',
  ];
  const methods = ['GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'TRACE', 'CONNECT', 'PATCH', 'get', ''];
  const headers = ['Host: x', 'Host:', 'Content-Length: 9', 'Content-Length: 99999', 'Transfer-Encoding: chunked'];
  const more = ['Expect: 100-continue', 'Upgrade: websocket', 'Content-Type: application/json', 'X: \u00ff', ': x'];
  const query = () => pick(['', '?', '?appid=%', `?appid=${A}&secret=sa&js_code=x`, '?a[]=%00&&=']);
  for (let n = 0; n < 400; n++) {
    const line = `${pick(methods)} ${pick(paths)}${query()} ${pick(['HTTP/1.1', 'HTTP/1.0', 'HTTP/9', ''])}`;
    const fields = Array.from({ length: pick([0, 1, 2, 4]) }, () => pick([...headers, ...more]));
    const head = [line, ...fields].join(pick(['\r\n', '\r\n', '\n']));
    const body = pick([Buffer.from('{"appid":"x","user":1}'), Buffer.from('{"a":'), noise()]);
    const bytes = Buffer.concat([Buffer.from(`${head}\r\n\r\n`), body]);
    const cut = pick([bytes.length, bytes.length, Math.floor(bytes.length / 2), 7]);
    await raw(bytes.subarray(0, cut), pick(['close', 'reset'] as const));
    if (n % 20 === 0) assert.equal(await state(), 200, `after ${n}`);
  }
  assert.equal(await state(), 200);
  assert.deepEqual(internalErrors(), []);
});

/** JSON that every control refuses, and JSON that is nearly right. */
const WRONG: unknown[] = [
  null,
  true,
  0,
  'text',
  [],
  [[]],
  {},
  { appid: 1, user: 2 },
  { appid: A, user: '' },
  { appid: A, user: ['mei'] },
  { appid: A, user: '\ud800' },
  { appid: '__proto__', user: '__proto__' },
  { appid: A, user: '__proto__', nickName: 5, phone: {} },
  { user: 'mei', phone: null },
  { user: 'mei', blocked: 'yes', __proto__: null },
  { appid: A, user: 'mei', event: 'x', fields: { a: {} } },
  { appid: A, type: 'location' },
  { appid: A, type: {} },
  { advance_s: 1e308 },
  { advance_s: -1 },
  { advance_s: 'x' },
  { call: 'jscode2session', http: { status: 1, body: 1 } },
  { call: 'jscode2session', delay_ms: 'x' },
  { call: {}, clear: {} },
  { op: 'constructor', args: {} },
  { op: 'profile', args: null },
  { op: 'grant', args: { appid: A, user: 'mei', grants: 'abc' } },
  { op: 'grant', args: { appid: A, user: 'mei', grants: { x: {} } } },
  { op: 'enter', args: { appid: A, user: 'mei', call: {} } },
  { op: 'enter', args: { appid: A, user: 'mei', call: 'wx.login', operation: 'constructor' } },
  { op: 'log', args: { appid: A, user: 'mei' } },
  { op: 'setting', args: { appid: [A], user: {} } },
  { name: {}, text: [] },
  { name: 'x', text: 'y', source: {} },
];

test('every control answers wrong JSON with 200, 400 or 404, and the state stays readable', async () => {
  const { error } = await (await fetch(`${server.url}/_sim/x`)).json();
  const controls = error
    .replace(/^.*There are: /, '')
    .split(', ')
    .map((name: string) => name.split(' ')[1]);
  assert.ok(controls.length > 10);
  const own = JSON.parse('{"__proto__": {"blocked": true}, "user": "mei", "constructor": 1}');
  for (const control of controls) {
    for (const wrong of [...WRONG, own]) {
      const body = JSON.stringify(wrong);
      const response = await fetch(`${server.url}/_sim/${control}`, { method: 'POST', body });
      assert.ok([200, 400, 404].includes(response.status), `${control} ${body}: ${response.status}`);
      const view: Json = await (await fetch(`${server.url}/_sim/state`)).json();
      assert.ok(Number.isFinite(view.now), `${control} ${body} broke the clock`);
      assert.equal((await fetch(`${server.url}/`)).status, 200);
      wechat.faults.clear();
    }
    for (const text of ['{', 'x', '"', '\ufeff{}', `${'['.repeat(100_000)}`]) {
      const response = await fetch(`${server.url}/_sim/${control}`, { method: 'POST', body: text });
      assert.ok([200, 400, 404].includes(response.status), `${control}: ${response.status}`);
    }
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS']) {
      assert.ok((await fetch(`${server.url}/_sim/${control}`, { method })).status < 500);
    }
  }
  wechat.reset();
});

test('every server API answers wrong bodies with 200 and an errcode', async () => {
  for (const path of Object.keys(ROUTES)) {
    for (const body of [...WRONG.map((wrong) => JSON.stringify(wrong)), '', ' ', '{', 'a=b', '\0']) {
      const response = await fetch(`${server.url}${path}`, { method: 'POST', body });
      assert.equal(response.status, 200);
      assert.ok(((await response.json()) as Json).errcode, `${path} ${body}`);
    }
  }
});

test('a hidden phone on the machine’s clock does not keep the process alive', () => {
  const program = `
    import { createPhone, WeChat } from '${at('js/entries/sim.ts')}';
    const wechat = new WeChat({ apps: { ${A}: { secret: 'sa' } } });
    createPhone({ wechat, appid: '${A}', user: 'mei' }).hide();
    // An ordinary timer keeps it alive.
    wechat.clock.after(50, () => console.log('waited'));
  `;
  const args = ['--import', 'tsx', '--input-type=module', '-e', program];
  const output = execFileSync(process.execPath, args, { cwd: at('.'), encoding: 'utf8', timeout: 60_000 });
  assert.equal(output, 'waited\n');
});
