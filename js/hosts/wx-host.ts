// A host over `wx`: the real one, or the simulator's. Uses callbacks only, since `wx.login` returns no promise
// (docs/platform-facts.md §1.0).

import type { AuthSetting, CoreModule, Failed, Host, HostRequest, Reply, WxFailure } from '../client/host.js';
import { atLeast } from './base-library.js';
import { registryOn } from './registry.js';

/** Methods of `wx` that every platform has. */
type Needed =
  | 'login'
  | 'request'
  | 'getStorage'
  | 'getStorageSync'
  | 'setStorage'
  | 'getSetting'
  | 'authorize'
  | 'getAccountInfoSync';
/** Methods of `wx` that are used if the base library has them. */
type Optional =
  | 'checkSession'
  | 'getPrivacySetting'
  | 'getRandomValues'
  | 'getAppBaseInfo'
  | 'getAppAuthorizeSetting'
  | 'getSystemInfoSync'
  | 'getSystemSetting'
  | 'getUserProfile'
  // Missing in a skill of WeChat's AI mode: no settings page, no app events (§1.12).
  | 'openSetting'
  | 'onAppShow'
  | 'onAppHide'
  | 'removeStorage'
  | 'offAppShow'
  | 'offAppHide';

/**
 * An object with the methods of `wx` that the client calls: the platform's (checked against miniprogram-api-typings), a
 * wrapper, or the simulator's.
 */
// biome-ignore lint/suspicious/noExplicitAny: each platform types its options in its own way.
export type WxLike = { [Method in Needed]: any } & { [Method in Optional]?: any };

/** First base library with `encrypt`. An entry written with it is readable only with it (§1.7). */
const ENCRYPTED_STORAGE = '2.21.3';

/** Accepts failures of the WeChat gateway too, which have `errCode` and `message` (§1.8). */
const withGatewayFailure = (fail: Failed) => (failure: WxFailure & { errCode?: number; message?: string }) =>
  failure?.errCode === undefined || failure.errno !== undefined
    ? fail(failure)
    : fail({ errno: failure.errCode, errMsg: failure.errMsg || failure.message || '' });

const unsupported = (name: string): WxFailure => ({ errMsg: `${name}:fail not supported`, errno: 100 });

/** A success callback; a result without the expected fields counts as a failure. */
const reading =
  <Result>(read: (result: Result) => void, fail: Failed) =>
  (result: Result): void => {
    try {
      read(result);
    } catch (error) {
      fail({ errMsg: String(error) });
    }
  };

/** Version of the base library; '0' if unknown. */
function baseLibrary(wx: WxLike): string {
  // getAppBaseInfo exists from 2.20.1 on.
  const about = wx.getAppBaseInfo || wx.getSystemInfoSync;
  try {
    return String((about ? about().SDKVersion : '') || '0');
  } catch {
    return '0';
  }
}

/** Creates the host. `holder` carries the registry that all copies of this package share. */
export function wxHost(wx: WxLike, holder: unknown, load: () => Promise<CoreModule>): Host {
  const version = baseLibrary(wx);
  const encrypt = atLeast(version, ENCRYPTED_STORAGE) ? { encrypt: true } : {};
  const setting = (done: (setting: AuthSetting) => void, fail: Failed) =>
    reading((result: { authSetting: AuthSetting }) => done(result.authSetting), fail);
  return {
    canLogin: true,
    registry: registryOn(holder),
    load,
    // uni-app's web build defines a `wx` without getAccountInfoSync.
    appid: () => wx.getAccountInfoSync?.().miniProgram.appId,
    random(done) {
      const fallback = () => done(Date.now() >>> 0);
      if (!wx.getRandomValues) return fallback();
      wx.getRandomValues({
        length: 4,
        success: reading(
          (result: { randomValues: ArrayBuffer }) => done(new DataView(result.randomValues).getUint32(0)),
          fallback,
        ),
        fail: fallback,
      });
    },
    read(key, done, failed) {
      const success = reading(
        (result: { data: unknown }) => done(typeof result.data === 'string' ? result.data : undefined),
        failed,
      );
      const fail: Failed = (failure) => (/not found/.test(failure?.errMsg) ? done(undefined) : failed(failure));
      wx.getStorage(Object.assign({ key, success, fail }, encrypt));
    },
    write: (key, data, done, fail) => wx.setStorage(Object.assign({ key, data, success: () => done(), fail }, encrypt)),
    remove(key, done, fail) {
      if (!wx.removeStorage) return fail({ errMsg: 'removeStorage:fail not supported' });
      wx.removeStorage({ key, success: () => done(), fail });
    },
    request(request: HostRequest, success: (reply: Reply) => void, fail: Failed) {
      const task = wx.request(Object.assign({ success, fail: withGatewayFailure(fail) }, request));
      return task?.abort ? () => task.abort() : undefined;
    },
    login: (timeout, done, fail) =>
      wx.login({ timeout, success: reading((result: { code: string }) => done(result.code), fail), fail }),
    // Its only failure means "expired" (§1.1).
    checkSession: (done) => wx.checkSession({ success: () => done(true), fail: () => done(false) }),
    getSetting: (done, fail) => wx.getSetting({ success: setting(done, fail), fail }),
    openSetting: (done, fail) =>
      wx.openSetting ? wx.openSetting({ success: setting(done, fail), fail }) : fail(unsupported('openSetting')),
    authorize: (scope, success, fail) => wx.authorize({ scope, success: () => success(), fail }),
    getPrivacySetting(done, fail) {
      // Base libraries below 2.32.3 ask for no agreement (§1.5).
      if (!wx.getPrivacySetting) return done(false);
      wx.getPrivacySetting({
        success: reading((result: { needAuthorization: boolean }) => done(result.needAuthorization), fail),
        fail,
      });
    },
    readSystem(done) {
      const withValue = (fields: Record<string, unknown>, value: unknown) =>
        Object.keys(fields || {}).filter((field) => fields[field] === value);
      done(
        withValue(wx.getAppAuthorizeSetting ? wx.getAppAuthorizeSetting() : {}, 'denied'),
        withValue(wx.getSystemSetting ? wx.getSystemSetting() : {}, false),
      );
    },
    getUserProfile(desc, success, fail) {
      if (!wx.getUserProfile) return fail(unsupported('getUserProfile'));
      wx.getUserProfile({ desc, success, fail });
    },
    version: () => version,
    onVisibility(shown, hidden) {
      wx.onAppShow?.(shown);
      wx.onAppHide?.(hidden);
      return () => {
        wx.offAppShow?.(shown);
        wx.offAppHide?.(hidden);
      };
    },
  };
}
