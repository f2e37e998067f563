// `npm pack` in a copy of the package: scripts/prepack.mjs refuses a `dist` that must not be published.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { at } from '../../scripts/shell.mts';

const copy = mkdtempSync(join(tmpdir(), 'wxauth-prepack-'));
const PARTS = ['Cargo.lock', 'Cargo.toml', 'build.rs', 'package.json', 'package-lock.json', 'rust-toolchain.toml'];
for (const part of [...PARTS, 'dist', 'js', 'scripts', 'src', 'LICENSE', 'LICENSE-APACHE', 'LICENSE-MIT'])
  cpSync(at(part), join(copy, part), { recursive: true });
after(() => rmSync(copy, { recursive: true }));

/** Runs `npm pack`; returns its exit status and the sentence of prepack.mjs. */
function pack(): { status: number | null; sentence: string | undefined } {
  const { status, stderr } = spawnSync('npm', ['pack', '--dry-run'], { cwd: copy, encoding: 'utf8' });
  return { status, sentence: stderr.split('\n').find((line) => line.startsWith('wxauth: ')) };
}

/** Runs `change` on a file of the copy, then puts the file back. */
function altered(
  file: string,
  change: (path: string) => void,
): { status: number | null; sentence: string | undefined } {
  const path = join(copy, file);
  const content = readFileSync(path);
  try {
    change(path);
    return pack();
  } finally {
    writeFileSync(path, content);
  }
}

test('a complete dist of the current sources is packed', () => {
  assert.deepEqual(pack(), { status: 0, sentence: undefined });
});

test('a dist without one of its files is refused', () => {
  for (const file of ['dist/weapp/fallback.js', 'dist/node/workerd.mjs', 'dist/sim/cli.mjs', 'dist/index.d.ts']) {
    const { status, sentence } = altered(file, (path) => rmSync(path));
    assert.notEqual(status, 0, file);
    assert.equal(sentence, `wxauth: ${file} missing; \`npm run build\` first.`);
  }
});

test('a dist that is older than the sources is refused', () => {
  for (const file of ['src/lib.rs', 'js/entries/errors.ts', 'Cargo.lock']) {
    const { status, sentence } = altered(file, (path) => appendFileSync(path, '\n'));
    assert.notEqual(status, 0, file);
    assert.equal(sentence, 'wxauth: dist was built from other sources; `npm run build` first.');
  }
});

test('versions that differ between package.json and Cargo.toml are refused', () => {
  const { status, sentence } = altered('package.json', (path) =>
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"version": "[^"]+"/, '"version": "9.9.9"')),
  );
  assert.notEqual(status, 0);
  assert.match(sentence ?? '', /^wxauth: package\.json has version 9\.9\.9, Cargo\.toml /);
});
