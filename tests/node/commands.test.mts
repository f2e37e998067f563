// The npm scripts as a user meets them: help, and one sentence on wrong usage.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { commands } from '../../scripts/commands.mjs';
import { at } from '../../scripts/shell.mts';

const { scripts } = JSON.parse(readFileSync(at('package.json'), 'utf8')) as { scripts: Record<string, string> };

function script(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [at('scripts/run.mjs'), ...args], { encoding: 'utf8' });
}

test('every npm script has a help text', () => {
  const names = Object.keys(scripts).filter((name) => name !== 'prepack');
  assert.deepEqual(Object.keys(commands).sort(), names.sort());
  for (const name of names) {
    assert.match(scripts[name] ?? '', new RegExp(`^(exec )?node scripts/run\\.mjs ${name}$`));
    const { status, stdout } = script(name, '--help');
    assert.equal(status, 0, name);
    assert.ok(stdout.includes(commands[name]?.does ?? ''), name);
  }
});

test('wrong usage exits 2 with a sentence and the help text, before anything is built', () => {
  for (const [args, sentence] of [
    [['nonsense'], 'there is no command "nonsense".'],
    [['build', 'x'], 'unexpected argument "x".'],
    [['bench', '--jsn'], "Unknown option '--jsn'."],
    [['load', 'soon'], '"soon" is not a number of seconds above 0.'],
    [['fuzz', '--seconds', '0'], '"0" is not a number of seconds above 0.'],
    [['keys', 'house'], 'there is no kind of key "house".'],
    [['deploy:check', '--env'], "Option '--env <value>' argument missing."],
  ] as const) {
    const { status, stdout, stderr } = script(...args);
    assert.deepEqual([status, stdout], [2, ''], args.join(' '));
    assert.equal(stderr.split('\n')[0], `wxauth: ${sentence}`);
    assert.match(stderr, /npm (run|test|start)/);
  }
});

test('npm test names its suites, and refuses a name that no suite has', () => {
  const { status, stdout } = script('test', '--list', 'client', 'native');
  assert.equal(status, 0);
  assert.match(stdout, /^native +cargo test --locked --features edge -- --nocapture$/m);
  assert.match(stdout, /^client +node --import tsx --test .*tests\/client\/client\.test\.mts/m);
  const refused = script('test', 'nonsense');
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /^wxauth: there is no suite "nonsense": rustfmt, /);
});

test('every npm script and suite that a workflow runs exists', () => {
  let seen = 0;
  for (const file of readdirSync(at('.github/workflows'))) {
    const text = readFileSync(at('.github/workflows', file), 'utf8');
    for (const [, name = '', args = ''] of text.matchAll(/run: npm (?:run )?(test|[\w:-]+)(?: -- (.*))?$/gm)) {
      if (name === 'publish') continue;
      seen += 1;
      assert.ok(Object.hasOwn(commands, name), `${file}: ${name}`);
      if (name !== 'test') continue;
      const { status, stderr } = script('test', '--list', ...args.split(' '));
      assert.equal(status, 0, stderr);
    }
  }
  assert.ok(seen > 8, `${seen} commands`);
});
