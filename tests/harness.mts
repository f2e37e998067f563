// Shared by the TypeScript tests: a simulator, an edge in workerd, and requests to it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Miniflare } from 'miniflare';
import { type SimServer, startServer } from '../js/sim/http-server.js';
import { type App, WeChat } from '../js/sim/wechat/index.js';
import { type EdgeOptions, startEdge } from '../scripts/edge.mts';
import { makeKeys } from '../scripts/keys.mts';
import { at } from '../scripts/shell.mts';
import { built } from './built.mts';

export const APPID = 'wxa0b1c2d3e4f50617';
export const OTHER_APPID = 'wxffffffffffffffff';
export const SECRET = 'CANARYsecret0123456789abcdef0123';

export const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const JS_CODE = 'urn:wechat:params:oauth:token-type:js-code';

/** JSON of unknown shape. */
// biome-ignore lint/suspicious/noExplicitAny: tests read JSON of any shape.
export type Json = any;

export interface World {
  wechat: WeChat;
  simulator: SimServer;
  edge: Miniflare;
  url: string;
  /** The lines that the Worker has logged. */
  lines: string[];
  stop(): Promise<void>;
}

export interface WorldOptions {
  bindings?: Record<string, string>;
  apps?: Record<string, Json>;
  kvPersist?: string;
  port?: number;
  keys?: Record<string, string>;
  wechat?: WeChat;
  /** Requests by binding, over the whole life of the edge; practically unlimited if absent. `{}`: no bindings. */
  limits?: Record<string, number>;
  /** Further miniflare options of the Worker. */
  more?: Record<string, unknown> & { wrappedBindings?: Record<string, unknown> };
  /** Further Workers in the same workerd. */
  beside?: NonNullable<EdgeOptions['beside']>;
}

/** A port of 127.0.0.1 that nothing listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

const COUNTING_LIMIT = {
  name: 'counting-limit',
  modules: [{ type: 'ESModule' as const, path: at('tests/edge/counting-limit.mjs') }],
  modulesRoot: at('tests/edge'),
};

/** Starts a simulator and an edge that calls it. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  built('edge/index.js');
  const apps: Record<string, App & Json> = options.apps ?? {
    [APPID]: { secret: SECRET },
    [OTHER_APPID]: { secret: SECRET },
  };
  const wechat = options.wechat ?? new WeChat({ apps });
  const simulator = await startServer(wechat);
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const lines: string[] = [];
  const limits = options.limits ?? { ADDRESS_LIMIT: 1_000_000, USER_LIMIT: 1_000_000 };
  const counted = Object.entries(limits).map(([name, LIMIT]) => [
    name,
    { scriptName: 'counting-limit', bindings: { LIMIT } },
  ]);
  const edge = await startEdge({
    port,
    ...(options.kvPersist ? { kvPersist: options.kvPersist } : {}),
    log: (line) => lines.push(line),
    limits: {},
    more: {
      ...options.more,
      wrappedBindings: { ...Object.fromEntries(counted), ...options.more?.wrappedBindings },
    },
    beside: [...(counted.length > 0 ? [COUNTING_LIMIT] : []), ...(options.beside ?? [])],
    bindings: {
      ISSUER: url,
      WECHAT_API_BASE: simulator.url,
      WECHAT_APPS: JSON.stringify(apps),
      ...(options.keys ?? { ...makeKeys() }),
      ...options.bindings,
    },
  });
  return {
    wechat,
    simulator,
    edge,
    url,
    lines,
    stop: async () => {
      await edge.dispose();
      await simulator.close();
    },
  };
}

export interface Answer {
  status: number;
  /** Parsed if it is JSON, else text; undefined if empty. */
  body: Json;
  headers: Headers;
}

/** Sends one request. Every answer must be documented in openapi.json, whatever the test is about. */
export async function send(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, { redirect: 'manual', ...init });
  const text = await response.text();
  const json = response.headers.get('content-type') === 'application/json';
  const body = json ? JSON.parse(text) : text || undefined;
  mustBeDocumented(init.method ?? 'GET', new URL(url).pathname, response.status, body);
  return { status: response.status, body, headers: response.headers };
}

const OPENAPI: Json = JSON.parse(readFileSync(at('docs/openapi.json'), 'utf8'));

function mustBeDocumented(method: string, path: string, status: number, body: Json): void {
  const name = path.replace(/^\/sessions\/.+/, '/sessions/{id}').replace(/^(\/wechat\/events)\/.+/, '$1/{appid}');
  const operation = OPENAPI.paths[name]?.[method.toLowerCase()];
  // Unknown paths and methods are 404 and 405; OpenAPI cannot describe them.
  if (!operation) return;
  const response = operation.responses[status];
  assert.ok(response, `${method} ${path} answered ${status} ${JSON.stringify(body)}, which is not documented`);
  const codes = response.content?.['application/json']?.schema.allOf?.[1].properties.code.enum;
  if (codes) assert.ok(codes.includes(body.code), `${method} ${path}: ${status} ${body.code} is not documented`);
}

export const post = (url: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  send(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' || body instanceof Uint8Array ? (body as BodyInit) : JSON.stringify(body),
  });

export const exchange = (
  world: World,
  code: string,
  more: Record<string, string> = {},
  headers: Record<string, string> = {},
) => {
  const grant = { grant_type: GRANT, subject_token: code, subject_token_type: JS_CODE, client_id: APPID };
  return post(`${world.url}/oauth/token`, { ...grant, ...more }, headers);
};

export const refresh = (world: World, token: string, appid = APPID) =>
  post(`${world.url}/oauth/token`, { grant_type: 'refresh_token', refresh_token: token, client_id: appid });

export const revoke = (world: World, token: string, appid = APPID) =>
  post(`${world.url}/oauth/revoke`, { token, client_id: appid });

export interface Session {
  openid: string;
  access: string;
  refresh: string;
}

export async function logIn(world: World, user = 'mei', more: Record<string, string> = {}): Promise<Session> {
  const { code, openid } = await world.wechat.issueCode(APPID, user);
  const { status, body } = await exchange(world, code, more);
  assert.equal(status, 200, JSON.stringify(body));
  return { openid, access: body.access_token, refresh: body.refresh_token };
}

export const basic = (id: string, secret: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
});

/** The methods of a KV binding that tests use. */
export interface KVNamespace {
  list(options?: { prefix: string }): Promise<{ keys: Array<{ name: string; metadata?: unknown }> }>;
  get(name: string, type: 'arrayBuffer'): Promise<ArrayBuffer>;
  put(name: string, value: ArrayBuffer): Promise<void>;
}

export const sessionsOf = ({ edge }: World): Promise<KVNamespace> => edge.getKVNamespace('SESSIONS') as never;

export async function keysOf(world: World): Promise<string[]> {
  return (await (await sessionsOf(world)).list()).keys.map(({ name }) => name);
}

export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
