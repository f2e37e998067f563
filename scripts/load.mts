// `npm run load`: a minute of mixed traffic at 200 connections; `npm run load -- 1800` is a soak of half an hour.
import { load } from '../tests/load/load.mts';
import { Sorry } from './shell.mts';

export async function printLoad(seconds: number): Promise<void> {
  console.log(`200 connections for ${seconds} s, WeChat failing a quarter of its logins, 2 % malformed requests`);
  const { requests, perSecond, answers, unexpected, lost, rss } = await load({ seconds, connections: 200 });
  for (const answer of Object.keys(answers).sort()) console.log(`${String(answers[answer]).padStart(8)}  ${answer}`);
  console.log(`${requests} requests, ${perSecond} a second`);
  console.log(
    `workerd: ${rss[0]} MB after a third of the time, ${rss[1]} MB at the end (${(rss[1] / rss[0]).toFixed(2)} times)`,
  );
  console.log(`answers that are not on the list: ${unexpected.length}; sessions lost: ${lost}`);
  if (unexpected.length || lost)
    throw new Sorry([...new Set(unexpected)].slice(0, 5).join(', ') || 'sessions were lost');
  process.exit(0);
}
