// The documents agree with the code: error pages, endpoints, variables, paths of files, sizes, translations. The
// examples of both READMEs run.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { compileFunction } from 'node:vm';
import { edgeErrors } from '../../js/errors/edge-errors.js';
import { createPhone } from '../../js/sim/phone/index.js';
import { ERROR_PAGES, renderErrors } from '../../scripts/docs.mts';
import { at, files } from '../../scripts/shell.mts';
import { exampleOf, runExample } from '../examples.mts';
import { APPID, type Json, logIn, startWorld, type World } from '../harness.mts';
import { lockedPhone } from '../weapp/phone.mts';

const read = (file: string): string => readFileSync(at(file), 'utf8');
const markdown = (folder: string): string[] =>
  readdirSync(at(folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => (folder === '.' ? name : `${folder}/${name}`));

const READMES = ['README.md', 'README.zh-CN.md'];
const PAGES = [...markdown('.'), ...markdown('docs')];

/** The texts in backticks on one line each, outside of fenced blocks. */
const literals = (file: string): string[] =>
  [
    ...read(file)
      .replace(/^```[\s\S]*?^```/gm, '')
      .matchAll(/`([^`\n]+)`/g),
  ].map(([, text = '']) => text);

// Error codes. A native test compares the list of codes in src/edge_code.rs with docs/errors.md.

for (const language of ['en', 'zh'] as const) {
  test(`${ERROR_PAGES[language]} is the output of \`npm run docs\``, () => {
    assert.equal(read(ERROR_PAGES[language]), renderErrors(language));
  });
}

/** Codes that are in no reply of openapi.json: those of unknown paths and methods, of bugs, and of redirects. */
const OUTSIDE_OPENAPI = [
  'method_not_allowed 405',
  'internal 500',
  'login_refused 403',
  'snapshot_user 403',
  'client_unauthorized 400',
  'scope_unsupported 400',
];

test('wxauth/errors explains each error code of openapi.json, with its status', () => {
  const { paths } = JSON.parse(read('docs/openapi.json'));
  const documented = new Set(OUTSIDE_OPENAPI);
  for (const operation of Object.values<Json>(paths).flatMap((methods) => Object.values<Json>(methods))) {
    for (const [status, response] of Object.entries<Json>(operation.responses)) {
      const codes = response.content?.['application/json']?.schema.allOf?.[1].properties.code.enum ?? [];
      for (const code of codes) documented.add(`${code} ${status}`);
    }
  }
  const explained = Object.entries(edgeErrors).map(([code, { status }]) => `${code} ${status}`);
  assert.deepEqual([...documented].sort(), explained.sort());
});

// Endpoints.

const endpoints: string[] = Object.entries<Json>(JSON.parse(read('docs/openapi.json')).paths).flatMap(
  ([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
);

test('every endpoint of openapi.json is in both READMEs', () => {
  for (const file of READMES) {
    const text = read(file);
    const missing = endpoints.map((endpoint) => endpoint.split(' ')[1] ?? '').filter((path) => !text.includes(path));
    assert.deepEqual([...new Set(missing)], [], file);
  }
});

test('every endpoint that a document names is in openapi.json', () => {
  // The same paths on WeChat's own servers and on the application's are not the edge's.
  const ours =
    /^(GET|POST|DELETE|PUT|PATCH) (\/(?:oauth|admin|wechat|web|sessions?|account|\.well-known|healthz|openapi)\b\S*)$/;
  for (const file of PAGES.filter((file) => !file.includes('platform-facts'))) {
    const named = literals(file)
      .flatMap((text) => ours.exec(text)?.slice(1, 3) ?? [])
      .join(' ');
    for (const [, method, path = ''] of named.matchAll(/([A-Z]+) (\/\S+)/g)) {
      const endpoint = `${method} ${path.replace(/\?.*$/, '')}`;
      assert.ok(endpoints.includes(endpoint), `${file}: ${endpoint}`);
    }
  }
});

// Variables.

/** Variables of other programs that scripts pass on or read. */
const FOREIGN_VARIABLES = ['PATH', 'HOME', 'CARGO_HOME', 'RUSTUP_HOME', 'RUSTUP_TOOLCHAIN'];

test('every variable that the edge reads is in docs/deploy.md', () => {
  const sources = files([at('src/edge/config')]).filter((file) => file.endsWith('.rs'));
  const variable = /"((?:[A-Z]+_)+[A-Z]+|ISSUER)"/g;
  const names = new Set(
    sources.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(variable)].map(([, name = '']) => name)),
  );
  assert.ok(names.has('SEALING_KEYS') && names.has('WECHAT_APPS'), [...names].join(' '));
  const page = read('docs/deploy.md');
  assert.deepEqual(
    [...names].filter((name) => !page.includes(`\`${name}`)),
    [],
  );
});

test('every variable that a script reads is in a document', () => {
  const sources = files([at('scripts'), at('bench')]).filter(
    (file) => /\.m[tj]s$/.test(file) && !file.includes('node_modules'),
  );
  const variable = /process\.env\.([A-Z_]+)|\bport\('([A-Z_]+)'/g;
  const names = sources.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(variable)].map(([, name, port]) => (name ?? port) as string),
  );
  const pages = PAGES.map(read).join('\n');
  const missing = new Set(names.filter((name) => !FOREIGN_VARIABLES.includes(name) && !pages.includes(`\`${name}`)));
  assert.deepEqual([...missing], []);
});

// Paths and translations.

test('every file and folder that CONTRIBUTING names exists', () => {
  for (const file of PAGES.filter((name) => name.startsWith('CONTRIBUTING'))) {
    const paths =
      read(file).match(/(?<![\w/.-])(?:src|js|www|scripts|tests|bench|examples|docs|fuzz)\/[\w./-]*\w/g) ?? [];
    assert.ok(paths.length > 20, `${file} names ${paths.length} paths`);
    assert.deepEqual(
      paths.filter((path) => !existsSync(at(path))),
      [],
      file,
    );
  }
});

test('every file that a document links to exists', () => {
  for (const file of PAGES) {
    const folder = file.includes('/') ? 'docs' : '.';
    const targets = [...read(file).matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target);
    assert.deepEqual(
      targets.filter((target) => !existsSync(at(folder, target))),
      [],
      file,
    );
  }
});

/** A table of facts and sources; it may stay in one language. */
const ONE_LANGUAGE = ['docs/platform-facts.md'];

test('every document exists in English and Chinese', () => {
  const english = PAGES.filter((file) => !file.endsWith('.zh-CN.md') && !ONE_LANGUAGE.includes(file));
  const missing = english.filter((file) => !existsSync(at(file.replace(/\.md$/, '.zh-CN.md'))));
  assert.deepEqual(missing, []);
});

// The READMEs.

test('the two READMEs have the same sections, examples and tables', () => {
  const shape = (file: string) =>
    [...read(file).matchAll(/^(#+) |^```(\w+)|^<!-- (.*) -->|^(\|)/gm)].map(([, ...groups]) => groups.find(Boolean));
  assert.deepEqual(shape('README.zh-CN.md'), shape('README.md'));
});

for (const file of READMES) {
  test(`the sizes in ${file} are those of the build, within 3 %`, () => {
    const sizes: Json = JSON.parse(read('dist/sizes.json'));
    const rows = [...read(file).matchAll(/^\| (\w+) \| `([\w.]+)` \| ([\d.]+) KB \| ([\d.]+) KB \| ([\d.]+) KB \|$/gm)];
    assert.equal(rows.length, 9);
    for (const [, folder = '', name = '', ...columns] of rows) {
      const { raw, gzip, brotli } = sizes[folder][name];
      for (const [column, size] of [raw, gzip, brotli].entries()) {
        const error = Math.abs(Number(columns[column]) * 1000 - size) / size;
        assert.ok(error < 0.03, `${folder}/${name}: ${columns[column]} KB, measured ${size} B`);
      }
    }
  });
}

/** A server of the application: it answers 200 to a request with an access token, else 401. */
function startApi(): Promise<{ url: string; close(): void }> {
  const server = createServer(({ headers }, response) => {
    const authorized = /^Bearer ey/.test(headers.authorization ?? '');
    response.writeHead(authorized ? 200 : 401, { 'content-type': 'application/json' }).end('["tea"]');
  });
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      resolve({ url: `http://127.0.0.1:${port}`, close: () => server.close() });
    }),
  );
}

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.stop());

for (const file of READMES) {
  test(`the mini program example of ${file} runs on a phone's engine`, async () => {
    const phone = createPhone({
      wechat: world.wechat,
      appid: APPID,
      user: file,
      onPrompt: (prompt) => prompt.kind === 'scope' && prompt.allow(),
    });
    const { weapp } = lockedPhone(phone.wx);
    let app: Json;
    let page: Json;
    const globals = {
      require(name: string) {
        assert.equal(name, 'wxauth');
        return weapp;
      },
      App: (options: Json) => (app = options),
      getApp: () => app,
      Page: (options: Json) => {
        page = { ...options, data: {}, setData: (data: Json) => Object.assign(page.data, data) };
      },
    };
    const api = await startApi();
    const source = exampleOf(file, 'weapp', world.url).replaceAll('https://api.example.com', api.url);
    compileFunction(source, Object.keys(globals))(...Object.values(globals));
    assert.equal((await app.onLaunch()).session, 'logged-in');
    await page.orders();
    assert.deepEqual(page.data.orders, ['tea']);
    api.close();
    await page.nearest();
    assert.deepEqual([page.data.granted, page.data.showSettings, page.data.showPrivacy], [true, false, false]);
    app.auth.dispose();
  });

  test(`the example for a backend in ${file} accepts an access token of the edge`, async () => {
    const { access: token, openid } = await logIn(world, 'reader');
    const { payload } = await runExample(exampleOf(file, 'jose', world.url), { token }, ['payload']);
    assert.deepEqual([payload.client_id, payload.sub], [APPID, openid]);
  });

  test(`the example for session_keys in ${file} verifies and decrypts a profile`, async () => {
    const signed = await world.wechat.profile(APPID, 'reader');
    const { sessionKey, openid } = await world.wechat.account(APPID, 'reader');
    const inputs = { ...signed, sessionKey, appid: APPID };
    const declared = ['genuine', 'profile'];
    const { genuine, profile } = await runExample(exampleOf(file, 'node', world.url), inputs, declared);
    assert.equal(genuine, true);
    assert.deepEqual([profile.nickName, profile.watermark.appid], ['reader', APPID]);
    assert.ok(!profile.openId || profile.openId === openid);
    const altered = { ...inputs, rawData: `${signed.rawData} ` };
    assert.equal((await runExample(exampleOf(file, 'node', world.url), altered, declared)).genuine, false);
  });
}
