// Message push, plain and encrypted. Vectors: tests/data/vectors.json. §: docs/platform-facts.md.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { encryptOpenData, encryptPush, fromBase64, hmacHex, pushSignature, sha1Hex } from '../../js/sim/crypto.js';
import { at } from '../../scripts/shell.mts';
import type { Json } from '../harness.mts';
import { A, fake } from './sim.mts';

const vectors: Json[] = JSON.parse(readFileSync(at('tests/data/vectors.json'), 'utf8'));
const of = (kind: string) => {
  const found = vectors.filter((vector) => vector.kind === kind && !vector.expected.error);
  assert.ok(found.length, `there are vectors of ${kind}`);
  return found;
};
const utf8 = new TextEncoder();

test('signatures and encryption match the official vectors (§4.1)', () => {
  for (const { inputs, expected } of of('rawdata_sha1')) {
    assert.equal(sha1Hex(inputs.rawData + inputs.session_key), expected.signature);
  }
  for (const { inputs, expected } of of('session_hmac_sha256')) {
    assert.equal(hmacHex(inputs.session_key, inputs.message), expected.signature);
  }
  for (const { inputs, expected } of of('open_data_aes128cbc')) {
    if (!inputs.session_key || !expected.plaintext) continue;
    assert.equal(encryptOpenData(inputs.session_key, fromBase64(inputs.iv), expected.plaintext), inputs.encryptedData);
  }
  for (const { inputs, expected } of of('push_msg_signature_sha1')) {
    const { token, timestamp, nonce, encrypt } = inputs;
    assert.equal(pushSignature(token, timestamp, nonce, encrypt), expected.signature);
  }
  for (const { inputs, expected } of of('msg_crypt_encrypt')) {
    const { encoding_aes_key, random, msg, receive_id } = inputs;
    assert.equal(encryptPush(encoding_aes_key, utf8.encode(random), msg, receive_id), expected.encrypt);
  }
});

const PUSH = { push_url: 'https://auth.example.com/wechat/push?tenant=1', push_token: 'AAAAA' };
const EVENT = { user: 'mei', event: 'user_authorization_revoke', fields: { RevokeInfo: '8' } };

test('a plain message is signed, in JSON or XML (§3.7, §4.1)', () => {
  for (const push_format of ['json', 'xml'] as const) {
    const { wechat } = fake({ ...PUSH, push_format });
    const { url, contentType, body } = wechat.push.compose(A, EVENT);
    const query = Object.fromEntries(new URL(url).searchParams);
    const signature = pushSignature('AAAAA', query.timestamp as string, query.nonce as string);
    assert.deepEqual([query.signature, query.tenant, query.encrypt_type], [signature, '1', undefined]);
    const { openid } = wechat.account(A, 'mei');
    if (push_format === 'json') {
      const message = JSON.parse(body);
      assert.deepEqual([message.Event, message.OpenID, message.RevokeInfo], [EVENT.event, openid, '8']);
      assert.equal(typeof message.CreateTime, 'number');
    } else {
      assert.equal(contentType, 'text/xml');
      assert.match(body, new RegExp(`^<xml>.*<OpenID><!\\[CDATA\\[${openid}\\]\\]></OpenID>.*</xml>$`));
    }
  }
});

test('with a key the message is encrypted, and msg_signature covers it (§4.1)', () => {
  const { wechat } = fake({ ...PUSH, encoding_aes_key: 'A'.repeat(43) });
  const { url, body } = wechat.push.compose(A, EVENT);
  const { Encrypt, OpenID } = JSON.parse(body);
  const query = Object.fromEntries(new URL(url).searchParams);
  assert.deepEqual([query.encrypt_type, OpenID], ['aes', undefined]);
  assert.equal(query.msg_signature, pushSignature('AAAAA', query.timestamp as string, query.nonce as string, Encrypt));
});

test('the sender is the platform’s push service, not the user (§3.7)', () => {
  const { wechat } = fake(PUSH);
  const message = (user: string) => JSON.parse(wechat.push.compose(A, { ...EVENT, user }).body);
  const [mei, li] = [message('mei'), message('li')];
  assert.equal(mei.FromUserName, li.FromUserName);
  assert.notEqual(mei.OpenID, li.OpenID);
  assert.ok(![mei.OpenID, li.OpenID].includes(mei.FromUserName));
});

/** A server with one answer per attempt; `undefined`: no answer, an error: a lost connection. */
function server(...answers: Array<[status: number, body: string] | Error | undefined>) {
  const requests: Array<{ url: URL; message: Json; signal: AbortSignal }> = [];
  const receive = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const signal = init?.signal as AbortSignal;
    requests.push({ url: new URL(String(url)), message: JSON.parse(String(init?.body)), signal });
    const answer = answers[requests.length - 1];
    if (answer instanceof Error) throw answer;
    if (!answer) return new Promise(() => {});
    return new Response(answer[1], { status: answer[0] });
  };
  return { requests, receive };
}

test('a message is sent until it is accepted, at most three times, and each attempt is logged (§3.7)', async () => {
  const success: [number, string] = [200, 'success'];
  const [oops, other, lost] = [
    [500, 'oops'] as [number, string],
    [200, 'fail'] as [number, string],
    new Error('reset'),
  ];
  const cases: Array<[answers: Array<[number, string] | Error>, assume: object, expected: Json]> = [
    [[success], {}, { accepted: true, attempts: 1, status: 200, body: 'success' }],
    [[[200, '']], {}, { accepted: true, attempts: 1, status: 200, body: '' }],
    [[oops, success], {}, { accepted: true, attempts: 2, status: 200, body: 'success' }],
    [[other, other, other, success], {}, { accepted: false, attempts: 3, status: 200, body: 'fail' }],
    [[lost, lost, success], {}, { accepted: true, attempts: 3, status: 200, body: 'success' }],
    [[lost, lost, lost, success], {}, { accepted: false, attempts: 3, status: 0, body: '' }],
    [[oops, success], { push_repeats_after_error: false }, { accepted: false, attempts: 1, status: 500, body: 'oops' }],
    [
      [lost, success],
      { push_repeats_after_error: false },
      { accepted: true, attempts: 2, status: 200, body: 'success' },
    ],
  ];
  for (const [answers, assume, expected] of cases) {
    const { wechat } = fake(PUSH, { assume });
    const { requests, receive } = server(...answers);
    assert.deepEqual(await wechat.push.send(A, EVENT, receive), expected);
    assert.equal(requests.length, expected.attempts);
    assert.equal(wechat.world.log.after(0).length, expected.attempts);
  }
});

test('after 5 s without an answer the connection is closed and the same message sent again (§3.7)', async () => {
  const sim = fake(PUSH);
  const { requests, receive } = server(undefined, undefined, [200, 'success']);
  let result: Json;
  void sim.wechat.push.send(A, EVENT, receive).then((sent) => (result = sent));
  await sim.advance(4.999);
  assert.deepEqual([requests.length, requests[0]?.signal.aborted], [1, false]);
  await sim.advance(0.001);
  assert.deepEqual([requests.length, requests[0]?.signal.aborted], [2, true]);
  await sim.advance(5);
  assert.deepEqual(result, { accepted: true, attempts: 3, status: 200, body: 'success' });
  const [first, ...later] = requests.map(({ message }) => message);
  for (const message of later) assert.deepEqual(message, first, 'duplicates have the same FromUserName and CreateTime');
  const nonces = requests.map(({ url }) => url.searchParams.get('nonce'));
  assert.equal(new Set(nonces).size, 3, 'each is signed anew');
  await sim.advance(60);
  assert.equal(requests.length, 3);
});

test('a repeated encrypted message decrypts to the same text', async () => {
  const { wechat } = fake({ ...PUSH, encoding_aes_key: 'A'.repeat(43) });
  const { requests, receive } = server([500, ''], [200, 'success']);
  await wechat.push.send(A, EVENT, receive);
  for (const { url, message } of requests) {
    const query = Object.fromEntries(url.searchParams);
    const { timestamp, nonce, msg_signature, openid } = query;
    assert.equal(msg_signature, pushSignature('AAAAA', timestamp as string, nonce as string, message.Encrypt));
    assert.equal(openid, wechat.account(A, 'mei').openid);
  }
});

test('a new address is verified with an echostr (§4.1)', () => {
  const { wechat } = fake(PUSH);
  const { url, echostr } = wechat.push.check(A);
  const query = Object.fromEntries(new URL(url).searchParams);
  assert.equal(query.signature, pushSignature('AAAAA', query.timestamp as string, query.nonce as string));
  assert.equal(query.echostr, echostr);
  assert.throws(() => fake().wechat.push.check(A), /push_url and push_token/);
});
