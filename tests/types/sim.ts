// Compiles only if the simulator's `wx` has the parameter and result types of WeChat's own `wx`, including the arguments
// of callbacks.
import type { Wx } from '../../dist/sim/index.js';

type Real = WechatMiniprogram.Wx;

/**
 * Where the typings promise more than WeChat gives (errno below 2.24.0, subscriptionsSetting without being asked,
 * signatures without a login, cloudID without WeChat's cloud, debugging fields of a reply and of launch options, the
 * channel to an opened page), or another type than the guide has (docs/platform-facts.md §1.5).
 * What they give is checked one by one below.
 */
type Excepted =
  | 'onNeedPrivacyAuthorization'
  | 'login'
  | 'getSetting'
  | 'openSetting'
  | 'getUserInfo'
  | 'getUserProfile'
  | 'request'
  | 'uploadFile'
  | 'downloadFile'
  | 'navigateTo'
  | 'onAppShow'
  | 'offAppShow'
  | 'onAppHide'
  | 'offAppHide';

// biome-ignore lint/suspicious/noExplicitAny: any function at all.
type Parameter<Method> = Method extends (...args: any[]) => any ? Parameters<Method> : never;

type Mismatch = {
  [Name in keyof Wx]: Name extends Excepted
    ? never
    : Name extends keyof Real
      ? Parameter<Real[Name]> extends Parameter<Wx[Name]>
        ? never
        : Name
      : Name;
}[keyof Wx];

const mismatches: Mismatch[] = [];
export const none: never[] = mismatches;

declare const fake: Wx;

/** What a call with callbacks gives. */
type Given<Name extends 'login' | 'getSetting' | 'openSetting' | 'request'> = Parameters<
  NonNullable<NonNullable<Parameters<Wx[Name]>[0]>['success']>
>[0];
type Reply = Omit<WechatMiniprogram.RequestSuccessCallbackResult, 'exception' | 'profile' | 'useHttpDNS'>;
type Launched = Pick<WechatMiniprogram.LaunchOptionsApp, 'path' | 'query' | 'scene'>;

export const code = (given: Given<'login'>): WechatMiniprogram.LoginSuccessCallbackResult => given;
export const setting = (given: Given<'getSetting'>): WechatMiniprogram.AuthSetting => given.authSetting;
export const opened = (given: Given<'openSetting'>): WechatMiniprogram.AuthSetting => given.authSetting;
export const reply = (given: Given<'request'>): Reply => given;
export const launched = (given: Parameters<Parameters<Wx['onAppShow']>[0]>[0]): Launched => given;
export const options = (
  given: Pick<WechatMiniprogram.RequestOption, 'url' | 'method' | 'data' | 'header' | 'timeout'>,
) => fake.request(given);

/** What synchronous calls give. */
export const account: Pick<WechatMiniprogram.AccountInfo['miniProgram'], 'appId' | 'envVersion'> =
  fake.getAccountInfoSync().miniProgram;
export const authorized: Partial<WechatMiniprogram.AppAuthorizeSetting> = fake.getAppAuthorizeSetting();
export const system: Partial<WechatMiniprogram.SystemSetting> = fake.getSystemSetting();
export const systemInfo: Pick<WechatMiniprogram.SystemInfo, 'SDKVersion' | 'version'> = fake.getSystemInfoSync();
export const log: Pick<WechatMiniprogram.RealtimeLogManager, 'info' | 'warn' | 'error' | 'setFilterMsg'> =
  fake.getRealtimeLogManager();
export const info: WechatMiniprogram.GetStorageInfoSyncOption = fake.getStorageInfoSync();

/** Code of a program, written for WeChat. */
export async function program(): Promise<string> {
  const { authSetting } = await fake.getSetting();
  fake.login({ success: ({ code }) => code.length, fail: ({ errMsg, errno }) => `${errMsg} ${errno}` });
  const task = fake.request({ url: 'https://a.example/', success: ({ statusCode, data }) => [statusCode, data] });
  task.abort();
  return Object.keys(authSetting).join();
}
