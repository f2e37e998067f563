// WeChat over HTTP: its own paths as it serves them, and the control API under /_sim/. Takes a Request and gives a
// Response, so it runs in Node, a Worker or a page.

import { type Cloud, phoneCalls } from './cloud.js';
import type { Fault } from './faults.js';
import { Refusal, type WeChat } from './wechat.js';

export type Handler = (request: Request) => Promise<Response>;

type Query = (name: string) => string;
type Body = Record<string, unknown>;
type Api = (wechat: WeChat, query: Query, body: Body) => unknown;

/** Method, path, and what it does. */
const APIS: Record<string, Api> = {
  'GET /sns/jscode2session': (wechat, query) =>
    wechat.jscode2session(query('appid'), query('secret'), query('js_code')),
  'POST /cgi-bin/stable_token': (wechat, _, body) =>
    wechat.stableToken(String(body.appid), String(body.secret), body.force_refresh === true),
  'GET /wxa/checksession': (wechat, query) =>
    wechat.checkSession(
      wechat.authenticate(query('access_token')),
      query('openid'),
      query('signature'),
      query('sig_method'),
    ),
  'POST /wxa/business/getuserphonenumber': (wechat, query, body) =>
    wechat.phoneNumber(
      wechat.authenticate(query('access_token')),
      String(body.code),
      body.openid as string | undefined,
    ),
};

/** jscode2session says text/plain though it is JSON (§3.1). */
const PLAIN = 'GET /sns/jscode2session';

const CONTROL_HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'content-type',
  'content-type': 'application/json',
};

export function serve(wechat: WeChat): Handler {
  const cloud = phoneCalls(wechat);
  return async (request) => {
    const url = new URL(request.url);
    if (url.pathname.startsWith('/_sim/')) return control(wechat, cloud, request, url);
    const name = `${request.method} ${url.pathname}`;
    const api = APIS[name];
    if (!api) return new Response('not found', { status: 404 });
    const call = url.pathname.split('/').pop() as string;
    wechat.count(call);
    const fault = wechat.faults.meet(call);
    if (fault) {
      const answer = await suffer(fault, request.signal);
      if (answer) return answer;
    }
    const type = name === PLAIN ? 'text/plain' : 'application/json; encoding=utf-8';
    try {
      const body = request.method === 'POST' ? ((await request.json()) as Body) : {};
      const reply = await api(wechat, (key) => url.searchParams.get(key) ?? '', body);
      return new Response(JSON.stringify(reply), { headers: { 'content-type': type } });
    } catch (error) {
      // WeChat answers 200 to errors too, and names the request in the message (§3).
      return refused(error instanceof Refusal ? error : new Refusal(-1, 'system error'), type);
    }
  };
}

const rid = 'rid: 632d16be-15ad5486-1e378de4';
const refused = ({ errcode, message }: Refusal, type: string) =>
  new Response(JSON.stringify({ errcode, errmsg: `${message}, ${rid}` }), { headers: { 'content-type': type } });

/** Acts a fault out; gives the answer, if the fault is one. */
async function suffer(fault: Fault, signal: AbortSignal): Promise<Response | undefined> {
  if (fault.hang) await new Promise((resolve) => signal.addEventListener('abort', resolve));
  if (fault.delay_ms) await new Promise((resolve) => setTimeout(resolve, fault.delay_ms));
  if (fault.http) return new Response(fault.http.body, { status: fault.http.status });
  if (fault.errcode !== undefined) return refused(new Refusal(fault.errcode, 'injected'), 'application/json');
  return undefined;
}

async function control(wechat: WeChat, cloud: Cloud, request: Request, url: URL): Promise<Response> {
  const answer = (value: unknown, status = 200) =>
    new Response(JSON.stringify(value), { status, headers: CONTROL_HEADERS });
  if (request.method === 'OPTIONS') return new Response(null, { status: 204, headers: CONTROL_HEADERS });
  const name = `${request.method} ${url.pathname.slice('/_sim/'.length)}`;
  const text = request.method === 'POST' ? await request.text() : '';
  try {
    const body = (text ? JSON.parse(text) : {}) as Body;
    switch (name) {
      case 'GET state':
        return answer(wechat.state());
      case 'POST codes':
        return answer(await wechat.issueCode(String(body.appid), String(body.user)));
      case 'POST faults':
        if (body.clear) wechat.faults.clear();
        if (body.call) wechat.faults.add(body as unknown as Fault);
        return answer({ faults: wechat.faults.list() });
      case 'POST reset':
        wechat.reset();
        return answer({});
      case 'POST clock':
        wechat.advance(Number(body.advance_s) || 0);
        return answer({ now: wechat.now() });
      case 'POST phone':
        return answer(await cloud(body.op as never, body.args as never));
      default:
        return answer({ error: `no such control: ${name}` }, 404);
    }
  } catch (error) {
    return answer({ error: String(error instanceof Error ? error.message : error) }, 400);
  }
}
