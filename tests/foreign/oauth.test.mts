// OAuth software of other projects against the edge, unmodified and with default settings, apart from http on loopback:
// openid-client, Authlib, PyJWT, schemathesis. tests/edge has oauth4webapi and jose.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import * as openid from 'openid-client';
import { python } from '../../scripts/setup.mts';
import { at } from '../../scripts/shell.mts';
import { APPID, basic, bearer, GRANT, JS_CODE, type Json, logIn, SECRET, startWorld, type World } from '../harness.mts';

const BACKEND: [string, string] = ['api', 'a secret: with +, % and spaces'];

let world: World;
before(async () => {
  world = await startWorld({ apps: { [APPID]: { secret: SECRET, backends: Object.fromEntries([BACKEND]) } } });
});
after(() => world.stop());

/** An example of docs/verify.md with the address of this edge. */
function example(name: string): string {
  const text = readFileSync(at('docs/verify.md'), 'utf8');
  const code = new RegExp(`<!-- run: ${name} -->\\n\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``).exec(text)?.[1];
  assert.ok(code, name);
  return code.replaceAll('https://auth.example.com', world.url);
}

function run(program: string, args: string[], stdin = ''): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: at('target') });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('close', (status) => resolve({ status, output }));
    child.stdin.end(stdin);
  });
}

test('openid-client discovers, exchanges, refreshes, introspects and revokes', async () => {
  const insecure = { algorithm: 'oauth2' as const, execute: [openid.allowInsecureRequests] };
  const config = await openid.discovery(new URL(world.url), APPID, {}, openid.None(), insecure);
  const { code, openid: user } = await world.wechat.issueCode(APPID, 'openid-client');
  const tokens = await openid.genericGrantRequest(config, GRANT, { subject_token: code, subject_token_type: JS_CODE });
  const renewed = await openid.refreshTokenGrant(config, tokens.refresh_token as string);
  assert.notEqual(renewed.refresh_token, tokens.refresh_token);
  const [id, secret] = BACKEND;
  const auth = openid.ClientSecretBasic(secret);
  const backend = await openid.discovery(new URL(world.url), id, {}, auth, insecure);
  const active = await openid.tokenIntrospection(backend, renewed.access_token);
  assert.deepEqual([active.active, active.sub, active.client_id], [true, user, APPID]);
  await openid.tokenRevocation(config, renewed.refresh_token as string);
  assert.deepEqual(await openid.tokenIntrospection(backend, renewed.access_token), { active: false });
  await assert.rejects(openid.refreshTokenGrant(config, renewed.refresh_token as string), { error: 'invalid_grant' });
});

test('Authlib discovers, exchanges, refreshes, introspects and revokes, and the Python examples of docs/verify.md verify the token', async () => {
  const { code, openid: user } = await world.wechat.issueCode(APPID, 'authlib');
  const verifiers = ['pyjwt', 'authlib'].map(example);
  const given = { url: world.url, appid: APPID, code, backend: BACKEND, verifiers };
  const { status, output } = await run(python(), [at('tests/foreign/oauth_speaks.py')], JSON.stringify(given));
  assert.equal(status, 0, output);
  const { users, before, revoked, after } = JSON.parse(output.trim().split('\n').at(-1) as string);
  assert.deepEqual(users, [
    [APPID, user],
    [APPID, user],
  ]);
  assert.deepEqual([before.active, before.sub, revoked, after], [true, user, 200, { active: false }]);
});

test('the Node example of docs/verify.md accepts a token of the edge and refuses others', async () => {
  const file = at('target', `verify-${process.pid}.mjs`);
  writeFileSync(file, example('node'));
  try {
    const { userOf } = (await import(pathToFileURL(file).href)) as { userOf(token: string): Promise<Json> };
    const { access, openid: user } = await logIn(world, 'verified');
    assert.deepEqual(await userOf(access), { appid: APPID, openid: user });
    await assert.rejects(userOf(`${access.slice(0, -4)}AAAA`));
  } finally {
    rmSync(file);
  }
});

/** Runs schemathesis with openapi.json of the edge: no 5xx, no undocumented answer. */
async function schemathesis(headers: Record<string, string>, ...more: string[]): Promise<void> {
  const checks = ['not_a_server_error', 'status_code_conformance', 'content_type_conformance'];
  const args = ['run', `${world.url}/openapi.json`, '--max-examples=25', '--seed=1', '--no-color', '--workers=2'];
  const strict = ['response_headers_conformance', 'response_schema_conformance'];
  args.push(`--checks=${[...checks, ...strict].join(',')}`, '--suppress-health-check=all', ...more);
  for (const [name, value] of Object.entries(headers)) args.push('-H', `${name}: ${value}`);
  const { status, output } = await run(`${dirname(python())}/schemathesis`, args);
  assert.equal(status, 0, output.slice(-6000));
  assert.match(output, /(\d+) generated, \1 passed/);
}

test('schemathesis finds no undocumented answer, anonymous, as a user and as a backend', async () => {
  await schemathesis({});
  const { access } = await logIn(world, 'schemathesis');
  const ends = ['EndSessions', 'EraseAccount'];
  await schemathesis(bearer(access), ...ends.map((id) => `--exclude-operation-id=${id}`));
  await schemathesis(bearer(access), ...ends.map((id) => `--include-operation-id=${id}`));
  await schemathesis(basic(...BACKEND), '--include-path-regex=^/(admin|oauth/introspect)');
});
