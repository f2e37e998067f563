// The recipes of the documents, as they stand there, in the programs they are for: nginx, jq, `npm start`.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { find } from '../../scripts/setup.mts';
import { at, files } from '../../scripts/shell.mts';
import {
  APPID,
  basic,
  bearer,
  freePort,
  type Json,
  logIn,
  refresh,
  revoke,
  SECRET,
  startWorld,
  type World,
} from '../harness.mts';

let world: World;
let folder: string;
/** A backend, and the requests that reached it. */
let backend: Server;
const reached: string[] = [];
const children: ChildProcess[] = [];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wxauth-recipes-'));
  world = await startWorld({ apps: { [APPID]: { secret: SECRET, backends: { api: 'secret' } } } });
  backend = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      reached.push(`${request.method} ${request.url} ${body}`);
      response.end('of the backend');
    });
  });
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
});
after(async () => {
  for (const child of children) child.kill('SIGKILL');
  backend.close();
  await world.stop();
  rmSync(folder, { recursive: true });
});

/** A marked example of a document. */
function recipe(file: string, name: string): string {
  const pattern = new RegExp(`<!-- run: ${name} -->\\n\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``);
  const text = pattern.exec(readFileSync(at(file), 'utf8'))?.[1];
  assert.ok(text, `${file} has no recipe ${name}`);
  return text;
}

/** Starts nginx with a configuration of its http block for a free port, and returns its address. */
async function nginx(configure: (port: number) => string): Promise<string> {
  const port = await freePort();
  const prefix = mkdtempSync(join(folder, 'nginx-'));
  mkdirSync(join(prefix, 'logs'));
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((n) => `${n}_temp_path ${prefix}/${n};`);
  writeFileSync(
    join(prefix, 'nginx.conf'),
    `daemon off; master_process off; pid ${prefix}/pid; error_log stderr;
     events {}
     http { access_log off; ${places.join(' ')} ${configure(port)} }`,
  );
  const child = spawn(find('nginx'), ['-p', prefix, '-c', join(prefix, 'nginx.conf')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let failed = '';
  child.stderr.on('data', (chunk) => (failed += chunk));
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    assert.equal(child.exitCode, null, failed);
    if (await fetch(url).catch(() => undefined)) return url;
  }
}

test('docs/verify.md: nginx passes requests with a live session, from pages of any origin', async () => {
  const cache = join(folder, 'cache');
  const text = recipe('docs/verify.md', 'nginx')
    .replaceAll('https://auth.example.com', world.url)
    .replaceAll('http://backend', `http://127.0.0.1:${(backend.address() as { port: number }).port}`)
    .replaceAll('/dev/shm/wxauth', cache);
  const [http, server] = text.split('# in server { }\n') as [string, string];
  const url = await nginx((port) => `${http} server { listen 127.0.0.1:${port}; ${server} }`);
  const call = (headers: Record<string, string>, init: RequestInit = {}) =>
    fetch(`${url}/api/orders`, { ...init, headers: { ...headers, origin: 'https://not-listed.example' } });
  const asked = () => world.lines.filter((line) => JSON.parse(line).path === '/session').length;

  const session = await logIn(world, 'behind nginx');
  for (const headers of [{}, bearer('nonsense'), bearer(`${session.access}x`), basic('api', 'secret')]) {
    assert.equal((await call(headers)).status, 401, JSON.stringify(headers));
  }
  assert.deepEqual(reached, [], 'no request reached the backend');
  const reply = await call(bearer(session.access), { method: 'POST', body: 'two of them' });
  assert.deepEqual([reply.status, await reply.text()], [200, 'of the backend']);
  assert.deepEqual(reached, ['POST /api/orders two of them']);

  const before = asked();
  assert.equal((await call(bearer(session.access))).status, 200);
  assert.equal(asked(), before, 'the answer was cached');
  const renewed = (await refresh(world, session.refresh)).body;
  await revoke(world, renewed.refresh_token);
  assert.equal((await call(bearer(renewed.access_token))).status, 401, 'a session that has ended');

  const kept = files([cache]).map((file) => readFileSync(file, 'latin1'));
  assert.equal(kept.length, 1);
  assert.ok(!kept[0]?.includes(session.openid), 'the cached answer does not name the user');
});

test('docs/deploy.md: nginx in front of the edge passes on the address of the client', async () => {
  const text = recipe('docs/deploy.md', 'nginx').replaceAll('http://127.0.0.1:8787', world.url);
  const url = await nginx((port) => text.replace('listen 443 ssl', `listen 127.0.0.1:${port}`));
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  const guess = (address: string, secret: string) =>
    fetch(`${url}/oauth/introspect`, {
      method: 'POST',
      headers: { ...basic('api', secret), 'cf-connecting-ip': address },
      body: new URLSearchParams({ token: 'x' }),
    });
  for (let n = 0; n < 10; n++) assert.equal((await guess(`192.0.2.${n}`, 'wrong')).status, 401);
  assert.equal((await guess('192.0.2.99', 'secret')).status, 429, 'the address that the client claims has no effect');
});

test('docs/operations.md: jq counts error codes in a log that also has lines of other programs', async () => {
  const line = (klass: string, code: string) =>
    JSON.stringify({
      level: 'info',
      request_id: '1',
      method: 'POST',
      path: '/oauth/token',
      status: 400,
      class: klass,
      code,
    });
  const lines = [line('caller', 'code_used'), line('us', 'internal'), line('caller', 'code_used')];
  const others = [
    '> wxauth@0.1.0 serve',
    '',
    'ready http://127.0.0.1:8787',
    'Uncaught x',
    '1',
    'null',
    '[]',
    '"x"',
    '{}',
    '{',
  ];
  const ok = '{"level":"info","request_id":"1","method":"GET","path":"/healthz","status":200}';
  writeFileSync(join(folder, 'edge.log'), [...others, ok, ...lines, ...others, ''].join('\n'));
  const run = (script: string) =>
    execFileSync('bash', ['-ec', `set -o pipefail\n${script}`], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${join(find('jq'), '..')}:${process.env.PATH}` },
    });
  const counted = run(recipe('docs/operations.md', 'jq')).trim().split('\n');
  assert.deepEqual(
    counted.map((row) => row.trim()),
    ['2 caller code_used', '1 us internal'],
  );

  // As wrangler prints them: one indented object an event.
  const events = [...lines, 'Uncaught x'].map((message) => ({
    outcome: 'ok',
    logs: [{ message: [message], level: 'log' }],
  }));
  writeFileSync(join(folder, 'events'), events.map((event) => JSON.stringify(event, null, 2)).join('\n'));
  const tail = recipe('docs/operations.md', 'jq tail').replace('npx wrangler tail --format json', 'cat events');
  assert.deepEqual(run(tail).trim().split('\n'), ['caller code_used', 'us internal', 'caller code_used']);
});

test('docs/web-login.md: its app logs a user in under `npm start`, back to an address of another origin', async () => {
  const apps = /```json\n(\{"wx0ff1c1a100000000": .*\})\n```/.exec(readFileSync(at('docs/web-login.md'), 'utf8'))?.[1];
  assert.ok(apps, 'docs/web-login.md has the app');
  const [[client_id, { redirect_uris }]] = Object.entries<Json>(JSON.parse(apps)) as [[string, Json]];
  const [redirect_uri] = redirect_uris;
  const [PORT, WECHAT_PORT] = [String(await freePort()), String(await freePort())];
  const env = {
    PORT,
    WECHAT_PORT,
    STATE_DIR: join(folder, 'state'),
    WECHAT_API_BASE: `http://127.0.0.1:${WECHAT_PORT}`,
    WECHAT_APPS: apps.replace('…', SECRET),
  };
  const child = spawn(process.execPath, [at('scripts/run.mjs'), 'start'], { env: { ...process.env, ...env } });
  children.push(child);
  let output = '';
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
        if (output.includes(`ready http://127.0.0.1:${PORT}`)) resolve();
      });
    }
    child.once('close', () => reject(new Error(output)));
  });

  const url = `http://127.0.0.1:${PORT}`;
  const verifier = 'v'.repeat(43);
  const query = new URLSearchParams({ response_type: 'code', client_id, redirect_uri, state: 'of the page' });
  query.set('code_challenge', createHash('sha256').update(verifier).digest('base64url'));
  query.set('code_challenge_method', 'S256');
  const follow = async (to: string, headers: Record<string, string> = {}) => {
    const reply = await fetch(to, { redirect: 'manual', headers });
    const location = reply.headers.get('location');
    assert.ok(location, `${to}: ${reply.status} ${await reply.text()}`);
    return { location: new URL(location), cookie: reply.headers.get('set-cookie')?.split(';')[0] ?? '' };
  };
  const { location: page, cookie } = await follow(`${url}/web/login?${query}`);
  assert.equal(page.origin, env.WECHAT_API_BASE);
  page.searchParams.set('user', 'mei');
  const { location: callback } = await follow(page.href);
  const { location: home } = await follow(callback.href, { cookie });
  assert.equal(home.origin + home.pathname, redirect_uri);
  const grant = { grant_type: 'authorization_code', client_id, redirect_uri, code_verifier: verifier };
  const code = home.searchParams.get('code') ?? '';
  const origin = new URL(redirect_uri).origin;
  const body = new URLSearchParams({ ...grant, code });
  const tokens = await fetch(`${url}/oauth/token`, { method: 'POST', headers: { origin }, body });
  assert.deepEqual([tokens.status, tokens.headers.get('access-control-allow-origin')], [200, origin]);
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  await ended;
});
