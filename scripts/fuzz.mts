// `npm run fuzz`: each parser of untrusted bytes under libFuzzer, from the committed seeds on.
// `npm run fuzz -- 600` is ten minutes each, `npm run fuzz -- 60 jwt config` a minute of two.
import { readdirSync } from 'node:fs';
import { at, run, tool } from './shell.mts';

export function fuzz(args: string[]): void {
  const seconds = Number(args[0] ?? 60);
  const targets = args.length > 1 ? args.slice(1) : readdirSync(at('fuzz/seeds'));
  for (const target of targets) {
    console.log(`[fuzz] ${target}, ${seconds} s`);
    const folders = [`fuzz/corpus/${target}`, `fuzz/seeds/${target}`];
    run('mkdir', ['-p', at(folders[0] as string)]);
    const limits = [`-max_total_time=${seconds}`, '-max_len=4096', '-timeout=10', '-print_final_stats=1'];
    // Coverage needs no nightly, only its flags; there is no unsafe code for a sanitizer to watch.
    run(tool('cargo-fuzz'), ['run', '--sanitizer', 'none', 'target', ...folders, '--', ...limits], {
      env: { FUZZ_TARGET: target, RUSTC_BOOTSTRAP: '1' },
    });
  }
}
