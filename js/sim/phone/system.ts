// Methods that report about device and app, listeners of the app's state, random values, the user's key and
// the real-time log (docs/platform-facts.md §1.9).

import { appConfig, type Device, type LogLine, type ShowListener } from './device.js';
import { CallError, type Platform, REASONS } from './failures.js';
import { atLeast, BUTTON_SINCE, OPTION_SINCE } from './versions.js';
import { api, callbackApi, type WxCallbackMethod } from './wx-call.js';

const MAX_RANDOM_BYTES = 1_048_576;

/** Result of `wx.getAccountInfoSync` (§1.1). */
export interface AccountInfo {
  /** The mini program. */
  miniProgram: MiniProgramInfo;
}

/** Identity and version of a mini program. */
export interface MiniProgramInfo {
  /** The app's identifier. */
  appId: string;
  /** Always `develop`. */
  envVersion: 'develop';
  /** Empty: only released versions have one. */
  version: string;
}

/** Result of `wx.getAppBaseInfo` (§1.6). */
export interface AppBaseInfo {
  /** Version of the base library. */
  SDKVersion: string;
  /** Version of WeChat. */
  version: string;
  /** Language of WeChat: always `zh_CN`. */
  language: string;
  /** Always `light`. */
  theme: 'light';
  /** Always false. */
  enableDebug: boolean;
  /** The host app. */
  host: HostInfo;
}

/** The app that hosts mini programs. */
export interface HostInfo {
  /** Always `wxsim`. */
  appId: string;
}

/** Result of `wx.getSystemInfoSync`. */
export interface SystemInfo {
  /** Version of the base library. */
  SDKVersion: string;
  /** Version of WeChat. */
  version: string;
  /** Language of WeChat: always `zh_CN`. */
  language: string;
  /** Platform of the phone. */
  platform: Platform;
}

/** Constants of `wx.env`. */
export interface Env {
  /** Root of the mini program's own files. */
  USER_DATA_PATH: string;
}

/** Options of `getRandomValues` (§1.9). */
export interface RandomOptions {
  /** Number of bytes, from 1 to 1,048,576. */
  length: number;
}

/** Result of `getRandomValues` (§1.9). */
export interface RandomValues {
  /** The random bytes, from `PhoneOptions.seed`. */
  randomValues: ArrayBuffer;
}

/** Result of `wx.getUserCryptoManager` (§1.9). */
export interface UserCryptoManager {
  /** Returns the newest key of the user. */
  getLatestUserKey: WxCallbackMethod<object, LatestUserKey>;
  /** Returns random bytes. */
  getRandomValues: WxCallbackMethod<RandomOptions, RandomValues>;
}

/** Writes to `phone.logs`, as `wx.getRealtimeLogManager` returns it. */
export interface RealtimeLogManager {
  /** Logs its arguments with level `info`. */
  info: LogWriter;
  /** Logs its arguments with level `warn`. */
  warn: LogWriter;
  /** Logs its arguments with level `error`. */
  error: LogWriter;
  /** Replaces the filter message of the lines that follow. */
  setFilterMsg(message: string): void;
  /** Appends to the filter message, after a space. */
  addFilterMsg(message: string): void;
}

/** Writes one line of the real-time log. */
// biome-ignore lint/suspicious/noExplicitAny: the real-time log accepts every value.
export type LogWriter = (...args: any[]) => void;

/** The newest key of the user (§1.9). */
export interface LatestUserKey {
  /** Base64 of 16 bytes. */
  encryptKey: string;
  /** 16 hexadecimal characters, used as text. */
  iv: string;
  /** Counts up from 1. */
  version: number;
  /** Expiry; the unit is an assumption. */
  expireTime: number;
}

/** `hasMethod` returns whether `wx` has a method of this name. */
export function system(device: Device, hasMethod: (method: string) => boolean) {
  const random = ({ length }: RandomOptions): RandomValues => {
    const valid = Number.isInteger(length) && length > 0 && length <= MAX_RANDOM_BYTES;
    if (!valid) throw new CallError(REASONS.randomLength);
    return { randomValues: device.random.bytes(length).buffer };
  };
  const since = (table: Record<string, string>, name: string): boolean =>
    Object.hasOwn(table, name) && atLeast(device.SDKVersion, table[name] as string);
  const env: Env = { USER_DATA_PATH: device.platform === 'devtools' ? 'http://usr' : 'wxfile://usr' };
  return {
    /** `wx.getAccountInfoSync` (§1.1). */
    getAccountInfoSync: (): AccountInfo => ({
      miniProgram: { appId: device.identity.appid, envVersion: 'develop', version: '' },
    }),
    /** `wx.getAppBaseInfo` (§1.6). */
    getAppBaseInfo: (): AppBaseInfo => ({
      SDKVersion: device.SDKVersion,
      version: '8.0.60',
      language: 'zh_CN',
      theme: 'light',
      enableDebug: false,
      host: { appId: 'wxsim' },
    }),
    /** `wx.getSystemInfoSync`. The older method, which every base library has. */
    getSystemInfoSync: (): SystemInfo => ({
      SDKVersion: device.SDKVersion,
      version: '8.0.60',
      language: 'zh_CN',
      platform: device.platform,
    }),
    /**
     * `wx.canIUse` (§1.1). Takes a method, an option or a button: `getPrivacySetting`, `showModal.object.editable`,
     * `button.open-type.chooseAvatar`. False for methods that this `wx` lacks. Options that `OPTION_SINCE` does not
     * list count as present.
     */
    canIUse(schema: string): boolean {
      const [name = '', attribute, option = ''] = schema.split('.');
      if (name === 'button' && attribute === 'open-type') return since(BUTTON_SINCE, option);
      return hasMethod(name) && (!Object.hasOwn(OPTION_SINCE, schema) || since(OPTION_SINCE, schema));
    },
    /** `wx.env`. */
    env,
    /** `wx.onAppShow`. The listener runs when the app is shown again. */
    onAppShow: (listener: ShowListener): void => void device.showListeners.add(listener),
    /** `wx.offAppShow`. Removes one listener, or all. */
    offAppShow: (listener?: ShowListener): void => removeListener(device.showListeners, listener),
    /** `wx.onAppHide`. The listener runs when the app is hidden. */
    onAppHide: (listener: () => void): void => void device.hideListeners.add(listener),
    /** `wx.offAppHide`. Removes one listener, or all. */
    offAppHide: (listener?: () => void): void => removeListener(device.hideListeners, listener),
    /** `wx.getRandomValues` (§1.9). Returns seeded, not secret, random bytes. */
    getRandomValues: api<RandomOptions, RandomValues>(device, 'getRandomValues', random),
    /** `wx.getUserCryptoManager` (§1.9). */
    getUserCryptoManager: (): UserCryptoManager => ({
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
      getRandomValues: callbackApi<RandomOptions, RandomValues>(device, 'UserCryptoManager.getRandomValues', random),
    }),
    /** `wx.getRealtimeLogManager`. Its lines go to `phone.logs`. */
    getRealtimeLogManager: (): RealtimeLogManager => realtimeLog(device),
  };
}

/** Removes one listener, or all of them. */
const removeListener = <Listener>(listeners: Set<Listener>, listener?: Listener): void => {
  if (listener) listeners.delete(listener);
  else listeners.clear();
};

/** Appends to `phone.logs`. */
function realtimeLog(device: Device): RealtimeLogManager {
  let filter = '';
  const write =
    (level: LogLine['level']): LogWriter =>
    (...args) =>
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
