// `npm test`: every suite, one after the other, and one closing line over all of them.
// `npm test -- edge weapp` runs the suites of those names.
import { relative } from 'node:path';
import { find } from './setup.mts';
import { at, files, npmBin, root, tool, watch } from './shell.mts';

interface Suite {
  name: string;
  program: string;
  args: string[];
  env?: Record<string, string>;
  /** A check has no tests of its own and counts as one. */
  check?: true;
}

/** `node --test` over one folder's files. */
function node(name: string, folder: string): Suite {
  const tests = files([at(folder)])
    .filter((file) => file.endsWith('.test.mts'))
    .map((file) => relative(root, file));
  const args = ['--import', 'tsx', '--test', '--test-reporter=tap', '--test-concurrency=1', '--test-timeout=600000'];
  return { name, program: process.execPath, args: [...args, ...tests] };
}

/** The pure core's vectors on a wasm target, through wasm-pack. */
function wasmPack(name: string, args: string[]): Suite {
  return {
    name,
    program: tool('wasm-pack'),
    args: ['test', ...args, '--', '--test', 'wechat', '--target-dir', at('target', 'wasm-pack')],
    env: {
      PATH: `${at('.tools', 'bin')}:${process.env.PATH}`,
      WASM_BINDGEN_TEST_RUNNER: tool('wasm-bindgen-test-runner'),
      ...(args.includes('--headless') ? { WASM_BINDGEN_USE_BROWSER: '1' } : {}),
    },
  };
}

function suites(): Suite[] {
  const cargo = (name: string, args: string[], check?: true): Suite => ({
    name,
    program: 'cargo',
    args,
    ...(check ? { check } : {}),
  });
  const check = (name: string, program: string, args: string[]): Suite => ({ name, program, args, check: true });
  const clippy = ['clippy', '--locked', '--all-targets'];
  const wasm = ['--target', 'wasm32-unknown-unknown'];
  const strict = ['--', '-D', 'warnings'];
  return [
    cargo('rustfmt', ['fmt', '--check'], true),
    cargo('clippy core', [...clippy, '--features', 'edge', ...strict], true),
    cargo('clippy client', ['clippy', '--locked', '--features', 'node', ...wasm, ...strict], true),
    cargo('clippy edge', ['clippy', '--locked', '--features', 'edge', ...wasm, ...strict], true),
    check('tsc', npmBin('tsc'), ['--project', '.']),
    check('wx types', npmBin('tsc'), ['--project', 'tests/types']),
    check('biome', npmBin('biome'), ['check', '--error-on-warnings', '.']),
    // What the model checker counted is printed.
    cargo('native', ['test', '--locked', '--features', 'edge', '--', '--nocapture']),
    wasmPack('wasm node', ['--node']),
    wasmPack('wasm chromium', ['--headless', '--chrome', '--chromedriver', find('ChromeDriver')]),
    node('sim', 'tests/sim'),
    node('foreign', 'tests/foreign'),
    node('node', 'tests/node'),
    node('client', 'tests/client'),
    node('edge', 'tests/edge'),
    node('load', 'tests/load'),
    node('weapp', 'tests/weapp'),
    node('packaging', 'tests/packaging'),
    node('browser', 'tests/browser'),
  ];
}

/** Passed and failed tests, by the runners' own closing lines. */
function count(output: string): { passed: number; failed: number } {
  const sum = (pattern: RegExp) => [...output.matchAll(pattern)].reduce((total, [, n]) => total + Number(n), 0);
  return {
    passed: sum(/^test result: .*?(\d+) passed/gm) + sum(/^# pass (\d+)$/gm),
    failed: sum(/^test result: .*?(\d+) failed/gm) + sum(/^# fail (\d+)$/gm) + sum(/^# cancelled (\d+)$/gm),
  };
}

export async function test(only: string[]): Promise<number> {
  const chosen = suites().filter(({ name }) => only.length === 0 || only.some((word) => name.startsWith(word)));
  let passed = 0;
  let failed = 0;
  const broken: string[] = [];
  for (const { name, program, args, env, check } of chosen) {
    console.log(`\n── ${name}`);
    const { status, output } = await watch(program, args, env ? { env } : {});
    const ran = check ? { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1 } : count(output);
    // A suite that failed before any test did, or ran none, has failed.
    const silent = ran.failed === 0 && (status !== 0 || ran.passed === 0);
    passed += ran.passed;
    failed += ran.failed + (silent ? 1 : 0);
    if (ran.failed > 0 || silent) broken.push(name);
  }
  console.log(broken.length ? `\nfailed suites: ${broken.join(', ')}` : '');
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && chosen.length > 0 ? 0 : 1;
}
