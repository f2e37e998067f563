// The entry of every npm script. Plain JavaScript, because nothing is installed yet: answers `--help` and wrong
// usage, installs the pinned npm packages where they are missing, then runs scripts/cli.mts.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

function fail(message, status = 1) {
  console.error(`wxauth: ${message}`);
  process.exit(status);
}

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 12)) {
  fail(`Node ${process.versions.node} is too old; install Node 20.12 or newer.`);
}

const { commands, help, overview, parse } = await import('./commands.mjs');
const [name = '--help', ...args] = process.argv.slice(2);
if (name === '--help' || name === '-h') {
  console.log(overview());
  process.exit(0);
}
if (!Object.hasOwn(commands, name)) fail(`there is no command "${name}".\n\n${overview()}`, 2);
const parsed = parse(name, args);
if ('help' in parsed) {
  console.log(help(name));
  process.exit(0);
}
if ('mistake' in parsed) fail(`${parsed.mistake}.\n\n${help(name)}`, 2);

const started = Date.now();
const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');
const stamp = join(root, 'node_modules', '.wxauth-lock');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  console.error('preparing: installing npm packages (about 460 MB on disk)');
  const log = join('target', 'logs', 'npm-packages.log');
  mkdirSync(join(root, 'target', 'logs'), { recursive: true });
  const file = openSync(join(root, log), 'w');
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', file, file],
  });
  if (npm.status !== 0) {
    const tail = readFileSync(join(root, log), 'utf8').trimEnd().split('\n').slice(-20).join('\n');
    fail(`npm ci failed. The last lines of ${log}:\n${tail}`);
  }
  writeFileSync(stamp, lock);
}

// In this process, so that a signal to it ends all of the command.
const { register } = await import('tsx/esm/api');
register();
const { main } = await import('./cli.mts');
await main(name, parsed, started);
