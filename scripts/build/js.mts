// The JavaScript of every entry, by esbuild over hand-written files.
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { type BuildOptions, build } from 'esbuild';
import { at } from '../shell.mts';
import { buildFallback } from './wasm.mts';

export const core = (feature: 'client' | 'node'): string => at('target', 'core', feature);
const dist = (...parts: string[]): string => at('dist', ...parts);

function fresh(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}

const bundle = (feature: 'client' | 'node', options: BuildOptions): Promise<unknown> =>
  build({
    bundle: true,
    minify: true,
    logLevel: 'warning',
    alias: { 'wxauth-core': join(core(feature), 'core_bg.js') },
    ...options,
  });

/** Writes one .d.ts per entry. It contains the types that tsify generates from Rust. */
async function types(entries: Array<[source: string, out: string]>): Promise<void> {
  const { generateDtsBundle } = await import('dts-bundle-generator');
  const config = { preferredConfigPath: at('tsconfig.json') };
  const declarations = generateDtsBundle(
    entries.map(([source]) => ({ filePath: at(source), output: { noBanner: true, exportReferencedTypes: false } })),
    config,
  );
  for (const [index, [, out]] of entries.entries()) {
    // The TypeScript libraries of mini programs do not declare Symbol.dispose.
    writeFileSync(out, (declarations[index] as string).replace(/^\s*\[Symbol\.dispose\]\(\): void;\n/gm, ''));
  }
}

/** dist/weapp has what ships in a mini program; dist/weapp-check has its wasm uncompressed, for checks. */
export async function buildWeapp(): Promise<void> {
  fresh(dist('weapp'));
  fresh(dist('weapp-check'));
  const wasm = readFileSync(join(core('client'), 'core.wasm'));
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
  writeFileSync(dist('weapp', 'wxauth.wasm.br'), brotliCompressSync(wasm, quality));
  writeFileSync(dist('weapp-check', 'wxauth.wasm'), wasm);

  const raw = at('target', 'core', 'fallback.js');
  buildFallback(join(core('client'), 'core.wasm'), raw);
  const phone: BuildOptions = { format: 'cjs', target: 'es2017' };
  await bundle('client', { ...phone, entryPoints: [raw], outfile: dist('weapp', 'fallback.js') });
  await bundle('client', {
    ...phone,
    entryPoints: [at('js/entries/weapp.ts')],
    outfile: dist('weapp', 'index.js'),
    // WeChat's compiler reads the map and does not package it.
    sourcemap: true,
    inject: [at('js/engine/codec.ts')],
    external: ['./fallback.js'],
  });
  // A separate file: only programs that show the texts carry them.
  await bundle('client', {
    ...phone,
    entryPoints: [at('js/entries/errors.ts')],
    outfile: dist('weapp', 'errors.js'),
    charset: 'utf8',
  });
}

export async function buildWeb(): Promise<void> {
  fresh(dist('web'));
  copyFileSync(join(core('client'), 'core.wasm'), dist('web', 'wxauth.wasm'));
  await bundle('client', {
    format: 'esm',
    target: 'es2020',
    entryPoints: [at('js/entries/web.ts')],
    outfile: dist('web', 'index.mjs'),
    sourcemap: true,
  });
}

export async function buildNode(): Promise<void> {
  fresh(dist('node'));
  fresh(dist('errors'));
  copyFileSync(join(core('node'), 'core.wasm'), dist('node', 'wxauth.wasm'));
  const node: BuildOptions = { platform: 'node', target: 'node20', minify: false };
  const entry: BuildOptions = { ...node, entryPoints: [at('js/entries/node.ts')] };
  await bundle('node', { ...entry, format: 'esm', outfile: dist('node', 'index.mjs') });
  // CommonJS has __dirname, so `import.meta` is not read.
  await bundle('node', {
    ...entry,
    format: 'cjs',
    outfile: dist('node', 'index.cjs'),
    logOverride: { 'empty-import-meta': 'silent' },
  });
  // workerd does not compile wasm at run time; it imports the module.
  await bundle('node', {
    ...entry,
    format: 'esm',
    platform: 'neutral',
    outfile: dist('node', 'workerd.mjs'),
    external: ['./wxauth.wasm'],
    plugins: [
      {
        name: 'workerd',
        setup: ({ onResolve }) =>
          onResolve({ filter: /engine\/node-module\.js$/ }, () => ({ path: at('js/engine/workerd-module.ts') })),
      },
    ],
  });
  await bundle('node', {
    ...node,
    format: 'esm',
    entryPoints: [at('js/entries/errors.ts')],
    outfile: dist('errors', 'index.mjs'),
  });
}

const SIM_ENTRIES = {
  index: at('js/entries/sim.ts'),
  server: at('js/entries/sim-server.ts'),
  cli: at('js/entries/sim-cli.ts'),
};

/** The simulator: one entry for any platform and two for Node, with their common code in a chunk. */
export async function buildSim(): Promise<void> {
  fresh(dist('sim'));
  await build({
    bundle: true,
    logLevel: 'warning',
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    external: ['node:*'],
    splitting: true,
    entryPoints: SIM_ENTRIES,
    outdir: dist('sim'),
    outExtension: { '.js': '.mjs' },
  });
  chmodSync(dist('sim', 'cli.mjs'), 0o755);
  // CommonJS, for jest and other programs that use `require`.
  await build({
    bundle: true,
    logLevel: 'warning',
    format: 'cjs',
    target: 'node20',
    platform: 'node',
    entryPoints: { index: SIM_ENTRIES.index, server: SIM_ENTRIES.server },
    outdir: dist('sim'),
    outExtension: { '.js': '.cjs' },
  });
}

/** The playground, which `npm start` serves on the edge's origin. */
export async function buildPlayground(): Promise<void> {
  fresh(dist('www'));
  await build({
    bundle: true,
    minify: true,
    logLevel: 'warning',
    format: 'esm',
    target: 'es2022',
    entryPoints: [at('www/app.ts'), at('www/site.ts')],
    outdir: dist('www'),
    // The playground runs the built web entry, as a page does.
    alias: { 'wxauth/web': dist('web', 'index.mjs') },
  });
  for (const file of ['index.html', 'site.html', 'app.css']) copyFileSync(at('www', file), dist('www', file));
  copyFileSync(at('node_modules/weui/dist/style/weui.min.css'), dist('www', 'weui.css'));
  copyFileSync(dist('web', 'wxauth.wasm'), dist('www', 'wxauth.wasm'));
  // For the page's console: import('/wxauth-web.mjs').
  copyFileSync(dist('web', 'index.mjs'), dist('www', 'wxauth-web.mjs'));
}

export function buildTypes(): Promise<void> {
  return types([
    ['js/entries/index.ts', dist('index.d.ts')],
    ['js/entries/weapp.ts', dist('weapp', 'index.d.ts')],
    ['js/entries/web.ts', dist('web', 'index.d.ts')],
    ['js/entries/node.ts', dist('node', 'index.d.ts')],
    ['js/entries/sim.ts', dist('sim', 'index.d.ts')],
    ['js/entries/sim-server.ts', dist('sim', 'server.d.ts')],
    ['js/entries/errors.ts', dist('errors', 'index.d.ts')],
    ['js/entries/errors.ts', dist('weapp', 'errors.d.ts')],
  ]);
}
