// `npm run races`: every library in every race, and docs/races.md. `-- --json` prints JSON alone.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { at } from '../../scripts/shell.mts';
import type { Result } from './run.mts';
import { type Scenario, scenarios } from './scenarios.mts';

const CONTENDERS = [
  ['wxauth', 'wxauth'],
  ['alova', 'alova'],
  ['axios', 'axios-auth-refresh'],
  ['wafer2', 'wafer2-client-sdk'],
] as const;

function play(contender: string, { id }: Scenario): Promise<Result> {
  const child = spawn(process.execPath, ['--import', 'tsx', at('bench/races/run.mts'), contender, id], { cwd: at() });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (errors += chunk));
  return new Promise((resolve, reject) => {
    child.on('close', () => {
      const line = output.trim().split('\n').at(-1) ?? '';
      if (line.startsWith('{')) resolve(JSON.parse(line));
      else reject(new Error(`${contender} ${id}: ${errors || output}`));
    });
  });
}

/** One login, all settled, nothing refused that could have succeeded. */
const isIdeal = ({ ideal }: Scenario, { ok, hung, logins, renewals, phoneRedemptions }: Result): boolean =>
  hung === 0 &&
  ok >= ideal.ok &&
  phoneRedemptions <= 1 &&
  logins <= ideal.logins &&
  renewals <= (ideal.renewals ?? 0) &&
  logins + renewals <= Math.max(ideal.logins, ideal.renewals ?? 0);

const told = (scenario: Scenario, result: Result): string => {
  const { ok, rejected, hung, logins, renewals } = result;
  const parts = [
    `${ok} ok`,
    rejected ? `${rejected} rejected` : '',
    hung ? `**${hung} hung**` : '',
    `${logins} login${logins === 1 ? '' : 's'}`,
    renewals ? `${renewals} renewal${renewals === 1 ? '' : 's'}` : '',
  ];
  return `${isIdeal(scenario, result) ? '✓ ' : ''}${parts.filter(Boolean).join(', ')}`;
};

const version = (name: string): string =>
  name === 'wxauth' ? '' : ` ${JSON.parse(readFileSync(at('bench/package.json'), 'utf8')).dependencies[name]}`;

function markdown(results: Record<string, Record<string, Result>>): string {
  const head = CONTENDERS.map(([, name]) => `${name}${version(name)}`);
  const rows = scenarios.map((scenario) => {
    const cells = CONTENDERS.map(([, name]) => told(scenario, results[scenario.id]?.[name] as Result));
    return `| ${scenario.id} | ${scenario.title} | ${cells.join(' | ')} |`;
  });
  return `# Races

Made by \`npm run races\`: each library as its own documentation has its users write it, on the same simulated phone,
in a process of its own. \`login\` counts calls of \`wx.login\`, \`renewal\` refresh tokens presented. ✓: as well as can
be done: no more logins than needed, everything settled, nothing rejected that could have succeeded.

| | race | ${head.join(' | ')} |
|---|---|${head.map(() => '---').join('|')}|
${rows.join('\n')}

In S5 nothing can succeed; three tries are what wxauth gives it. In S9 and S10 five requests cannot succeed and a sixth,
after \`wx.login\` works again, can.
`;
}

export async function races(json: boolean): Promise<void> {
  const results: Record<string, Record<string, Result>> = {};
  for (const scenario of scenarios) {
    const row = await Promise.all(CONTENDERS.map(async ([file, name]) => [name, await play(file, scenario)] as const));
    results[scenario.id] = Object.fromEntries(row);
    if (json) continue;
    console.log(`${scenario.id} ${scenario.title}`);
    for (const [name, result] of row) console.log(`   ${name.padEnd(20)} ${told(scenario, result)}`);
  }
  if (json) console.log(JSON.stringify(results, null, 2));
  else writeFileSync(at('docs/races.md'), markdown(results));
}
