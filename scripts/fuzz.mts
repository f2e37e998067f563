// `npm run fuzz`: runs each target of `cargo fuzz list` under libFuzzer, beginning with the committed seeds.
// `npm run fuzz -- --seconds 600 jwt config` runs these two for ten minutes each.
import { mkdirSync } from 'node:fs';
import { at, capture, run, tool, UsageError } from './shell.mts';

export function fuzz(targets: string[], duration: string | boolean = '60'): void {
  const seconds = Number(duration);
  const all = capture(tool('cargo-fuzz'), ['list'])?.split('\n') ?? [];
  const unknown = targets.find((name) => !all.includes(name));
  if (unknown !== undefined) throw new UsageError(`${unknown} is not a fuzz target; there are ${all.join(', ')}.`, 2);
  for (const target of targets.length > 0 ? targets : all) {
    console.log(`[fuzz] ${target}, ${seconds} s`);
    const corpus = at('fuzz', 'corpus', target);
    mkdirSync(corpus, { recursive: true });
    const limits = [`-max_total_time=${seconds}`, '-max_len=4096', '-timeout=10', '-print_final_stats=1'];
    // Coverage is a nightly flag of a stable compiler. No sanitizer: the crate denies unsafe code.
    const command = ['run', '--sanitizer', 'none', target, corpus, at('fuzz', 'seeds', target), '--', ...limits];
    run(tool('cargo-fuzz'), command, { env: { RUSTC_BOOTSTRAP: '1' } });
  }
}
