// wx.getUserInfo and wx.getUserProfile, as they are since they were reclaimed (docs/platform-facts.md §1.2).

import type { SignedProfile } from '../wechat/profiles.js';
import { type Body, backend } from './body.js';
import { api } from './call.js';
import { Failure, REASONS } from './failures.js';
import type { Prompt } from './prompts.js';
import { atLeast, SINCE_GREY_PROFILE } from './versions.js';

const LONGEST_DESC = 30;

/** Whether the owner says yes. */
export const asked = (body: Body, kind: 'profile' | 'phone-number'): Promise<boolean> =>
  new Promise((answer) => body.prompt({ kind, allow: () => answer(true), deny: () => answer(false) } satisfies Prompt));

/** Silent, and anonymous: only openId and unionId inside encryptedData are anybody's. */
export const anonymous = (body: Body): Promise<SignedProfile> =>
  body.cloud('profile', { ...body.who, ids: true, grey: true });

export function profile(body: Body) {
  return {
    getUserInfo: api<{ withCredentials?: boolean; lang?: string }, SignedProfile>(body, 'getUserInfo', () =>
      anonymous(body),
    ),
    getUserProfile: api<{ desc: string; lang?: string }, SignedProfile>(
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
        return body.cloud('profile', { ...body.who, ids: false, grey: atLeast(body.SDKVersion, SINCE_GREY_PROFILE) });
      },
    ),
  };
}
