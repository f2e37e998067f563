// Message push at the edge (§3.7, §4.1): messages of WeChat, composed by the simulator, and forged ones.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { after, before, test } from 'node:test';
import { pushSignature } from '../../js/sim/crypto.js';
import { WeChat } from '../../js/sim/wechat/index.js';
import {
  type Answer,
  APPID,
  exchange,
  keysOf,
  logIn,
  OTHER_APPID,
  refresh,
  SECRET,
  send,
  startWorld,
  type World,
} from '../harness.mts';

const TOKEN = 'CANARYpushtoken';
const KEY = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG';
const CANCELLATION = 'user_authorization_cancellation';

let world: World;
let backend: Server;
/** The messages that were forwarded to the backend. */
const forwarded: Array<{ url: string; type: string | undefined; body: string }> = [];
let backendAnswers = { status: 200, body: 'success' };

before(async () => {
  backend = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      forwarded.push({ url: request.url ?? '', type: request.headers['content-type'], body });
      response.writeHead(backendAnswers.status).end(backendAnswers.body);
    });
  });
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  const forward = `http://127.0.0.1:${(backend.address() as { port: number }).port}/push`;
  const push = { push_token: TOKEN, encoding_aes_key: KEY, push_forward_url: forward };
  world = await startWorld({
    wechat: new WeChat({
      apps: {
        [APPID]: { secret: SECRET, push_url: 'https://a.example/', push_token: TOKEN, encoding_aes_key: KEY },
        [OTHER_APPID]: { secret: SECRET, push_url: 'https://a.example/', push_token: TOKEN },
      },
    }),
    apps: {
      [APPID]: { secret: SECRET, ...push },
      [OTHER_APPID]: { secret: SECRET, push_token: TOKEN, push_forward_url: forward },
    },
  });
});
after(async () => {
  await world.stop();
  backend.close();
});

const at = (appid: string, url: string) => `${world.url}/wechat/events/${appid}${new URL(url).search}`;
interface Pushed {
  url: string;
  contentType: string;
  body: string;
}
const deliver = (pushed: Pushed, appid = APPID): Promise<Answer> =>
  send(at(appid, pushed.url), {
    method: 'POST',
    headers: { 'content-type': pushed.contentType },
    body: pushed.body,
  });
const compose = (user: string, event: string, format: 'json' | 'xml' = 'xml', appid = APPID, fields = {}): Pushed => {
  world.wechat.world.app(appid).push_format = format;
  return world.wechat.push.compose(appid, { user, event, fields });
};
/** The same message with a changed query and a new signature of WeChat. */
function resent(pushed: Pushed, change: Record<string, string>): Pushed {
  const url = new URL(pushed.url);
  const query = (name: string) => url.searchParams.get(name) ?? '';
  for (const [name, value] of Object.entries(change)) url.searchParams.set(name, value);
  const encrypt = /Encrypt(?:>|":")(?:<!\[CDATA\[)?([A-Za-z0-9+/=]+)/.exec(pushed.body)?.[1] as string;
  url.searchParams.set('msg_signature', pushSignature(TOKEN, query('timestamp'), query('nonce'), encrypt));
  return { ...pushed, url: url.href };
}

test('the URL check of WeChat is answered, and one without its signature is refused', async () => {
  const { url, echostr } = world.wechat.push.check(APPID);
  const reply = await send(at(APPID, url));
  assert.deepEqual([reply.status, reply.body], [200, echostr]);
  assert.equal(reply.headers.get('content-type'), 'text/plain; charset=utf-8');
  const wrong = new URL(url);
  wrong.searchParams.set('timestamp', '1');
  assert.equal((await send(at(APPID, wrong.href))).status, 403);
  assert.equal((await send(`${world.url}/wechat/events/${APPID}`)).status, 403);
  assert.equal((await send(at('wx0', url))).status, 404);
});

for (const format of ['json', 'xml'] as const) {
  test(`a cancellation in ${format} erases the account and is forwarded unchanged`, async () => {
    const user = `cancelled ${format}`;
    const session = await logIn(world, user);
    const seen = forwarded.length;
    const pushed = compose(user, CANCELLATION, format);
    const reply = await deliver(pushed);
    assert.deepEqual([reply.status, reply.body], [200, 'success']);
    assert.equal((await refresh(world, session.refresh)).body.code, 'session_ended');
    const line = world.lines.map((line) => JSON.parse(line)).findLast(({ audit }) => audit === 'cancellation_erase');
    assert.deepEqual(
      (await keysOf(world)).filter((name) => name.includes(line.user)),
      [`e1:${line.user}`],
    );
    assert.deepEqual(forwarded.slice(seen), [
      { url: `/push${new URL(pushed.url).search}`, type: pushed.contentType, body: pushed.body },
    ]);
    assert.equal((await deliver(pushed)).status, 200, 'WeChat may send it again');
  });
}

test('a message whose answers are lost arrives three times, signed anew, and is accepted each time', async () => {
  const { wechat } = world;
  const session = await logIn(world, 'repeated');
  const seen = forwarded.length;
  const answers: number[] = [];
  let arrived = () => {};
  const lost: typeof fetch = async (url, init) => {
    const reply = await fetch(at(APPID, String(url)), { method: 'POST', body: String(init?.body) });
    answers.push(reply.status);
    arrived();
    return new Promise(() => {});
  };
  const sent = wechat.push.send(APPID, { user: 'repeated', event: CANCELLATION }, lost);
  for (let attempt = 1; attempt <= 3; attempt++) {
    if (answers.length < attempt) await new Promise<void>((resolve) => (arrived = resolve));
    await wechat.clock.advance(5_000);
  }
  assert.deepEqual(await sent, { accepted: false, attempts: 3, status: 0, body: '' });
  assert.deepEqual(answers, [200, 200, 200]);
  assert.equal((await refresh(world, session.refresh)).body.code, 'session_ended');
  const bodies = new Set(forwarded.slice(seen).map(({ body }) => body));
  assert.equal(bodies.size, 3, 'the backend gets each one and detects duplicates by FromUserName and CreateTime');
});

test('an unencrypted cancellation is forwarded and erases nothing: its body is not signed', async () => {
  const { code } = world.wechat.issueCode(OTHER_APPID, 'plain');
  const { body } = await exchange(world, code, { client_id: OTHER_APPID });
  const seen = forwarded.length;
  assert.equal((await deliver(compose('plain', CANCELLATION, 'xml', OTHER_APPID), OTHER_APPID)).status, 200);
  assert.equal((await refresh(world, body.refresh_token, OTHER_APPID)).status, 200);
  assert.equal(forwarded.length, seen + 1);
});

test('the revocation of one permission is forwarded and erases nothing', async () => {
  const session = await logIn(world, 'revokes');
  const seen = forwarded.length;
  const fields = { RevokeInfo: '8' };
  assert.equal((await deliver(compose('revokes', 'user_authorization_revoke', 'json', APPID, fields))).status, 200);
  assert.equal((await refresh(world, session.refresh)).status, 200);
  assert.equal(forwarded.length, seen + 1);
});

test('a cancellation far from the current time erases nothing', async () => {
  const session = await logIn(world, 'replayed');
  for (const offset of [-600, 600, -86_400]) {
    const timestamp = String(Math.floor(Date.now() / 1000) + offset);
    const reply = await deliver(resent(compose('replayed', CANCELLATION), { timestamp }));
    assert.deepEqual([reply.status, reply.body.code], [400, 'push_stale']);
  }
  assert.equal((await refresh(world, session.refresh)).status, 200);
  const fresh = String(Math.floor(Date.now() / 1000) - 60);
  assert.equal((await deliver(resent(compose('replayed', CANCELLATION), { timestamp: fresh }))).status, 200);
});

test('a forged message is refused and erases nothing', async () => {
  const session = await logIn(world, 'framed');
  const pushed = compose('framed', CANCELLATION);
  const other = compose('somebody else', CANCELLATION);
  const seen = forwarded.length;
  const query = (change: Record<string, string>) => {
    const url = new URL(pushed.url);
    for (const [name, value] of Object.entries(change)) url.searchParams.set(name, value);
    return { ...pushed, url: url.href };
  };
  const wrong: Array<[Pushed, number, string]> = [
    [query({ msg_signature: '0'.repeat(40) }), 403, 'push_signature'],
    [query({ msg_signature: '' }), 403, 'push_signature'],
    [query({ nonce: '1' }), 403, 'push_signature'],
    [query({ msg_signature: new URL(pushed.url).searchParams.get('signature') as string }), 403, 'push_signature'],
    [{ ...other, body: pushed.body }, 403, 'push_signature'],
    [{ ...pushed, body: pushed.body.slice(0, -20) }, 400, 'push_malformed'],
    [{ ...pushed, body: '' }, 400, 'push_malformed'],
    [{ ...pushed, body: '<xml><Encrypt>a</Encrypt><Encrypt>b</Encrypt></xml>' }, 400, 'push_malformed'],
    [resent({ ...pushed, body: '{"Encrypt":"AAAA"}' }, {}), 400, 'push_malformed'],
  ];
  for (const [message, status, code] of wrong) {
    const reply = await deliver(message);
    assert.deepEqual([reply.status, reply.body.code], [status, code], message.url);
  }
  assert.equal((await refresh(world, session.refresh)).status, 200);
  assert.equal(forwarded.length, seen, 'nothing of it goes on');
  assert.equal((await deliver(pushed, OTHER_APPID)).body.code, 'misconfigured', 'this app has no encoding_aes_key');
});

test('an app with an encoding_aes_key refuses plain text, in plain mode and beside the ciphertext of 兼容模式', async () => {
  const pushed = compose('talked down', CANCELLATION);
  const seen = forwarded.length;
  // A query with a valid signature, taken from a log: in plain mode WeChat signs only the query.
  const plain = new URL(pushed.url);
  for (const name of ['encrypt_type', 'msg_signature']) plain.searchParams.delete(name);
  const forged = '<xml><Event>anything</Event></xml>';
  const copy = '<Event>anything</Event></xml>';
  for (const body of [forged, pushed.body, pushed.body.replace('</xml>', copy)]) {
    const url = body.includes(copy) && body !== forged ? pushed.url : plain.href;
    const reply = await deliver({ ...pushed, url, body });
    assert.deepEqual([reply.status, reply.body.code], [403, 'push_plain'], body);
  }
  assert.equal(forwarded.length, seen, 'nothing of it goes on');
  assert.equal((await deliver(pushed)).status, 200);
});

test('a body with thousands of elements is push_malformed', async () => {
  const elements = Array.from({ length: 3212 }, (_, n) => `<e${n}>x</e${n}>`)
    .join('')
    .slice(0, 32_000);
  const { url, contentType } = compose('many', CANCELLATION);
  const reply = await deliver({ url, contentType, body: `<xml>${elements}</xml>` });
  assert.deepEqual([reply.status, reply.body.code], [400, 'push_malformed']);
});

test('the answer of the backend is passed to WeChat, and its failure is forward_failed', async () => {
  backendAnswers = { status: 200, body: '<xml><Encrypt>reply</Encrypt></xml>' };
  assert.equal((await deliver(compose('talks', 'user_info_modified'))).body, backendAnswers.body);
  backendAnswers = { status: 500, body: 'CANARY of the backend' };
  const failed = await deliver(compose('talks', 'user_info_modified'));
  assert.deepEqual([failed.status, failed.body.code], [502, 'forward_failed']);
  assert.ok(!world.lines.join('\n').includes(TOKEN));
});
