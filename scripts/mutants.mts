// `npm run mutants`: changes the code in small ways, one at a time, and reports the changes that no test notices.
// .cargo/mutants.toml has the settings of both parts.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { relative } from 'node:path';
import { at, root, tool, UsageError } from './shell.mts';

/** Per part, the files to change and the arguments of cargo that choose the tests. */
const PARTS: Record<string, { files: string[]; cargo: string[] }> = {
  // The edge's unit tests cover what `src/wechat` has for the edge alone.
  core: {
    files: ['src/wechat/**', 'src/machine/**', 'src/edge_code.rs'],
    cargo: ['--features=edge', '--lib', '--test=machine', '--test=wechat'],
  },
  edge: { files: ['src/edge/**'], cargo: ['--features=edge', '--lib'] },
};

/** Simulations and measurements take minutes per mutant and notice hardly more than the other tests. */
const SKIPPED = ['interleavings', 'races', 'scale', 'the_table_of_guesses'].flatMap((name) => ['--skip', name]);

const ENVIRONMENT = { CARGO_PROFILE_TEST_DEBUG: '0', PROPTEST_CASES: '30', PROPTEST_MAX_SHRINK_ITERS: '0' };

/** The exit status of cargo-mutants when it ran and mutants were missed. */
const MISSED = 2;

export function mutants(args: string[]): void {
  const [first = '', ...rest] = args;
  const known = Object.hasOwn(PARTS, first);
  const missed = (known ? [first] : Object.keys(PARTS)).filter((name) => !allCaught(name, known ? rest : args));
  if (missed.length > 0) {
    const reports = missed.map((name) => relative(root, at(folder(name), 'mutants.out', 'missed.txt')));
    throw new UsageError(`No test notices the mutants of ${reports.join(' and ')}.`);
  }
}

const folder = (part: string): string => `target/mutants/${part}`;

function allCaught(name: string, args: string[]): boolean {
  const { files, cargo } = PARTS[name] as (typeof PARTS)[string];
  const chosen = args.some((arg) => /^(-f|--file)\b/.test(arg)) ? [] : files.flatMap((file) => ['--file', file]);
  mkdirSync(at(folder(name)), { recursive: true });
  const { status } = spawnSync(
    tool('cargo-mutants'),
    [
      'mutants',
      ...chosen,
      ...['--locked', ...cargo].map((arg) => `--cargo-arg=${arg}`),
      ...['--output', at(folder(name))],
      ...args,
      ...['--', '--', ...SKIPPED],
    ],
    { cwd: root, env: { ...process.env, ...ENVIRONMENT }, stdio: 'inherit' },
  );
  if (status === 0) return true;
  if (status === MISSED) return false;
  throw new UsageError(`cargo-mutants failed (exit ${status}).`);
}
