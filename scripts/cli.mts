// The npm scripts. Each sets up what it needs, builds what changed, and goes on.
import { buildAll, buildForServe, buildForStart } from './build/index.mts';
import { writeSizes } from './build/sizes.mts';
import { writeErrors } from './docs.mts';
import { fuzz } from './fuzz.mts';
import { printKeys } from './keys.mts';
import { setupBench, setupBuild, setupFuzz, setupPackaging, setupTest } from './setup.mts';
import { npmBin, run, Sorry } from './shell.mts';

const commands: Record<string, () => void | Promise<void>> = {
  async start() {
    setupBuild();
    await buildForStart();
    await (await import('./start.mts')).start();
  },
  async build() {
    setupBuild();
    await buildAll();
    writeSizes();
  },
  async test() {
    await setupTest();
    // tsc checks bench/, too.
    await setupBench();
    await buildAll();
    writeSizes();
    process.exitCode = await (await import('./test.mts')).test(process.argv.slice(3));
  },
  async 'check:weapp'() {
    setupBuild();
    await setupPackaging();
    await buildAll();
    for (const line of await (await import('./check-weapp.mts')).checkWeapp()) console.log(line);
    // WeChat's compiler leaves workers behind.
    process.exit(0);
  },
  async bench() {
    await setupTest();
    await setupBench();
    await buildAll();
    await (await import('../bench/index.mts')).bench(process.argv.includes('--json'));
  },
  async examples() {
    setupBuild();
    await setupPackaging();
    await buildAll();
    await (await import('./examples.mts')).examples();
    process.exit(0);
  },
  async races() {
    setupBuild();
    await setupBench();
    await buildAll();
    await (await import('../bench/races/index.mts')).races(process.argv.includes('--json'));
  },
  async load() {
    await setupTest();
    await buildAll();
    await (await import('./load.mts')).printLoad(Number(process.argv[3] ?? 60));
  },
  'kv-races'() {
    const table = ['--lib', 'kv_races_table', '--', '--include-ignored', '--nocapture'];
    run('cargo', ['test', '--release', '--locked', '--features', 'edge', ...table]);
  },
  async fuzz() {
    setupFuzz();
    fuzz(process.argv.slice(3));
  },
  async serve() {
    await buildForServe();
    await (await import('./serve.mts')).serve();
  },
  async 'deploy:check'() {
    setupBuild();
    await buildAll();
    await (await import('./deploy-check.mts')).deployCheck(process.argv.slice(3));
  },
  keys: () => printKeys(process.argv.slice(3)),
  docs() {
    writeErrors();
    // The OpenAPI document comes out of the Rust types.
    run('cargo', ['test', '--locked', '--features', 'edge', '--lib', 'openapi'], { env: { WRITE_DOCS: '1' } });
  },
  format() {
    run('cargo', ['fmt']);
    run(npmBin('biome'), ['check', '--write', '.']);
  },
};

const name = process.argv[2] ?? '';
const command = commands[name];
try {
  if (!command) throw new Sorry(`no such command: ${name}. There are ${Object.keys(commands).join(', ')}.`);
  await command();
} catch (error) {
  if (!(error instanceof Sorry)) throw error;
  console.error(`wxauth: ${error.message}`);
  process.exit(1);
}
