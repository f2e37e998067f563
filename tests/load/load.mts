// Mixed traffic on one workerd while WeChat has faults: logins, refreshes, calls with tokens, revocations, and 2 %
// malformed requests.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { at } from '../../scripts/shell.mts';
import { APPID, freePort, GRANT, JS_CODE, type Json, startWorld } from '../harness.mts';

export interface Load {
  /** The end of the load: a number of seconds, or of requests. */
  seconds?: number;
  requests?: number;
  /** Connections that send requests in parallel. */
  connections: number;
  /**
   * `miniflare`: its emulation of KV in the same workerd, which takes most of the CPU time and memory.
   * `memory`: a map in the same workerd, so that the Worker itself is measured.
   */
  kv: 'miniflare' | 'memory';
}

export interface LoadResult {
  requests: number;
  perSecond: number;
  /** Number of answers by `kind: status code`. */
  answers: Record<string, number>;
  /** Answers that ALLOWED does not have. */
  unexpected: string[];
  /** Sessions that were not revoked and could not be refreshed at the end. */
  lost: number;
  /** Resident memory of workerd in MB, after the first third and at the end. */
  rss: [number, number];
}

/** Allowed answers of each kind of request, with any fault of WeChat. */
const ALLOWED: Record<string, RegExp> = {
  login:
    /^(200|429 upstream_rate_limited|502 (upstream_error|upstream_malformed|upstream_unreachable)|503 upstream_busy|504 upstream_timeout)$/,
  refresh: /^(200|503 storage_unavailable)$/,
  use: /^(200|503 storage_unavailable)$/,
  revoke: /^(200|503 storage_unavailable)$/,
  'after revoke': /^400 session_ended$/,
  // The edge answers an oversized body and closes the connection while the body is still being sent.
  malformed: /^(4\d\d \w+|0 (read ECONNRESET|write EPIPE|socket hang up))$/,
};

/** Each fault hits a twentieth of the calls to WeChat. */
const FAULTS: Json[] = [
  { errcode: -1 },
  { errcode: 45011 },
  { http: { status: 502, body: '<html>bad gateway</html>' } },
  { http: { status: 200, body: '<html>' } },
  { hang: true },
];

const MALFORMED: Array<[string, string]> = [
  ['{', 'application/json'],
  ['{"client_id":"wx0","grant_type":"refresh_token"}', 'application/json'],
  [`{"client_id":"${APPID}","grant_type":"refresh_token","refresh_token":"AAAA"}`, 'application/json'],
  ['\u0000'.repeat(100), 'application/x-www-form-urlencoded'],
  ['x'.repeat(40_000), 'application/json'],
  ['<xml/>', 'text/xml'],
];

const MEMORY = {
  worker: { kvNamespaces: [], wrappedBindings: { SESSIONS: { scriptName: 'memory-kv' } } },
  beside: [
    {
      name: 'memory-kv',
      modulesRoot: at(),
      modules: [{ type: 'ESModule' as const, path: at('bench/edge/memory-kv.mjs') }],
    },
  ],
};

export async function load(options: Load): Promise<LoadResult> {
  const { connections, kv } = options;
  // A socket of the Worker itself: requests to `world.url` pass through a Worker of miniflare.
  const direct = await freePort();
  const world = await startWorld({
    more: { unsafeDirectSockets: [{ host: '127.0.0.1', port: direct }], ...(kv === 'memory' ? MEMORY.worker : {}) },
    beside: kv === 'memory' ? MEMORY.beside : [],
  });
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const answers: Record<string, number> = {};
  const unexpected: string[] = [];
  let requests = 0;

  async function ask(
    kind: string,
    body: string,
    path = '/oauth/token',
    headers: Record<string, string> = {},
  ): Promise<Json> {
    const { status, text } = await post(
      kind === 'malformed' ? false : agent,
      `http://127.0.0.1:${direct}${path}`,
      body,
      {
        'content-type': 'application/json',
        ...headers,
      },
    ).catch((error: Error) => ({ status: 0, text: JSON.stringify({ code: error.message }) }));
    const reply: Json = text ? JSON.parse(text) : {};
    const answer = status === 200 ? '200' : `${status} ${reply.code}`;
    requests += 1;
    answers[`${kind}: ${answer}`] = (answers[`${kind}: ${answer}`] ?? 0) + 1;
    if (!ALLOWED[kind]?.test(answer)) unexpected.push(`${kind}: ${answer}`);
    return status === 200 ? reply : undefined;
  }
  const grant = (code: string) =>
    JSON.stringify({ grant_type: GRANT, subject_token: code, subject_token_type: JS_CODE, client_id: APPID });
  const refresh = (refresh_token: string) =>
    JSON.stringify({ grant_type: 'refresh_token', refresh_token, client_id: APPID });

  FAULTS.forEach((fault, at) => {
    world.wechat.faults.add({ call: 'jscode2session', every: 20, from: 1 + at * 4, ...fault });
  });
  const began = Date.now();
  /** From 0 to 1, the end. */
  const progress = () =>
    Math.max(
      requests / (options.requests ?? Number.POSITIVE_INFINITY),
      (Date.now() - began) / 1000 / (options.seconds ?? Number.POSITIVE_INFINITY),
    );
  let memoryAfterThird = 0;
  const kept: string[] = [];
  let lost = 0;
  async function client(number: number): Promise<void> {
    let tokens: Json;
    for (let turn = 0; progress() < 1; turn++) {
      if (!memoryAfterThird && progress() > 1 / 3) memoryAfterThird = workerdMemory();
      const dice = Math.random();
      if (dice < 0.02) {
        const [body, type] = MALFORMED[turn % MALFORMED.length] as [string, string];
        await ask('malformed', body, '/oauth/token', { 'content-type': type });
      } else if (!tokens) {
        const { code } = await world.wechat.issueCode(APPID, `user ${number % 50}`);
        tokens = await ask('login', grant(code));
      } else if (dice < 0.5) {
        const renewed = await ask('refresh', refresh(tokens.refresh_token));
        tokens = renewed ?? tokens;
      } else if (dice < 0.97) {
        await ask('use', '', '/account', { authorization: `Bearer ${tokens.access_token}` });
      } else if (
        await ask('revoke', JSON.stringify({ token: tokens.refresh_token, client_id: APPID }), '/oauth/revoke')
      ) {
        await ask('after revoke', refresh(tokens.refresh_token));
        tokens = undefined;
      }
    }
    if (tokens) kept.push(tokens.refresh_token);
  }

  await Promise.all(Array.from({ length: connections }, (_, number) => client(number)));
  const seconds = (Date.now() - began) / 1000;
  const rss: [number, number] = [memoryAfterThird, workerdMemory()];
  // Every session that was not revoked can still be refreshed.
  world.wechat.faults.clear();
  for (const token of kept) if (!(await ask('refresh', refresh(token)))) lost += 1;
  agent.destroy();
  await world.stop();
  return { requests, perSecond: Math.round(requests / seconds), answers, unexpected, lost, rss };
}

function post(
  agent: Agent | false,
  url: string,
  body: string,
  headers: Record<string, string>,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const method = body === '' ? 'GET' : 'POST';
    const length = { 'content-length': String(Buffer.byteLength(body)) };
    const sent = httpRequest(url, { agent, method, headers: { ...headers, ...(body ? length : {}) } }, (reply) => {
      let text = '';
      reply.on('data', (chunk) => (text += chunk));
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, text }));
    });
    sent.on('error', (error) => {
      // The server closed an idle connection while it was reused (Node's documentation of `reusedSocket`).
      if (sent.reusedSocket) resolve(post(agent, url, body, headers));
      else reject(error);
    });
    sent.end(body);
  });
}

/** Resident memory of the workerd that this process started, in MB. */
function workerdMemory(): number {
  let sum = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readlinkSync(`/proc/${pid}/exe`).endsWith('workerd')) continue;
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      if (Number(/PPid:\s+(\d+)/.exec(status)?.[1]) !== process.pid) continue;
      sum += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
    } catch {
      // The process has ended in the meantime.
    }
  }
  return Math.round(sum);
}
