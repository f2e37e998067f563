// `<button open-type="…">` and `<input type="nickname">`: taps, input, and the `e.detail` of their handlers
// (docs/platform-facts.md §1.2, §1.3, §1.5).

import type { Information } from '../scopes.js';
import { type AuthSetting, settingsPage } from './authorization.js';
import { appConfig, type Device, dialect, logCall } from './device.js';
import { CallError, REASONS, toWxFailure, type WxFailure } from './failures.js';
import { temporaryPath } from './files.js';
import { consent } from './privacy.js';
import { anonymousProfile, askUser, type Profile } from './profile.js';
import { atLeast, BUTTON_SINCE, SINCE_PHONE_CODE } from './versions.js';
import type { Ok } from './wx-call.js';

/** `e.detail` of the phone buttons (§1.3). */
export interface PhoneDetail {
  /** `getPhoneNumber:ok`, or a failure. */
  errMsg: string;
  /** Number of the failure, if it has one. */
  errno?: number;
  /** Phone code, from base library 2.21.2. */
  code?: string;
  /** Open data in base64; only if the user has a valid login. */
  encryptedData?: string;
  /** Base64 of 16 bytes; only with `encryptedData`. */
  iv?: string;
}

/** `e.detail` of `chooseAvatar` (§1.2). */
export interface ChosenAvatar {
  /** Temporary path of the chosen file. */
  avatarUrl: string;
}

/** `e.detail` by `open-type`. */
export interface Details {
  /** Phone number by quick verification (手机号快速验证). */
  getPhoneNumber: PhoneDetail;
  /** Phone number by real-time verification (手机号实时验证). */
  getRealtimePhoneNumber: PhoneDetail;
  /** Anonymous open data, or a failure. */
  getUserInfo: (Profile & Ok) | WxFailure;
  /** Path of the chosen file, or a failure. */
  chooseAvatar: ChosenAvatar | WxFailure;
  /** The user's answers by scope. */
  openSetting: AuthSetting & Ok;
  /** Always ok: the tap is the consent. */
  agreePrivacyAuthorization: Ok;
}

/** The `open-type` of a button. */
export type OpenType = keyof Details;
/** The `open-type` of a button, also coupled: the tap on `getPhoneNumber|agreePrivacyAuthorization` is the consent too. */
export type PressedType = OpenType | `${OpenType}|agreePrivacyAuthorization`;

/** `e.detail` of a button with this `open-type`. */
export type Pressed<Type extends PressedType> = Type extends `${infer First extends OpenType}|${string}`
  ? Details[First]
  : Details[Extract<Type, OpenType>];

/** Properties of a tap on a button. */
export interface Button {
  /** Id of the button, as `resolve({event: 'agree', buttonId})` names it. */
  id?: string;
  /** Result of WeChat's check of the picture; a picture that fails causes no event (§1.2). */
  review?: 'pass' | 'fail';
}

/** Taps a button and returns the event's detail; `undefined` if there is no event. */
export async function press<Type extends PressedType>(
  device: Device,
  openType: Type,
  button: Button = {},
): Promise<Pressed<Type> | undefined> {
  const [type, coupled] = openType.split('|') as [OpenType, string | undefined];
  // A button whose open-type this base library does not know is an ordinary button.
  const since = BUTTON_SINCE[type];
  if (since === undefined || !atLeast(device.SDKVersion, since)) return undefined;
  if (coupled || type === 'agreePrivacyAuthorization') {
    device.tappedButtons.add(button.id ?? '');
    await device.rpc('agreePrivacy', device.identity);
  }
  const detail = await detailOf(device, type, button);
  const text = detail && 'errMsg' in detail ? String(detail.errMsg) : 'done';
  logCall(device, `button ${type}`, text);
  return detail as Pressed<Type> | undefined;
}

async function detailOf(device: Device, type: OpenType, button: Button): Promise<object | undefined> {
  try {
    return await HANDLERS[type](device, button);
  } catch (error) {
    if (error instanceof CallError) return toWxFailure(type, error, await dialect(device));
    throw error;
  }
}

/** Asks for consent; the referrer of a button is `button.getPhoneNumber` and so on (§1.5). */
const buttonConsent = (device: Device, type: OpenType, information: Information) =>
  consent(device, `button.${type}`, information);

/** For apps of certified organisations; the quota is checked at the tap (§1.3). */
async function phoneCode(
  device: Device,
  type: OpenType,
): Promise<{ code: string; encryptedData?: string; iv?: string }> {
  const { certified, assume } = await appConfig(device);
  if (!certified) throw new CallError(REASONS.noPermission);
  await buttonConsent(device, type, 'phone');
  if (!(await device.rpc('phoneQuota', device.identity)).left) throw new CallError(REASONS.noQuota);
  if (!(await askUser(device, 'phone-number'))) throw new CallError(REASONS.userDeny, assume.refusal_errno);
  return device.rpc('phoneButton', device.identity);
}

const HANDLERS: { [Type in OpenType]: (device: Device, button: Button) => Promise<object | undefined> } = {
  async getPhoneNumber(device) {
    const { code, ...openData } = await phoneCode(device, 'getPhoneNumber');
    const newer = atLeast(device.SDKVersion, SINCE_PHONE_CODE) ? { code } : {};
    return { errMsg: 'getPhoneNumber:ok', ...newer, ...openData };
  },
  async getRealtimePhoneNumber(device) {
    const { code } = await phoneCode(device, 'getRealtimePhoneNumber');
    return { errMsg: 'getRealtimePhoneNumber:ok', code };
  },
  async getUserInfo(device) {
    return { errMsg: 'getUserInfo:ok', ...(await anonymousProfile(device)) };
  },
  async chooseAvatar(device, { review = 'pass' }) {
    if (device.choosingAvatar) throw new CallError(REASONS.avatarBusy);
    device.choosingAvatar = true;
    const path = await avatarPicker(device).finally(() => (device.choosingAvatar = false));
    if (path === undefined) throw new CallError(REASONS.cancel);
    // From 2.24.4, a picture that fails the check causes no event.
    if (review === 'fail' && atLeast(device.SDKVersion, '2.24.4')) return undefined;
    return { avatarUrl: path };
  },
  async openSetting(device) {
    return { errMsg: 'openSetting:ok', authSetting: await settingsPage(device) };
  },
  async agreePrivacyAuthorization() {
    return { errMsg: 'agreePrivacyAuthorization:ok' };
  },
};

/** Shows the avatar picker. Returns the path of the chosen file, for `wx.uploadFile`; `undefined` if it was closed. */
async function avatarPicker(device: Device): Promise<string | undefined> {
  await buttonConsent(device, 'chooseAvatar', 'profile');
  const path = await new Promise<string | undefined>((choose) =>
    device.prompt({
      kind: 'avatar',
      choose: (path = temporaryPath(device, 'jpg')) => choose(path),
      cancel: () => choose(undefined),
    }),
  );
  if (path !== undefined) device.files.set(path, new Blob(['a picture'], { type: 'image/jpeg' }));
  return path;
}

/** The result of input into `<input type="nickname">`. */
export interface Nickname {
  /** Text of the input after WeChat's check at blur, which clears unsafe text (§1.2). */
  value: string;
  /** Detail of `bindnicknamereview`, from base library 2.29.1. */
  review?: NicknameReview;
}

/** Result of WeChat's check of a nickname (§1.2). */
export interface NicknameReview {
  /** Whether the text passed the check. */
  pass: boolean;
  /** Whether the check timed out. */
  timeout: boolean;
}

/** Types into `<input type="nickname">` and leaves it. */
export async function typeNickname(
  device: Device,
  text: string,
  review: 'pass' | 'fail' | 'timeout' = 'pass',
): Promise<Nickname> {
  const { agreed } = await device.rpc('setting', device.identity);
  // Without consent it is an ordinary input, and no error says it (§1.2).
  const plain = atLeast(device.SDKVersion, '2.32.3') && !agreed.includes('profile');
  if (plain || !atLeast(device.SDKVersion, '2.24.4')) return { value: text };
  const value = review === 'fail' ? '' : text;
  if (!atLeast(device.SDKVersion, '2.29.1')) return { value };
  return { value, review: { pass: review === 'pass', timeout: review === 'timeout' } };
}
