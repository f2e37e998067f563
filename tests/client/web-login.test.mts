// When the web host leaves the page for a login, and which answers in the address it takes (RFC 6749 §4.1.2, RFC 7636,
// RFC 9207). The page's globals are stood in for; the code under test is the host's own.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { afterEach, test } from 'node:test';
import { type WebLogin, webLogin } from '../../js/hosts/web-login.js';
import type { Json } from '../harness.mts';

const EDGE = 'https://auth.example.com';
const APPID = 'wx0ff1c1a100000000';
const REDIRECT = 'https://shop.example/after?as=official';
const KEY = 'wxauth:web-login';

interface Page {
  /** The addresses that the page was sent to, in order. */
  left: string[];
  leaves(): void;
  address(): string;
  storage: Map<string, string>;
  /** Whether the user has just tapped. */
  tapped: boolean;
}

const real = new Map(
  ['location', 'history', 'sessionStorage', 'navigator'].map((name) => [
    name,
    Object.getOwnPropertyDescriptor(globalThis, name),
  ]),
);
const define = (name: string, value: PropertyDescriptor) =>
  Object.defineProperty(globalThis, name, { configurable: true, ...value });

afterEach(() => {
  for (const [name, descriptor] of real) {
    if (descriptor) Object.defineProperty(globalThis, name, descriptor);
    else Reflect.deleteProperty(globalThis, name);
  }
});

/** A page at an address. `broken` names the APIs that throw, as with some privacy settings of browsers. */
function open(href: string, storage = new Map<string, string>(), broken: string[] = []): Page {
  const page: Page = { left: [], leaves() {}, address: () => href, storage, tapped: false };
  const breaks = (name: string) => {
    if (broken.includes(name)) throw new DOMException(`${name} is refused`, 'SecurityError');
  };
  define('location', {
    get: () => ({
      href,
      assign(to: string) {
        page.left.push(to);
        page.leaves();
      },
    }),
  });
  const replaceState = (_state: unknown, _title: string, to: string) => {
    breaks('replaceState');
    href = to;
  };
  define('history', { value: { state: { kept: true }, replaceState } });
  define('sessionStorage', {
    get() {
      breaks('sessionStorage');
      return {
        getItem: (key: string) => storage.get(key) ?? null,
        setItem(key: string, value: string) {
          breaks('setItem');
          storage.set(key, value);
        },
        removeItem(key: string) {
          breaks('removeItem');
          storage.delete(key);
        },
      };
    },
  });
  define('navigator', {
    get: () => (broken.includes('userActivation') ? {} : { userActivation: { isActive: page.tapped } }),
  });
  return page;
}

type Outcome = { code: string } | { errMsg: string };

/** Calls `login` and resolves when the host has called back or the page has left. */
const logIn = (host: ReturnType<typeof webLogin>, page: Page): Promise<Outcome | 'left'> =>
  new Promise((resolve, reject) => {
    let answers = 0;
    const settle = (outcome: Outcome | 'left') => {
      answers += 1;
      if (answers > 1) reject(new Error('a second answer'));
      resolve(outcome);
    };
    page.leaves = () => settle('left');
    host.login(
      EDGE,
      APPID,
      (code) => settle({ code }),
      ({ errMsg }) => settle({ errMsg }),
    );
  });

const options: WebLogin = { redirectUri: REDIRECT };

/** A page that has left for a login, with the state that a matching answer must carry. */
async function leave(extra: Partial<WebLogin> = {}) {
  const page = open(REDIRECT);
  const host = webLogin({ ...options, ...extra });
  assert.equal(await logIn(host, page), 'left');
  const query = new URL(page.left[0] as string).searchParams;
  return { page, host, query, state: query.get('state') as string };
}

const answer = (fields: Record<string, string>) => `${REDIRECT}&${new URLSearchParams(fields)}`;

test('a new page has no answer and stays where it is', () => {
  const page = open(REDIRECT);
  assert.equal(webLogin(options).returned, false);
  assert.deepEqual([page.left, page.address()], [[], REDIRECT]);
});

test('the request carries a state and an S256 challenge of a verifier that stays in this tab', async () => {
  const { page, query } = await leave({ scope: 'snsapi_userinfo' });
  const kept = JSON.parse(page.storage.get(KEY) as string);
  assert.equal(new URL(page.left[0] as string).origin + new URL(page.left[0] as string).pathname, `${EDGE}/web/login`);
  assert.deepEqual(Object.fromEntries(query), {
    response_type: 'code',
    client_id: APPID,
    redirect_uri: REDIRECT,
    state: kept.state,
    code_challenge: createHash('sha256').update(kept.verifier).digest('base64url'),
    code_challenge_method: 'S256',
    scope: 'snsapi_userinfo',
  });
  assert.match(kept.verifier, /^[\w-]{43}$/);
  assert.notEqual((await leave()).state, kept.state);
});

test('a code is redeemed once, with the verifier of the login that requested it', async () => {
  const { page: before, state } = await leave();
  const { verifier } = JSON.parse(before.storage.get(KEY) as string);
  const page = open(answer({ code: 'c1', state, iss: EDGE }), before.storage);
  const host = webLogin(options);
  assert.equal(host.returned, true);
  assert.deepEqual(
    [page.address(), before.storage.has(KEY)],
    [REDIRECT, false],
    'the answer is removed from the address',
  );
  assert.deepEqual(await logIn(host, page), { code: 'c1' });
  assert.deepEqual(host.grant('c1'), {
    grant_type: 'authorization_code',
    code: 'c1',
    redirect_uri: REDIRECT,
    code_verifier: verifier,
  });
  assert.equal(host.grant('c1').code_verifier, '');
  assert.deepEqual(await logIn(host, page), { errMsg: 'login:fail cancel' }, 'the page does not leave again');
  page.tapped = true;
  assert.equal(await logIn(host, page), 'left');
});

const REFUSED: Array<[name: string, fields: (state: string) => Array<[string, string]>, errMsg: string]> = [
  [
    'a code without an issuer',
    (state) => [
      ['code', 'c'],
      ['state', state],
    ],
    'login:fail cancel',
  ],
  [
    'a code of another issuer',
    (state) => [
      ['code', 'c'],
      ['state', state],
      ['iss', 'https://evil.example'],
    ],
    'login:fail cancel',
  ],
  [
    'a refusal',
    (state) => [
      ['error', 'access_denied'],
      ['state', state],
      ['iss', EDGE],
    ],
    'login:fail access_denied',
  ],
  [
    'a refusal beside a code',
    (state) => [
      ['error', 'access_denied'],
      ['code', 'c'],
      ['state', state],
      ['iss', EDGE],
    ],
    'login:fail access_denied',
  ],
];

for (const [name, fields, errMsg] of REFUSED) {
  test(`${name} is a failed login, and the page leaves again only after a tap`, async () => {
    const { page: before, state } = await leave();
    const page = open(`${REDIRECT}&${new URLSearchParams(fields(state))}`, before.storage);
    const host = webLogin(options);
    assert.equal(page.address(), REDIRECT);
    assert.deepEqual(await logIn(host, page), { errMsg });
    assert.deepEqual(await logIn(host, page), { errMsg });
    assert.deepEqual(page.left, []);
    page.tapped = true;
    assert.equal(await logIn(host, page), 'left');
  });
}

const FOREIGN: Array<[name: string, fields: (state: string) => Array<[string, string]>]> = [
  [
    'another state',
    () => [
      ['code', 'c'],
      ['state', 'x'],
      ['iss', EDGE],
    ],
  ],
  [
    'no state',
    () => [
      ['code', 'c'],
      ['iss', EDGE],
    ],
  ],
  [
    'two codes',
    (state) => [
      ['code', 'c'],
      ['code', 'd'],
      ['state', state],
      ['iss', EDGE],
    ],
  ],
  [
    'two states',
    (state) => [
      ['code', 'c'],
      ['state', 'x'],
      ['state', state],
      ['iss', EDGE],
    ],
  ],
  [
    'an empty code',
    (state) => [
      ['code', ''],
      ['state', state],
      ['iss', EDGE],
    ],
  ],
];

for (const [name, fields] of FOREIGN) {
  test(`an address with ${name} is not an answer for this tab and stays unchanged`, async () => {
    const { page: before, state } = await leave();
    const href = `${REDIRECT}&${new URLSearchParams(fields(state))}`;
    const page = open(href, before.storage);
    assert.equal(webLogin(options).returned, false);
    assert.deepEqual([page.address(), before.storage.has(KEY)], [href, true]);
  });
}

test('an answer is ignored by another tab and after a reload', async () => {
  const { page: before, state } = await leave();
  const href = answer({ code: 'c1', state, iss: EDGE });
  open(href);
  assert.equal(webLogin(options).returned, false);
  open(href, before.storage);
  assert.equal(webLogin(options).returned, true);
  open(href, before.storage);
  assert.equal(webLogin(options).returned, false);
});

test('after Back a page leaves again only after a tap', async () => {
  const { page, host } = await leave();
  assert.deepEqual(await logIn(host, page), { errMsg: 'login:fail cancel' });
  page.tapped = true;
  assert.equal(await logIn(host, page), 'left');
});

test('the application’s own code and state in the address are left alone', () => {
  const href = 'https://shop.example/?code=COUPON&state=open';
  for (const kept of [undefined, '{}', 'null', '"x"', '{"state":"open"}', '{"state":1,"verifier":2}', '{cut']) {
    const page = open(href, new Map(kept === undefined ? [] : [[KEY, kept]]));
    assert.equal(webLogin(options).returned, false, String(kept));
    assert.equal(page.address(), href);
  }
});

for (const broken of [
  ['sessionStorage'],
  ['removeItem'],
  ['replaceState'],
  ['userActivation'],
  ['removeItem', 'replaceState', 'userActivation'],
]) {
  test(`the host throws nothing if the browser refuses ${broken.join(' and ')}`, async () => {
    const { page: before, state } = await leave();
    const page = open(answer({ code: 'c1', state, iss: EDGE }), before.storage, broken);
    const host = webLogin(options);
    if (broken.includes('sessionStorage')) {
      assert.equal(host.returned, false);
      const outcome = (await logIn(host, page)) as Json;
      assert.match(outcome.errMsg, /^login:fail .*SecurityError/, 'the login reports that it needs sessionStorage');
    } else {
      assert.deepEqual(await logIn(host, page), { code: 'c1' });
      assert.deepEqual(await logIn(host, page), { errMsg: 'login:fail cancel' });
    }
  });
}

test('a login that cannot leave the page reports the reason each time', async () => {
  const page = open(REDIRECT, new Map(), ['setItem']);
  const host = webLogin(options);
  for (let attempt = 0; attempt < 2; attempt++) {
    const outcome = (await logIn(host, page)) as Json;
    assert.match(outcome.errMsg, /setItem is refused/);
  }
  assert.deepEqual(page.left, []);
});
