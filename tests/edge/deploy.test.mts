// Runs `npm run deploy:check` as an operator does.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeKeys } from '../../scripts/keys.mts';
import { at } from '../../scripts/shell.mts';
import { APPID, type Json, SECRET } from '../harness.mts';

let folder: string;
before(() => {
  mkdirSync(at('target'), { recursive: true });
  folder = mkdtempSync(at('target', 'deploy-'));
});
after(() => rmSync(folder, { recursive: true }));

const WRANGLER = readFileSync(at('wrangler.toml'), 'utf8').replace(
  '"dist/edge/index.js"',
  `"${at('dist/edge/index.js')}"`,
);
const FILLED = WRANGLER.replaceAll(/id = "0+"/g, 'id = "0123456789abcdef0123456789abcdef"').replaceAll(
  'example.com',
  'shop.example',
);
const app = (more: Json = {}) => JSON.stringify({ [APPID]: { secret: SECRET, ...more } });

function command(args: string[], env: Record<string, string> = {}): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [at('scripts/run.mjs'), ...args], { env: { ...process.env, ...env } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('close', (status) => resolve({ status, output }));
  });
}

function check(wrangler: string, secrets: Record<string, string>, ...more: string[]) {
  const config = join(folder, 'wrangler.toml');
  writeFileSync(config, wrangler);
  const vars = Object.entries(secrets).map(([name, value]) => `${name}='${value}'`);
  for (const name of ['.dev.vars', '.dev.vars.staging']) writeFileSync(join(folder, name), vars.join('\n'));
  return command(['deploy:check', '--config', config, ...more]);
}

test('deploy:check accepts a valid configuration and runs wrangler deploy --dry-run', async () => {
  const { status, output } = await check(FILLED, { ...makeKeys(), WECHAT_APPS: app() });
  assert.equal(status, 0, output);
  assert.match(output, /--dry-run: exiting now[\s\S]*✓ ready to deploy/);
  const staging = await check(FILLED, { ...makeKeys(), WECHAT_APPS: app() }, '--env', 'staging');
  assert.match(staging.output, /✓ ready to deploy to staging/);
});

test('deploy:check names each error of a configuration and exits with 1', async () => {
  const secrets = { ...makeKeys(), WECHAT_APPS: app() };
  const mistakes: Array<[string, Record<string, string>, RegExp]> = [
    [WRANGLER, secrets, /id of SESSIONS is a placeholder[\s\S]*ISSUER is a placeholder/],
    [FILLED.replace('[observability.traces]\nenabled = false', ''), secrets, /traces must be off/],
    [FILLED.replace('[vars]', '[vars]\nNAME_KEY = "x"'), secrets, /NAME_KEY must be a secret/],
    [FILLED, { ...secrets, SIGNING_KEYS: '{}' }, /SIGNING_KEYS is not a JWK Set/],
    [FILLED, { ...secrets, WECHAT_APPS: app({ backends: { api: 'short' } }) }, /backend api is short/],
    [FILLED, { ...secrets, WECHAT_APPS: app({ allowed_origins: ['https://x/'] }) }, /allowed_origins: "https:\/\/x\/"/],
  ];
  for (const [wrangler, given, says] of mistakes) {
    const { status, output } = await check(wrangler, given);
    assert.equal(status, 1, output);
    assert.match(output, says);
    assert.ok(!output.includes(SECRET), 'no secret in the output');
  }
});
