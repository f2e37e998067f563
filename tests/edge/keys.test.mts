// Rotation of keys by the schedule of docs/operations.md, without ending sessions: one KV on disk, one edge
// after another.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { WeChat } from '../../js/sim/wechat/index.js';
import { type Keys, makeKeys } from '../../scripts/keys.mts';
import {
  APPID,
  bearer,
  freePort,
  logIn,
  post,
  refresh,
  SECRET,
  send,
  sessionsOf,
  startWorld,
  type World,
} from '../harness.mts';

let kvPersist: string;
let port: number;
const wechat = new WeChat({ apps: { [APPID]: { secret: SECRET } } });
const old = makeKeys();
const young = makeKeys();

before(async () => {
  kvPersist = mkdtempSync(join(tmpdir(), 'wxauth-keys-'));
  port = await freePort();
});
after(() => rmSync(kvPersist, { recursive: true }));

/** Joins two JWK Sets, in this order. */
const join2 = (first: string, second: string) =>
  JSON.stringify({ keys: [...JSON.parse(first).keys, ...JSON.parse(second).keys] });

async function deployed<T>(keys: Partial<Keys>, act: (world: World) => Promise<T>): Promise<T> {
  const world = await startWorld({ kvPersist, port, wechat, keys: { ...old, ...keys } });
  try {
    return await act(world);
  } finally {
    await world.stop();
  }
}

const account = (world: World, token: string) => send(`${world.url}/account`, { headers: bearer(token) });
const kidOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] as string, 'base64url').toString()).kid;
const verified = (world: World, token: string) =>
  jwtVerify(token, createRemoteJWKSet(new URL(`${world.url}/.well-known/jwks.json`)), { issuer: world.url });

test('the signing key rotates in three deployments without a refused token', async () => {
  const a = await deployed({}, (world) => logIn(world, 'signed'));
  const published = { SIGNING_KEYS: join2(old.SIGNING_KEYS, young.SIGNING_KEYS) };
  const b = await deployed(published, async (world) => {
    await verified(world, a.access);
    const { keys } = (await send(`${world.url}/.well-known/jwks.json`)).body;
    assert.equal(keys.length, 2, 'the new key is published before it signs');
    assert.ok(keys.every((key: object) => !('d' in key)));
    return logIn(world, 'signed');
  });
  assert.equal(kidOf(b.access), kidOf(a.access));
  const c = await deployed({ SIGNING_KEYS: join2(young.SIGNING_KEYS, old.SIGNING_KEYS) }, async (world) => {
    for (const { access } of [a, b]) assert.equal((await account(world, access)).status, 200);
    const session = await logIn(world, 'signed');
    await verified(world, session.access);
    await verified(world, a.access);
    return session;
  });
  assert.notEqual(kidOf(c.access), kidOf(a.access));
  await deployed({ SIGNING_KEYS: young.SIGNING_KEYS }, async (world) => {
    assert.equal((await account(world, c.access)).status, 200);
    assert.equal((await account(world, a.access)).body.code, 'session_invalid', 'signed with the removed key');
    assert.equal((await refresh(world, a.refresh)).status, 200, 'refresh tokens are sealed with another key');
  });
});

test('the sealing key rotates in three deployments and ends only the sessions sealed with the removed key alone', async () => {
  const a = await deployed({}, (world) => logIn(world, 'sealed'));
  await deployed({ SEALING_KEYS: join2(old.SEALING_KEYS, young.SEALING_KEYS) }, async (world) => {
    assert.equal((await refresh(world, a.refresh)).status, 200);
  });
  const [b, moved] = await deployed({ SEALING_KEYS: join2(young.SEALING_KEYS, old.SEALING_KEYS) }, async (world) => {
    const reply = await refresh(world, a.refresh);
    assert.equal(reply.status, 200);
    return [await logIn(world, 'sealed'), reply.body.refresh_token] as const;
  });
  // An older deployment opens records of the newer one, because it already has the new key in second place.
  await deployed({ SEALING_KEYS: join2(old.SEALING_KEYS, young.SEALING_KEYS) }, async (world) => {
    assert.equal((await refresh(world, b.refresh)).status, 200);
  });
  await deployed({ SEALING_KEYS: young.SEALING_KEYS }, async (world) => {
    assert.equal(
      (await refresh(world, moved)).status,
      200,
      'a session that was refreshed in the meantime is sealed with the new key',
    );
    const gone = await refresh(world, a.refresh);
    assert.deepEqual([gone.status, gone.body.code], [400, 'session_ended']);
  });
});

test('a record that does not decrypt is an audit line', async () => {
  const session = await deployed({}, (world) => logIn(world, 'altered'));
  await deployed({}, async (world) => {
    const sessions = await sessionsOf(world);
    for (const { name } of (await sessions.list({ prefix: 'k1:' })).keys) {
      await sessions.put(name, new Uint8Array([1, 2, 3]).buffer);
    }
    const profile = { raw_data: '{}', signature: 'x' };
    // This endpoint reads k1, the newest session_key; a refresh does not.
    await post(`${world.url}/wechat/user-info/verify`, profile, bearer(session.access));
    const line = world.lines.map((line) => JSON.parse(line)).find(({ audit }) => audit === 'record_unreadable');
    assert.deepEqual([line.record, line.level], ['k1', 'warn']);
  });
});
