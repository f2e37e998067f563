// The edge in workerd, through miniflare: what wrangler.toml describes, without Cloudflare.
import { readFileSync } from 'node:fs';
import { Miniflare, type WorkerOptions } from 'miniflare';
import { at } from './shell.mts';

export interface EdgeOptions {
  port: number;
  /** Variables and secrets, by name. */
  bindings: Record<string, string>;
  /** Where KV lives on disk; in memory where absent. */
  kvPersist?: string;
  /** Static files served on the same origin. */
  assets?: string;
  /** Requests a minute, by binding; what wrangler.toml says where absent. */
  limits?: Record<string, number>;
  /** More of miniflare's options for the Worker, and Workers beside it. */
  more?: Record<string, unknown>;
  beside?: WorkerOptions[];
  /** Takes each line the Worker logs. */
  log?: (line: string) => void;
}

const WRANGLER = readFileSync(at('wrangler.toml'), 'utf8');
const COMPATIBILITY_DATE = /compatibility_date = "([^"]+)"/.exec(WRANGLER)?.[1];
const LIMITS = Object.fromEntries(
  [...WRANGLER.matchAll(/^name = "(\w+_LIMIT)"[\s\S]*?limit = (\d+)/gm)].map(([, name, limit]) => [
    name,
    Number(limit),
  ]),
);

export async function startEdge(options: EdgeOptions): Promise<Miniflare> {
  const { port, bindings, kvPersist, assets, log, limits = LIMITS, more = {}, beside = [] } = options;
  const worker = {
    name: 'wxauth',
    modules: [
      { type: 'ESModule', path: at('dist/edge/index.js') },
      { type: 'CompiledWasm', path: at('dist/edge/index_bg.wasm') },
    ],
    modulesRoot: at('dist/edge'),
    compatibilityDate: COMPATIBILITY_DATE ?? '2026-04-01',
    bindings,
    kvNamespaces: ['SESSIONS'],
    ratelimits: Object.fromEntries(
      Object.entries(limits).map(([name, limit]) => [name, { simple: { limit, period: 60 as const } }]),
    ),
    ...(assets ? { assets: { directory: assets, workerName: 'wxauth', routerConfig: { has_user_worker: true } } } : {}),
    ...more,
  };
  const miniflare = new Miniflare({
    host: '127.0.0.1',
    port,
    kvPersist: kvPersist ?? false,
    workers: [worker as WorkerOptions, ...beside],
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
