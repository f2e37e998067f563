// `npm test`: runs the suites one after the other and closes with one line over all of them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { buildAll } from './build/index.mts';
import { logFile, Progress, type Step } from './progress.mts';
import {
  locate,
  setupBench,
  setupDeny,
  setupForeign,
  setupPackaging,
  setupPrograms,
  setupRust,
  setupWasmPack,
} from './setup.mts';
import { at, files, npmBin, root, tool, UsageError, watch } from './shell.mts';

interface Suite {
  name: string;
  program: string;
  args: string[];
  env?: Record<string, string>;
  /** A check has no tests of its own and counts as one. */
  check?: true;
  /** What has to be installed and built before. */
  needs: Array<() => Step[]>;
}

const browser = (): Step[] => setupPrograms(['Chromium', 'ChromeDriver']);
const engine = (): Step[] => setupPrograms(['JavaScriptCore']);
const recipes = (): Step[] => setupPrograms(['nginx', 'jq', 'Python']);

function cargo(name: string, args: string[]): Suite {
  return { name, program: 'cargo', args, needs: [setupRust] };
}

function check(name: string, program: string, args: string[], ...needs: Suite['needs']): Suite {
  return { name, program, args, check: true, needs };
}

/** `node --test` over the files of one folder. */
function node(name: string, ...needs: Suite['needs']): Suite {
  const tests = files([at('tests', name)])
    .filter((file) => file.endsWith('.test.mts'))
    .map((file) => relative(root, file));
  const args = ['--import', 'tsx', '--test', '--test-reporter=tap', '--test-concurrency=1', '--test-timeout=600000'];
  return { name, program: process.execPath, args: [...args, ...tests], needs: [buildAll, ...needs] };
}

/** The pure core on a wasm target, through wasm-pack. */
function wasmPack(name: string, args: string[], env: Record<string, string>, ...needs: Suite['needs']): Suite {
  return {
    name,
    program: tool('wasm-pack'),
    args: ['test', ...args, '--', '--test', 'wechat', '--test', 'machine', '--target-dir', at('target', 'wasm-pack')],
    env: {
      PATH: `${at('.tools', 'bin')}:${process.env.PATH}`,
      WASM_BINDGEN_TEST_RUNNER: tool('wasm-bindgen-test-runner'),
      ...env,
    },
    needs: [setupWasmPack, ...needs],
  };
}

function suites(): Suite[] {
  const clippy = ['clippy', '--locked'];
  const doc = ['doc', '--locked', '--no-deps', '--document-private-items'];
  const wasm = ['--target', 'wasm32-unknown-unknown'];
  const strict = ['--', '-D', 'warnings'];
  const rustdoc = { env: { RUSTDOCFLAGS: '-D warnings' }, check: true as const };
  return [
    check('rustfmt', 'cargo', ['fmt', '--check'], setupRust),
    check('clippy core', 'cargo', [...clippy, '--all-targets', '--features', 'edge', ...strict], setupRust),
    check('clippy client', 'cargo', [...clippy, '--features', 'node', ...wasm, ...strict], setupRust),
    check('clippy edge', 'cargo', [...clippy, '--features', 'edge', ...wasm, ...strict], setupRust),
    { ...cargo('doc core', [...doc, '--features', 'edge']), ...rustdoc },
    { ...cargo('doc edge', [...doc, '--features', 'edge', ...wasm]), ...rustdoc },
    { ...cargo('doc client', [...doc, '--features', 'node', ...wasm]), ...rustdoc },
    check('deny', tool('cargo-deny'), ['--locked', 'check', 'licenses', 'bans', 'sources'], setupDeny),
    check('tsc', npmBin('tsc'), ['--project', '.'], buildAll, setupForeign, setupPackaging, setupBench),
    check('types', npmBin('tsc'), ['--project', 'tests/types'], buildAll),
    check('typedoc', npmBin('typedoc'), [], buildAll),
    check('biome', npmBin('biome'), ['check', '--error-on-warnings', '.']),
    // Without capture, the model checker's counts are printed.
    cargo('native', ['test', '--locked', '--features', 'edge', '--', '--nocapture']),
    wasmPack('wasm node', ['--node'], {}),
    wasmPack(
      'wasm chromium',
      ['--headless', '--chrome', '--chromedriver', locate('ChromeDriver')],
      { WASM_BINDGEN_USE_BROWSER: '1' },
      browser,
    ),
    node('sim'),
    node('foreign', setupForeign),
    node('node'),
    node('client'),
    node('edge', recipes),
    node('load'),
    node('weapp', engine, browser),
    node('packaging', setupPackaging, browser),
    node('browser', browser),
  ];
}

/** The runners' own closing lines: cargo test and wasm-bindgen-test, then node's test runner. */
const PASSED = [/^test result: .*?(\d+) passed/gm, /^# pass (\d+)$/gm];
const FAILED = [/^test result: .*?(\d+) failed/gm, /^# fail (\d+)$/gm, /^# cancelled (\d+)$/gm];

function sum(patterns: RegExp[], output: string): number {
  return patterns
    .flatMap((pattern) => [...output.matchAll(pattern)])
    .reduce((total, [, number]) => total + Number(number), 0);
}

function count({ check }: Suite, status: number, output: string): { passed: number; failed: number } {
  if (check) return status === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  const passed = sum(PASSED, output);
  const failed = sum(FAILED, output);
  // A runner that stopped before its first failure, or ran nothing, has failed.
  const silent = failed === 0 && (status !== 0 || passed === 0);
  return { passed, failed: silent ? 1 : failed };
}

function choose(names: string[]): Suite[] {
  const all = suites();
  const unknown = names.find((word) => !all.some(({ name }) => name.startsWith(word)));
  if (unknown !== undefined) {
    throw new UsageError(`there is no suite "${unknown}": ${all.map(({ name }) => name).join(', ')}.`, 2);
  }
  return all.filter(({ name }) => names.length === 0 || names.some((word) => name.startsWith(word)));
}

/** Prints each suite with the command that runs it without this script. */
export function list(names: string[]): void {
  for (const { name, program, args, env } of choose(names)) {
    const variables = Object.entries(env ?? {}).map(([key, value]) => `${key}="${value}"`);
    const command = [...variables, program === process.execPath ? 'node' : program, ...args].join(' ');
    const portable = command.replaceAll(process.env.PATH as string, '$PATH').replaceAll(`${root}/`, '');
    console.log(`${name.padEnd(14)} ${portable.replace('PATH="', 'PATH="$PWD/')}`);
  }
}

/** Returns the exit status. */
export async function test(names: string[], started: number): Promise<number> {
  const chosen = choose(names);
  const steps = withoutRepetition(chosen.flatMap(({ needs }) => needs.flatMap((need) => need())));
  const progress = new Progress(steps.length + chosen.length, started);
  await progress.perform(steps);
  let passed = 0;
  let failed = 0;
  const broken: string[] = [];
  for (const suite of chosen) {
    console.log('');
    progress.begin(suite.name);
    const { status, output } = await watch(suite.program, suite.args, suite.env ? { env: suite.env } : {});
    const ran = count(suite, status, output);
    passed += ran.passed;
    failed += ran.failed;
    if (ran.failed === 0) continue;
    const log = logFile(`test ${suite.name}`);
    mkdirSync(dirname(log), { recursive: true });
    writeFileSync(log, output);
    broken.push(`${suite.name} (${relative(root, log)})`);
  }
  console.log(broken.length ? `\nfailed suites: ${broken.join(', ')}` : '');
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** Several suites need the same step; each step is named once. */
function withoutRepetition(steps: Step[]): Step[] {
  return [...new Map(steps.map((step) => [step.name, step])).values()];
}
