// The edge's paths and OAuth 2 requests. Reports each answer; the core decides its meaning.

import type { ErrorSource } from './auth-error.js';
import { isRecord } from './bounds.js';
import { guardCall } from './guard.js';
import type { Failed, Host, Reply, WxFailure } from './host.js';

const TOKEN_PATH = '/oauth/token';
const REVOKE_PATH = '/oauth/revoke';
/** Prefix of the endpoints whose errors the core handles. */
export const WECHAT_PATHS = '/wechat/';
export const PHONE_PATH = '/wechat/phone';
export const OPEN_DATA_PATH = '/wechat/open-data';
export const USER_INFO_PATH = '/wechat/user-info/verify';

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JS_CODE = 'urn:wechat:params:oauth:token-type:js-code';

/** The failure of a request that ended without a status code. */
export const NO_REPLY: WxFailure = { errMsg: 'request:fail no reply' };

/** Scheme, host and port of an address, in lower case. */
export const origin = (url: string): string | undefined => /^https?:\/\/[^/?#\\]+/.exec(url)?.[0].toLowerCase();

/** Whether an origin may receive a token: over TLS, or on this machine. */
export const isSafe = (origin: string): boolean =>
  /^https:|^http:\/\/(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(origin);

interface TokenReply {
  access_token?: string;
  refresh_token?: string;
  expires_in?: number;
}

/** An error reply of the edge. */
export interface Refusal extends ErrorSource {
  /** HTTP status; 0 if there was no reply. */
  status: number;
  /** The edge's error code; '' if the reply has none. */
  code: string;
  /** Seconds. */
  retryAfter?: number | undefined;
}

export interface Answers {
  /** `expiresIn` in seconds, `serverNow` in milliseconds since 1970. */
  tokens(access: string, refresh: string, expiresIn: number, serverNow: number | undefined): void;
  revoked(): void;
  failed(refusal: Refusal): void;
}

function headerOf(reply: Reply, name: string): string | undefined {
  const key = Object.keys(reply.header || {}).find((key) => key.toLowerCase() === name);
  return key === undefined ? undefined : String(reply.header[key]);
}

const record = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});

/** Reads an error reply. Values that do not have the form of the edge's own are left out. */
export function readRefusal(reply: Reply): Refusal {
  const { code, retry_after, request_id } = record(reply.data);
  const after = Number(retry_after ?? headerOf(reply, 'retry-after'));
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
      if (!reply?.statusCode) return failed(NO_REPLY);
      const body: TokenReply = record(reply.data);
      if (reply.statusCode !== 200) return answers.failed(readRefusal(reply));
      // Only an object is the edge's answer: a captive portal answers 200 with a page.
      if (path === REVOKE_PATH)
        return body === reply.data && !Array.isArray(body) ? answers.revoked() : answers.failed(readRefusal(reply));
      const serverNow = Date.parse(headerOf(reply, 'date') || '');
      answers.tokens(
        String(body.access_token || ''),
        String(body.refresh_token || ''),
        Number(body.expires_in) || 0,
        serverNow > 0 ? serverNow : undefined,
      );
    };
    const header = { 'content-type': 'application/json' };
    const sent = Object.assign({ client_id: appid }, data);
    guardCall(
      () => host.request({ url: edge + path, method: 'POST', header, timeout, data: sent }, done, failed),
      failed,
    );
  };
  return {
    exchange: (code: string, refreshToken: string | null, timeout: number, answers: Answers) =>
      post(
        TOKEN_PATH,
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
      post(TOKEN_PATH, { grant_type: 'refresh_token', refresh_token: token }, timeout, answers),
    revoke: (token: string, everywhere: boolean, timeout: number, answers: Answers) =>
      post(REVOKE_PATH, Object.assign({ token }, everywhere ? { everywhere: 'true' } : {}), timeout, answers),
  };
}
