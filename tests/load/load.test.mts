// The load of `npm run load`, for a few seconds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mts';

test('whatever WeChat does, every session that nobody ended can be refreshed, and every answer is on the list', async () => {
  const { requests, unexpected, lost, answers } = await load({ seconds: 12, connections: 40, kv: 'miniflare' });
  assert.deepEqual([unexpected, lost], [[], 0]);
  assert.ok(requests > 500, `${requests}`);
  for (const seen of ['login: 200', 'refresh: 200', 'use: 200', 'revoke: 200', 'after revoke: 400 session_ended']) {
    assert.ok((answers[seen] ?? 0) > 0, `${seen} among ${JSON.stringify(answers)}`);
  }
  assert.ok(
    Object.keys(answers).filter((answer) => answer.startsWith('login: ') && answer !== 'login: 200').length >= 3,
  );
});
