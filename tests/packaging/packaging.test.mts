// The npm package as published: packed, unpacked and built with common bundlers. Each build logs in.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Miniflare } from 'miniflare';
import { type Browser, chromium } from 'playwright-core';
import { packaging, packInto } from '../../scripts/check-weapp.mts';
import { find } from '../../scripts/setup.mts';
import { at } from '../../scripts/shell.mts';
import { CHROMIUM_FLAGS } from '../browser/flags.mts';
import { APPID, type Json, startWorld, type World } from '../harness.mts';

const require = createRequire(join(packaging, 'package.json'));
const load = (name: string): Promise<Json> => import(pathToFileURL(require.resolve(name)).href);

let world: World;
let browser: Browser;
/** Creates a project with the package in its node_modules. */
let project: string;
const file = (...parts: string[]): string => join(project, ...parts);

before(async () => {
  world = await startWorld();
  browser = await chromium.launch({ executablePath: find('Chromium'), args: CHROMIUM_FLAGS });
  project = mkdtempSync(join(tmpdir(), 'wxauth-packaging-'));
  packInto(file('packed'));
  cpSync(file('packed/package'), file('node_modules/wxauth'), { recursive: true });
  writeFileSync(file('package.json'), '{ "private": true, "type": "module" }');
  // What a page does: the client on the simulator's phone. Where a bundler does not see to it, the wasm is named.
  const page = (options: string) => `
    import { createAuth, webHost } from 'wxauth';
    import { createPhone } from 'wxauth/sim';
    const phone = createPhone({ wechat: ${JSON.stringify(world.simulator.url)}, appid: '${APPID}', user: 'packer' });
    const host = webHost({ wx: phone.wx${options} });
    const auth = createAuth({ edge: location.origin, host });
    auth.ready().then(({ session }) => { document.title = session; }, (error) => { document.title = error.code; });`;
  writeFileSync(file('page.js'), page(''));
  writeFileSync(file('page-with-url.js'), page(", wasm: './wxauth.wasm'"));
});
after(async () => {
  await browser.close();
  await world.stop();
  rmSync(project, { recursive: true, force: true });
});

const TYPES: Record<string, string> = { js: 'text/javascript', mjs: 'text/javascript', wasm: 'application/wasm' };

/** Serves the folder of a build and the edge, and returns the title, which the page sets to the state of its login. */
async function opens(folder: string, entry: string): Promise<string> {
  const server = createServer(async (request, response) => {
    const path = request.url as string;
    if (path === '/app/') {
      return response.setHeader('content-type', 'text/html').end(`<script type="module" src="./${entry}"></script>`);
    }
    if (path.startsWith('/app/')) {
      const type = TYPES[path.split('.').at(-1) as string] ?? 'application/octet-stream';
      return response.setHeader('content-type', type).end(readFileSync(join(folder, path.replace('/app/', ''))));
    }
    const method = request.method as string;
    const body = method === 'GET' ? null : ((await new Response(Readable.toWeb(request) as Json).text()) as BodyInit);
    const reply = await fetch(world.url + path, { method, body, headers: { 'content-type': 'application/json' } });
    return response.writeHead(reply.status, { 'content-type': 'application/json' }).end(await reply.text());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as { port: number };
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${port}/app/`);
  await page.waitForFunction('document.title !== ""');
  const title = await page.title();
  await page.close();
  server.close();
  return title;
}

test('the package has the built files and both licenses, no tests or sources, and at most 1.9 MB', () => {
  const listed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: at(),
    encoding: 'utf8',
  });
  const [{ files, unpackedSize }] = JSON.parse(listed);
  const folders = new Set(files.map(({ path }: Json) => path.split('/').slice(0, 2).join('/')));
  const documents = ['LICENSE', 'LICENSE-APACHE', 'LICENSE-MIT', 'README.md', 'README.zh-CN.md', 'package.json'];
  const built = ['errors', 'index.d.ts', 'node', 'sim', 'weapp', 'web'].map((name) => `dist/${name}`);
  assert.deepEqual([...folders].sort(), [...documents, ...built].sort());
  assert.ok(unpackedSize < 1_900_000, `${unpackedSize}`);
  console.log(`# npm package: ${unpackedSize} bytes unpacked`);
});

test('a Vite build logs in', async () => {
  const vite = await load('vite');
  writeFileSync(file('index.html'), '<!doctype html><script type="module" src="/page.js"></script>');
  await vite.build({ root: project, base: './', logLevel: 'error', build: { outDir: file('vite'), target: 'es2022' } });
  const entry = readdirSync(file('vite/assets')).find((name) => name.endsWith('.js')) as string;
  assert.equal(await opens(file('vite'), `assets/${entry}`), 'logged-in');
});

test('a webpack build logs in', async () => {
  const webpack = require('webpack');
  const stats: Json = await new Promise((resolve, reject) =>
    webpack(
      {
        mode: 'production',
        context: project,
        entry: './page.js',
        output: { path: file('webpack'), filename: 'main.js', publicPath: '' },
        performance: false,
      },
      (error: Error | null, done: Json) => (error ? reject(error) : resolve(done)),
    ),
  );
  assert.equal(stats.hasErrors(), false, stats.toString());
  assert.equal(await opens(file('webpack'), 'main.js'), 'logged-in');
});

test('an esbuild build logs in', async () => {
  const { build } = await load('esbuild');
  await build({
    entryPoints: [file('page-with-url.js')],
    bundle: true,
    format: 'esm',
    outfile: file('esbuild/main.js'),
    logLevel: 'error',
    absWorkingDir: project,
  });
  cpSync(file('node_modules/wxauth/dist/web/wxauth.wasm'), file('esbuild/wxauth.wasm'));
  assert.equal(await opens(file('esbuild'), 'main.js'), 'logged-in');
});

test('a Rollup build with relative paths logs in', async () => {
  const { rollup } = await load('rollup');
  const exportsOf = JSON.parse(readFileSync(file('node_modules/wxauth/package.json'), 'utf8')).exports;
  const resolveId = (id: string) => {
    if (!/^wxauth(\/|$)/.test(id)) return null;
    const { default: path } = exportsOf[id.replace('wxauth', '.')];
    return file('node_modules/wxauth', path);
  };
  const bundle = await rollup({ input: file('page-with-url.js'), plugins: [{ name: 'resolve', resolveId }] });
  await bundle.write({ dir: file('rollup'), format: 'esm' });
  cpSync(file('node_modules/wxauth/dist/web/wxauth.wasm'), file('rollup/wxauth.wasm'));
  assert.equal(await opens(file('rollup'), 'page-with-url.js'), 'logged-in');
});

const program = (bring: (name: string) => string) => `
  const { createAuth, weappHost } = ${bring('wxauth')};
  const { createPhone } = ${bring('wxauth/sim')};
  const { errors } = ${bring('wxauth/errors')};
  const [wechat, edge] = process.argv.slice(2);
  const phone = createPhone({ wechat, appid: '${APPID}', user: 'node' });
  const { session } = await createAuth({ edge, host: weappHost({ wx: phone.wx }) }).ready();
  console.log(session, Object.keys(errors).length > 20);
  process.exit(0);`;

for (const [name, source] of [
  ['node.mjs', program((name) => `await import('${name}')`)],
  ['node.cjs', `(async () => {${program((name) => `require('${name}')`)}})();`],
] as const) {
  test(`the ${name.endsWith('cjs') ? 'CommonJS' : 'ESM'} entry logs in and verifies in Node`, async () => {
    writeFileSync(file(name), source);
    const args = [file(name), world.simulator.url, world.url];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    assert.equal(stdout.trim(), 'logged-in true');
  });
}

test('the checks that need a session_key run in a Worker', async () => {
  const folder = file('node_modules/wxauth/dist/node');
  const worker = `
    import { signWithSessionKey, verifyUserInfo } from './workerd.mjs';
    export default { fetch: () => Response.json([
      signWithSessionKey('{"foo":"bar"}', 'o0q0otL8aEzpcZL/FT9WsQ=='),
      verifyUserInfo('{}', '', 'o0q0otL8aEzpcZL/FT9WsQ=='),
    ]) };`;
  const miniflare = new Miniflare({
    modules: [
      { type: 'ESModule', path: 'worker.mjs', contents: worker },
      { type: 'ESModule', path: 'workerd.mjs', contents: readFileSync(join(folder, 'workerd.mjs'), 'utf8') },
      { type: 'CompiledWasm', path: 'wxauth.wasm', contents: readFileSync(join(folder, 'wxauth.wasm')) },
    ],
    compatibilityDate: '2026-04-01',
  });
  const reply = await (await fetch(await miniflare.ready)).json();
  assert.deepEqual(reply, ['654571f79995b2ce1e149e53c0a33dc39c0a74090db514261454e8dbe432aa0b', false]);
  await miniflare.dispose();
  const { exports } = JSON.parse(readFileSync(file('node_modules/wxauth/package.json'), 'utf8'));
  assert.equal(basename(exports['./node'].workerd), 'workerd.mjs');
});

test('WeChat’s compiler accepts every shipped file, with and without es6, in the main package and in a subpackage', async () => {
  // The compiler does not end its workers, so it runs in a separate process.
  const { stdout } = await promisify(execFile)(process.execPath, [at('scripts/run.mjs'), 'check:weapp']);
  const said = stdout.split('\n').filter((line) => /^(构建 npm|compiled)/.test(line));
  assert.equal(said.length, 5, stdout);
  for (const line of said) console.log(`# ${line}`);
});

test('weappHost reports that it is not in a mini program', async () => {
  const { weappHost } = createRequire(file('x.js'))('wxauth/weapp');
  assert.throws(() => weappHost(), { code: 'invalid_argument', message: /outside mini programs use wxauth\/web/ });
});
