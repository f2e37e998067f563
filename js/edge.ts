// The edge's OAuth 2 requests, as DESIGN's contract has them. Says what was answered; what it means is
// decided in the core.

import type { Failed, Host, Reply } from './host.js';

/** The scheme and host of an address. */
export const origin = (url: string): string | undefined => /^https?:\/\/[^/?#\\]+/.exec(url)?.[0].toLowerCase();

interface TokenReply {
  access_token?: string;
  refresh_token?: string;
  expires_in?: number;
  code?: string;
  retry_after?: number;
}

export interface Answers {
  tokens(access: string, refresh: string, expiresIn: number, serverNow: number | undefined): void;
  revoked(): void;
  /** `status` 0: no reply. */
  failed(status: number, code: string, retryAfter: number | undefined): void;
}

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JS_CODE = 'urn:wechat:params:oauth:token-type:js-code';

export function header(reply: Reply, name: string): string | undefined {
  const key = Object.keys(reply.header || {}).find((key) => key.toLowerCase() === name);
  return key === undefined ? undefined : String(reply.header[key]);
}

export function edgeClient(host: Host, edge: string, appid: string) {
  const post = (path: string, data: Record<string, string | undefined>, timeout: number, answers: Answers) => {
    const failed: Failed = () => answers.failed(0, '', undefined);
    const done = (reply: Reply) => {
      const body = (reply.data && typeof reply.data === 'object' ? reply.data : {}) as TokenReply;
      if (reply.statusCode !== 200) {
        const after = Number(body.retry_after ?? header(reply, 'retry-after'));
        return answers.failed(reply.statusCode, String(body.code || ''), after > 0 ? after : undefined);
      }
      if (path === '/oauth/revoke') return answers.revoked();
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
