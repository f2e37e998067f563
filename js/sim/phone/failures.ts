// Failures of `wx` calls: texts and numbers of docs/platform-facts.md §1.1 to §1.4, §1.7 and §1.11, by platform and base
// library.

import { atLeast } from './versions.js';

/** Platform of a phone. */
export type Platform = 'ios' | 'android' | 'devtools';

/** A failure, as `fail` callbacks receive it. */
export interface WxFailure {
  /** `<api>:fail <text>`; older clients put a colon before the text (§1.0). */
  errMsg: string;
  /** Absent in older base libraries, and for failures whose number is not known. */
  errno?: number;
}

/** Why a call fails. */
export interface Reason {
  text: string;
  errno?: number;
  /** The text of older clients, if it differs. */
  old?: string;
  /** The text of older Android clients, if it differs. */
  oldAndroid?: string;
}

const OLD_ANDROID_DENY = '系统错误，错误码：-12006,auth deny';

export const REASONS = {
  authDeny: { text: 'auth deny', errno: 103, old: ':auth deny', oldAndroid: OLD_ANDROID_DENY },
  noResponse: { text: 'authorize no response' },
  dialogClosed: { text: ':auth canceled' },
  profileDeny: { text: 'auth deny' },
  userDeny: { text: 'user deny', old: ':user deny' },
  invalidScope: { text: 'invalid scope' },
  noTap: { text: 'can only be invoked by user TAP gesture.' },
  descLength: { text: 'desc length does not meet the requirements' },
  manifest: { text: 'the api need to be declared in the requiredPrivateInfos field in app.json/ext.json' },
  noScopeDescription: { text: ':require permission desc' },
  osDenied: { text: 'system permission denied', errno: 3 },
  undeclared: { text: 'api scope is not declared in the privacy agreement', errno: 112 },
  privacyBanned: { text: 'appid privacy api banned', errno: 1025 },
  privacyRefused: { text: 'privacy permission is not authorized' },
  privacyGap: { text: 'privacy permission is not authorized in gap' },
  privacyNoClick: { text: 'click action before resolve is needed' },
  noPermission: { text: 'no permission', errno: 102 },
  noQuota: { text: 'appid no enough quota', errno: 1400001 },
  cancel: { text: 'cancel' },
  avatarBusy: { text: 'another chooseAvatar is in progress' },
  timeout: { text: 'timeout', errno: 5 },
  sessionExpired: { text: 'session time out, need relogin' },
  dataNotFound: { text: 'data not found' },
  entrySize: { text: ':entry size limit reached' },
  randomLength: { text: 'invalid random value length', errno: 109001 },
  domain: { text: 'url not in domain list', errno: 600002 },
  interrupted: { text: 'interrupted', errno: 600003 },
  badUrl: { text: 'invalid url', errno: 600009 },
  abort: { text: 'abort' },
  fileNotFound: { text: 'file not found' },
  noToast: { text: ":toast can't be found" },
  pageStackFull: { text: 'webview count limit exceed' },
  noSockets: { text: 'the simulator has no sockets' },
} satisfies Record<string, Reason>;

/** Failure of a call, thrown by its work. */
export class CallError extends Error {
  constructor(
    readonly reason: Reason,
    /** Overrides the number, if an assumption decides it. */
    readonly errno = reason.errno,
  ) {
    super(reason.text);
  }
}

/** Throws the base library's failure unless the option is a string. */
export function wantString(name: string, value: unknown): void {
  if (typeof value === 'string') return;
  const type = Object.prototype.toString.call(value).slice(8, -1);
  throw new CallError({ text: `parameter error: parameter.${name} should be String instead of ${type};` });
}

/** Decides between the texts of older and newer clients. */
export interface Dialect {
  platform: Platform;
  SDKVersion: string;
  /** First base library with the newer texts. */
  old_texts_below: string;
}

/** Words a failure for its method. */
export function toWxFailure(api: string, { reason, errno }: CallError, dialect: Dialect): WxFailure {
  const old = !atLeast(dialect.SDKVersion, dialect.old_texts_below);
  const android = old && dialect.platform === 'android' ? reason.oldAndroid : undefined;
  const text = android ?? (old ? reason.old : undefined) ?? reason.text;
  const errMsg = `${api}:fail${text.startsWith(':') ? '' : ' '}${text}`;
  return old || errno === undefined ? { errMsg } : { errMsg, errno };
}
