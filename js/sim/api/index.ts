// WeChat over HTTP: its server APIs, the pages of its web logins, and the control API under /_sim/. A handler takes a
// Request and returns a Response, so it runs in Node, in a Worker and in a web page.

import type { Fault } from '../faults.js';
import { type WeChat, WeChatError } from '../wechat/index.js';
import { isWeChatError } from '../wechat/wechat-error.js';
import { control } from './control.js';
import { loginPage } from './login-pages.js';
import { type Answer, errorAnswer, reply } from './reply.js';
import { ROUTES, type Route } from './routes.js';
import { parseCall, type ServerCall, userOf } from './server-call.js';

/** Properties of a caller that a `Request` does not carry. */
export interface From {
  /** The caller's IP, for the IP lists of §3.3. Default 127.0.0.1. */
  ip?: string;
}

/** Answers a request. A response of type `error` stands for a dropped connection. */
export type Handler = (request: Request, from?: From) => Promise<Response>;

/** Returns the HTTP handler of a WeChat. */
export function serve(wechat: WeChat): Handler {
  const handleControl = control(wechat);
  return async (request, { ip = '127.0.0.1' } = {}) => {
    const url = new URL(request.url);
    const path = url.pathname;
    if (path === '/' || path.startsWith('/_sim/')) return handleControl(request, url);
    if (path.startsWith('/connect/')) return loginPage(wechat, url);
    const route = ROUTES[path];
    if (!route) return unknownPath(wechat, path);

    const name = path.split('/').pop() as string;
    const call = await parseCall(request, url, ip);
    wechat.count(name);
    const fault = wechat.faults.match(name, userOf(wechat, call));
    if (fault && !fault.after_work) {
      const answer = await applyFault(wechat, fault, path, request.signal);
      if (answer) return answer;
    }
    const answer = perform(wechat, route, path, request.method, call);
    wechat.world.log.add('server', name, answer.errcode ? `${answer.errcode} ${answer.errmsg}` : 'ok');
    const spoiled = fault?.after_work ? await applyFault(wechat, fault, path, request.signal) : undefined;
    return spoiled ?? reply(wechat, path, answer);
  };
}

/** Answers a path that the simulator does not have with JSON and an errcode, which every SDK can read. */
function unknownPath(wechat: WeChat, path: string): Response {
  wechat.world.log.add('server', path, '40066: the simulator does not have this path');
  return reply(wechat, path, errorAnswer(wechat, path, new WeChatError(40066)));
}

function perform(wechat: WeChat, { post, run }: Route, path: string, method: string, call: ServerCall): Answer {
  try {
    if (post && method !== 'POST') throw new WeChatError(43002);
    return { ...run(wechat, call) };
  } catch (error) {
    return errorAnswer(wechat, path, isWeChatError(error) ? error : new WeChatError(-1));
  }
}

/** Applies a fault. Returns the answer that the fault demands, if it demands one. */
async function applyFault(
  wechat: WeChat,
  fault: Fault,
  path: string,
  signal: AbortSignal,
): Promise<Response | undefined> {
  wechat.world.log.add('wechat', fault.call, `fault: ${JSON.stringify(fault)}`);
  if (fault.hang && !signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
  if (fault.delay_ms) await wechat.clock.sleep(fault.delay_ms);
  if (fault.drop) return Response.error();
  if (fault.http) return new Response(fault.http.body, { status: fault.http.status });
  if (fault.errcode === undefined) return undefined;
  return reply(wechat, path, errorAnswer(wechat, path, new WeChatError(fault.errcode, fault.errmsg)));
}
