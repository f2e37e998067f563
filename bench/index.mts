// `npm run bench`: medians over fresh processes. `-- --json` prints JSON only. No test asserts these numbers.
import { spawnSync } from 'node:child_process';
import { at } from '../scripts/shell.mts';
import { perCall } from './crypto.mts';
import { type Compared, compareEdges, firstAnswers } from './edge/index.mts';
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
    ...requests.map((name) => [`authorised request, ${name}`, 'µs', () => request(name)] as const),
  ].map(([what, unit, run]) => [what, unit, run]);
  const values = new Map<string, number[]>(runs.map(([what]) => [what, []]));
  // In turns, so that other load on the machine affects all of them alike.
  for (let n = 0; n < RUNS; n++) for (const [what, , run] of runs) values.get(what)?.push(await run());
  const results = runs.map(([what, unit]): Measured => {
    const sorted = (values.get(what) as number[]).sort((a, b) => a - b);
    const nth = (index: number): number => Math.round((sorted.at(index) as number) * 10) / 10;
    return { what, unit, median: nth((RUNS - 1) / 2), least: nth(0), most: nth(-1) };
  });
  const edges = await compareEdges();
  const first = await firstAnswers();
  const crypto = await perCall();
  if (json) console.log(JSON.stringify({ client: results, edge: edges, first_answer: first, crypto }, null, 2));
  else {
    console.log(`medians over ${RUNS} fresh processes (least to most)`);
    for (const { what, median, least, most, unit } of results) {
      console.log(`${what.padEnd(52)} ${median.toFixed(1).padStart(7)} ${unit}  (${least} to ${most})`);
    }
  }
  if (!json) {
    printEdges(edges, first);
    console.log('\nopen data and signatures, time per call');
    for (const { what, us } of crypto) console.log(`${what.padEnd(36)} ${us.toFixed(1)} µs`);
  }
  process.exit(0);
}

function printEdges(edges: Compared[], { rust_ms, typescript_ms }: { rust_ms: number; typescript_ms: number }): void {
  console.log('\nthe edge and a TypeScript Worker (hono, jose, WebCrypto) in one workerd; above 1 the edge is faster');
  for (const { what, ratio, interval, itself, rust_us, typescript_us } of edges) {
    const [low, high] = interval.map((bound) => bound.toFixed(2));
    const times = `${rust_us.toFixed(0)} and ${typescript_us.toFixed(0)} µs`;
    console.log(`${what.padEnd(36)} ${ratio.toFixed(2)} (${low} to ${high})  A/A ${itself.toFixed(2)}  ${times}`);
  }
  console.log(`first answer of a new workerd: ${rust_ms.toFixed(1)} ms, TypeScript ${typescript_ms.toFixed(1)} ms`);
}
