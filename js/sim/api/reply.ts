// Replies in the format of WeChat's servers: always status 200, with the request id (rid) in each error message.

import type { WeChat, WeChatError } from '../wechat/index.js';

export type Answer = Record<string, unknown> & { errcode?: number; errmsg?: string };

/** Errors of the access token, which is checked before a call reaches its subsystem. */
const TOKEN_ERRORS = [40001, 40014, 41001, 42001];
const NOT_LATEST = ', could get access_token by getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r';

/** Returns the suffix of an error message, which differs by subsystem (§3, observed). */
function suffix({ world }: WeChat, path: string, errcode: number): string {
  const rid = `rid: ${world.random.rid(world.seconds())}`;
  if (path.startsWith('/sns/')) return `, ${rid}`;
  if (errcode === 40001) return `${NOT_LATEST} ${rid}`;
  const hint = path.startsWith('/wxa/business/') && !TOKEN_ERRORS.includes(errcode);
  return hint ? ` hint: [${world.random.word(12)}] ${rid}` : ` ${rid}`;
}

/** Returns the JSON of an error. */
export const errorAnswer = (wechat: WeChat, path: string, { errcode, message }: WeChatError): Answer => ({
  errcode,
  errmsg: message + suffix(wechat, path, errcode),
});

/** `sns` calls declare text/plain although the body is JSON (§3.1). */
const contentType = (path: string): string =>
  path.startsWith('/sns/') ? 'text/plain' : 'application/json; encoding=utf-8';

/** Writes a reply. */
export function reply(wechat: WeChat, path: string, answer: Answer): Response {
  const json = JSON.stringify(answer);
  const body = wechat.world.assume.escape_slashes ? json.replaceAll('/', '\\/') : json;
  return new Response(body, { headers: { 'content-type': contentType(path) } });
}
