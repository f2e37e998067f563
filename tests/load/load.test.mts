// The load of `npm run load`, for 2,000 requests.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mts';

test('with any fault of WeChat every session that was not revoked can be refreshed, and every answer is an expected one', async () => {
  const { unexpected, lost, answers } = await load({ requests: 2_000, connections: 40, kv: 'miniflare' });
  assert.deepEqual([unexpected, lost], [[], 0]);
  for (const expected of ['login: 200', 'refresh: 200', 'use: 200', 'revoke: 200', 'after revoke: 400 session_ended']) {
    assert.ok((answers[expected] ?? 0) > 0, `${expected} among ${JSON.stringify(answers)}`);
  }
  const failedLogins = Object.keys(answers).filter((answer) => /^login: (?!200)/.test(answer));
  assert.ok(failedLogins.length >= 3, 'the faults occurred');
});
