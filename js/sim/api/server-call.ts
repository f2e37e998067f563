// A parsed call of a server API: its parameters and its JSON body.

import { type WeChat, WeChatError } from '../wechat/index.js';

export interface ServerCall {
  /** Returns a parameter of the query or of a form body; empty if it is missing. */
  param: (name: string) => string;
  /** Returns the JSON body. Throws 44002 if it is empty, 47001 if it is not a JSON object. */
  json: () => Record<string, unknown>;
  /** The caller's IP. */
  ip: string;
}

/** Returns a string; empty for every other value. */
export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function jsonObject(body: string): Record<string, unknown> {
  if (body === '') throw new WeChatError(44002);
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Same errcode as for JSON that is not an object.
  }
  throw new WeChatError(47001);
}

/** Reads the body of a POST, and parses the call. */
export async function parseCall(request: Request, url: URL, ip: string): Promise<ServerCall> {
  const body = request.method === 'POST' ? (await request.text()).trim() : '';
  // curl declares every body as a form, also JSON.
  const declared = request.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded');
  const form = new URLSearchParams(declared ? body : '');
  return { param: (name) => url.searchParams.get(name) ?? form.get(name) ?? '', json: () => jsonObject(body), ip };
}

/** Returns the user whom a call names by code, token or openid; `undefined` if there is none. */
export function userOf(wechat: WeChat, { param, json }: ServerCall): string | undefined {
  let body: Record<string, unknown> = {};
  try {
    body = json();
  } catch {
    // Not a JSON body: only the parameters count.
  }
  const value = (name: string) => param(name) || text(body[name]);
  return (
    wechat.codes.peek(value('js_code') || value('code'))?.user ??
    wechat.web.userOf(value('access_token'), value('refresh_token')) ??
    wechat.world.users.userOf(value('openid'))
  );
}
