// The control API under /_sim/: tests and developers change and read the simulated WeChat. It is open to every origin
// and shows session keys, codes and tokens, so the server listens on loopback by default.

import type { Fault } from '../faults.js';
import { INFORMATION, type Information } from '../scopes.js';
import type { WeChat } from '../wechat/index.js';
import type { PushEvent } from '../wechat/push.js';
import type { User } from '../wechat/users.js';
import { localRpc, SINGLE_OPERATIONS } from '../wechat-rpc.js';
import { dashboard } from './dashboard.js';

const HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'content-type',
  'content-type': 'application/json',
};

// biome-ignore lint/suspicious/noExplicitAny: the caller sends any JSON object; a mistake is answered with 400.
type Body = any;
type Control = (body: Body, url: URL) => unknown;

const answer = (value: unknown, status = 200): Response =>
  new Response(JSON.stringify(value), { status, headers: HEADERS });

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Throws unless each field is a string that is not empty. */
function requireStrings(body: Body, ...fields: string[]): void {
  const missing = fields.find((field) => typeof body[field] !== 'string' || body[field] === '');
  if (missing) throw new Error(`the body needs ${fields.join(', ')}: ${missing} is missing`);
}

const USER_FIELDS: Record<keyof User, 'string' | 'boolean'> = {
  nickName: 'string',
  avatarUrl: 'string',
  phone: 'string',
  blocked: 'boolean',
  snapshot: 'boolean',
};

/** Returns the changes of a user. Throws if a field is unknown or has a wrong type. */
function userChanges(body: object): Partial<User> {
  for (const [name, value] of Object.entries(body)) {
    const type = Object.hasOwn(USER_FIELDS, name) ? USER_FIELDS[name as keyof User] : undefined;
    if (!type) throw new Error(`a user has no ${name}; the fields are ${Object.keys(USER_FIELDS).join(', ')}`);
    if (typeof value !== type) throw new Error(`${name} must be a ${type}`);
  }
  return body;
}

/** Throws unless the body is a phone's RPC with arguments that the simulator can store. */
function validateRpc({ op, args }: Body): void {
  if (typeof op !== 'string' || !isObject(args)) throw new Error('the body needs op, a name, and args, an object');
  requireStrings(args, 'appid', 'user');
  if (op === 'enter') requireStrings(args, 'call');
  if (op === 'log') requireStrings(args, 'name', 'text');
  if (args.operation !== undefined && !SINGLE_OPERATIONS.some((operation) => operation === args.operation)) {
    throw new Error(`operation must be one of ${SINGLE_OPERATIONS.join(', ')}`);
  }
  const grants = args.grants ?? {};
  if (!isObject(grants) || Object.values(grants).some((value) => typeof value !== 'boolean')) {
    throw new Error('grants must be an object of true and false');
  }
}

/** Ten years. */
const MAX_ADVANCE_S = 10 * 365 * 86_400;
const SOURCES = ['phone', 'server', 'wechat', 'edge'] as const;

function controls(wechat: WeChat): Record<string, Control> {
  const rpc = localRpc(wechat);
  return {
    'GET state': () => wechat.state(),
    'GET log': (_, url) => wechat.world.log.after(Number(url.searchParams.get('after')) || 0),
    'POST log'(body: { source?: (typeof SOURCES)[number]; name: string; text: string }) {
      requireStrings(body, 'name', 'text');
      const { source = 'edge' } = body;
      if (!SOURCES.includes(source)) throw new Error(`source must be one of ${SOURCES.join(', ')}`);
      wechat.world.log.add(source, body.name, body.text);
      return {};
    },
    'POST codes'(body: { appid: string; user: string; kind?: 'phone' }) {
      requireStrings(body, 'appid', 'user');
      const { openid } = wechat.account(body.appid, body.user);
      if (body.kind === 'phone') return { code: wechat.issuePhoneCode(body.appid, body.user), openid };
      return wechat.issueCode(body.appid, body.user);
    },
    'POST profile'(body: { appid: string; user: string }) {
      requireStrings(body, 'appid', 'user');
      return wechat.profile(body.appid, body.user);
    },
    'POST people'(body: { user: string } & Partial<User>) {
      requireStrings(body, 'user');
      const { user, ...fields } = body;
      const changes = userChanges(fields);
      return Object.assign(wechat.user(user), changes);
    },
    'POST delete-program'(body: { appid: string; user: string }) {
      requireStrings(body, 'appid', 'user');
      wechat.deleteProgram(body.appid, body.user);
      return {};
    },
    'POST declare'(body: { appid: string; type: Information }) {
      requireStrings(body, 'appid', 'type');
      wechat.world.app(body.appid);
      if (!INFORMATION.includes(body.type)) throw new Error(`type must be one of ${INFORMATION.join(', ')}`);
      wechat.permissions.declare(body.appid, body.type);
      return {};
    },
    'POST push'(body: { appid: string } & PushEvent) {
      requireStrings(body, 'appid', 'user', 'event');
      const { fields = {} } = body;
      if (!isObject(fields) || Object.values(fields).some((value) => typeof value !== 'string')) {
        throw new Error('fields must be an object of strings');
      }
      return wechat.push.send(body.appid, body);
    },
    'POST faults'({ clear, ...fault }: Fault & { clear?: boolean | string }) {
      if (clear) wechat.faults.clear(typeof clear === 'string' ? clear : undefined);
      if (Object.keys(fault).length) wechat.faults.add(fault);
      return { faults: wechat.faults.list() };
    },
    'POST reset'() {
      wechat.reset();
      return {};
    },
    async 'POST clock'({ advance_s: s }: { advance_s: number }) {
      if (!(Number.isFinite(s) && s >= 0 && s <= MAX_ADVANCE_S)) {
        throw new Error(`advance_s must be a number of seconds from 0 to ${MAX_ADVANCE_S}`);
      }
      await wechat.clock.advance(s * 1000);
      return { now: wechat.clock.now() };
    },
    'POST phone'(body: Body) {
      validateRpc(body);
      return rpc(body.op, body.args);
    },
  };
}

/** Returns the handler of the control API, and of the dashboard at `/`. */
export function control(wechat: WeChat): (request: Request, url: URL) => Promise<Response> {
  const all = controls(wechat);
  return async (request, url) => {
    if (request.method === 'OPTIONS') return new Response(null, { status: 204, headers: HEADERS });
    if (url.pathname === '/') return dashboard(wechat);
    const name = `${request.method} ${url.pathname.slice('/_sim/'.length)}`;
    const run = Object.hasOwn(all, name) ? all[name] : undefined;
    if (!run) return answer({ error: `no such control: ${name}. There are: ${Object.keys(all).join(', ')}` }, 404);
    try {
      const text = (await request.text()).trim();
      const body: unknown = text ? JSON.parse(text) : {};
      if (!isObject(body)) throw new Error('the body must be a JSON object');
      return answer(await run(body, url));
    } catch (error) {
      return answer({ error: error instanceof Error ? error.message : String(error) }, 400);
    }
  };
}
