// `npm run serve`, as an operator and a service manager run it.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeKeys } from '../../scripts/keys.mts';
import { at } from '../../scripts/shell.mts';
import { APPID, freePort, type Json, SECRET } from '../harness.mts';

const KEYS = makeKeys();
/** A process that does not end fails its test. */
const ENDS = { timeout: 120_000 };
let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'wxauth-serve-'));
});
const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

interface Server {
  child: ChildProcess;
  url: string;
  /** Resolves when the started process and all that hold its output have ended. */
  ended: Promise<{ status: number | null; output: string }>;
  /** Resolves when it says `ready`, or has ended. */
  ready: Promise<void>;
}

const DIRECT = [process.execPath, at('scripts/run.mjs'), 'serve'];

async function serve(env: Record<string, string> = {}, command = DIRECT): Promise<Server> {
  const port = String(await freePort());
  const settings = {
    PORT: port,
    STATE_DIR: mkdtempSync(join(folder, 'state-')),
    ISSUER: 'https://a.example',
    WECHAT_APPS: JSON.stringify({ [APPID]: { secret: SECRET } }),
    ...KEYS,
  };
  const [program, ...args] = command as [string, ...string[]];
  const child = spawn(program, args, { cwd: at('.'), env: { ...process.env, ...settings, ...env } });
  children.push(child);
  let output = '';
  const ended = new Promise<{ status: number | null; output: string }>((resolve) =>
    child.on('close', (status) => resolve({ status, output })),
  );
  const ready = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
        if (output.includes(`ready http://127.0.0.1:${port}`)) resolve();
      });
    }
    child.on('close', () => resolve());
  });
  return { child, url: `http://127.0.0.1:${port}`, ended, ready };
}

/** Whether the port's server ends: a connection to it closes then. */
async function connected(url: string): Promise<{ closed: Promise<void> }> {
  const socket: Socket = connect(Number(new URL(url).port), '127.0.0.1');
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()).once('error', () => {}));
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  return { closed };
}

const refuses = (url: string) => assert.rejects(fetch(`${url}/healthz`), 'nothing listens any more');

/** The processes below one, by the name of their program. */
function below(pid: number, name: string): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,comm='], { encoding: 'utf8' }).trim().split('\n');
  const rows = lines.map((line) => line.trim().split(/\s+/));
  const children = rows.filter(([, parent]) => Number(parent) === pid);
  return children.flatMap(([child, , comm]) => [
    ...(comm === name ? [Number(child)] : []),
    ...below(Number(child), name),
  ]);
}

test('serve runs the edge alone, and keeps its KV on disk', ENDS, async () => {
  const { child, url, ready, ended } = await serve({ WECHAT_OPEN_BASE: 'http://127.0.0.1:1' });
  await ready;
  const reply = await fetch(`${url}/.well-known/oauth-authorization-server`);
  assert.equal(((await reply.json()) as Json).issuer, 'https://a.example');
  assert.equal((await fetch(`${url}/playground`)).status, 404);
  child.kill('SIGTERM');
  assert.equal((await ended).status, 0);
  await refuses(url);
});

test('serve sends web logins to WECHAT_OPEN_BASE', ENDS, async () => {
  const back = 'https://shop.example/after';
  const app = { secret: SECRET, kind: 'website', redirect_uris: [back] };
  const { child, url, ready, ended } = await serve({
    WECHAT_APPS: JSON.stringify({ [APPID]: app }),
    WECHAT_OPEN_BASE: 'https://open.shop.example',
  });
  await ready;
  const query = new URLSearchParams({ response_type: 'code', client_id: APPID, redirect_uri: back, state: 's' });
  query.append('code_challenge', createHash('sha256').update('verifier').digest('base64url'));
  query.append('code_challenge_method', 'S256');
  const { status, headers } = await fetch(`${url}/web/login?${query}`, { redirect: 'manual' });
  assert.equal(status, 302);
  assert.match(headers.get('location') ?? '', /^https:\/\/open\.shop\.example\//);
  child.kill('SIGTERM');
  await ended;
});

test('serve exits 1 with a sentence when workerd is killed', ENDS, async () => {
  const { child, url, ready, ended } = await serve();
  await ready;
  const [workerd] = below(child.pid as number, 'workerd');
  assert.ok(workerd, 'workerd runs below it');
  process.kill(workerd, 'SIGKILL');
  const { status, output } = await ended;
  assert.equal(status, 1);
  assert.match(output, /^wxauth: workerd ended \(SIGKILL\)/m);
  await refuses(url);
});

test('workerd does not outlive serve, whatever kills it', ENDS, async () => {
  const { child, url, ready } = await serve();
  await ready;
  const { closed } = await connected(url);
  child.kill('SIGKILL');
  await closed;
  await refuses(url);
});

test('SIGTERM to npm stops everything below it', ENDS, async () => {
  const { child, url, ready } = await serve({}, ['npm', 'run', 'serve']);
  await ready;
  const { closed } = await connected(url);
  child.kill('SIGTERM');
  await closed;
  await refuses(url);
});

test('serve says in one sentence why it does not start, and exits 1', ENDS, async () => {
  const file = join(folder, 'a file');
  writeFileSync(file, '');
  const used = mkdtempSync(join(folder, 'used-'));
  const first = await serve({ STATE_DIR: used });
  await first.ready;
  const broken = mkdtempSync(join(folder, 'broken-'));
  const seed = await serve({ STATE_DIR: broken });
  await seed.ready;
  seed.child.kill('SIGTERM');
  await seed.ended;
  const files = readdirSync(join(broken, 'kv'), { recursive: true, encoding: 'utf8' });
  const databases = files.filter((name) => name.endsWith('.sqlite') && !name.endsWith('metadata.sqlite'));
  assert.equal(databases.length, 1, files.join());
  const [database] = databases as [string];
  writeFileSync(join(broken, 'kv', database), 'x'.repeat(4096));
  for (const extra of ['-wal', '-shm']) rmSync(join(broken, 'kv', `${database}${extra}`), { force: true });
  const mistakes: Array<[Record<string, string>, RegExp]> = [
    [{ WECHAT_APPS: '{' }, /^wxauth: WECHAT_APPS /m],
    [{ STATE_DIR: file }, /^wxauth: STATE_DIR .*cannot be used: not a folder/m],
    [{ STATE_DIR: join(file, 'state') }, /^wxauth: STATE_DIR .*cannot be used: ENOTDIR/m],
    [{ STATE_DIR: '/proc/state' }, /^wxauth: STATE_DIR .*cannot be used: ENOENT/m],
    [{ STATE_DIR: used }, /^wxauth: STATE_DIR .* is in use by another edge/m],
    [{ STATE_DIR: broken }, /^wxauth: The KV in .* cannot be read/m],
  ];
  for (const [env, says] of mistakes) {
    const { ready, ended, child } = await serve(env);
    await ready;
    child.kill('SIGTERM');
    const { status, output } = await ended;
    assert.equal(status, 1, output);
    assert.match(output, says);
    assert.doesNotMatch(output, /^\s+at .*:\d+:\d+/m, 'no stack trace');
    assert.ok(!output.includes('ready'), output);
  }
  first.child.kill('SIGTERM');
  await first.ended;
});

test('a STATE_DIR that is missing is made, for this user alone', ENDS, async () => {
  const missing = join(folder, 'not', 'there', 'yet');
  const { child, ready, ended } = await serve({ STATE_DIR: missing });
  await ready;
  child.kill('SIGTERM');
  assert.equal((await ended).status, 0);
  assert.equal(statSync(missing).mode & 0o777, 0o700);
});
