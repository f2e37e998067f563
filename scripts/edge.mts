// The edge in workerd, through miniflare: what wrangler.toml describes, without Cloudflare.
import { readFileSync } from 'node:fs';
import { Miniflare } from 'miniflare';
import { at } from './shell.mts';

export interface EdgeOptions {
  port: number;
  /** Variables and secrets, by name. */
  bindings: Record<string, string>;
  /** Where KV lives on disk; in memory where absent. */
  kvPersist?: string;
  /** Static files served on the same origin. */
  assets?: string;
  /** Takes each line the Worker logs. */
  log?: (line: string) => void;
}

const COMPATIBILITY_DATE = readFileSync(at('wrangler.toml'), 'utf8').match(/compatibility_date = "([^"]+)"/)?.[1];

export async function startEdge({ port, bindings, kvPersist, assets, log }: EdgeOptions): Promise<Miniflare> {
  const miniflare = new Miniflare({
    name: 'wxauth',
    host: '127.0.0.1',
    port,
    modules: [
      { type: 'ESModule', path: at('dist/edge/index.js') },
      { type: 'CompiledWasm', path: at('dist/edge/index_bg.wasm') },
    ],
    modulesRoot: at('dist/edge'),
    compatibilityDate: COMPATIBILITY_DATE ?? '2026-04-01',
    bindings,
    kvNamespaces: ['SESSIONS'],
    ...(kvPersist === undefined ? { kvPersist: false } : { kvPersist }),
    ...(assets ? { assets: { directory: assets, workerName: 'wxauth', routerConfig: { has_user_worker: true } } } : {}),
    ...(log
      ? {
          handleRuntimeStdio(stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream) {
            for (const stream of [stdout, stderr]) {
              stream.on('data', (chunk: Buffer) => chunk.toString().split('\n').filter(Boolean).forEach(log));
            }
          },
        }
      : {}),
  });
  await miniflare.ready;
  return miniflare;
}
