// Faults of the platform, the application or a signal do not stop the client. The shipped wasm on a scripted phone in
// virtual time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../harness.mts';
import { outcomes, type Rig, rig, turn } from './rig.mts';

const TEN_MINUTES = 600_000;

/** Asserts that a request is still answered. */
async function stillWorks(phone: Rig, auth: ReturnType<Rig['create']>, context: string): Promise<void> {
  const ended = outcomes({ request: auth.request({ url: '/after' }) });
  await phone.time.pass(TEN_MINUTES);
  assert.equal(ended.request, 'done', context);
}

/** Ways in which a method of `wx` can violate its contract. */
const misbehaviour: Record<string, (method: (options: Json) => unknown) => (options: Json) => unknown> = {
  throws: () => () => {
    throw new Error('fault');
  },
  'never answers': () => () => undefined,
  'succeeds without an argument':
    () =>
    ({ success }) =>
      success?.(),
  'fails without an argument':
    () =>
    ({ fail }) =>
      fail?.(),
  'answers synchronously': (method) => (options) => {
    let answer = () => {};
    const keep = (callback?: (result: unknown) => void) => (result: unknown) => {
      answer = () => callback?.(result);
    };
    const given = method({ ...options, success: keep(options.success), fail: keep(options.fail) });
    void Promise.resolve().then(() => answer());
    return given;
  },
  'answers twice': (method) => (options) =>
    method({
      ...options,
      success: (result: unknown) => {
        options.success?.(result);
        options.success?.(result);
      },
    }),
  'succeeds, then fails': (method) => (options) =>
    method({
      ...options,
      success: (result: unknown) => {
        options.success?.(result);
        options.fail?.({ errMsg: 'fail after success' });
      },
    }),
  'fails, then succeeds': (method) => (options) =>
    method({
      ...options,
      success: (result: unknown) => {
        options.fail?.({ errMsg: 'fail before success' });
        options.success?.(result);
      },
    }),
  'answers, then throws': (method) => (options) => {
    method(options);
    throw new Error('fault');
  },
};

const METHODS = [
  'login',
  'request',
  'getStorage',
  'setStorage',
  'getSetting',
  'openSetting',
  'authorize',
  'checkSession',
  'getRandomValues',
  'getAppAuthorizeSetting',
  'getSystemSetting',
  'offAppShow',
];

for (const method of METHODS) {
  test(`every call settles if wx.${method} violates its contract, and the client works afterwards`, async () => {
    for (const [how, bend] of Object.entries(misbehaviour)) {
      const phone = rig();
      const good = phone.wx[method] as (options: Json) => unknown;
      phone.wx[method] = bend(good);
      const auth = phone.create();
      const ended = outcomes({
        ready: auth.ready(),
        request: auth.request({ url: '/orders' }),
        token: auth.token(),
        key: auth.ready({ openData: true }),
        camera: auth.ensure('scope.camera'),
        record: auth.ensure('scope.record'),
        address: auth.ensure('scope.address'),
        scopes: auth.scopes(),
        settings: auth.openSetting(),
      });
      await phone.time.pass(TEN_MINUTES);
      const waiting = Object.keys(ended).filter((name) => ended[name] === 'waits');
      assert.deepEqual(waiting, [], `wx.${method} ${how}`);
      assert.ok(!Object.values(ended).includes('core_crashed'), `wx.${method} ${how}`);
      phone.wx[method] = good;
      await stillWorks(phone, auth, `wx.${method} ${how}`);
      auth.dispose();
      const after = outcomes({ request: auth.request({ url: '/disposed' }) });
      await turn();
      assert.equal(after.request, 'disposed');
    }
  });
}

const signals: Record<string, () => object> = {
  'removeEventListener throws': () => ({
    aborted: false,
    addEventListener() {},
    removeEventListener() {
      throw new Error('fault');
    },
  }),
  'there is no removeEventListener': () => ({ aborted: false, addEventListener() {} }),
  'addEventListener throws': () => ({
    aborted: false,
    addEventListener() {
      throw new Error('fault');
    },
  }),
  'it has no method at all': () => ({}),
  'its state cannot be read': () => ({
    get aborted() {
      throw new Error('fault');
    },
  }),
  'it fires twice, synchronously': () => ({
    aborted: false,
    addEventListener(_: string, listener: () => void) {
      listener();
      listener();
    },
    removeEventListener() {},
  }),
};

test('a faulty signal affects its own call only', async () => {
  for (const [how, make] of Object.entries(signals)) {
    const phone = rig();
    const auth = phone.create();
    const signal = make() as never;
    const ended = outcomes({
      request: auth.request({ url: '/orders', signal }),
      ready: auth.ready({ signal }),
      camera: auth.ensure('scope.camera', { signal }),
      other: auth.request({ url: '/orders' }),
    });
    await phone.time.pass(TEN_MINUTES);
    assert.ok(!Object.values(ended).includes('waits'), how);
    assert.equal(ended.other, 'done', how);
    await stillWorks(phone, auth, how);
  }
});

test('an abort() that throws affects no other call, and a finished request is not aborted', async () => {
  const phone = rig();
  let aborted = 0;
  const { request } = phone.wx;
  phone.wx.request = (options) => {
    request?.(options);
    return {
      abort() {
        aborted += 1;
        throw new Error('abort: task not found');
      },
    };
  };
  phone.answers['/slow'] = () => undefined;
  phone.answers['/broken'] = (options) => void Promise.resolve().then(() => options.fail({ errMsg: 'request:fail' }));
  const auth = phone.create();
  await auth.ready();
  const { signal, abort } = phone.weapp.createAbortController();
  const ended = outcomes({
    broken: auth.request({ url: '/broken' }),
    cancelled: auth.request({ url: '/slow', signal }),
    slow: auth.request({ url: '/slow' }),
    parked: auth.request({ url: '/orders' }),
  });
  await turn();
  assert.deepEqual([ended.broken, aborted], ['network', 0]);
  abort();
  await turn();
  assert.deepEqual([ended.cancelled, aborted], ['cancelled', 1]);
  await phone.time.pass(TEN_MINUTES);
  assert.deepEqual([ended.slow, ended.parked, aborted], ['network', 'done', 2]);
  await stillWorks(phone, auth, 'after abort() threw');
});

test('a late answer to a request is not taken as the answer to its repetition', async () => {
  const phone = rig();
  const tasks: Json[] = [];
  phone.answers['/orders'] = (options) => void tasks.push(options);
  const auth = phone.create();
  await auth.ready();
  const ended = outcomes({ request: auth.request({ url: '/orders' }) });
  await turn();
  const expired = { statusCode: 401, data: {}, header: {} };
  tasks[0].success(expired);
  await turn();
  assert.equal(tasks.length, 2, 'sent again with a new token');
  tasks[0].success(expired);
  tasks[0].fail({ errMsg: 'request:fail abort' });
  await turn();
  assert.deepEqual([ended.request, tasks.length], ['waits', 2]);
  tasks[1].success({ statusCode: 200, data: {}, header: {} });
  await turn();
  assert.equal(ended.request, 'done');
});

test('listeners, log and privacy handlers that throw or never answer do not affect the client', async () => {
  const throws = () => {
    throw new Error('my own mistake');
  };
  const handlers = [throws, () => new Promise<boolean>(() => {}), () => Promise.reject(new Error('closed')), () => 1];
  for (const privacy of handlers as Array<() => Promise<boolean>>) {
    const phone = rig('none', {
      getPrivacySetting: ({ success }) => success({ needAuthorization: true }),
    });
    const auth = phone.create({ log: throws, privacy });
    auth.subscribe(throws);
    const ended = outcomes({
      ready: auth.ready(),
      camera: auth.ensure('scope.camera'),
      record: auth.ensure('scope.record'),
      request: auth.request({ url: '/orders' }),
    });
    await phone.time.pass(TEN_MINUTES);
    assert.deepEqual(ended, { ready: 'done', camera: 'done', record: 'done', request: 'done' });
    assert.ok(phone.time.thrown.length > 0, 'their exceptions reach the application');
    await stillWorks(phone, auth, String(privacy));
  }
});

test('a client can be created with missing or failing system information', async () => {
  const changes: Record<string, Record<string, (options: Json) => unknown>> = {
    'no version': { getAppBaseInfo: () => ({}) },
    'nothing at all': { getAppBaseInfo: () => undefined },
    'no answer': {
      getAppBaseInfo() {
        throw new Error('fault');
      },
    },
    'no events': {
      onAppShow() {
        throw new Error('frozen');
      },
    },
  };
  for (const [name, change] of Object.entries(changes)) {
    const phone = rig('none', change);
    const auth = phone.create();
    await stillWorks(phone, auth, name);
  }
});

test('a core that does not load rejects its callers with core_crashed after a minute', async () => {
  const phone = rig();
  const host = { ...phone.weapp.weappHost(), load: () => new Promise<never>(() => {}) };
  const auth = phone.create({ host });
  const ended = outcomes({ ready: auth.ready(), request: auth.request({ url: '/orders' }) });
  await phone.time.pass(59_000);
  assert.deepEqual(ended, { ready: 'waits', request: 'waits' });
  await phone.time.pass(2_000);
  assert.deepEqual(ended, { ready: 'core_crashed', request: 'core_crashed' });
});

test('a hidden client that keeps running renews its session', async () => {
  const phone = rig();
  const auth = phone.create();
  await auth.ready();
  const token = phone.answers['/oauth/token'] as (request: Json) => Json;
  let refused = 0;
  phone.answers['/oauth/token'] = (request) =>
    ++refused === 1 ? { statusCode: 503, data: {}, header: {} } : token(request);
  phone.hide();
  auth.expired(auth.state.generation);
  const ended = outcomes({ request: auth.request({ url: '/orders' }) });
  await phone.time.pass(20_000);
  assert.deepEqual([ended.request, refused], ['done', 2]);
});

test('ready waits for a login that was requested before the core had loaded', async () => {
  const phone = rig();
  const auth = phone.create({ login: 'on-demand' });
  const ready = auth.ready();
  void auth.login();
  assert.equal((await ready).session, 'logged-in');
});
