// Many parallel callers, on the shipped wasm and the shipped fallback: each is served in order or refused with a code,
// and the core survives. The time for which JavaScript is blocked depends on the machine; it is printed, not asserted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../harness.mts';
import { rig, turn } from './rig.mts';

/** The number of calls that may wait in the core. */
const MOST = 4_096;
/** As long as a token of the edge. */
const TOKEN = 'a'.repeat(440);

for (const engine of ['wasm', 'fallback'] as const) {
  const fault = engine === 'wasm' ? 'none' : 'absent';

  test(`${engine}: up to 4,096 waiting requests are served in order, and the others are too_many_waiting`, async () => {
    for (const callers of [100, 1_000, 10_000, 100_000]) {
      const phone = rig(fault);
      const { login } = phone.wx;
      let goOn = () => {};
      phone.wx.login = (options) => {
        goOn = () => login?.(options);
      };
      phone.answers['/oauth/token'] = () => ({
        statusCode: 200,
        data: { access_token: TOKEN, refresh_token: TOKEN, expires_in: 600 },
        header: {},
      });
      const auth = phone.create();
      await phone.weapp.weappHost().load();
      await turn();
      const outcomes: Record<string, number> = {};
      const order: number[] = [];
      const began = performance.now();
      const calls = Array.from({ length: callers }, (_, n) =>
        auth.request({ url: `/orders?${n}` }).then(
          () => 'done',
          (error: { code: string }) => error.code,
        ),
      );
      const parked = performance.now();
      goOn();
      for (const outcome of await Promise.all(calls)) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      const landed = performance.now();
      for (const { url, header } of phone.sent.filter((request) => request.url.includes('/orders'))) {
        order.push(Number(url.split('?')[1]));
        assert.equal(header.Authorization, `Bearer ${TOKEN}`);
      }
      const served = Math.min(callers, MOST);
      assert.deepEqual(outcomes, callers > MOST ? { done: MOST, too_many_waiting: callers - MOST } : { done: callers });
      assert.deepEqual(order, [...Array(served).keys()]);
      await auth.request({ url: '/after' });
      console.log(
        `${engine}: ${callers} parked: ${(parked - began).toFixed(0)} ms to park, ${(landed - parked).toFixed(0)} ms to serve ${served}`,
      );
    }
  });

  test(`${engine}: 4,096 callers of each kind fit into the memory of the core, with the longest tokens`, async () => {
    const calls: Array<(core: Json, now: number, waiter: number) => void> = [
      (core, now, waiter) => core.request(now, waiter, false),
      (core, now, waiter) => core.request(now, waiter, true),
      (core, now, waiter) => core.login(now, waiter),
      (core, now, waiter) => core.token(now, waiter),
      (core, now, waiter) => core.ready(now, waiter),
      (core, now, waiter) => core.keyReady(now, waiter),
      (core, now, waiter) => core.openData(now, waiter, true, undefined, ''),
      (core, now, waiter) => core.ensure(now, waiter, 'scope.camera'),
      (core, now, waiter) => core.scopes(now, waiter),
      (core, now, waiter) => core.phone(now, waiter, `${'x'.repeat(500)}${waiter}`, undefined, ''),
    ];
    const module = (await rig(fault).weapp.weappHost().load()) as Json;
    for (const call of calls) {
      for (const early of [false, true]) {
        const core = new module.Core('silent', 'official', []);
        const [now, long] = [1_790_000_000_000, 'a'.repeat(8_192)];
        const next = (effects: Json[], type: string) => effects.find((effect) => effect.type === type)?.op;
        const launch = () => {
          let effects = core.recordRead(now, next(core.launched(now, 1), 'ReadRecord'), '', '');
          effects = core.lockAcquired(now, next(effects, 'AcquireLock'), true);
          return core.recordRead(now, next(effects, 'ReadRecord'), '', '');
        };
        let effects = early ? [] : launch();
        for (let waiter = 1; waiter <= MOST + 10; waiter++) call(core, now, waiter);
        if (early) effects = launch();
        effects = core.codeIssued(now, next(effects, 'CallLogin'), 'code');
        core.tokensArrived(now, next(effects, 'Exchange'), long, long, 600, undefined);
        core.logout(now, 90_000, true);
        core.free();
      }
    }
  });

  test(`${engine}: two thousand clients in a row, each disposed, free their memory`, async () => {
    const phone = rig(fault);
    for (let n = 0; n < 2_000; n++) {
      const auth = phone.create();
      const asked = auth.token();
      if (n % 500 === 0) await asked;
      else asked.catch(() => {});
      await microtasks();
      auth.dispose();
    }
    assert.equal((await phone.create().ready()).session, 'logged-in');
  });
}

/** Waits until the core has loaded and launched. */
async function microtasks(): Promise<void> {
  for (let n = 0; n < 12; n++) await Promise.resolve();
}
