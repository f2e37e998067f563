// Sends a caller's request with the session's access token, and reads from the reply what the core decides on.

import type { AccessToken, AuthOptions } from './auth.js';
import { isRecord } from './bounds.js';
import { NO_REPLY, type Refusal, readRefusal, WECHAT_PATHS } from './edge-client.js';
import { guardCall } from './guard.js';
import type { Failed, Host, Reply } from './host.js';
import type { Waiter } from './waiters.js';

export interface ReplyEvents {
  /** `code` is the edge's error code, or the value that the application lists as "token expired"; '' for all else. */
  replied(status: number, code: string, refusal: Refusal | undefined): void;
  failed: Failed;
}

export function sendRequest(
  waiter: Waiter,
  token: AccessToken | undefined,
  host: Host,
  edge: string,
  expiry: AuthOptions['expiry'],
  events: ReplyEvents,
): void {
  if (!waiter.payload) return;
  const { url, method = 'GET', data, header, isAnswer } = waiter.payload;
  const sent: Record<string, string> = Object.assign({}, header);
  if (token) {
    // The session's token replaces the caller's header, whatever its case.
    for (const name of Object.keys(sent)) if (/^authorization$/i.test(name)) delete sent[name];
    sent.Authorization = `Bearer ${token.token}`;
  }
  // One answer per request: a second callback may come when the core has already sent the request again.
  let open = true;
  const once =
    <T>(answered: (answer: T) => void) =>
    (answer: T) => {
      if (!open) return;
      open = false;
      waiter.abort = undefined;
      answered(answer);
    };
  const failed = once(events.failed);
  const done = once((reply: Reply) => {
    if (!reply || !(reply.statusCode > 0)) return events.failed(NO_REPLY);
    waiter.reply = reply;
    const refusal = isAnswer || url.indexOf(edge + WECHAT_PATHS) === 0 ? readRefusal(reply) : undefined;
    const malformed = isAnswer && reply.statusCode === 200 && !(isRecord(reply.data) && isAnswer(reply.data));
    const code = malformed ? 'reply_malformed' : refusal ? refusal.code : expiryValue(reply, expiry);
    events.replied(reply.statusCode, code, refusal);
  });
  guardCall(() => {
    const abort = host.request({ url, method, data, header: sent }, done, failed);
    if (open) waiter.abort = abort;
  }, failed);
}

/** The value of the application's own "token expired" field. No other field of an application's reply is read. */
function expiryValue({ data }: Reply, expiry: AuthOptions['expiry']): string {
  const value = expiry && isRecord(data) ? data[expiry.field] : undefined;
  const isListed = (listed: string | number) => String(listed) === String(value);
  const isText = typeof value === 'string' || typeof value === 'number';
  return isText && expiry?.values.some(isListed) ? String(value) : '';
}
