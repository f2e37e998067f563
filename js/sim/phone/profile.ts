// wx.getUserInfo and wx.getUserProfile, as they behave since 2022 (docs/platform-facts.md §1.2).

import type { OpenProfile, SignedProfile } from '../wechat/profiles.js';
import { appConfig, type Device } from './device.js';
import { CallError, REASONS } from './failures.js';
import type { Prompt } from './prompts.js';
import { atLeast, SINCE_ANONYMOUS_PROFILE } from './versions.js';
import { api, callbackApi } from './wx-call.js';

/** Characters. */
const MAX_DESC = 30;

/** Shows a sheet and returns whether the user allows it. */
export const askUser = (device: Device, kind: 'profile' | 'phone-number'): Promise<boolean> =>
  new Promise((answer) =>
    device.prompt({ kind, allow: () => answer(true), deny: () => answer(false) } satisfies Prompt),
  );

/** Open data; signed and encrypted if the user has a valid login. openId and unionId are in `encryptedData` only. */
export type Profile = OpenProfile & Partial<SignedProfile>;

/**
 * Returns anonymous open data, without a dialog. `withCredentials: true` needs a valid login; `false` signs nothing.
 * The default is not documented: here it signs if there is a valid login.
 */
export async function anonymousProfile(device: Device, withCredentials?: boolean): Promise<Profile> {
  const request = { ...device.identity, ids: true, anonymous: true, credentials: withCredentials !== false };
  const profile: Profile = await device.rpc('profile', request);
  if (withCredentials && profile.signature === undefined) throw new CallError(REASONS.sessionExpired);
  return profile;
}

/** Options of `wx.getUserInfo` (§1.2). */
export interface UserInfoOptions {
  /** Whether the result is signed and encrypted; `true` needs a valid login. */
  withCredentials?: boolean;
  /** Language. Ignored. */
  lang?: string;
}

/** Options of `wx.getUserProfile` (§1.2). */
export interface UserProfileOptions {
  /** Purpose that the dialog shows: 1 to 30 characters. */
  desc: string;
  /** Language. Ignored. */
  lang?: string;
}

export function profile(device: Device) {
  return {
    /** `wx.getUserInfo` (§1.2). Returns anonymous open data without a dialog. */
    getUserInfo: callbackApi<UserInfoOptions, Profile>(device, 'getUserInfo', ({ withCredentials }: UserInfoOptions) =>
      anonymousProfile(device, withCredentials),
    ),
    /** `wx.getUserProfile` (§1.2). Needs a tap and shows a `profile` prompt; anonymous from base library 2.27.1. */
    getUserProfile: api<UserProfileOptions, Profile>(
      device,
      'getUserProfile',
      async ({ desc }: UserProfileOptions, { tapped }) => {
        if (!tapped) throw new CallError(REASONS.noTap);
        if (!desc || desc.length > MAX_DESC) throw new CallError(REASONS.descLength);
        if (!(await askUser(device, 'profile'))) {
          const { assume } = await appConfig(device);
          throw new CallError(REASONS.profileDeny, assume.refusal_errno);
        }
        // Unlike that of getUserInfo, its `encryptedData` has no openId and unionId.
        const anonymous = atLeast(device.SDKVersion, SINCE_ANONYMOUS_PROFILE);
        return device.rpc('profile', { ...device.identity, ids: false, anonymous, credentials: true });
      },
    ),
  };
}
