// The control API under /_sim/: what a test or a person does to WeChat from outside. Open to every origin, since the
// simulator has no secrets; the server listens on loopback only.

import type { Fault } from '../faults.js';
import { INFORMATION, type Information } from '../scopes.js';
import type { WeChat } from '../wechat/index.js';
import type { PushEvent } from '../wechat/push.js';
import type { User } from '../wechat/users.js';
import { localRpc } from '../wechat-rpc.js';
import { dashboard } from './dashboard.js';

const HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'content-type',
  'content-type': 'application/json',
};

// biome-ignore lint/suspicious/noExplicitAny: whatever JSON object the caller sent; a mistake is answered with 400.
type Body = any;
type Control = (body: Body, url: URL) => unknown;

const answer = (value: unknown, status = 200): Response =>
  new Response(JSON.stringify(value), { status, headers: HEADERS });

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function named(body: Body, ...fields: string[]): void {
  const missing = fields.find((field) => typeof body[field] !== 'string' || body[field] === '');
  if (missing) throw new Error(`the body needs ${fields.join(', ')}: ${missing} is missing`);
}

/** A part of a person that is named must be of its kind. */
const USER_FIELDS: Record<keyof User, 'string' | 'boolean'> = {
  nickName: 'string',
  avatarUrl: 'string',
  phone: 'string',
  blocked: 'boolean',
  snapshot: 'boolean',
};

function changesOf(given: object): Partial<User> {
  for (const [name, value] of Object.entries(given)) {
    const kind = Object.hasOwn(USER_FIELDS, name) ? USER_FIELDS[name as keyof User] : undefined;
    if (!kind) throw new Error(`a person has no ${name}; there are ${Object.keys(USER_FIELDS).join(', ')}`);
    if (typeof value !== kind) throw new Error(`${name} must be a ${kind}`);
  }
  return given;
}

/** What a phone in another process sends, as far as the simulator keeps it. */
function mustBePhoneCall({ op, args }: Body): void {
  if (typeof op !== 'string' || !isObject(args)) throw new Error('the body needs op, a name, and args, an object');
  named(args, 'appid', 'user');
  if (op === 'enter') named(args, 'call');
  if (op === 'note') named(args, 'name', 'text');
  const grants = args.grants ?? {};
  if (!isObject(grants) || Object.values(grants).some((value) => typeof value !== 'boolean')) {
    throw new Error('grants must be an object of true and false');
  }
}

const LONGEST_ADVANCE_S = 10 * 365 * 86_400;
const SOURCES = ['phone', 'server', 'wechat', 'edge'] as const;

function controls(wechat: WeChat): Record<string, Control> {
  const rpc = localRpc(wechat);
  return {
    'GET state': () => wechat.state(),
    'GET log': (_, url) => wechat.world.log.after(Number(url.searchParams.get('after')) || 0),
    'POST log'(body: { source?: (typeof SOURCES)[number]; name: string; text: string }) {
      named(body, 'name', 'text');
      const { source = 'edge' } = body;
      if (!SOURCES.includes(source)) throw new Error(`source must be one of ${SOURCES.join(', ')}`);
      wechat.world.log.add(source, body.name, body.text);
      return {};
    },
    'POST codes'(body: { appid: string; user: string; kind?: 'phone' }) {
      named(body, 'appid', 'user');
      const { openid } = wechat.account(body.appid, body.user);
      if (body.kind === 'phone') return { code: wechat.issuePhoneCode(body.appid, body.user), openid };
      return wechat.issueCode(body.appid, body.user);
    },
    'POST profile'(body: { appid: string; user: string }) {
      named(body, 'appid', 'user');
      return wechat.profile(body.appid, body.user);
    },
    'POST people'(body: { user: string } & Partial<User>) {
      named(body, 'user');
      const { user, ...changes } = body;
      const checked = changesOf(changes);
      return Object.assign(wechat.user(user), checked);
    },
    'POST delete-program'(body: { appid: string; user: string }) {
      named(body, 'appid', 'user');
      wechat.deleteProgram(body.appid, body.user);
      return {};
    },
    'POST declare'(body: { appid: string; type: Information }) {
      named(body, 'appid', 'type');
      wechat.world.app(body.appid);
      if (!INFORMATION.includes(body.type)) throw new Error(`type must be one of ${INFORMATION.join(', ')}`);
      wechat.permissions.declare(body.appid, body.type);
      return {};
    },
    'POST push'(body: { appid: string } & PushEvent) {
      named(body, 'appid', 'user', 'event');
      const { fields = {} } = body;
      if (!isObject(fields) || Object.values(fields).some((value) => typeof value !== 'string')) {
        throw new Error('fields must be an object of texts');
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
      if (!(Number.isFinite(s) && s >= 0 && s <= LONGEST_ADVANCE_S)) {
        throw new Error(`advance_s must be a number of seconds from 0 to ${LONGEST_ADVANCE_S}`);
      }
      await wechat.clock.advance(s * 1000);
      return { now: wechat.clock.now() };
    },
    'POST phone'(body: Body) {
      mustBePhoneCall(body);
      return rpc(body.op, body.args);
    },
  };
}

export function control(wechat: WeChat): (request: Request, url: URL) => Promise<Response> {
  const known = controls(wechat);
  return async (request, url) => {
    if (request.method === 'OPTIONS') return new Response(null, { status: 204, headers: HEADERS });
    if (url.pathname === '/') return dashboard();
    const name = `${request.method} ${url.pathname.slice('/_sim/'.length)}`;
    const run = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!run) return answer({ error: `no such control: ${name}. There are: ${Object.keys(known).join(', ')}` }, 404);
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
