// One call of a server, parsed: its parameters and its JSON body.

import { type WeChat, WeChatError } from '../wechat/index.js';

export interface Call {
  /** A parameter, of the query or of a form body; empty where it is missing. */
  param: (name: string) => string;
  /** The JSON body: 44002 where it is empty, 47001 where it is not a JSON object. */
  json: () => Record<string, unknown>;
  ip: string;
}

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function jsonObject(body: string): Record<string, unknown> {
  if (body === '') throw new WeChatError(44002);
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // The same errcode as for JSON that is not an object.
  }
  throw new WeChatError(47001);
}

export async function parseCall(request: Request, url: URL, ip: string): Promise<Call> {
  const body = request.method === 'POST' ? (await request.text()).trim() : '';
  // A body declared as a form may still be JSON: curl declares every body so.
  const declared = request.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded');
  const form = new URLSearchParams(declared ? body : '');
  return { param: (name) => url.searchParams.get(name) ?? form.get(name) ?? '', json: () => jsonObject(body), ip };
}

/** The user a call is about, by its code, token or openid; undefined where it names none. */
export function userOf(wechat: WeChat, { param, json }: Call): string | undefined {
  let body: Record<string, unknown> = {};
  try {
    body = json();
  } catch {
    // Without a JSON body the parameters are all there is.
  }
  const value = (name: string) => param(name) || text(body[name]);
  return (
    wechat.codes.peek(value('js_code') || value('code'))?.user ??
    wechat.web.userOf(value('access_token'), value('refresh_token')) ??
    wechat.world.users.userOf(value('openid'))
  );
}
