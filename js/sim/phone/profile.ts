// wx.getUserInfo and wx.getUserProfile, as they are since they were reclaimed (docs/platform-facts.md §1.2).

import type { OpenProfile, SignedProfile } from '../wechat/profiles.js';
import { type Body, backend } from './device.js';
import { Failure, REASONS } from './failures.js';
import type { Prompt } from './prompts.js';
import { atLeast, SINCE_GREY_PROFILE } from './versions.js';
import { api, callbackApi } from './wx-call.js';

const LONGEST_DESC = 30;

/** Whether the owner says yes. */
export const asked = (body: Body, kind: 'profile' | 'phone-number'): Promise<boolean> =>
  new Promise((answer) => body.prompt({ kind, allow: () => answer(true), deny: () => answer(false) } satisfies Prompt));

/** Signed and encrypted where somebody is logged in; openId and unionId are in `encryptedData` only. */
export type Profile = OpenProfile & Partial<SignedProfile>;

/**
 * Silent, and anonymous. With `withCredentials: true` it needs a valid login; with `false` nothing is signed. What
 * happens without the option is not documented: signed where it can be.
 */
export async function anonymous(body: Body, withCredentials?: boolean): Promise<Profile> {
  const asked = { ...body.who, ids: true, grey: true, credentials: withCredentials !== false };
  const profile: Profile = await body.cloud('profile', asked);
  if (withCredentials && profile.signature === undefined) throw new Failure(REASONS.sessionExpired);
  return profile;
}

export function profile(body: Body) {
  return {
    getUserInfo: callbackApi<{ withCredentials?: boolean; lang?: string }, Profile>(
      body,
      'getUserInfo',
      ({ withCredentials }: { withCredentials?: boolean }) => anonymous(body, withCredentials),
    ),
    getUserProfile: api<{ desc: string; lang?: string }, Profile>(
      body,
      'getUserProfile',
      async ({ desc }: { desc: string }, { tapped }) => {
        if (!tapped) throw new Failure(REASONS.noTap);
        if (!desc || desc.length > LONGEST_DESC) throw new Failure(REASONS.descLength);
        if (!(await asked(body, 'profile'))) {
          const { assume } = await backend(body);
          throw new Failure(REASONS.profileDeny, assume.refusal_errno);
        }
        // encryptedData has no openId and no unionId here.
        const grey = atLeast(body.SDKVersion, SINCE_GREY_PROFILE);
        return body.cloud('profile', { ...body.who, ids: false, grey, credentials: true });
      },
    ),
  };
}
