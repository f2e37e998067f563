// Message push, plain and encrypted. Vectors: tests/data/vectors.json. § marks point into docs/platform-facts.md.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { encryptOpenData, encryptPush, fromBase64, hmacHex, pushSignature, sha1Hex } from '../../js/sim/crypto.js';
import { at } from '../../scripts/shell.mts';
import type { Json } from '../harness.mts';
import { A, fake } from './world.mts';

const vectors: Json[] = JSON.parse(readFileSync(at('tests/data/vectors.json'), 'utf8'));
const of = (kind: string) => {
  const found = vectors.filter((vector) => vector.kind === kind && !vector.expected.error);
  assert.ok(found.length, `there are vectors of ${kind}`);
  return found;
};
const utf8 = new TextEncoder();

test('the simulator’s crypto is WeChat’s: official vectors (§4.1)', () => {
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

test('sending tells what came back, and the log has it (§3.7)', async () => {
  const { wechat } = fake(PUSH);
  const seen: string[] = [];
  const answer = (status: number, body: string) =>
    wechat.push.send(A, EVENT, async (_, init) => {
      seen.push(String(init?.body));
      return new Response(body, { status });
    });
  assert.deepEqual(await answer(200, 'success'), { status: 200, body: 'success' });
  assert.deepEqual(await answer(500, 'oops'), { status: 500, body: 'oops' });
  assert.equal(seen.length, 2);
  assert.deepEqual(
    wechat.world.log.after(0).map(({ text }) => text),
    ['accepted', 'not accepted: 500'],
  );
});

test('the address is checked with an echostr (§4.1)', () => {
  const { wechat } = fake(PUSH);
  const { url, echostr } = wechat.push.check(A);
  const query = Object.fromEntries(new URL(url).searchParams);
  assert.equal(query.signature, pushSignature('AAAAA', query.timestamp as string, query.nonce as string));
  assert.equal(query.echostr, echostr);
  assert.throws(() => fake().wechat.push.check(A), /push_url and push_token/);
});
