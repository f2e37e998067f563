// The client's wasm, for phones, pages and Node. docs/weapp-build.md describes the chain; each step exists because a
// phone refused a module without it.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { at, capture, npmBin, run, tool, UsageError } from '../shell.mts';

/** The features that rustc 1.95 and its prebuilt std use. */
const EMITTED = [
  'bulk-memory',
  'bulk-memory-opt',
  'sign-ext',
  'nontrapping-float-to-int',
  'mutable-globals',
  'multivalue',
  'reference-types',
  'call-indirect-overlong',
].map((feature) => `--enable-${feature}`);
/** The MVP, and mutable globals for the stack pointer. */
const PHONE = ['--mvp-features', '--enable-mutable-globals'];
const LOWER = [
  ...PHONE,
  '--enable-bulk-memory',
  '--enable-bulk-memory-opt',
  '--enable-sign-ext',
  '--enable-nontrapping-float-to-int',
  '--llvm-memory-copy-fill-lowering',
  '--signext-lowering',
  '--llvm-nontrapping-fptoint-lowering',
  '-Oz',
  '--converge',
  '--strip-debug',
  '--strip-producers',
  '--strip-target-features',
];
/** 1 MiB, without growth: see src/client/arena.rs. */
const MEMORY_BYTES = 1 << 20;
const STACK_BYTES = 1 << 16;

export interface CoreBuild {
  /** Cargo feature: `client` or `node`. */
  feature: 'client' | 'node';
  /** Folder for `core.wasm`, `core_bg.js` and `core.d.ts`. */
  out: string;
}

/** Flags that keep the paths of the building machine out of the module. */
function rustflags(): string {
  const sysroot = capture('rustc', ['--print', 'sysroot']);
  const hash = capture('rustc', ['-vV'])?.match(/commit-hash: (\w+)/)?.[1];
  if (!sysroot || !hash) throw new UsageError('rustc is missing; install rustup (https://rustup.rs).');
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), '.cargo');
  return [
    '-Ctarget-cpu=mvp',
    `-Clink-arg=-zstack-size=${STACK_BYTES}`,
    `-Clink-arg=--initial-memory=${MEMORY_BYTES}`,
    `-Clink-arg=--max-memory=${MEMORY_BYTES}`,
    `--remap-path-prefix=${cargoHome}=/cargo`,
    `--remap-path-prefix=${at()}=/wxauth`,
    `--remap-path-prefix=${join(sysroot, 'lib/rustlib/src/rust')}=/rustc/${hash}`,
  ].join('\x1f');
}

export async function buildCore({ feature, out }: CoreBuild): Promise<void> {
  const targetDir = at('target', 'phone');
  run(
    'cargo',
    [
      'build',
      '--locked',
      '--quiet',
      '--release',
      '--lib',
      '--target',
      'wasm32-unknown-unknown',
      '--features',
      feature,
      '--target-dir',
      targetDir,
    ],
    {
      // CARGO_ENCODED_RUSTFLAGS overrides RUSTFLAGS and allows spaces in paths.
      env: { CARGO_ENCODED_RUSTFLAGS: rustflags() },
    },
  );
  const work = join(targetDir, feature);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  mkdirSync(out, { recursive: true });
  const step = (name: string): string => join(work, name);
  const linked = join(targetDir, 'wasm32-unknown-unknown/release/wxauth.wasm');

  // Without the section target_features, wasm-bindgen does not use externref, which iOS refuses.
  run(npmBin('wasm-opt'), [...EMITTED, '--strip-target-features', linked, '-o', step('core.wasm')]);
  // The glue of the bundler target does not use import.meta, fetch or WebAssembly, which phones lack.
  run(tool('wasm-bindgen'), [
    '--target',
    'bundler',
    '--out-dir',
    step('glue'),
    '--out-name',
    'core',
    step('core.wasm'),
  ]);
  run(npmBin('wasm-opt'), [...LOWER, step('glue/core_bg.wasm'), '-o', step('lowered.wasm')]);
  run(npmBin('wasm-opt'), [...PHONE, '-Oz', step('lowered.wasm'), '-o', step('small.wasm')]);

  writeFileSync(join(out, 'core.wasm'), await withoutExportedGlobals(readFileSync(step('small.wasm'))));
  writeFileSync(join(out, 'core_bg.js'), readFileSync(step('glue/core_bg.js')));
  writeFileSync(join(out, 'core.d.ts'), readFileSync(step('glue/core.d.ts')));
}

/** wasm-bindgen always exports `__abort_handler` and `__instance_terminated`; iOS refuses any exported Global. */
async function withoutExportedGlobals(wasm: Uint8Array): Promise<Uint8Array> {
  // 10 MB of JavaScript: loaded only when it is needed.
  const { default: binaryen } = await import('binaryen');
  const module = binaryen.readBinary(wasm);
  module.setFeatures(binaryen.Features.MVP | binaryen.Features.MutableGlobals);
  const exports = Array.from({ length: module.getNumExports() }, (_, index) =>
    binaryen.getExportInfo(module.getExportByIndex(index)),
  );
  for (const { kind, name } of exports) {
    if (kind === binaryen.ExternalGlobal) module.removeExport(name);
  }
  if (!module.validate()) throw new UsageError('The lowered module does not validate as MVP plus mutable globals.');
  return module.emitBinary();
}

/** Converts the module to JavaScript, for phones where WXWebAssembly is missing or fails. */
export function buildFallback(wasm: string, out: string): void {
  run(npmBin('wasm2js'), ['-Oz', ...PHONE, '--emscripten', wasm, '-o', out]);
  writeFileSync(out, `${readFileSync(out, 'utf8')}\nexport { instantiate };\n`);
}
