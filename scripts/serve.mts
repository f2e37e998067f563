// `npm run serve`: runs the edge alone, in workerd, with its KV on disk. docs/deploy.md describes the proxy in front.
import { join } from 'node:path';
import { mustBeFree, port } from './ports.mts';
import { at, UsageError } from './shell.mts';
import { openState } from './state.mts';
import { superviseEdge } from './supervise.mts';

const NAMES = /^(WECHAT_APPS.*|WECHAT_API_BASE|WECHAT_OPEN_BASE|ISSUER|SIGNING_KEYS|SEALING_KEYS|NAME_KEY)$/;

/** Picks the edge's variables. */
export function bindingsOf(environment: Record<string, string | undefined>): Record<string, string> {
  const own = Object.entries(environment).filter(([name, value]) => NAMES.test(name) && value);
  return Object.fromEntries(own) as Record<string, string>;
}

/** Returns why the edge refuses its configuration, in its own words; `undefined` if it accepts it. */
export async function refusalOf(url: string, lines: string[]): Promise<string | undefined> {
  const health = await fetch(`${url}/healthz`);
  if (health.ok) return undefined;
  await health.text();
  const line = lines.find((line) => line.includes('"misconfigured"'));
  return line ? JSON.parse(line).detail : `The edge answers ${health.status}.`;
}

export async function serve(): Promise<void> {
  const edgePort = port('PORT', 8787);
  await mustBeFree('PORT', edgePort);
  const stateDir = await openState(process.env.STATE_DIR ?? at('.state'));
  const lines: string[] = [];
  const { edge, stop } = await superviseEdge({
    port: edgePort,
    kvPersist: join(stateDir, 'kv'),
    bindings: bindingsOf(process.env),
    log(line) {
      console.log(line);
      if (lines.length < 10) lines.push(line);
    },
  });
  const url = `http://127.0.0.1:${edgePort}`;
  const refusal = await refusalOf(url, lines);
  if (refusal) {
    await stop();
    throw new UsageError(refusal);
  }
  try {
    await ((await edge.getKVNamespace('SESSIONS')) as unknown as { list(): Promise<unknown> }).list();
  } catch {
    await stop();
    throw new UsageError(
      `The KV in ${join(stateDir, 'kv')} cannot be read. Restore a backup, or move the folder away.`,
    );
  }
  console.log(`ready ${url}`);
}
