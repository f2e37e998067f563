// `npm run races`: runs every library in every race and updates the tables of docs/races.md and docs/races.zh-CN.md.
// `-- --json` prints JSON and writes nothing.
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

/** No more logins than needed, every promise settled, no call rejected that could have succeeded. */
const isIdeal = ({ ideal }: Scenario, { ok, hung, logins, renewals, phoneRedemptions }: Result): boolean =>
  hung === 0 &&
  ok >= ideal.ok &&
  phoneRedemptions <= 1 &&
  logins <= ideal.logins &&
  renewals <= (ideal.renewals ?? 0) &&
  logins + renewals <= Math.max(ideal.logins, ideal.renewals ?? 0);

type Language = 'en' | 'zh';
const PAGES: Record<Language, string> = { en: 'docs/races.md', zh: 'docs/races.zh-CN.md' };

/** The cell of one race, such as "✓ 5 ok, 1 login". */
function cell(language: Language, scenario: Scenario, result: Result): string {
  const { ok, rejected, hung, logins, renewals } = result;
  const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
  const parts =
    language === 'en'
      ? [
          `${ok} ok`,
          rejected ? `${rejected} rejected` : '',
          hung ? `**${hung} hung**` : '',
          plural(logins, 'login'),
          renewals ? plural(renewals, 'renewal') : '',
        ]
      : [
          `${ok} 成功`,
          rejected ? `${rejected} 拒绝` : '',
          hung ? `**${hung} 挂起**` : '',
          `登录 ${logins} 次`,
          renewals ? `续期 ${renewals} 次` : '',
        ];
  return `${isIdeal(scenario, result) ? '✓ ' : ''}${parts.filter(Boolean).join(language === 'en' ? ', ' : '，')}`;
}

const version = (name: string): string =>
  name === 'wxauth' ? '' : ` ${JSON.parse(readFileSync(at('bench/package.json'), 'utf8')).dependencies[name]}`;

function table(language: Language, results: Record<string, Record<string, Result>>): string {
  const head = CONTENDERS.map(([, name]) => `${name}${version(name)}`);
  const rows = scenarios.map((scenario) => {
    const cells = CONTENDERS.map(([, name]) => cell(language, scenario, results[scenario.id]?.[name] as Result));
    return `| ${scenario.id} | ${scenario.title[language]} | ${cells.join(' | ')} |`;
  });
  const columns = language === 'en' ? 'race' : '竞态';
  return [`| | ${columns} | ${head.join(' | ')} |`, `|---|---|${head.map(() => '---').join('|')}|`, ...rows].join('\n');
}

/** Replaces the table of a page. */
function write(language: Language, results: Record<string, Record<string, Result>>): void {
  const page = readFileSync(at(PAGES[language]), 'utf8');
  writeFileSync(
    at(PAGES[language]),
    page.replace(/^\|[\s\S]*\|$/m, () => table(language, results)),
  );
}

export async function races(json: boolean): Promise<void> {
  const results: Record<string, Record<string, Result>> = {};
  for (const scenario of scenarios) {
    const row = await Promise.all(CONTENDERS.map(async ([file, name]) => [name, await play(file, scenario)] as const));
    results[scenario.id] = Object.fromEntries(row);
    if (json) continue;
    console.log(`${scenario.id} ${scenario.title.en}`);
    for (const [name, result] of row) console.log(`   ${name.padEnd(20)} ${cell('en', scenario, result)}`);
  }
  if (json) console.log(JSON.stringify(results, null, 2));
  else for (const language of ['en', 'zh'] as const) write(language, results);
}
