// wx.login and wx.checkSession (docs/platform-facts.md §1.1).

import { appConfig, type Device } from './device.js';
import { CallError, REASONS } from './failures.js';
import { api, type Callbacks, type CallSettings, start } from './wx-call.js';

/** Default of `timeout`: about a minute, as one thread of the developer community says (§1.1). */
const LOGIN_TIMEOUT_MS = 60_000;

export function login(device: Device) {
  const settings: CallSettings<{ timeout?: number }> = {
    operation: 'login',
    timeLimit: async ({ timeout = LOGIN_TIMEOUT_MS }) =>
      (await appConfig(device)).assume.login_timeout === 'honoured' ? timeout : LOGIN_TIMEOUT_MS,
  };
  return {
    login(options: { timeout?: number } & Callbacks<{ code: string }> = {}): void {
      start(
        device,
        'login',
        options,
        async (_, { rpc }) => ({ code: (await rpc('login', device.identity)).code }),
        settings,
      );
    },
    checkSession: api<object, object>(
      device,
      'checkSession',
      async (_, { rpc }) => {
        if (!(await rpc('checkSession', device.identity)).valid) throw new CallError(REASONS.sessionExpired);
        return {};
      },
      { operation: 'checkSession' },
    ),
  };
}
