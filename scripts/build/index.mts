// `npm run build`: fills dist/, building only what changed.
import { writeFileSync } from 'node:fs';
import { setupBuild } from '../setup.mts';
import { at, onceFor, root } from '../shell.mts';
import { buildEdge } from './edge.mts';
import { fingerprint } from './fingerprint.mjs';
import { buildNode, buildPlayground, buildSim, buildTypes, buildWeapp, buildWeb, core } from './js.mts';
import { buildCore } from './wasm.mts';

const MANIFESTS = ['Cargo.toml', 'Cargo.lock', 'package-lock.json', 'rust-toolchain.toml'];
const RUST = [...MANIFESTS, 'src/lib.rs', 'src/wechat', 'src/machine'];
const CHAIN = ['scripts/build/wasm.mts'];
const SCRIPT = ['scripts/build/js.mts', 'package-lock.json', 'tsconfig.json'];

async function client(): Promise<void> {
  const sources = [...RUST, ...CHAIN, 'src/client'];
  await onceFor('client wasm', sources, `${core('client')}/core.wasm`, () =>
    buildCore({ feature: 'client', out: core('client') }),
  );
}

function edge(): Promise<void> {
  const sources = [...RUST, 'src/edge', 'build.rs', 'docs/openapi.json', 'scripts/build/edge.mts'];
  return onceFor('edge', sources, at('dist/edge/index.js'), () => {
    setupBuild();
    return buildEdge(at('dist/edge'));
  });
}

/** What `npm start` needs. */
export async function buildForStart(): Promise<void> {
  await client();
  await onceFor('web', [...SCRIPT, 'target/core/client', 'js'], at('dist/web/index.mjs'), buildWeb);
  await onceFor('weapp', [...SCRIPT, 'target/core/client', 'js'], at('dist/weapp/index.js'), buildWeapp);
  await onceFor(
    'playground',
    [...SCRIPT, 'dist/web/index.mjs', 'dist/web/wxauth.wasm', 'www', 'js/sim'],
    at('dist/www/app.js'),
    buildPlayground,
  );
  await edge();
}

/** What `npm run serve` needs. Where it is built already, no compiler is needed. */
export const buildForServe = edge;

export async function buildAll(): Promise<void> {
  await buildForStart();
  const sources = [...RUST, ...CHAIN, 'src/client'];
  await onceFor('node wasm', sources, `${core('node')}/core.wasm`, () =>
    buildCore({ feature: 'node', out: core('node') }),
  );
  await onceFor('node', [...SCRIPT, 'target/core/node', 'js'], at('dist/node/index.mjs'), buildNode);
  await onceFor('simulator', [...SCRIPT, 'js/sim', 'js/entries'], at('dist/sim/index.mjs'), buildSim);
  await onceFor('types', [...SCRIPT, 'target/core/client/core.d.ts', 'js'], at('dist/weapp/index.d.ts'), buildTypes);
  writeFileSync(at('dist/build.json'), `${JSON.stringify({ sources: fingerprint(root) })}\n`);
}
