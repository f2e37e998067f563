// The web host's `request` against a real HTTP server behaves like wx.request (docs/platform-facts.md §1.8).
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { after, before, test } from 'node:test';
import type { HostRequest, Reply, WxFailure } from '../../js/client/host.js';
import { fetchHost } from '../../js/hosts/fetch-host.js';
import { createPhone } from '../../js/sim/phone/index.js';
import { WeChat } from '../../js/sim/wechat/index.js';
import { APPID, type Json, SECRET } from '../harness.mts';

interface Seen {
  method: string;
  url: string;
  type: string | undefined;
  authorization: string | undefined;
  body: string;
}

const host = fetchHost(() => Promise.reject(new Error('no core is needed here')));
let origin: string;
let seen: Seen[] = [];
/** The answer of the next request. */
let answer: (response: ServerResponse) => void;
const echo = (response: ServerResponse) => response.setHeader('content-type', 'application/json').end('{"ok":true}');

const server = createServer(async (request: IncomingMessage, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const { method = '', url = '', headers } = request;
  const body = Buffer.concat(chunks).toString('utf8');
  seen.push({ method, url, type: headers['content-type'], authorization: headers.authorization, body });
  answer(response);
});

before(async () => {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  origin = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

type Outcome = { reply: Reply } | { failure: WxFailure };

function ask(request: Partial<HostRequest> & { path?: string }, meanwhile?: (abort: () => void) => void) {
  const { path = '/', ...rest } = request;
  seen = [];
  return new Promise<Outcome>((resolve) => {
    const options = { url: origin + path, method: 'GET', header: {}, ...rest };
    const abort = host.request(
      options,
      (reply) => resolve({ reply }),
      (failure) => resolve({ failure }),
    );
    assert.ok(abort);
    meanwhile?.(abort);
  });
}

const JSON_TYPE = 'application/json';
const FORM = 'application/x-www-form-urlencoded';
const bytes = new TextEncoder().encode('ä{');

/** A request, and the parts of it that arrive at the server and differ from the default. */
const SENT: Array<[name: string, request: Parameters<typeof ask>[0], arrives: Partial<Seen>]> = [
  ['a GET', {}, { method: 'GET', url: '/', type: JSON_TYPE, body: '' }],
  ['the fields of a GET', { data: { q: 'a b&c', n: 1, on: true } }, { url: '/?q=a%20b%26c&n=1&on=true', body: '' }],
  ['fields with other alphabets', { data: { 名: '梅' } }, { url: '/?%E5%90%8D=%E6%A2%85' }],
  ['a nested field, as JSON', { data: { ids: [1, 2] } }, { url: '/?ids=%5B1%2C2%5D' }],
  ['fields beside a query', { path: '/?a=1&b=2', data: { b: 3 } }, { url: '/?a=1&b=3' }],
  ['repeated parameters of the url stay', { path: '/?a=1&a=2', data: { b: 3 } }, { url: '/?a=1&a=2&b=3' }],
  ['fields before a fragment', { path: '/x#top', data: { a: 1 } }, { url: '/x?a=1' }],
  ['no fields', { path: '/x?a=1', data: {} }, { url: '/x?a=1' }],
  ['null', { path: '/x', data: null }, { url: '/x' }],
  ['a string of a GET', { path: '/x?a=1', data: 'b=2&c' }, { url: '/x?a=1&b=2&c' }],
  ['the fields of a HEAD', { method: 'HEAD', data: { a: 1 } }, { method: 'HEAD', url: '/?a=1' }],
  ['a lower-case method', { method: 'patch', data: {} }, { method: 'PATCH', body: '{}' }],
  ['an object', { method: 'POST', data: { a: [1] } }, { method: 'POST', type: JSON_TYPE, body: '{"a":[1]}' }],
  ['an array', { method: 'PUT', data: [1] }, { method: 'PUT', body: '[1]' }],
  ['a DELETE with a body', { method: 'DELETE', data: { a: 1 } }, { method: 'DELETE', url: '/', body: '{"a":1}' }],
  ['a POST without data', { method: 'POST' }, { type: JSON_TYPE, body: '' }],
  ['a string', { method: 'POST', data: '{"a": 1}' }, { type: JSON_TYPE, body: '{"a": 1}' }],
  ['an ArrayBuffer', { method: 'POST', data: bytes.buffer }, { body: 'ä{' }],
  ['a part of an ArrayBuffer', { method: 'POST', data: bytes.subarray(2) }, { body: '{' }],
  [
    'a form',
    { method: 'POST', data: { a: 'b c', d: '&' }, header: { 'Content-Type': FORM } },
    { type: FORM, body: 'a=b%20c&d=%26' },
  ],
  [
    'a form with a charset',
    { method: 'POST', data: { a: 1 }, header: { 'content-type': `${FORM}; charset=UTF-8` } },
    { type: `${FORM}; charset=UTF-8`, body: 'a=1' },
  ],
  [
    'a form that is a string',
    { method: 'POST', data: 'a=b', header: { 'content-type': FORM } },
    { type: FORM, body: 'a=b' },
  ],
  [
    'one content type, whatever its case',
    { method: 'POST', data: 'hello', header: { 'CONTENT-TYPE': 'text/plain' } },
    { type: 'text/plain', body: 'hello' },
  ],
  [
    'an object under another type',
    { method: 'POST', data: { a: 1 }, header: { 'Content-Type': 'application/scim+json' } },
    { type: 'application/scim+json', body: '{"a":1}' },
  ],
  ['the caller’s authorization', { header: { authorization: 'Basic x' } }, { authorization: 'Basic x' }],
  [
    'the session’s authorization in its place',
    { header: { authorization: 'Basic x', Authorization: 'Bearer y' } },
    { authorization: 'Bearer y' },
  ],
];

for (const [name, request, arrives] of SENT) {
  test(`sends ${name}`, async () => {
    answer = echo;
    const outcome = await ask(request);
    assert.ok('reply' in outcome, JSON.stringify(outcome));
    const [first, ...others] = seen as [Seen, ...Seen[]];
    assert.equal(others.length, 0);
    assert.deepEqual({ ...first, ...arrives }, first);
  });
}

/** Requests that the simulator's wx.request, an independent implementation, sends identically. */
const ALIKE = SENT.filter(([name]) =>
  [
    'fields beside a query',
    'repeated parameters of the url stay',
    'the fields of a HEAD',
    'an object',
    'an array',
    'a DELETE with a body',
    'a POST without data',
    'a string',
    'an ArrayBuffer',
    'a form with a charset',
    'one content type, whatever its case',
    'an object under another type',
    'the caller’s authorization',
  ].includes(name),
);

test('the list of identical requests is complete', () => assert.equal(ALIKE.length, 13));

for (const [name, request] of ALIKE) {
  test(`sends ${name} as wx.request does`, async () => {
    answer = echo;
    await ask(request);
    const [web] = seen;
    seen = [];
    const { path = '/', ...rest } = request;
    const { wx } = createPhone({
      wechat: new WeChat({ apps: { [APPID]: { secret: SECRET } } }),
      appid: APPID,
      user: 'mei',
    });
    await new Promise((success, fail) => wx.request({ ...rest, url: origin + path, success, fail } as Json));
    assert.deepEqual(seen, [web]);
  });
}

const RECEIVED: Array<
  [name: string, request: Partial<HostRequest>, send: (response: ServerResponse) => void, Partial<Reply>]
> = [
  ['JSON', {}, echo, { statusCode: 200, data: { ok: true } }],
  ['JSON without its type', {}, (response) => response.end('[1]'), { data: [1] }],
  ['text', {}, (response) => response.end('<html>'), { data: '<html>' }],
  [
    'text that says it is JSON',
    {},
    (response) => response.setHeader('content-type', JSON_TYPE).end('{'),
    { data: '{' },
  ],
  ['JSON after a byte order mark', {}, (response) => response.end('\uFEFF{}'), { data: {} }],
  [
    'a status of failure',
    {},
    (response) => response.writeHead(503).end('{"code":"x"}'),
    { statusCode: 503, data: { code: 'x' } },
  ],
  ['204', {}, (response) => response.writeHead(204).end(), { statusCode: 204, data: '' }],
  [
    'the reply to a HEAD',
    { method: 'HEAD' },
    (response) => response.writeHead(200, { 'x-a': 'b' }).end(),
    { data: '' },
  ],
];

for (const [name, request, send, expected] of RECEIVED) {
  test(`receives ${name}`, async () => {
    answer = send;
    const outcome = await ask(request);
    assert.ok('reply' in outcome, JSON.stringify(outcome));
    assert.deepEqual({ ...outcome.reply, ...expected }, outcome.reply);
  });
}

test('header names of a reply are lower case, and every Set-Cookie is kept', async () => {
  answer = (response) => response.writeHead(200, { 'X-Request-Id': 'abc', 'Set-Cookie': ['a=1', 'b=2'] }).end();
  const outcome = await ask({});
  assert.ok('reply' in outcome);
  assert.equal(outcome.reply.header['x-request-id'], 'abc');
  assert.equal(outcome.reply.header['set-cookie'], 'a=1,b=2');
});

test('a redirect is followed', async () => {
  answer = (response) => {
    answer = echo;
    response.writeHead(302, { location: '/there' }).end();
  };
  const outcome = await ask({});
  assert.deepEqual([seen.map(({ url }) => url), 'reply' in outcome], [['/', '/there'], true]);
});

test('a server that never answers, or stops within a body, fails with the timeout', async () => {
  for (const begin of [() => {}, (response: ServerResponse) => void response.write('{')]) {
    answer = begin;
    assert.deepEqual(await ask({ timeout: 50 }), { failure: { errMsg: 'request:fail timeout', errno: 5 } });
  }
});

test('abort ends a request immediately and has no effect afterwards', async () => {
  answer = () => {};
  assert.deepEqual(await ask({}, (abort) => abort()), { failure: { errMsg: 'request:fail abort' } });
  answer = echo;
  let late: () => void = () => {};
  const outcome = await ask({}, (abort) => {
    late = abort;
  });
  late();
  assert.ok('reply' in outcome);
});

const circular: Json = {};
circular.self = circular;
for (const [name, request] of [
  ['a method that pages may not use', { method: 'TRACE' }],
  ['an invalid header name', { header: { 'a b': 'c' } }],
  ['data that cannot be serialised', { method: 'POST', data: circular }],
  ['a lone surrogate in a query', { data: { a: '\uD800' } }],
  ['an invalid address', { url: 'http://' }],
  ['a port that is closed', { url: 'http://127.0.0.1:1/' }],
] as Array<[string, Partial<HostRequest>]>) {
  test(`${name} fails and throws nothing`, async () => {
    const outcome = await ask(request);
    assert.ok('failure' in outcome);
    assert.match(outcome.failure.errMsg, /^request:fail /);
  });
}
