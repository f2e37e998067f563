// Compares the edge with a TypeScript Worker (worker.ts) in one workerd. A driver Worker calls each through a service
// binding, in batches of 60 requests in alternating order, with KV in memory. The result is the median of the ratios per
// round with a bootstrap interval; the edge against itself shows the error of the method.
import { build } from 'esbuild';
import { Miniflare } from 'miniflare';
import { makeKeys } from '../../scripts/keys.mts';
import { at } from '../../scripts/shell.mts';
import { APPID, openData, rawData, signature } from '../profile.mts';

const ISSUER = 'https://auth.example.com';
const BATCH = 60;
const ROUNDS = 60;

type Target = 'RUST' | 'AGAIN' | 'TYPESCRIPT';
interface Request {
  body: string;
  authorization?: string;
}
interface Kind {
  what: string;
  path: string;
  /** Creates the requests of a batch, before the time is measured. */
  requests(target: Target): Promise<Request[]>;
  chain?: boolean;
}

export interface Compared {
  what: string;
  /** Time of TypeScript divided by the time of Rust. */
  ratio: number;
  interval: [number, number];
  /** Time of Rust divided by the time of a second Rust Worker. */
  itself: number;
  rust_us: number;
  typescript_us: number;
}

let users = 0;
const json = (value: unknown): string => JSON.stringify(value);

async function start(): Promise<Miniflare> {
  const typescript = at('target', 'bench', 'worker.mjs');
  await build({
    entryPoints: [at('bench/edge/worker.ts')],
    outfile: typescript,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
  });
  const bindings = {
    ISSUER,
    WECHAT_API_BASE: 'https://wechat.example',
    WECHAT_APPS: json({ [APPID]: { secret: 'secret', backends: { api: 'secret' } } }),
    ...makeKeys(),
  };
  const shared = {
    compatibilityDate: '2026-04-01',
    bindings,
    wrappedBindings: { SESSIONS: { scriptName: 'memory-kv' } },
    ratelimits: {
      USER_LIMIT: { simple: { limit: 1e9, period: 60 as const } },
      ADDRESS_LIMIT: { simple: { limit: 1e9, period: 60 as const } },
    },
    outboundService: 'upstream',
  };
  const rust = (name: string) => ({
    ...shared,
    name,
    modulesRoot: at('dist/edge'),
    modules: [
      { type: 'ESModule' as const, path: at('dist/edge/index.js') },
      { type: 'CompiledWasm' as const, path: at('dist/edge/index_bg.wasm') },
    ],
  });
  const script = (name: string, path: string) => ({
    name,
    modules: [{ type: 'ESModule' as const, path }],
    modulesRoot: at(),
    compatibilityDate: '2026-04-01',
  });
  const miniflare = new Miniflare({
    handleRuntimeStdio(stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream) {
      for (const stream of [stdout, stderr]) stream.resume();
    },
    workers: [
      {
        ...script('driver', at('bench/edge/driver.mjs')),
        serviceBindings: { RUST: 'rust', AGAIN: 'again', TYPESCRIPT: 'typescript' },
      },
      rust('rust'),
      rust('again'),
      { ...shared, ...script('typescript', typescript) },
      script('upstream', at('bench/edge/upstream.mjs')),
      {
        name: 'memory-kv',
        modules: [{ type: 'ESModule' as const, path: at('bench/edge/memory-kv.mjs') }],
        modulesRoot: at(),
      },
    ],
  });
  await miniflare.ready;
  return miniflare;
}

export async function compareEdges(): Promise<Compared[]> {
  const miniflare = await start();
  const run = async (target: Target, path: string, requests: Request[], chain?: string) => {
    const reply = await miniflare.dispatchFetch('http://driver/', {
      method: 'POST',
      body: json({ target, url: `${ISSUER}${path}`, requests, chain }),
    });
    const { ok, token, replies } = (await reply.json()) as { ok: number; token?: string; replies: string[] };
    if (ok !== requests.length) throw new Error(`${target} ${path}: ${replies.at(-1)}`);
    return { token, replies };
  };
  const grant = () => ({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token_type: 'urn:wechat:params:oauth:token-type:js-code',
    client_id: APPID,
    subject_token: `user${users++}`,
  });
  const logins = async (target: Target, count: number) => {
    const requests = Array.from({ length: count }, () => ({ body: json(grant()) }));
    const { replies } = await run(target, '/oauth/token', requests);
    return replies.map((reply) => JSON.parse(reply) as { access_token: string; refresh_token: string });
  };
  const { encryptedData, iv } = await openData();
  const basic = `Basic ${Buffer.from('api:secret').toString('base64')}`;

  const one: Partial<Record<Target, string>> = {};
  for (const target of ['RUST', 'AGAIN', 'TYPESCRIPT'] as const)
    one[target] = (await logins(target, 1))[0]?.access_token as string;
  /** `fresh`: a token that no isolate has verified yet; else the same one each time. */
  const tokens = async (target: Target, fresh: boolean) =>
    fresh
      ? (await logins(target, BATCH)).map(({ access_token }) => access_token)
      : Array<string>(BATCH).fill(one[target] as string);
  const withToken = (what: string, path: string, body: string, fresh: boolean): Kind => ({
    what: `${what}, ${fresh ? 'a new token each' : 'a token seen before'}`,
    path,
    requests: async (target) =>
      (await tokens(target, fresh)).map((token) => ({ body, authorization: `Bearer ${token}` })),
  });
  const verify = json({ raw_data: rawData, signature });
  const encrypted = json({ encrypted_data: encryptedData, iv });
  const introspect = (fresh: boolean): Kind => ({
    what: `introspect, ${fresh ? 'a new token each' : 'a token seen before'}`,
    path: '/oauth/introspect',
    requests: async (target) =>
      (await tokens(target, fresh)).map((token) => ({ body: json({ token }), authorization: basic })),
  });
  const kinds: Kind[] = [
    {
      what: 'exchange',
      path: '/oauth/token',
      requests: async () => Array.from({ length: BATCH }, () => ({ body: json(grant()) })),
    },
    {
      what: 'refresh',
      path: '/oauth/token',
      chain: true,
      requests: async () =>
        Array(BATCH).fill({ body: json({ grant_type: 'refresh_token', client_id: APPID, refresh_token: 'TOKEN' }) }),
    },
    withToken('verify', '/wechat/user-info/verify', verify, true),
    withToken('open-data', '/wechat/open-data', encrypted, true),
    introspect(true),
    withToken('verify', '/wechat/user-info/verify', verify, false),
    withToken('open-data', '/wechat/open-data', encrypted, false),
    introspect(false),
  ];

  const results: Compared[] = [];
  for (const kind of kinds) {
    const times: Record<Target, number[]> = { RUST: [], AGAIN: [], TYPESCRIPT: [] };
    for (let round = 0; round < ROUNDS + 3; round++) {
      const order: Target[] = round % 2 ? ['RUST', 'TYPESCRIPT', 'AGAIN'] : ['AGAIN', 'TYPESCRIPT', 'RUST'];
      for (const target of order) {
        const requests = await kind.requests(target);
        const chain = kind.chain ? (await logins(target, 1))[0]?.refresh_token : undefined;
        const began = performance.now();
        await run(target, kind.path, requests, chain);
        // The first three rounds warm up.
        if (round >= 3) times[target].push(((performance.now() - began) * 1000) / BATCH);
      }
    }
    const ratios = times.RUST.map((rust, at) => (times.TYPESCRIPT[at] as number) / rust);
    results.push({
      what: kind.what,
      ratio: median(ratios),
      interval: bootstrap(ratios),
      itself: median(times.RUST.map((rust, at) => (times.AGAIN[at] as number) / rust)),
      rust_us: median(times.RUST),
      typescript_us: median(times.TYPESCRIPT),
    });
  }
  await miniflare.dispose();
  return results;
}

/** Time in ms from a started workerd to the first answer of each Worker, in separate processes. */
export async function firstAnswers(): Promise<{ rust_ms: number; typescript_ms: number }> {
  const times: Record<'RUST' | 'TYPESCRIPT', number[]> = { RUST: [], TYPESCRIPT: [] };
  for (let round = 0; round < 11; round++) {
    for (const target of ['RUST', 'TYPESCRIPT'] as const) {
      const miniflare = await start();
      const body = (of: string) =>
        json({
          target: of,
          url: `${ISSUER}/oauth/token`,
          requests: [{ body: '{"client_id":"wx0","grant_type":"refresh_token"}' }],
        });
      // Warms up the driver but not the Worker.
      await miniflare.dispatchFetch('http://driver/', { method: 'POST', body: json({ requests: [] }) });
      const began = performance.now();
      await (await miniflare.dispatchFetch('http://driver/', { method: 'POST', body: body(target) })).text();
      times[target].push(performance.now() - began);
      await miniflare.dispose();
    }
  }
  return { rust_ms: median(times.RUST), typescript_ms: median(times.TYPESCRIPT) };
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (
    ((sorted[Math.floor((sorted.length - 1) / 2)] as number) + (sorted[Math.ceil((sorted.length - 1) / 2)] as number)) /
    2
  );
}

/** 95 % interval of the medians of resampled ratios. */
function bootstrap(values: number[]): [number, number] {
  const medians = Array.from({ length: 1000 }, () =>
    median(values.map(() => values[Math.floor(Math.random() * values.length)] as number)),
  ).sort((a, b) => a - b);
  return [medians[25] as number, medians[974] as number];
}
