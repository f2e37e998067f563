// WeChat over HTTP: its own paths as it serves them, the pages of its web logins, and the control API under /_sim/.
// Takes a Request and gives a Response, so it runs in Node, a Worker or a page.

import type { Fault } from '../faults.js';
import { Refusal, type WeChat } from '../wechat/index.js';
import { isRefusal } from '../wechat/refusal.js';
import { control } from './control.js';
import { loginPage } from './login-pages.js';
import { type Call, ROUTES } from './routes.js';

export interface From {
  /** The caller's IP, for the IP lists of §3.3. */
  ip?: string;
}

export type Handler = (request: Request, from?: From) => Promise<Response>;

/** sns calls say text/plain though it is JSON (§3.1). */
const typeOf = (path: string): string => (path.startsWith('/sns/') ? 'text/plain' : 'application/json; encoding=utf-8');

export function serve(wechat: WeChat): Handler {
  const controlled = control(wechat);
  return async (request, { ip = '127.0.0.1' } = {}) => {
    const url = new URL(request.url);
    if (url.pathname === '/' || url.pathname.startsWith('/_sim/')) return controlled(request, url);
    if (url.pathname.startsWith('/connect/')) return loginPage(wechat, url);
    const route = ROUTES[url.pathname];
    if (!route) return new Response('not found', { status: 404 });

    const name = url.pathname.split('/').pop() as string;
    wechat.count(name);
    const fault = wechat.faults.meet(name);
    if (fault && !fault.after_work) {
      const answer = await suffer(wechat, fault, request.signal);
      if (answer) return answer;
    }
    const type = typeOf(url.pathname);
    const answer = await work(wechat, route.run, { request, url, ip, post: route.post === true });
    wechat.world.log.add('server', name, answer.errcode ? `${answer.errcode} ${answer.errmsg}` : 'ok');
    const spoiled = fault?.after_work ? await suffer(wechat, fault, request.signal) : undefined;
    return spoiled ?? reply(wechat, answer, type);
  };
}

type Answer = Record<string, unknown> & { errcode?: number; errmsg?: string };

interface Asked {
  request: Request;
  url: URL;
  ip: string;
  post: boolean;
}

async function work(
  wechat: WeChat,
  run: (wechat: WeChat, call: Call) => object,
  { request, url, ip, post }: Asked,
): Promise<Answer> {
  try {
    if (post && request.method !== 'POST') throw new Refusal(43002);
    const text = request.method === 'POST' ? await request.text() : '';
    const body = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {};
    return { ...run(wechat, { query: (key) => url.searchParams.get(key) ?? '', body, ip }) };
  } catch (error) {
    // WeChat answers 200 to errors too, and names the request in the message (§3).
    const { errcode, message } = isRefusal(error) ? error : new Refusal(-1);
    return refused(wechat, errcode, message);
  }
}

const refused = (wechat: WeChat, errcode: number, message: string): Answer => ({
  errcode,
  errmsg: `${message}, ${wechat.world.random.rid()}`,
});

function reply(wechat: WeChat, answer: Answer, type: string): Response {
  const json = JSON.stringify(answer);
  const text = wechat.world.assume.escape_slashes ? json.replaceAll('/', '\\/') : json;
  return new Response(text, { headers: { 'content-type': type } });
}

/** Acts a fault out; gives the answer, if the fault is one. */
async function suffer(wechat: WeChat, fault: Fault, signal: AbortSignal): Promise<Response | undefined> {
  wechat.world.log.add('wechat', fault.call, `fault: ${JSON.stringify(fault)}`);
  if (fault.hang) await new Promise((resolve) => signal.addEventListener('abort', resolve));
  if (fault.delay_ms) await wechat.clock.sleep(fault.delay_ms);
  if (fault.drop) return Response.error();
  if (fault.http) return new Response(fault.http.body, { status: fault.http.status });
  if (fault.errcode === undefined) return undefined;
  const { errcode, message } = new Refusal(fault.errcode, fault.errmsg);
  return reply(wechat, refused(wechat, errcode, message), 'application/json');
}
