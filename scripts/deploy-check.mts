// `npm run deploy:check`: checks a deployment before it is made. wrangler reads wrangler.toml, the Worker parses the
// secrets (from .dev.vars or the environment) in workerd, and `wrangler deploy --dry-run` packs the Worker.
// `-- --env staging` checks one environment, `-- --config FILE` another file.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { parseEnv } from 'node:util';
import { unstable_readConfig as readConfig } from 'wrangler';
import { startEdge } from './edge.mts';
import { bindingsOf, refusalOf } from './serve.mts';
import { at, npmBin, run, UsageError } from './shell.mts';

/** Minimum length of a backend's secret: 22 base64url characters are 128 bits. */
const MIN_SECRET_LENGTH = 22;

interface Target {
  env?: string;
  config: string;
}

export async function deployCheck({ env, config = at('wrangler.toml') }: Partial<Target>): Promise<void> {
  const target = env === undefined ? { config } : { env, config };
  const problems = [...wranglerProblems(target), ...(await configurationProblems(target))];
  for (const problem of problems) console.error(`✗ ${problem}`);
  if (problems.length) throw new UsageError(`${problems.length} problems to solve before this is deployed.`);
  const which = ['--config', target.config, ...(target.env ? ['--env', target.env] : [])];
  run(npmBin('wrangler'), ['deploy', '--dry-run', '--outdir', at('target', 'dry-run'), ...which], {
    env: { WRANGLER_SEND_METRICS: 'false' },
  });
  console.log(`✓ ready to deploy${target.env ? ` to ${target.env}` : ''}`);
}

function wranglerProblems(target: Target): string[] {
  const { kv_namespaces, ratelimits, observability, vars } = readConfig(target);
  const sessions = kv_namespaces.find((namespace: { binding: string }) => namespace.binding === 'SESSIONS');
  const limits = new Set((ratelimits ?? []).map((limit: { name: string }) => limit.name));
  const exposed = ['WECHAT_APPS', 'SIGNING_KEYS', 'SEALING_KEYS', 'NAME_KEY'].filter((name) => name in vars);
  const checks: Array<[boolean, string]> = [
    [!sessions, 'wrangler.toml does not bind a KV namespace as SESSIONS'],
    [
      /^0*$/.test(sessions?.id ?? '0'),
      'the id of SESSIONS is a placeholder; `npx wrangler kv namespace create SESSIONS` prints one',
    ],
    [
      /example\.com/.test(String(vars.ISSUER ?? 'example.com')),
      'ISSUER is a placeholder; it is the address clients use',
    ],
    [!limits.has('ADDRESS_LIMIT') || !limits.has('USER_LIMIT'), 'a rate limit is not bound: ADDRESS_LIMIT, USER_LIMIT'],
    [
      observability?.traces?.enabled !== false,
      'observability.traces must be off: spans contain request URLs, and those the AppSecret',
    ],
    [observability?.logs?.invocation_logs !== false, 'observability.logs.invocation_logs must be off'],
    [exposed.length > 0, `${exposed.join(', ')} must be a secret, not one of vars`],
  ];
  return checks.filter(([wrong]) => wrong).map(([, problem]) => problem);
}

/** Problems of the secrets: those that the Worker itself names, and short secrets of backends. */
async function configurationProblems(target: Target): Promise<string[]> {
  const file = join(dirname(target.config), target.env ? `.dev.vars.${target.env}` : '.dev.vars');
  const secrets = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
  const vars = readConfig(target).vars as Record<string, string>;
  const bindings = bindingsOf({ ...process.env, ...vars, ...secrets });
  const lines: string[] = [];
  const port = await freePort();
  const edge = await startEdge({ port, bindings, log: (line) => lines.push(line) });
  const refusal = await refusalOf(`http://127.0.0.1:${port}`, lines);
  await edge.dispose();
  if (refusal) return [`${refusal} (secrets are read from ${file} and the environment)`];
  return Object.entries(bindings)
    .filter(([name]) => name.startsWith('WECHAT_APPS'))
    .flatMap(([, json]) => Object.entries<{ backends?: Record<string, string> }>(JSON.parse(json)))
    .flatMap(([appid, { backends }]) => Object.entries(backends ?? {}).map(([id, secret]) => ({ appid, id, secret })))
    .filter(({ secret }) => secret.length < MIN_SECRET_LENGTH)
    .map(
      ({ appid, id }) => `${appid}: the secret of backend ${id} is short; \`npm run keys -- backend\` makes a long one`,
    );
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
