// Runs the edge in workerd, through miniflare, with the settings of wrangler.toml.
import { readFileSync } from 'node:fs';
import { Miniflare, type WorkerOptions } from 'miniflare';
import { at } from './shell.mts';

export interface EdgeOptions {
  port: number;
  /** Variables and secrets, by name. */
  bindings: Record<string, string>;
  /** The folder of KV; in memory by default. */
  kvPersist?: string;
  /** Static files served on the same origin. */
  assets?: string;
  /** Requests a minute, by binding; those of wrangler.toml by default. */
  limits?: Record<string, number>;
  /** Further options of miniflare for the Worker. */
  more?: Record<string, unknown>;
  /** Workers in the same process. */
  beside?: WorkerOptions[];
  /** Receives each line that the Worker logs. */
  log?: (line: string) => void;
}

/** dist/edge.json: what `npm run build` read from wrangler.toml. */
export interface EdgeSettings {
  compatibilityDate: string;
  /** Requests a minute, by binding. */
  limits: Record<string, number>;
}

export async function startEdge(options: EdgeOptions): Promise<Miniflare> {
  const settings: EdgeSettings = JSON.parse(readFileSync(at('dist/edge.json'), 'utf8'));
  const { port, bindings, kvPersist, assets, log, limits = settings.limits, more = {}, beside = [] } = options;
  const worker = {
    name: 'wxauth',
    modules: [
      { type: 'ESModule', path: at('dist/edge/index.js') },
      { type: 'CompiledWasm', path: at('dist/edge/index_bg.wasm') },
    ],
    modulesRoot: at('dist/edge'),
    compatibilityDate: settings.compatibilityDate,
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
