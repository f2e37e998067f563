// Every request is answered within its deadline, even if the caller's body, KV, WeChat or the operator's own server is
// slow. These tests prove that an answer comes; src/edge/tests proves the values of the deadlines.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { after, before, test } from 'node:test';
import { WeChat } from '../../js/sim/wechat/index.js';
import { APPID, bearer, type Json, logIn, post, SECRET, send, startWorld, type World } from '../harness.mts';
import { faultyKv } from './faulty.mts';

const TOKEN = 'CANARYpushtoken';
const KEY = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG';

let world: World;
let slow: string[] = [];
/** The server at push_forward_url: it accepts connections and never answers. */
const silent = createServer(() => undefined);

before(async () => {
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const push_forward_url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/push`;
  const push = { push_token: TOKEN, encoding_aes_key: KEY };
  world = await startWorld({
    wechat: new WeChat({ apps: { [APPID]: { secret: SECRET, push_url: 'https://a.example/', ...push } } }),
    apps: { [APPID]: { secret: SECRET, ...push, push_forward_url } },
    ...faultyKv((operation, name) => (slow.some((key) => `${operation} ${name}`.startsWith(key)) ? 'slow' : undefined)),
  });
});
after(async () => {
  await world.stop();
  silent.closeAllConnections();
  silent.close();
});

const phone = (user: string, token: string) =>
  post(`${world.url}/wechat/phone`, { code: world.wechat.issuePhoneCode(APPID, user) }, bearer(token));

const HALF = ['POST /oauth/token HTTP/1.1', 'host: x', 'content-type: application/json'];
/** Sends the headers of a request and the beginning of its body. */
function half(headers: string[], body: string) {
  const socket = connect(Number(new URL(world.url).port), '127.0.0.1');
  socket.write(`${[...HALF, ...headers].join('\r\n')}\r\n\r\n${body}`);
  return socket;
}
const WAYS: Array<[name: string, headers: string[], body: string]> = [
  ['with a length', ['content-length: 100'], '{"grant_type":'],
  ['in chunks', ['transfer-encoding: chunked'], 'e\r\n{"grant_type":\r\n'],
];

for (const [name, headers, body] of WAYS) {
  test(`a body that stops half-way, sent ${name}, is 408 body_incomplete`, async () => {
    const socket = half(headers, body);
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      socket.on('data', (part) => {
        text += part;
        if (text.includes('body_incomplete')) resolve(text);
      });
      socket.on('error', reject).on('close', () => reject(new Error(`closed after ${JSON.stringify(text)}`)));
    });
    socket.destroy();
    assert.match(answer, /^HTTP\/1\.1 408 /);
  });
}

test('a client that disconnects within its body is not logged as body_too_large', async () => {
  const seen = world.lines.length;
  const socket = half(['content-length: 100'], '{"grant_type":');
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.destroy();
  // The same isolate serves the next request after the interrupted one.
  await logIn(world, 'next');
  const lines = world.lines.slice(seen).map((line) => JSON.parse(line));
  assert.ok(!lines.some(({ code }: Json) => code === 'body_too_large'), JSON.stringify(lines));
});

test('parallel requests share one failed fetch of the access_token', async () => {
  const users = await Promise.all(['a', 'b', 'c', 'd'].map((user) => logIn(world, user)));
  world.wechat.faults.add({ call: 'stable_token', hang: true });
  const seen = world.wechat.state().calls.stable_token ?? 0;
  try {
    const replies = await Promise.all(users.map(({ access }) => phone('a', access)));
    for (const reply of replies) assert.deepEqual([reply.status, reply.body.code], [504, 'upstream_timeout']);
  } finally {
    world.wechat.faults.clear();
  }
  assert.equal((world.wechat.state().calls.stable_token ?? 0) - seen, 1);
});

test('KV and WeChat share the deadline of a request', async () => {
  const { access } = await logIn(world, 'patient');
  // 4 s each for reading the session, reading the stored access_token and storing a new one: 12 s of 10 s.
  slow = ['get ', 'put t1'];
  try {
    const reply = await phone('patient', access);
    assert.deepEqual([reply.status, reply.body.code], [504, 'upstream_timeout'], 'although WeChat answers immediately');
    assert.equal(world.wechat.state().calls.getuserphonenumber ?? 0, 0, 'the code was not sent to WeChat');
  } finally {
    slow = [];
  }
});

test('a pushed message is answered even if push_forward_url does not answer', async () => {
  const pushed = world.wechat.push.compose(APPID, { user: 'pushed', event: 'user_info_modified', fields: {} });
  const reply = await send(`${world.url}/wechat/events/${APPID}${new URL(pushed.url).search}`, {
    method: 'POST',
    headers: { 'content-type': pushed.contentType },
    body: pushed.body,
  });
  assert.deepEqual([reply.status, reply.body.code], [502, 'forward_failed']);
});
