// The edge's OAuth 2 requests, as DESIGN's contract has them. Says what was answered; what it means is
// decided in the core.

import type { Because } from './auth-error.js';
import type { Failed, Host, Reply } from './host.js';

/** The scheme and host of an address. */
export const origin = (url: string): string | undefined => /^https?:\/\/[^/?#\\]+/.exec(url)?.[0].toLowerCase();

/** Whether a token may travel there: over TLS, or within this machine. */
export const isSafe = (origin: string): boolean =>
  /^https:|^http:\/\/(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(origin);

interface TokenReply {
  access_token?: string;
  refresh_token?: string;
  expires_in?: number;
}

/** What the edge says when it says no. */
export interface Refusal extends Because {
  /** 0: no reply. */
  status: number;
  /** The edge's stable code; empty where it is not the edge that answered. */
  code: string;
  /** Seconds. */
  retryAfter?: number | undefined;
}

export interface Answers {
  tokens(access: string, refresh: string, expiresIn: number, serverNow: number | undefined): void;
  revoked(): void;
  failed(refusal: Refusal): void;
}

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JS_CODE = 'urn:wechat:params:oauth:token-type:js-code';

export function header(reply: Reply, name: string): string | undefined {
  const key = Object.keys(reply.header || {}).find((key) => key.toLowerCase() === name);
  return key === undefined ? undefined : String(reply.header[key]);
}

const record = (value: unknown): Record<string, unknown> =>
  value && typeof value === 'object' ? (value as Record<string, unknown>) : {};

/** Reads what a refusal has to say. What does not look like a word of the edge's is not kept. */
export function refusal(reply: Reply): Refusal {
  const { code, retry_after, request_id } = record(reply.data);
  const after = Number(retry_after ?? header(reply, 'retry-after'));
  return {
    status: reply.statusCode,
    code: typeof code === 'string' && /^[a-z_]{1,64}$/.test(code) ? code : '',
    retryAfter: after > 0 ? after : undefined,
    requestId: typeof request_id === 'string' && request_id.length <= 64 ? request_id : undefined,
  };
}

export function edgeClient(host: Host, edge: string, appid: string) {
  const post = (path: string, data: Record<string, string | undefined>, timeout: number, answers: Answers) => {
    const failed: Failed = (cause) => answers.failed({ status: 0, code: '', cause });
    const done = (reply: Reply) => {
      if (!reply?.statusCode) return failed({ errMsg: 'request:fail no reply' });
      const body: TokenReply = record(reply.data);
      if (reply.statusCode !== 200) return answers.failed(refusal(reply));
      // A captive portal's page is not an answer of the edge.
      if (path === '/oauth/revoke')
        return body === reply.data && !Array.isArray(body) ? answers.revoked() : answers.failed(refusal(reply));
      const serverNow = Date.parse(header(reply, 'date') || '');
      answers.tokens(
        String(body.access_token || ''),
        String(body.refresh_token || ''),
        Number(body.expires_in) || 0,
        serverNow > 0 ? serverNow : undefined,
      );
    };
    const json = { 'content-type': 'application/json' };
    try {
      const sent = Object.assign({ client_id: appid }, data);
      host.request({ url: edge + path, method: 'POST', header: json, timeout, data: sent }, done, failed);
    } catch (error) {
      failed({ errMsg: String(error) });
    }
  };
  return {
    exchange: (code: string, refreshToken: string | null, timeout: number, answers: Answers) =>
      post(
        '/oauth/token',
        host.grant
          ? host.grant(code)
          : Object.assign(
              { grant_type: TOKEN_EXCHANGE, subject_token: code, subject_token_type: JS_CODE },
              refreshToken ? { refresh_token: refreshToken } : {},
            ),
        timeout,
        answers,
      ),
    refresh: (token: string, timeout: number, answers: Answers) =>
      post('/oauth/token', { grant_type: 'refresh_token', refresh_token: token }, timeout, answers),
    revoke: (token: string, everywhere: boolean, timeout: number, answers: Answers) =>
      post(
        '/oauth/revoke',
        Object.assign({ token, token_type_hint: 'refresh_token' }, everywhere ? { everywhere: 'true' } : {}),
        timeout,
        answers,
      ),
  };
}
