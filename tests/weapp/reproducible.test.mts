// The build is reproducible: another folder, HOME and CARGO_HOME give the same bytes.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { at } from '../../scripts/shell.mts';
import { built } from '../built.mts';

const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

test('the client wasm is the same from another folder, HOME and CARGO_HOME', () => {
  const home = mkdtempSync(join(tmpdir(), 'wxauth another home '));
  const checkout = join(home, 'some where else');
  try {
    mkdirSync(checkout);
    for (const part of ['Cargo.toml', 'Cargo.lock', 'build.rs', 'src', 'scripts', 'package.json'])
      cpSync(at(part), join(checkout, part), { recursive: true });
    for (const part of ['node_modules', '.tools']) symlinkSync(at(part), join(checkout, part));
    const build =
      "import { buildCore } from './scripts/build/wasm.mts'; await buildCore({ feature: 'client', out: 'out' });";
    const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', build], {
      cwd: checkout,
      encoding: 'utf8',
      env: {
        ...process.env,
        HOME: home,
        CARGO_HOME: join(home, 'cargo'),
        RUSTUP_HOME: process.env.RUSTUP_HOME ?? join(homedir(), '.rustup'),
      },
    });
    assert.equal(status, 0, stderr);
    assert.equal(sha256(join(checkout, 'out/core.wasm')), sha256(built('weapp-check/wxauth.wasm')));
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
