// What the documents say is so: the error pages are complete, and the README's examples run.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { compileFunction, constants } from 'node:vm';
import { edgeErrors } from '../../js/errors/edge-errors.js';
import { createPhone } from '../../js/sim/phone/index.js';
import { renderErrors } from '../../scripts/docs.mts';
import { at } from '../../scripts/shell.mts';
import { APPID, type Json, logIn, readmeExample, startWorld, type World } from '../harness.mts';
import { lockedPhone } from '../weapp/phone.mts';

const read = (file: string): string => readFileSync(at(file), 'utf8');

test('docs/errors.md is what `npm run docs` makes', () => assert.equal(read('docs/errors.md'), renderErrors()));

test('every code of the edge is explained, with its status', () => {
  const source = read('src/edge/error.rs');
  const codes = [...source.matchAll(/wire\(\s*(\d{3}),\s*(?:[A-Z]+|"\w+"),\s*"(\w+)"/g)].map(([, status, code]) => [
    code,
    Number(status),
  ]);
  assert.ok(codes.length > 25);
  assert.deepEqual(
    Object.fromEntries(codes),
    Object.fromEntries(Object.entries(edgeErrors).map(([code, { status }]) => [code, status])),
  );
});

/** A server of the application's own: it answers those that bring an access token. */
function startApi(): Promise<{ url: string; close(): void }> {
  const server = createServer(({ headers }, response) => {
    const known = /^Bearer ey/.test(headers.authorization ?? '');
    response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' }).end('["tea"]');
  });
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      resolve({ url: `http://127.0.0.1:${port}`, close: () => server.close() });
    }),
  );
}

const example = (name: string, file: string): string => readmeExample(name, world.url, file);

/** Runs an ES module's text as a function of its free names; gives the names it declares. */
async function runModule(source: string, names: Record<string, unknown>, wanted: string[]): Promise<Json> {
  const body = source.replace(
    /^import \{(.*)\} from '(.*)';$/gm,
    (_, what, from) => `const {${what}} = await import('${from}');`,
  );
  const run = `return (async () => {${body}\nreturn { ${wanted.join(', ')} };})()`;
  const options = { importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER };
  return compileFunction(run, Object.keys(names), options)(...Object.values(names));
}

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.stop());

for (const file of ['README.md', 'README.zh-CN.md']) {
  test(`${file}: the mini program example runs on a phone's engine`, async () => {
    const phone = createPhone({
      wechat: world.wechat,
      appid: APPID,
      user: file,
      onPrompt: (prompt) => prompt.kind === 'scope' && prompt.allow(),
    });
    const { weapp } = lockedPhone(phone.wx);
    let app: Json;
    let page: Json;
    const names = {
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
    const source = example('weapp', file).replaceAll('https://api.example.com', api.url);
    compileFunction(source, Object.keys(names))(...Object.values(names));
    assert.equal((await app.onLaunch()).session, 'logged-in');
    await page.orders();
    assert.deepEqual(page.data.orders, ['tea']);
    api.close();
    await page.nearest();
    assert.deepEqual([page.data.granted, page.data.showSettings, page.data.showPrivacy], [true, false, false]);
    app.auth.dispose();
  });

  test(`${file}: the server's examples run`, async () => {
    const { access: token } = await logIn(world, 'reader');
    const { payload } = await runModule(example('jose', file), { token }, ['payload']);
    assert.equal(payload.client_id, APPID);
    const profile = await world.wechat.profile(APPID, 'reader');
    const { sessionKey } = await world.wechat.account(APPID, 'reader');
    const names = { ...profile, sessionKey, appid: APPID };
    await runModule(example('node', file), names, []);
  });
}

test('the two READMEs have the same sections, examples and tables', () => {
  const shape = (file: string) =>
    [...read(file).matchAll(/^(#+) |^```(\w+)|^<!-- (.*) -->|^(\|)/gm)].map(([, ...groups]) => groups.find(Boolean));
  assert.deepEqual(shape('README.zh-CN.md'), shape('README.md'));
});

for (const file of ['README.md', 'README.zh-CN.md']) {
  test(`${file}: the sizes are those of the build, within three percent`, () => {
    const sizes: Json = JSON.parse(read('dist/sizes.json'));
    const rows = [...read(file).matchAll(/^\| (\w+) \| `([\w.]+)` \| ([\d.]+) KB \| ([\d.]+) KB \| ([\d.]+) KB \|$/gm)];
    assert.equal(rows.length, 9);
    for (const [, folder, name, ...told] of rows) {
      const { raw, gzip, brotli } = sizes[folder as string][name as string];
      for (const [index, size] of [raw, gzip, brotli].entries()) {
        const off = Math.abs(Number(told[index]) * 1000 - size) / size;
        assert.ok(off < 0.03, `${folder}/${name}: ${told[index]} KB, measured ${size}`);
      }
    }
  });
}
