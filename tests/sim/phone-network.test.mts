// Requests, and the state of the app. §: docs/platform-facts.md.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { allowed } from '../../js/sim/phone/network.js';
import { freePort, type Json } from '../harness.mts';
import { A, called, fake } from './sim.mts';

/** A `fetch` whose requests the test answers. */
function server() {
  const waiting: Array<{ url: URL; init: RequestInit; answer(body: string, status?: number): void }> = [];
  const fetch = ((url: URL, init: RequestInit) =>
    new Promise<Response>((resolve, reject) => {
      init.signal?.addEventListener('abort', () => reject(new Error('aborted')));
      waiting.push({ url, init, answer: (body, status = 200) => resolve(new Response(body, { status })) });
    })) as typeof globalThis.fetch;
  const turn = () => new Promise((resolve) => setTimeout(resolve, 0));
  return { waiting, fetch, turn };
}

test('ten requests run at a time, the others are queued (§1.8)', async () => {
  const { waiting, fetch, turn } = server();
  const { wx } = fake().phone({ fetch });
  const replies = Array.from({ length: 12 }, (_, n) => called(wx.request, { url: `https://a.example/${n}` }));
  await turn();
  assert.equal(waiting.length, 10);
  waiting[3]?.answer('{"n":3}');
  assert.deepEqual((await replies[3]).data, { n: 3 });
  await turn();
  assert.equal(waiting.length, 11);
  for (const { answer } of waiting) answer('text');
  await turn();
  waiting[11]?.answer('text');
  for (const reply of await Promise.all(replies)) assert.equal(reply.statusCode, 200);
});

test('Android runs as many requests as assumed from 3.7.4 (§1.8)', async () => {
  const table = [
    ['android', '3.7.4', 13],
    ['android', '3.7.3', 10],
    ['ios', '3.8.0', 10],
    ['devtools', '3.8.0', 10],
  ] as const;
  for (const [platform, SDKVersion, atOnce] of table) {
    const { waiting, fetch, turn } = server();
    const { wx } = fake({}, { assume: { android_requests_at_once: 13 } }).phone({ fetch, platform, SDKVersion });
    for (let n = 0; n < 20; n++) wx.request({ url: `https://a.example/${n}` });
    await turn();
    assert.equal(waiting.length, atOnce, `${platform} ${SDKVersion}`);
  }
});

test('an unreachable server fails with errno 600001 and Chromium’s text; older libraries have no errno (§1.11)', async () => {
  const port = await freePort();
  const failure = (SDKVersion: string) =>
    called(fake().phone({ SDKVersion }).wx.request, { url: `http://127.0.0.1:${port}/` }).catch((failure) => failure);
  assert.deepEqual(await failure('3.8.0'), {
    errMsg: 'request:fail errcode:-102 cronet_error_code:-102 error_msg:net::ERR_CONNECTION_REFUSED',
    errno: 600001,
  });
  assert.deepEqual(await failure('2.20.0'), { errMsg: 'request:fail -102:net::ERR_CONNECTION_REFUSED' });
  const unexplained = fake().phone({ fetch: () => Promise.reject(new TypeError('Failed to fetch')) });
  await assert.rejects(called(unexplained.wx.request, { url: 'https://a.example/' }), { errno: 600001 });
});

test('a truncated reply fails with errno 600001', async () => {
  const cut = createServer((_, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('half');
    setImmediate(() => response.destroy());
  });
  await once(cut.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(cut.address() as AddressInfo).port}/`;
  await assert.rejects(called(fake().phone().wx.request, { url }), { errno: 600001 });
  cut.close();
});

test('every status is a success, and a body that is not JSON stays text (§1.8)', async () => {
  const { waiting, fetch, turn } = server();
  const { wx } = fake().phone({ fetch });
  const reply = called(wx.request, { url: 'https://a.example/', method: 'POST', data: { a: 1 } });
  await turn();
  const { init, answer } = waiting[0] as Json;
  assert.deepEqual(
    [init.body, init.headers.get('content-type'), init.headers.get('referer')],
    ['{"a":1}', 'application/json', `https://servicewechat.com/${A}/devtools/page-frame.html`],
  );
  answer('<html>', 502);
  const { statusCode, data, errMsg } = await reply;
  assert.deepEqual([statusCode, data, errMsg], [502, '<html>', 'request:ok']);
});

test('data of a GET request becomes the query, data of a form the form body', async () => {
  const { waiting, fetch, turn } = server();
  const { wx } = fake().phone({ fetch });
  wx.request({ url: 'https://a.example/?x=1', data: { q: 'a b' } });
  const header = { 'content-type': 'application/x-www-form-urlencoded' };
  wx.request({ url: 'https://a.example/', method: 'POST', data: { q: 'a b' }, header });
  await turn();
  assert.equal(waiting[0]?.url.href, 'https://a.example/?x=1&q=a+b');
  assert.equal(waiting[1]?.init.body, 'q=a+b');
});

test('only listed hosts are allowed, with the listed port; http, IPs and localhost never (§1.8)', async () => {
  const domains = ['https://api.shop.example', 'https://api.shop.example:8443'];
  for (const good of ['https://api.shop.example/a?b', 'https://API.shop.example', 'https://api.shop.example:8443/'])
    assert.equal(allowed(good, domains), true, good);
  for (const bad of [
    'http://api.shop.example/',
    'https://shop.example/',
    'https://x.api.shop.example/',
    'https://api.shop.example:443/',
    'https://api.shop.example.evil.example/',
    'https://api.shop.example@evil.example/',
  ])
    assert.equal(allowed(bad, domains), false, bad);
  for (const never of ['https://127.0.0.1/', 'https://localhost/', 'https://[::1]/'])
    assert.equal(allowed(never, [new URL(never).host]), false, never);
  const { wx } = fake({ request_domains: domains }).phone();
  await assert.rejects(called(wx.request, { url: 'https://evil.example/' }), {
    errMsg: 'request:fail url not in domain list',
    errno: 600002,
  });
});

test('a request fails at its time-out and when it is aborted (§1.8)', async () => {
  const sim = fake();
  const { fetch, turn } = server();
  const { wx } = sim.phone({ fetch });
  const failed = (timeout?: number) =>
    called(wx.request, { url: 'https://a.example/', ...(timeout ? { timeout } : {}) }).catch((failure) => failure);
  const [short, long] = [failed(1_000), failed()];
  await sim.advance(1);
  assert.deepEqual(await short, { errMsg: 'request:fail timeout', errno: 5 });
  await sim.advance(59);
  assert.deepEqual(await long, { errMsg: 'request:fail timeout', errno: 5 });
  const aborted = new Promise((fail) => {
    const task = wx.request({ url: 'https://a.example/', fail });
    task.abort();
  });
  await turn();
  assert.deepEqual(await aborted, { errMsg: 'request:fail abort' });
});

test('a request that was aborted or timed out in the queue is never sent (§1.8)', async () => {
  const sim = fake();
  const { waiting, fetch, turn } = server();
  const { wx } = sim.phone({ fetch });
  const url = (name: string) => `https://a.example/${name}`;
  const ten = Array.from({ length: 10 }, (_, n) => called(wx.request, { url: url(`${n}`) }));
  const failed = (name: string, timeout: number) =>
    new Promise<Json>((fail) => void called(wx.request, { url: url(name), timeout }).catch(fail));
  const late = failed('late', 1_000);
  const aborted = new Promise<Json>((fail) => wx.request({ url: url('aborted'), fail }).abort());
  await sim.advance(1);
  assert.deepEqual([(await late).errMsg, (await aborted).errMsg], ['request:fail timeout', 'request:fail abort']);
  for (const { answer } of waiting) answer('');
  await Promise.all(ten);
  await turn();
  assert.equal(waiting.length, 10);
});

test('after 5 s in the background requests are interrupted, and callbacks wait for the next show (§1.8)', async () => {
  const sim = fake();
  const { fetch } = server();
  const phone = sim.phone({ fetch });
  const heard: Json[] = [];
  phone.wx.request({ url: 'https://a.example/', fail: (failure) => heard.push(failure) });
  await sim.advance(1);
  phone.hide();
  await sim.advance(4);
  assert.equal(phone.appState, 'background');
  await sim.advance(1);
  phone.wx.login({ success: ({ code }) => heard.push(code) });
  await sim.advance(60);
  assert.deepEqual([phone.appState, heard], ['suspended', []]);
  phone.show();
  await sim.advance(1);
  assert.deepEqual(heard[0], { errMsg: 'request:fail interrupted', errno: 600003 });
  assert.match(heard[1], /^\w{32}$/);
});

test('a request that a suspended app starts is interrupted, and calls back at the next show (§1.8)', async () => {
  const sim = fake();
  const { waiting, fetch } = server();
  const phone = sim.phone({ fetch });
  phone.hide();
  await sim.advance(5);
  const reply = called(phone.wx.request, { url: 'https://a.example/' }).catch(({ errMsg }) => errMsg);
  await sim.advance(1);
  phone.show();
  await sim.advance(1);
  assert.deepEqual([await reply, waiting.length], ['request:fail interrupted', 0]);
});

test('a request that starts in the background is interrupted, within the first 5 s too (§1.11)', async () => {
  const sim = fake();
  const { waiting, fetch } = server();
  const phone = sim.phone({ fetch });
  phone.hide();
  for (const call of [phone.wx.request, phone.wx.downloadFile]) {
    await assert.rejects(called(call, { url: 'https://a.example/' }), { errMsg: /:fail interrupted$/, errno: 600003 });
  }
  assert.equal(waiting.length, 0);
  phone.show();
  phone.wx.request({ url: 'https://a.example/' });
  await sim.advance(0);
  assert.equal(waiting.length, 1);
});

test('an app that is shown within 5 s is not suspended (§1.8)', async () => {
  const sim = fake();
  const phone = sim.phone();
  phone.hide();
  await sim.advance(3);
  phone.show();
  await sim.advance(3);
  assert.equal(phone.appState, 'foreground');
  await sim.advance(30 * 60);
  assert.equal(phone.appState, 'foreground');
});

test('calls that were pending when the app ended never call back (§1.8)', async () => {
  const sim = fake();
  const phone = sim.phone({ latency: 100 });
  let late = false;
  phone.wx.login({ complete: () => (late = true) });
  phone.relaunch();
  await sim.advance(60);
  assert.equal(late, false);
});

test('callbacks run within 5 s of hiding (§1.8)', async () => {
  const sim = fake();
  const { waiting, fetch } = server();
  const phone = sim.phone({ fetch });
  const reply = called(phone.wx.request, { url: 'https://a.example/' });
  await sim.advance(0);
  phone.hide();
  await sim.advance(4);
  waiting[0]?.answer('{}');
  assert.equal((await reply).statusCode, 200);
});

test('listeners hear show and hide; after half an hour the app has ended, and relaunches with its storage (§1.8)', async () => {
  const sim = fake();
  const phone = sim.phone();
  const seen: string[] = [];
  const shown = () => seen.push('show');
  phone.wx.onAppShow(shown);
  phone.wx.onAppHide(() => seen.push('hide'));
  phone.hide();
  phone.show();
  phone.wx.offAppShow(shown);
  phone.wx.setStorageSync('k', 'v');
  phone.hide();
  assert.deepEqual(seen, ['hide', 'show', 'hide']);
  let late = false;
  await sim.advance(5);
  phone.wx.login({ success: () => (late = true) });
  await sim.advance(30 * 60);
  phone.show();
  assert.equal(phone.appState, 'dead');
  const again = phone.relaunch();
  await sim.advance(60);
  assert.deepEqual([again.appState, again.wx.getStorageSync('k'), late], ['foreground', 'v', false]);
});
