// wx.login and wx.checkSession (docs/platform-facts.md §1.1).

import { appConfig, type Device } from './device.js';
import { CallError, REASONS } from './failures.js';
import { api, type Callbacks, type CallSettings, start } from './wx-call.js';

/** Default of `timeout`: about a minute, as one thread of the developer community says (§1.1). */
const LOGIN_TIMEOUT_MS = 60_000;

/** Options of `wx.login`. */
export interface LoginOptions {
  /** Time limit in milliseconds. Default 60,000. */
  timeout?: number;
}

/** Result of `wx.login`. */
export interface LoginResult {
  /** Login code: 32 characters, valid once and for 5 minutes. */
  code: string;
}

export function login(device: Device) {
  const settings: CallSettings<LoginOptions> = {
    operation: 'login',
    timeLimit: async ({ timeout = LOGIN_TIMEOUT_MS }) =>
      (await appConfig(device)).assume.login_timeout === 'honoured' ? timeout : LOGIN_TIMEOUT_MS,
  };
  return {
    /** `wx.login` (§1.1). Returns a code that is valid for 5 minutes; may replace the session_key. */
    login(options: LoginOptions & Callbacks<LoginResult> = {}): void {
      start(
        device,
        'login',
        options,
        async (_, { rpc }) => ({ code: (await rpc('login', device.identity)).code }),
        settings,
      );
    },
    /** `wx.checkSession` (§1.1). Fails if the session_key of the most recent login has ended. */
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
