// The Worker: worker-build compiles src/edge and makes the module workerd loads.
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { at, npmBin, run, tool } from '../shell.mts';

/** Where a request spends its time; 2 KB of the bundle. The client, which has some of them, is built for size alone. */
const FAST = ['aes', 'aes-gcm', 'ghash', 'polyval', 'sha2', 'serde_json', 'js-sys', 'wasm-bindgen-futures'];

export function buildEdge(out: string): void {
  // worker-build writes ./build; it would download these three tools if they were not named.
  const fast = FAST.flatMap((crate) => ['--config', `profile.release.package.${crate}.opt-level=3`]);
  run(tool('worker-build'), ['--release', '--features', 'edge', '--locked', ...fast], {
    env: {
      CARGO_TARGET_DIR: at('target', 'edge'),
      WASM_BINDGEN_BIN: tool('wasm-bindgen'),
      WASM_OPT_BIN: npmBin('wasm-opt'),
      ESBUILD_BIN: npmBin('esbuild'),
      // Names would be 30 KB of the bundle.
      CARGO_PROFILE_RELEASE_STRIP: 'true',
    },
  });
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  for (const name of ['index.js', 'index_bg.wasm']) cpSync(at('build', name), `${out}/${name}`);
  rmSync(at('build'), { recursive: true });
}
