// The Worker: worker-build compiles src/edge to a module, and src/edge/runtime/main.js is its entry.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import type { EdgeSettings } from '../edge.mts';
import { at, npmBin, run, tool, UsageError } from '../shell.mts';

/** Crates optimised for speed: a request spends its time in them. */
const FAST = ['aes', 'aes-gcm', 'ghash', 'polyval', 'sha2', 'serde_json', 'js-sys', 'wasm-bindgen-futures'];

export async function buildEdge(out: string): Promise<void> {
  // worker-build writes to ./build, and downloads each of the three tools that is not named.
  const fast = FAST.flatMap((crate) => ['--config', `profile.release.package.${crate}.opt-level=3`]);
  run(tool('worker-build'), ['--release', '--features', 'edge', '--locked', ...fast], {
    env: {
      CARGO_TARGET_DIR: at('target', 'edge'),
      WASM_BINDGEN_BIN: tool('wasm-bindgen'),
      WASM_OPT_BIN: npmBin('wasm-opt'),
      ESBUILD_BIN: npmBin('esbuild'),
      // Symbol names take 30 KB of the bundle.
      CARGO_PROFILE_RELEASE_STRIP: 'true',
      // Against opt-level z: 7 KB more, and 4 % less time per request.
      CARGO_PROFILE_RELEASE_OPT_LEVEL: 's',
    },
  });
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  await build({
    entryPoints: [at('src/edge/runtime/main.js')],
    outfile: `${out}/index.js`,
    alias: { 'worker-build-module': at('build/index.js') },
    external: ['./index_bg.wasm', 'cloudflare:workers'],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
  });
  cpSync(at('build/index_bg.wasm'), `${out}/index_bg.wasm`);
  rmSync(at('build'), { recursive: true });
}

/** Copies the local edge's settings from wrangler.toml: loading wrangler in each test file would take seconds. */
export async function writeEdgeSettings(): Promise<void> {
  const { unstable_readConfig: readConfig } = await import('wrangler');
  const { compatibility_date, ratelimits } = readConfig({ config: at('wrangler.toml') });
  if (!compatibility_date) throw new UsageError('wrangler.toml has no compatibility_date.');
  const settings: EdgeSettings = {
    compatibilityDate: compatibility_date,
    limits: Object.fromEntries(
      ratelimits.map(({ name, simple }: { name: string; simple: { limit: number } }) => [name, simple.limit]),
    ),
  };
  mkdirSync(at('dist'), { recursive: true });
  writeFileSync(at('dist/edge.json'), `${JSON.stringify(settings)}\n`);
}
