// The shipped module uses only WebAssembly MVP and mutable globals, which every phone accepts. The parser is independent
// of binaryen, which produces the module.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { test } from 'node:test';
import { brotliDecompressSync } from 'node:zlib';
import { at } from '../../scripts/shell.mts';
import { built } from '../built.mts';
import { parseModule } from './wasm.mts';

const wasm = readFileSync(built('weapp-check/wxauth.wasm'));
const module = parseModule(wasm);

test('the checked module is the shipped module', () => {
  const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  assert.equal(hash(brotliDecompressSync(readFileSync(built('weapp/wxauth.wasm.br')))), hash(wasm));
});

test('every opcode belongs to the MVP, and memory never grows', () => {
  // The parser throws on an opcode that the MVP does not have; the counts show that it read a real module.
  assert.ok(module.opcodes.get(0x10), 'calls were seen');
  assert.ok((module.instructions ?? 0) > 10_000);
  assert.equal(module.opcodes.get(0x40), undefined, 'memory.grow');
});

test('one table, one memory of fixed size, no passive data or elements', () => {
  assert.equal(module.tables, 1);
  assert.deepEqual(module.memories, [{ min: 16, max: 16 }]);
  assert.equal(module.passiveSegments, 0);
});

test('no exported Global, no externref, no i64 in the signatures of imports and exports', () => {
  assert.deepEqual(
    module.exports.filter(({ kind }) => kind === 'global'),
    [],
  );
  const border = [...module.imports, ...module.exports].filter(({ kind }) => kind === 'function');
  assert.ok(border.length > 30);
  for (const { name, signature } of border) {
    assert.ok(!signature?.includes('i64'), `${name} has i64`);
    assert.ok(
      signature?.every((type) => ['i32', 'f32', 'f64'].includes(type)),
      `${name}: ${signature}`,
    );
  }
});

test('the module contains no absolute path', () => {
  const text = wasm.toString('latin1');
  for (const path of [at(), homedir(), '/home/', '/Users/', '/root/', '.cargo/']) {
    assert.ok(!text.includes(path), path);
  }
});

test('the shipped files contain no name of a secret, no WeChat server and no API that phones lack', () => {
  const shipped = ['index.js', 'fallback.js'].map((file) => readFileSync(built('weapp', file), 'latin1')).join();
  for (const word of ['api.weixin.qq.com', 'session_key=', 'secret=', 'TextDecoder(', 'import.meta', 'eval(']) {
    assert.ok(!(shipped + wasm.toString('latin1')).includes(word), word);
  }
});
