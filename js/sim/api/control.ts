// The control API under /_sim/: what a test or a person does to WeChat from outside. Open to every origin, since the
// simulator has no secrets; the server listens on loopback only.

import { phoneCalls } from '../cloud.js';
import type { Fault } from '../faults.js';
import type { WeChat } from '../wechat/index.js';
import type { Person } from '../wechat/people.js';
import type { Information } from '../wechat/permissions.js';
import type { PushEvent } from '../wechat/push.js';
import { dashboard } from './dashboard.js';

const HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'content-type',
  'content-type': 'application/json',
};

// biome-ignore lint/suspicious/noExplicitAny: whatever the caller sent; a mistake is answered with 400.
type Body = any;
type Control = (body: Body, url: URL) => unknown;

const answer = (value: unknown, status = 200): Response =>
  new Response(JSON.stringify(value), { status, headers: HEADERS });

function named(body: Body, ...fields: string[]): void {
  const missing = fields.find((field) => typeof body[field] !== 'string' || body[field] === '');
  if (missing) throw new Error(`the body needs ${fields.join(', ')}: ${missing} is missing`);
}

function controls(wechat: WeChat): Record<string, Control> {
  const cloud = phoneCalls(wechat);
  return {
    'GET state': () => wechat.state(),
    'GET log': (_, url) => wechat.world.log.after(Number(url.searchParams.get('after')) || 0),
    'POST log'(body: { source?: 'edge'; name: string; text: string }) {
      named(body, 'name', 'text');
      wechat.world.log.add(body.source ?? 'edge', body.name, body.text);
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
    'POST people'(body: { user: string } & Partial<Person>) {
      named(body, 'user');
      const { user, ...changes } = body;
      return Object.assign(wechat.person(user), changes);
    },
    'POST delete-program'(body: { appid: string; user: string }) {
      named(body, 'appid', 'user');
      wechat.world.people.deleteProgram(body.appid, body.user);
      return {};
    },
    'POST declare'(body: { appid: string; type: Information }) {
      named(body, 'appid', 'type');
      wechat.permissions.declare(body.appid, body.type);
      return {};
    },
    'POST push'(body: { appid: string } & PushEvent) {
      named(body, 'appid', 'user', 'event');
      return wechat.push.send(body.appid, body);
    },
    'POST faults'(body: Fault & { clear?: boolean | string }) {
      if (body.clear) wechat.faults.clear(typeof body.clear === 'string' ? body.clear : undefined);
      if (body.call) wechat.faults.add(body);
      return { faults: wechat.faults.list() };
    },
    'POST reset'() {
      wechat.reset();
      return {};
    },
    async 'POST clock'(body: { advance_s?: number }) {
      await wechat.clock.advance((Number(body.advance_s) || 0) * 1000);
      return { now: wechat.clock.now() };
    },
    'POST phone': ({ op, args }: Body) => cloud(op, args),
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
      const text = await request.text();
      return answer(await run(text ? JSON.parse(text) : {}, url));
    } catch (error) {
      return answer({ error: error instanceof Error ? error.message : String(error) }, 400);
    }
  };
}
