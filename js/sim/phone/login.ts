// wx.login and wx.checkSession (docs/platform-facts.md §1.1).

import { type Body, backend } from './device.js';
import { Failure, REASONS } from './failures.js';
import { api, type Callbacks, start } from './wx-call.js';

/** Without a `timeout`; one thread says about a minute (§1.1). */
const LOGIN_TIMEOUT_MS = 60_000;

export function login(body: Body) {
  const patience = async ({ timeout = LOGIN_TIMEOUT_MS }: { timeout?: number }) =>
    (await backend(body)).assume.login_timeout === 'honoured' ? timeout : LOGIN_TIMEOUT_MS;
  return {
    login(options: { timeout?: number } & Callbacks<{ code: string }> = {}): void {
      const work = async () => ({ code: (await body.cloud('login', body.who)).code });
      start(body, 'login', options, work, { patience });
    },
    checkSession: api<object, object>(body, 'checkSession', async () => {
      if (!(await body.cloud('checkSession', body.who)).valid) throw new Failure(REASONS.sessionExpired);
      return {};
    }),
  };
}
