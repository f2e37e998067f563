// `npm run fuzz`: runs each target of `cargo fuzz list` under libFuzzer, beginning with the committed seeds.
// `npm run fuzz -- --seconds 600 jwt config` runs these two for ten minutes each.
import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { at, capture, run, Sorry, tool } from './shell.mts';

export function fuzz(args: string[]): void {
  const { values, positionals } = parseArgs({
    args,
    options: { seconds: { type: 'string', default: '60' } },
    allowPositionals: true,
  });
  const seconds = Number(values.seconds);
  if (!(seconds > 0)) throw new Sorry(`--seconds ${values.seconds} is not a number above 0`);
  const all = capture(tool('cargo-fuzz'), ['list'])?.split('\n') ?? [];
  const unknown = positionals.find((name) => !all.includes(name));
  if (unknown !== undefined) throw new Sorry(`${unknown} is not a fuzz target; there are ${all.join(', ')}`);
  for (const target of positionals.length > 0 ? positionals : all) {
    console.log(`[fuzz] ${target}, ${seconds} s`);
    const corpus = at('fuzz', 'corpus', target);
    mkdirSync(corpus, { recursive: true });
    const limits = [`-max_total_time=${seconds}`, '-max_len=4096', '-timeout=10', '-print_final_stats=1'];
    // Coverage is a nightly flag of a stable compiler. No sanitizer: the crate denies unsafe code.
    const command = ['run', '--sanitizer', 'none', target, corpus, at('fuzz', 'seeds', target), '--', ...limits];
    run(tool('cargo-fuzz'), command, { env: { RUSTC_BOOTSTRAP: '1' } });
  }
}
