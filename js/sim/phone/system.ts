// What the device and the app say of themselves, and the small helpers of §1.9: random values, the user's key, the
// real-time log.

import { type Body, backend, type LogLine, type ShowListener } from './device.js';
import { Failure, REASONS } from './failures.js';
import { atLeast, BUTTON_SINCE, OPTION_SINCE } from './versions.js';
import { api, callbackApi } from './wx-call.js';

const MOST_RANDOM = 1_048_576;

export interface LatestUserKey {
  /** Base64 of 16 bytes. */
  encryptKey: string;
  /** 16 hex characters, used as text. */
  iv: string;
  version: number;
  expireTime: number;
}

/** `has` tells whether `wx` has a method. */
export function device(body: Body, has: (method: string) => boolean) {
  const random = ({ length }: { length: number }): { randomValues: ArrayBuffer } => {
    const good = Number.isInteger(length) && length > 0 && length <= MOST_RANDOM;
    if (!good) throw new Failure(REASONS.randomLength);
    return { randomValues: body.random.bytes(length).buffer };
  };
  const since = (table: Record<string, string>, name: string): boolean =>
    Object.hasOwn(table, name) && atLeast(body.SDKVersion, table[name] as string);
  return {
    getAccountInfoSync: () => ({
      miniProgram: { appId: body.who.appid, envVersion: 'develop' as const, version: '' },
    }),
    getAppBaseInfo: () => ({
      SDKVersion: body.SDKVersion,
      version: '8.0.60',
      language: 'zh_CN',
      theme: 'light' as const,
      enableDebug: false,
      host: { appId: 'wxsim' },
    }),
    /** The old way to ask, which every base library has. */
    getSystemInfoSync: () => ({
      SDKVersion: body.SDKVersion,
      version: '8.0.60',
      language: 'zh_CN',
      platform: body.platform,
    }),
    /**
     * `getPrivacySetting`, `showModal.object.editable`, or `button.open-type.chooseAvatar`. False for what this `wx`
     * lacks; options are looked up only where `OPTION_SINCE` lists them.
     */
    canIUse(schema: string): boolean {
      const [name = '', attribute, option = ''] = schema.split('.');
      if (name === 'button' && attribute === 'open-type') return since(BUTTON_SINCE, option);
      return has(name) && (!Object.hasOwn(OPTION_SINCE, schema) || since(OPTION_SINCE, schema));
    },
    env: { USER_DATA_PATH: body.platform === 'devtools' ? 'http://usr' : 'wxfile://usr' },
    onAppShow: (listener: ShowListener): void => void body.shown.add(listener),
    offAppShow: (listener?: ShowListener): void => forget(body.shown, listener),
    onAppHide: (listener: () => void): void => void body.hidden.add(listener),
    offAppHide: (listener?: () => void): void => forget(body.hidden, listener),
    getRandomValues: api<{ length: number }, { randomValues: ArrayBuffer }>(body, 'getRandomValues', random),
    getUserCryptoManager: () => ({
      getLatestUserKey: callbackApi<object, LatestUserKey>(body, 'UserCryptoManager.getLatestUserKey', () =>
        userKey(body),
      ),
      getRandomValues: callbackApi<{ length: number }, { randomValues: ArrayBuffer }>(
        body,
        'UserCryptoManager.getRandomValues',
        random,
      ),
    }),
    getRealtimeLogManager: () => realtimeLog(body),
  };
}

const forget = <Listener>(listeners: Set<Listener>, listener?: Listener): void => {
  if (listener) listeners.delete(listener);
  else listeners.clear();
};

async function userKey(body: Body): Promise<LatestUserKey> {
  const { encrypt_key, iv, version, create_time, expire_in } = await body.cloud('userKey', body.who);
  const { assume } = await backend(body);
  const left = assume.user_key_expire_unit === 'ms' ? 1000 : 1;
  return { encryptKey: encrypt_key, iv, version, expireTime: (create_time + expire_in) * left };
}

/** `phone.logs` has what was written. */
function realtimeLog(body: Body) {
  let filter = '';
  const write =
    (level: LogLine['level']) =>
    // biome-ignore lint/suspicious/noExplicitAny: whatever is logged.
    (...args: any[]): void =>
      void body.logs.push({ level, at: body.clock.now(), args, filter });
  return {
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    setFilterMsg(message: string): void {
      filter = message;
    },
    addFilterMsg(message: string): void {
      filter = filter ? `${filter} ${message}` : message;
    },
  };
}
