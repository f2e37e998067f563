// Methods that report about device and app, listeners of the app's state, random values, the user's key and
// the real-time log (docs/platform-facts.md §1.9).

import { appConfig, type Device, type LogLine, type ShowListener } from './device.js';
import { CallError, REASONS } from './failures.js';
import { atLeast, BUTTON_SINCE, OPTION_SINCE } from './versions.js';
import { api, callbackApi } from './wx-call.js';

const MAX_RANDOM_BYTES = 1_048_576;

export interface LatestUserKey {
  /** Base64 of 16 bytes. */
  encryptKey: string;
  /** 16 hexadecimal characters, used as text. */
  iv: string;
  version: number;
  /** Expiry; the unit is an assumption. */
  expireTime: number;
}

/** `hasMethod` returns whether `wx` has a method of this name. */
export function system(device: Device, hasMethod: (method: string) => boolean) {
  const random = ({ length }: { length: number }): { randomValues: ArrayBuffer } => {
    const valid = Number.isInteger(length) && length > 0 && length <= MAX_RANDOM_BYTES;
    if (!valid) throw new CallError(REASONS.randomLength);
    return { randomValues: device.random.bytes(length).buffer };
  };
  const since = (table: Record<string, string>, name: string): boolean =>
    Object.hasOwn(table, name) && atLeast(device.SDKVersion, table[name] as string);
  return {
    getAccountInfoSync: () => ({
      miniProgram: { appId: device.identity.appid, envVersion: 'develop' as const, version: '' },
    }),
    getAppBaseInfo: () => ({
      SDKVersion: device.SDKVersion,
      version: '8.0.60',
      language: 'zh_CN',
      theme: 'light' as const,
      enableDebug: false,
      host: { appId: 'wxsim' },
    }),
    /** The older method, which every base library has. */
    getSystemInfoSync: () => ({
      SDKVersion: device.SDKVersion,
      version: '8.0.60',
      language: 'zh_CN',
      platform: device.platform,
    }),
    /**
     * Takes a method, an option or a button: `getPrivacySetting`, `showModal.object.editable`,
     * `button.open-type.chooseAvatar`. False for methods that this `wx` lacks. Options that `OPTION_SINCE` does not
     * list count as present.
     */
    canIUse(schema: string): boolean {
      const [name = '', attribute, option = ''] = schema.split('.');
      if (name === 'button' && attribute === 'open-type') return since(BUTTON_SINCE, option);
      return hasMethod(name) && (!Object.hasOwn(OPTION_SINCE, schema) || since(OPTION_SINCE, schema));
    },
    env: { USER_DATA_PATH: device.platform === 'devtools' ? 'http://usr' : 'wxfile://usr' },
    onAppShow: (listener: ShowListener): void => void device.showListeners.add(listener),
    offAppShow: (listener?: ShowListener): void => removeListener(device.showListeners, listener),
    onAppHide: (listener: () => void): void => void device.hideListeners.add(listener),
    offAppHide: (listener?: () => void): void => removeListener(device.hideListeners, listener),
    getRandomValues: api<{ length: number }, { randomValues: ArrayBuffer }>(device, 'getRandomValues', random),
    getUserCryptoManager: () => ({
      getLatestUserKey: callbackApi<object, LatestUserKey>(
        device,
        'UserCryptoManager.getLatestUserKey',
        async (_, { rpc }) => {
          const { encrypt_key, iv, version, create_time, expire_in } = await rpc('userKey', device.identity);
          const { assume } = await appConfig(device);
          const unit = assume.user_key_expire_unit === 'ms' ? 1000 : 1;
          return { encryptKey: encrypt_key, iv, version, expireTime: (create_time + expire_in) * unit };
        },
        { operation: 'userKey' },
      ),
      getRandomValues: callbackApi<{ length: number }, { randomValues: ArrayBuffer }>(
        device,
        'UserCryptoManager.getRandomValues',
        random,
      ),
    }),
    getRealtimeLogManager: () => realtimeLog(device),
  };
}

/** Removes one listener, or all of them. */
const removeListener = <Listener>(listeners: Set<Listener>, listener?: Listener): void => {
  if (listener) listeners.delete(listener);
  else listeners.clear();
};

/** Appends to `phone.logs`. */
function realtimeLog(device: Device) {
  let filter = '';
  const write =
    (level: LogLine['level']) =>
    // biome-ignore lint/suspicious/noExplicitAny: the real-time log accepts every value.
    (...args: any[]): void =>
      void device.logs.push({ level, at: device.clock.now(), args, filter });
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
