// The packed tarball's types and entries, as TypeScript resolves them in the projects that people have: WeChat's
// template, a bundler's, Node's. Libraries are checked, too (`skipLibCheck: false`).
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { compileFunction } from 'node:vm';
import { createPhone } from '../../js/sim/phone/index.js';
import { WeChat } from '../../js/sim/wechat/index.js';
import { packInto } from '../../scripts/check-weapp.mts';
import { at, npmBin } from '../../scripts/shell.mts';
import { APPID, type Json, SECRET } from '../harness.mts';
import { lockedPhone } from '../weapp/phone.mts';

let project: string;
const file = (...parts: string[]): string => join(project, ...parts);

before(() => {
  project = mkdtempSync(join(tmpdir(), 'wxauth-types-'));
  packInto(file('packed'));
  cpSync(file('packed/package'), file('node_modules/wxauth'), { recursive: true });
  mkdirSync(file('node_modules/@types'));
  symlinkSync(at('node_modules/@types/node'), file('node_modules/@types/node'));
  symlinkSync(at('node_modules/undici-types'), file('node_modules/undici-types'));
  symlinkSync(at('node_modules/miniprogram-api-typings'), file('node_modules/miniprogram-api-typings'));
});
after(() => rmSync(project, { recursive: true, force: true }));

/** The compiler options of WeChat's TypeScript template, plus checks of library types. */
const WECHAT = {
  strict: true,
  skipLibCheck: false,
  module: 'CommonJS',
  target: 'ES2020',
  lib: ['ES2020'],
  types: ['miniprogram-api-typings'],
  allowSyntheticDefaultImports: true,
  esModuleInterop: true,
  experimentalDecorators: true,
  noImplicitReturns: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
};
const PAGE = {
  strict: true,
  skipLibCheck: false,
  module: 'ESNext',
  moduleResolution: 'bundler',
  target: 'ES2022',
  lib: ['ES2022', 'DOM'],
  types: [],
};
const NODE = { ...PAGE, module: 'NodeNext', moduleResolution: 'NodeNext', lib: ['ES2022'], types: ['node'] };

const APP = `
import { AuthError, type Auth, authBehavior, createAbortController, createAuth, type Permission, realtimeLog, weappHost } from 'wxauth';
import { errors } from 'wxauth/errors';

const auth: Auth = createAuth({ edge: 'https://auth.example.com', host: weappHost(), log: realtimeLog() });
App({ auth, onLaunch() { this.auth.ready().catch(() => undefined); } });

export async function nearest(): Promise<Permission> {
  const { signal } = createAbortController();
  return auth.ensure('scope.userLocation', { signal });
}
export const remedy = (error: unknown): string => (error instanceof AuthError ? errors[error.code].zh.remedy : String(error));
export const behavior = (): string => authBehavior(auth);
export { auth };
`;
const SUBPATHS = `
import { createAuth, weappHost } from 'wxauth/weapp';
import { errors, type Explanation } from 'wxauth/errors';
export const auth = createAuth({ edge: 'https://auth.example.com', host: weappHost({ wx, wasm: false }) });
export const why: Explanation = errors.tap_again.zh;
`;
const SITE = `
import { createAuth, webHost } from 'wxauth';
import { createAuth as same } from 'wxauth/web';
import { errors } from 'wxauth/errors';
const controller = new AbortController();
const auth = createAuth({
  edge: 'https://auth.example.com',
  appid: 'wx517e000000000000',
  host: webHost({ wasm: new URL('https://cdn.example/wxauth.wasm'), login: { redirectUri: 'https://shop.example/after' } }),
});
export const reply = auth.request({ url: '/account', signal: controller.signal });
export const remedy = errors.login_required.en.remedy;
export const one: typeof same = createAuth;
`;
const TESTS = `
import { createAuth, weappHost } from 'wxauth';
import { verifyUserInfo } from 'wxauth/node';
import { createPhone } from 'wxauth/sim';
import { startServer } from 'wxauth/sim/server';
import { errors } from 'wxauth/errors';
const phone = createPhone({ wechat: 'http://127.0.0.1:8788', appid: 'wx0', user: 'mei' });
export const auth = createAuth({ edge: 'https://auth.example.com', host: weappHost({ wx: phone.wx }) });
export const used = [verifyUserInfo, startServer, errors];
`;

for (const [name, compilerOptions, sources] of [
  ['WeChat’s template', WECHAT, { 'app.ts': APP, 'subpaths.ts': SUBPATHS }],
  ['a page, by a bundler', PAGE, { 'site.ts': SITE }],
  ['a test in Node, ESM', NODE, { 'test.mts': TESTS }],
  ['a test in Node, CommonJS', NODE, { 'test.cts': TESTS }],
  [
    'a test in Node, resolved by package.json’s types',
    { ...NODE, module: 'CommonJS', moduleResolution: 'node' },
    { 'test.ts': TESTS },
  ],
] as Array<[string, object, Record<string, string>]>) {
  test(`the types of every entry resolve: ${name}`, async () => {
    const folder = file(name.replace(/\W+/g, '-'));
    mkdirSync(folder);
    for (const [path, source] of Object.entries(sources)) writeFileSync(join(folder, path), source);
    const config = { compilerOptions: { ...compilerOptions, outDir: './out' }, include: ['*.ts', '*.mts', '*.cts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const { stdout } = await promisify(execFile)(npmBin('tsc'), ['--project', folder]).catch((error: Json) => error);
    assert.equal(stdout, '');
  });
}

test('code compiled with WeChat’s template runs with the output of 构建 npm', () => {
  const { wx } = createPhone({
    wechat: new WeChat({ apps: { [APPID]: { secret: SECRET } } }),
    appid: APPID,
    user: 'ts',
  });
  const { weapp, require: bring } = lockedPhone(wx);
  const names = {
    exports: {} as Json,
    require: (id: string) => (id === 'wxauth' ? weapp : bring(`${id.replace('wxauth/', './')}.js`)),
    App: (options: Json) => options.onLaunch(),
  };
  const source = readFileSync(file('WeChat-s-template/out/app.js'), 'utf8');
  compileFunction(source, Object.keys(names))(...Object.values(names));
  const { auth, remedy } = names.exports;
  assert.equal(auth.state.session, 'starting');
  assert.match(remedy(new weapp.AuthError('logged_out')), /login/);
  auth.dispose();
});

test('every declared export of `wxauth` exists on each platform', async () => {
  const declared = [
    ...readFileSync(file('node_modules/wxauth/dist/index.d.ts'), 'utf8').matchAll(
      /^export declare (?:function|class|const) (\w+)/gm,
    ),
  ].map(([, name]) => name as string);
  assert.ok(declared.includes('weappHost') && declared.includes('webHost'));
  const cjs = createRequire(file('x.js'))('wxauth');
  assert.deepEqual(
    declared.filter((name) => !(name in cjs)),
    [],
  );
  const program = `import * as wxauth from 'wxauth'; console.log(Object.keys(wxauth).join());`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    cwd: project,
  });
  const esm = stdout.trim().split(',');
  assert.deepEqual(
    declared.filter((name) => !esm.includes(name)),
    [],
  );
  const onPhones = Object.keys(lockedPhone({}).weapp);
  assert.deepEqual(
    declared.filter((name) => !onPhones.includes(name)),
    ['webHost'],
  );
});
