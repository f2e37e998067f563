// `npm run load`: one minute of mixed traffic over 200 connections, once with each KV. `npm run load -- 1800` is a soak
// of half an hour.
import { type Load, load } from '../tests/load/load.mts';
import { UsageError } from './shell.mts';

const CONNECTIONS = 200;

export async function printLoad(duration = '60'): Promise<void> {
  const seconds = Number(duration);
  console.log(
    `${CONNECTIONS} connections for ${seconds} s, WeChat failing a quarter of its logins, 2 % malformed requests`,
  );
  await print({ seconds, connections: CONNECTIONS, kv: 'memory' });
  await print({ seconds, connections: CONNECTIONS, kv: 'miniflare' });
  process.exit(0);
}

async function print(options: Load): Promise<void> {
  console.log(options.kv === 'memory' ? '\nKV in memory' : "\nminiflare's KV, in the same process");
  const { requests, perSecond, answers, unexpected, lost, rss } = await load(options);
  for (const answer of Object.keys(answers).sort()) console.log(`${String(answers[answer]).padStart(8)}  ${answer}`);
  console.log(`${requests} requests, ${perSecond} a second`);
  console.log(
    `workerd: ${rss[0]} MB after a third of the time, ${rss[1]} MB at the end (${(rss[1] / rss[0]).toFixed(2)} times)`,
  );
  console.log(`answers that are not on the list: ${unexpected.length}; sessions lost: ${lost}`);
  if (unexpected.length || lost) {
    throw new UsageError([...new Set(unexpected)].slice(0, 5).join(', ') || `${lost} sessions were lost.`);
  }
}
