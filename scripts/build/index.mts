// The steps of `npm run build`: fill dist/, building only what changed.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cached, type Step } from '../progress.mts';
import { setupBuild } from '../setup.mts';
import { at, root } from '../shell.mts';
import { buildEdge, writeEdgeSettings } from './edge.mts';
import { fingerprint } from './fingerprint.mjs';
import { buildNode, buildPlayground, buildSim, buildTypes, buildWeapp, buildWeb, core } from './js.mts';
import { writeSizes } from './sizes.mts';
import { buildCore } from './wasm.mts';

const HOSTS = ['client', 'edge'];
const CORE = readdirSync(at('src')).filter((name) => !HOSTS.includes(name));
const RUST = [
  'Cargo.toml',
  'Cargo.lock',
  'rust-toolchain.toml',
  'package-lock.json',
  ...CORE.map((name) => `src/${name}`),
];
const CLIENT = [...RUST, 'src/client', 'scripts/build/wasm.mts'];
const SCRIPT = ['scripts/build/js.mts', 'package-lock.json', 'tsconfig.json'];

function wasm(feature: 'client' | 'node'): Step {
  return cached({
    name: `${feature} wasm`,
    title: `compiling the ${feature === 'client' ? 'client' : 'Node client'} to wasm`,
    inputs: CLIENT,
    output: `${core(feature)}/core.wasm`,
    rust: true,
    work: () => buildCore({ feature, out: core(feature) }),
  });
}

function bundle(name: string, inputs: string[], output: string, work: () => Promise<void>): Step {
  return cached({ name, title: `bundling ${output}`, inputs: [...SCRIPT, ...inputs], output: at(output), work });
}

function edge(): Step[] {
  const settings = cached({
    name: 'edge settings',
    title: 'reading wrangler.toml',
    inputs: ['wrangler.toml', 'scripts/build/edge.mts'],
    output: at('dist/edge.json'),
    work: writeEdgeSettings,
  });
  const worker = cached({
    name: 'edge',
    title: 'compiling the edge to wasm',
    inputs: [...RUST, 'src/edge', 'build.rs', 'docs/openapi.json', 'scripts/build/edge.mts'],
    output: at('dist/edge/index.js'),
    rust: true,
    work: () => buildEdge(at('dist/edge')),
  });
  return [settings, worker];
}

/** Needed by `npm start`. */
export function buildForStart(): Step[] {
  return [
    ...setupBuild(),
    wasm('client'),
    bundle('web', ['target/core/client', 'js'], 'dist/web/index.mjs', buildWeb),
    bundle('weapp', ['target/core/client', 'js'], 'dist/weapp/index.js', buildWeapp),
    bundle(
      'playground',
      ['dist/web/index.mjs', 'dist/web/wxauth.wasm', 'www', 'js'],
      'dist/www/app.js',
      buildPlayground,
    ),
    ...edge(),
  ];
}

/** Needed by `npm run serve`. Where the edge is built already, no compiler is needed. */
export function buildForServe(): Step[] {
  const steps = edge();
  return steps.every((step) => step.isDone()) ? [] : [...setupBuild(), ...steps];
}

const record = (): string => `${JSON.stringify({ sources: fingerprint(root) })}\n`;

export function buildAll(): Step[] {
  return [
    ...buildForStart(),
    wasm('node'),
    bundle('node', ['target/core/node', 'js'], 'dist/node/index.mjs', buildNode),
    bundle('simulator', ['js/sim', 'js/entries'], 'dist/sim/index.mjs', buildSim),
    bundle('types', ['target/core/client/core.d.ts', 'js'], 'dist/weapp/index.d.ts', buildTypes),
    {
      name: 'record',
      title: 'measuring dist, and recording its sources',
      isDone: () =>
        existsSync(at('dist/sizes.json')) &&
        existsSync(at('dist/build.json')) &&
        readFileSync(at('dist/build.json'), 'utf8') === record(),
      work() {
        writeSizes();
        writeFileSync(at('dist/build.json'), record());
      },
    },
  ];
}
