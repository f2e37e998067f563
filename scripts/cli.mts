// Runs each npm script: installs what it needs, builds what changed, then performs its own task.
import { buildAll, buildForServe, buildForStart } from './build/index.mts';
import { writeSizes } from './build/sizes.mts';
import type { Parsed } from './commands.mjs';
import { writeErrors } from './docs.mts';
import { fuzz } from './fuzz.mts';
import { type Kind, printKeys } from './keys.mts';
import { mutants } from './mutants.mts';
import { Progress, type Step } from './progress.mts';
import { setupBench, setupDeny, setupFuzz, setupMutants, setupPackaging, setupRust } from './setup.mts';
import { npmBin, run, tool, UsageError } from './shell.mts';

type Command = (parsed: Parsed, started: number) => void | Promise<void>;

/** Does the steps, then the task. */
function after(steps: () => Step[], task: (parsed: Parsed) => void | Promise<void>): Command {
  return async (parsed, started) => {
    const needed = steps();
    await new Progress(needed.length, started).perform(needed);
    await task(parsed);
  };
}

// Modules that load slowly are imported by the command that uses them.
const commands: Record<string, Command> = {
  start: after(buildForStart, async () => (await import('./start.mts')).start()),
  build: after(buildAll, () => writeSizes(true)),
  async test({ values, positionals }, started) {
    const { list, test } = await import('./test.mts');
    if (values.list) list(positionals);
    else process.exitCode = await test(positionals, started);
  },
  'check:weapp': after(
    () => [...setupPackaging(), ...buildAll()],
    async () => {
      for (const line of await (await import('./check-weapp.mts')).checkWeapp()) console.log(line);
      // WeChat's compiler leaves workers behind.
      process.exit(0);
    },
  ),
  bench: after(
    () => [...setupBench(), ...buildAll()],
    async ({ values }) => (await import('../bench/index.mts')).bench(Boolean(values.json)),
  ),
  examples: after(
    () => [...setupPackaging(), ...buildAll()],
    async () => {
      await (await import('./examples.mts')).examples();
      process.exit(0);
    },
  ),
  races: after(
    () => [...setupBench(), ...buildAll()],
    async ({ values }) => (await import('../bench/races/index.mts')).races(Boolean(values.json)),
  ),
  load: after(buildAll, async ({ positionals: [seconds] }) => (await import('./load.mts')).printLoad(seconds)),
  'kv-races': after(setupRust, () => {
    const table = ['--lib', 'kv_races_table', '--', '--include-ignored', '--nocapture'];
    run('cargo', ['test', '--release', '--locked', '--features', 'edge', ...table]);
  }),
  fuzz: after(setupFuzz, ({ values, positionals }) => fuzz(positionals, values.seconds)),
  mutants: after(setupMutants, ({ positionals }) => mutants(positionals)),
  serve: after(buildForServe, async () => (await import('./serve.mts')).serve()),
  'deploy:check': after(buildAll, async ({ values }) => (await import('./deploy-check.mts')).deployCheck(values)),
  keys: ({ positionals: [kind] }) => printKeys(kind as Kind | undefined),
  docs: after(setupRust, () => {
    writeErrors();
    // The OpenAPI document is generated from the Rust types.
    run('cargo', ['test', '--locked', '--features', 'edge', '--lib', 'openapi'], { env: { WRITE_DOCS: '1' } });
  }),
  advisories: after(setupDeny, () => run(tool('cargo-deny'), ['--locked', 'check', 'advisories'])),
  format: after(setupRust, () => {
    run('cargo', ['fmt']);
    run(npmBin('biome'), ['check', '--write', '.']);
  }),
};

/** Runs the command `name` of commands.mjs. `started` is when the process began, in ms. */
export async function main(name: string, parsed: Parsed, started: number): Promise<void> {
  try {
    await (commands[name] as Command)(parsed, started);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`wxauth: ${error.message}`);
    process.exit(error.status);
  }
}
