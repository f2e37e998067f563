// Mixed traffic on one workerd while WeChat misbehaves: logins, refreshes, calls with tokens, revokes, and 2 % of
// requests that are malformed.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { at } from '../../scripts/shell.mts';
import { APPID, freePort, GRANT, JS_CODE, type Json, startWorld } from '../harness.mts';

export interface Load {
  seconds: number;
  connections: number;
  /**
   * `miniflare`: its emulation, in the same workerd, which takes most of the time and of the memory there is.
   * `memory`: a map beside the Worker, so that what is measured is the Worker.
   */
  kv: 'miniflare' | 'memory';
}

export interface Loaded {
  requests: number;
  perSecond: number;
  /** Answers by kind of request, status and code. */
  answers: Record<string, number>;
  /** Answers that are not within the list for their kind. */
  unexpected: string[];
  /** Sessions that nobody revoked and that could not be refreshed in the end. */
  lost: number;
  /** Of workerd, in MB, at a third of the time and at the end. */
  rss: [number, number];
}

/** What each kind of request may be answered, whatever WeChat does. */
const ALLOWED: Record<string, RegExp> = {
  login:
    /^(200|429 upstream_rate_limited|502 (upstream_error|upstream_malformed|upstream_unreachable)|503 upstream_busy|504 upstream_timeout)$/,
  refresh: /^(200|503 storage_unavailable)$/,
  use: /^(200|503 storage_unavailable)$/,
  revoke: /^(200|503 storage_unavailable)$/,
  'after revoke': /^400 session_ended$/,
  // A body that is too large is answered and cut off while it is still being sent, so each has its own connection.
  malformed: /^(4\d\d \w+|0 (read ECONNRESET|write EPIPE|socket hang up))$/,
};

/** Each for a twentieth of WeChat's calls. */
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

export async function load({ seconds, connections, kv }: Load): Promise<Loaded> {
  // Past miniflare's own Worker, which every request of `url` goes through.
  const direct = await freePort();
  const world = await startWorld({
    more: { unsafeDirectSockets: [{ host: '127.0.0.1', port: direct }], ...(kv === 'memory' ? MEMORY.worker : {}) },
    beside: kv === 'memory' ? MEMORY.beside : [],
  });
  // The simulator keeps what it was asked; a load of minutes is no test of that.
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
  const ends = Date.now() + seconds * 1000;
  const kept: string[] = [];
  let lost = 0;
  async function client(number: number): Promise<void> {
    let tokens: Json;
    for (let turn = 0; Date.now() < ends; turn++) {
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

  let early = 0;
  const measured = setTimeout(() => (early = residentOf()), (seconds * 1000) / 3);
  await Promise.all(Array.from({ length: connections }, (_, number) => client(number)));
  clearTimeout(measured);
  const rss: [number, number] = [early, residentOf()];
  // Whoever still has a token can go on.
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
      // A connection that was closed for being idle while it was being used again, as Node's documentation has it.
      if (sent.reusedSocket) resolve(post(agent, url, body, headers));
      else reject(error);
    });
    sent.end(body);
  });
}

/** Resident memory of the workerd that this process started, in MB. */
function residentOf(): number {
  let sum = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readlinkSync(`/proc/${pid}/exe`).endsWith('workerd')) continue;
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      if (Number(/PPid:\s+(\d+)/.exec(status)?.[1]) !== process.pid) continue;
      sum += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
    } catch {
      // It has ended since.
    }
  }
  return Math.round(sum);
}
