// The base library in which each method, button and option appeared (docs/platform-facts.md §1).

export { atLeast } from '../../hosts/base-library.js';

/** First base library of each method. Methods that are not listed are older than 1.2.0. */
export const SINCE: Record<string, string> = {
  getSetting: '1.2.0',
  authorize: '1.2.0',
  getAccountInfoSync: '2.2.2',
  getRealtimeLogManager: '2.7.1',
  getUserProfile: '2.10.4',
  getRandomValues: '2.15.0',
  getUserCryptoManager: '2.17.3',
  getAppAuthorizeSetting: '2.20.1',
  openAppAuthorizeSetting: '2.20.1',
  getAppBaseInfo: '2.20.1',
  getSystemSetting: '2.20.1',
  getFuzzyLocation: '2.25.0',
  getPrivacySetting: '2.32.3',
  onNeedPrivacyAuthorization: '2.32.3',
  requirePrivacyAuthorize: '2.32.3',
  openPrivacyContract: '2.32.3',
};

/** First base library of each `open-type`, as `canIUse` names it. */
export const BUTTON_SINCE: Record<string, string> = {
  getPhoneNumber: '1.2.0',
  getUserInfo: '1.3.0',
  openSetting: '2.0.7',
  chooseAvatar: '2.21.2',
  getRealtimePhoneNumber: '2.24.4',
  agreePrivacyAuthorization: '2.32.3',
};

/** First base library of each option, as `canIUse` names it (§1.1, §1.4, §1.7). */
export const OPTION_SINCE: Record<string, string> = {
  'login.object.timeout': '1.9.90',
  'getSetting.object.withSubscriptions': '2.10.1',
  'openSetting.object.withSubscriptions': '2.10.3',
  'request.object.timeout': '2.10.0',
  'showModal.object.editable': '2.17.1',
  'setStorage.object.encrypt': '2.21.3',
  'getStorage.object.encrypt': '2.21.3',
};

export const SINCE_PROMISES = '2.10.2';
export const SINCE_ENCRYPTED_STORAGE = '2.21.3';
export const SINCE_PRIVACY = '2.32.3';
/** Scope dialogs carry the privacy checkbox (§1.5). */
export const SINCE_COUPLED_DIALOGS = '3.4.1';
export const SINCE_PHONE_CODE = '2.21.2';
/** Android runs more than 10 requests at a time (§1.8). */
export const SINCE_MORE_REQUESTS = '3.7.4';
/** Neither `complete` nor `fail` of a dialog counts as a tap any more (§1.4). */
export const SINCE_TAP_IN_SUCCESS_ONLY = '3.3.5';
/** getUserProfile returns the anonymous nickname and avatar (§1.2). */
export const SINCE_ANONYMOUS_PROFILE = '2.27.1';
