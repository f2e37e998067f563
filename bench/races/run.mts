// Runs one library in one race, in a process of its own: `tsx run.mts alova S1` prints the result as JSON.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender } from './contender.mts';
import { type Counts, rig } from './rig.mts';
import { scenarios } from './scenarios.mts';

export interface Result extends Counts {
  ok: number;
  rejected: number;
  /** Calls not settled 30 s after the end of the faults. */
  hung: number;
}

const PATIENCE_MS = 30_000;
const [file, id] = process.argv.slice(2);
const module = (await import(`./contenders/${file}.mts`)) as Record<string, Contender>;
const [contender] = Object.values(module);
const scenario = scenarios.find((one) => one.id === id);
if (!contender || !scenario) throw new Error(`run.mts <contender> <scenario>, not ${file} ${id}`);

// Exceptions outside of promises would only reach the phone's console.
process.on('uncaughtException', () => {});
process.on('unhandledRejection', () => {});

const made = await rig();
const app = contender.start(made);
const ends = { ok: 0, rejected: 0 };
const asked = await scenario
  .run(app, made, (other) => contender.start(other))
  .catch(() => [] as Array<Promise<unknown>>);
const settled = asked.map((promise) =>
  promise.then(
    () => {
      ends.ok += 1;
    },
    () => {
      ends.rejected += 1;
    },
  ),
);
const patience = new AbortController();
await Promise.race([Promise.all(settled), sleep(PATIENCE_MS, undefined, { signal: patience.signal })]);
patience.abort();
const { ok, rejected } = ends;
const result: Result = { ...made.counts, ok, rejected, hung: asked.length - ok - rejected };
console.log(JSON.stringify(result));
process.exit(0);
