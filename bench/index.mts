// `npm run bench`: medians over fresh processes. `-- --json` prints JSON alone. Never asserted in a test.
import { spawnSync } from 'node:child_process';
import { at } from '../scripts/shell.mts';
import { loads } from './load.mts';

const RUNS = 11;

interface Measured {
  what: string;
  median: number;
  least: number;
  most: number;
  unit: 'ms' | 'µs';
}

function request(name: string): number {
  const args = ['--import', 'tsx', at('bench/request.mts'), name];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: at(), encoding: 'utf8' });
  if (!Number(stdout)) throw new Error(`${name}: ${stderr}`);
  return Number(stdout);
}

export async function bench(json: boolean): Promise<void> {
  const requests = ['wx.request', 'wxauth', 'alova', 'wafer2-client-sdk'];
  const runs: Array<[string, Measured['unit'], () => number | Promise<number>]> = [
    ...Object.entries(await loads()).map(([what, run]) => [`load and first event, ${what}`, 'ms', run] as const),
    ...requests.map((name) => [`an authorised request, ${name}`, 'µs', () => request(name)] as const),
  ].map(([what, unit, run]) => [what, unit, run]);
  const values = new Map<string, number[]>(runs.map(([what]) => [what, []]));
  // In turns, so that what else the machine does falls on all of them.
  for (let n = 0; n < RUNS; n++) for (const [what, , run] of runs) values.get(what)?.push(await run());
  const results = runs.map(([what, unit]): Measured => {
    const sorted = (values.get(what) as number[]).sort((a, b) => a - b);
    const nth = (index: number): number => Math.round((sorted.at(index) as number) * 10) / 10;
    return { what, unit, median: nth((RUNS - 1) / 2), least: nth(0), most: nth(-1) };
  });
  if (json) console.log(JSON.stringify(results, null, 2));
  else {
    console.log(`medians over ${RUNS} fresh processes (least to most)`);
    for (const { what, median, least, most, unit } of results) {
      console.log(`${what.padEnd(52)} ${median.toFixed(1).padStart(7)} ${unit}  (${least} to ${most})`);
    }
  }
  process.exit(0);
}
