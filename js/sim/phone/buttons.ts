// `<button open-type="…">` and `<input type="nickname">`: what the owner does with a finger, and the `e.detail` that
// the handler gets (docs/platform-facts.md §1.2, §1.3, §1.5).

import type { Information } from '../wechat/permissions.js';
import { settingsPage } from './authorization.js';
import { type Body, backend, dialect, note } from './device.js';
import { Failure, REASONS, type WxFailure, worded } from './failures.js';
import { temporaryPath } from './files.js';
import { consent } from './privacy.js';
import { anonymous, asked, type Profile } from './profile.js';
import { atLeast, BUTTON_SINCE, SINCE_PHONE_CODE } from './versions.js';

export interface PhoneDetail {
  errMsg: string;
  errno?: number;
  /** From base library 2.21.2 on. */
  code?: string;
  encryptedData?: string;
  iv?: string;
}

export interface Details {
  getPhoneNumber: PhoneDetail;
  getRealtimePhoneNumber: PhoneDetail;
  getUserInfo: (Profile & { errMsg: string }) | WxFailure;
  chooseAvatar: { avatarUrl: string } | WxFailure;
  openSetting: { errMsg: string; authSetting: Record<string, boolean> };
  agreePrivacyAuthorization: { errMsg: string };
}

export type OpenType = keyof Details;
/** `getPhoneNumber|agreePrivacyAuthorization`: one tap is the consent too. */
export type PressedType = OpenType | `${OpenType}|agreePrivacyAuthorization`;

type Pressed<Type extends PressedType> = Type extends `${infer First extends OpenType}|${string}`
  ? Details[First]
  : Details[Extract<Type, OpenType>];

export interface Button {
  /** The button's id, which `resolve({event: 'agree', buttonId})` must name. */
  id?: string;
  /** What WeChat's picture check finds; what fails makes no event (§1.2). */
  review?: 'pass' | 'fail';
}

/** Gives the event's detail; nothing where no event comes. */
export async function press<Type extends PressedType>(
  body: Body,
  openType: Type,
  button: Button = {},
): Promise<Pressed<Type> | undefined> {
  const [type, coupled] = openType.split('|') as [OpenType, string | undefined];
  // An open-type this base library does not know is a plain button.
  const since = BUTTON_SINCE[type];
  if (since === undefined || !atLeast(body.SDKVersion, since)) return undefined;
  if (coupled || type === 'agreePrivacyAuthorization') {
    body.tapped.add(button.id ?? '');
    await body.cloud('agreePrivacy', body.who);
  }
  const detail = await attempt(body, type, button);
  const text = detail && 'errMsg' in detail ? String(detail.errMsg) : 'done';
  note(body, `button ${type}`, text);
  return detail as Pressed<Type> | undefined;
}

async function attempt(body: Body, type: OpenType, button: Button): Promise<object | undefined> {
  try {
    return await HANDLERS[type](body, button);
  } catch (error) {
    if (error instanceof Failure) return worded(type, error, await dialect(body));
    throw error;
  }
}

/** The popup is told of a button as `button.getPhoneNumber` (§1.5). */
const privacy = (body: Body, type: OpenType, information: Information) => consent(body, `button.${type}`, information);

/** Certified owners only; quota is checked at the tap (§1.3). */
async function phoneCode(body: Body, type: OpenType): Promise<{ code: string; encryptedData?: string; iv?: string }> {
  const { certified, assume } = await backend(body);
  if (!certified) throw new Failure(REASONS.noPermission);
  await privacy(body, type, 'phone');
  if (!(await body.cloud('phoneQuota', body.who)).left) throw new Failure(REASONS.noQuota);
  if (!(await asked(body, 'phone-number'))) throw new Failure(REASONS.userDeny, assume.refusal_errno);
  return body.cloud('phoneButton', body.who);
}

const HANDLERS: { [Type in OpenType]: (body: Body, button: Button) => Promise<object | undefined> } = {
  async getPhoneNumber(body) {
    const { code, ...openData } = await phoneCode(body, 'getPhoneNumber');
    const known = atLeast(body.SDKVersion, SINCE_PHONE_CODE) ? { code } : {};
    return { errMsg: 'getPhoneNumber:ok', ...known, ...openData };
  },
  async getRealtimePhoneNumber(body) {
    const { code } = await phoneCode(body, 'getRealtimePhoneNumber');
    return { errMsg: 'getRealtimePhoneNumber:ok', code };
  },
  async getUserInfo(body) {
    return { errMsg: 'getUserInfo:ok', ...(await anonymous(body)) };
  },
  async chooseAvatar(body, { review = 'pass' }) {
    if (body.choosingAvatar) throw new Failure(REASONS.avatarBusy);
    body.choosingAvatar = true;
    const path = await picker(body).finally(() => (body.choosingAvatar = false));
    if (path === undefined) throw new Failure(REASONS.cancel);
    // From 2.24.4 on, a picture that fails the check makes no event.
    if (review === 'fail' && atLeast(body.SDKVersion, '2.24.4')) return undefined;
    return { avatarUrl: path };
  },
  async openSetting(body) {
    return { errMsg: 'openSetting:ok', authSetting: await settingsPage(body) };
  },
  async agreePrivacyAuthorization() {
    return { errMsg: 'agreePrivacyAuthorization:ok' };
  },
};

/** The picker of avatars: the path of what was chosen, which `wx.uploadFile` finds; nothing where it was closed. */
async function picker(body: Body): Promise<string | undefined> {
  await privacy(body, 'chooseAvatar', 'profile');
  const path = await new Promise<string | undefined>((choose) =>
    body.prompt({
      kind: 'avatar',
      choose: (path = temporaryPath(body, 'jpg')) => choose(path),
      cancel: () => choose(undefined),
    }),
  );
  if (path !== undefined) body.files.set(path, new Blob(['a picture'], { type: 'image/jpeg' }));
  return path;
}

export interface Nickname {
  /** What the input holds after the check at blur: unsafe text is cleared (§1.2). */
  value: string;
  /** `bindnicknamereview`'s, from 2.29.1 on. */
  review?: { pass: boolean; timeout: boolean };
}

/** Types into `<input type="nickname">` and leaves it. */
export async function typeNickname(
  body: Body,
  text: string,
  review: 'pass' | 'fail' | 'timeout' = 'pass',
): Promise<Nickname> {
  const { agreed } = await body.cloud('setting', body.who);
  // Without consent it is silently a plain input (§1.2).
  const plain = atLeast(body.SDKVersion, '2.32.3') && !agreed.includes('profile');
  if (plain || !atLeast(body.SDKVersion, '2.24.4')) return { value: text };
  const value = review === 'fail' ? '' : text;
  if (!atLeast(body.SDKVersion, '2.29.1')) return { value };
  return { value, review: { pass: review === 'pass', timeout: review === 'timeout' } };
}
