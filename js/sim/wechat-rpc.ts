// The line between a phone and WeChat: the phone keeps nothing that WeChat would keep. In one process it is a
// function call, on a web page it is HTTP.

import type { Assumptions } from './assumptions.js';
import type { Fault } from './faults.js';
import type { WeChat } from './wechat/index.js';
import type { Setting } from './wechat/permissions.js';
import type { OpenProfile, ProfileOptions, SignedProfile } from './wechat/profiles.js';
import type { UserKey } from './wechat/sessions.js';

interface Who {
  appid: string;
  user: string;
}

/** What the app's entry at WeChat tells a phone. */
export interface Backend {
  certified: boolean;
  requestDomains: string[] | undefined;
  assume: Assumptions;
}

/** What a phone can ask of WeChat. */
export interface PhoneCalls {
  backend: (args: Who) => Backend;
  login: (args: Who) => { code: string };
  checkSession: (args: Who) => { valid: boolean };
  setting: (args: Who) => Setting;
  grant: (args: Who & { grants: Record<string, boolean> }) => unknown;
  agreePrivacy: (args: Who) => unknown;
  deleteProgram: (args: Who) => unknown;
  /** Signed where somebody is logged in and `credentials` are wanted. */
  profile: (args: Who & ProfileOptions & { credentials: boolean }) => OpenProfile | SignedProfile;
  /** Whether there is money for one more phone number; it is looked at when the button is tapped (§1.3). */
  phoneQuota: (args: Who) => { left: boolean };
  /** Pays for one. */
  phoneButton: (args: Who) => { code: string; encryptedData?: string; iv?: string };
  userKey: (args: Who) => UserKey;
  /** Counts a call, and gives the fault that acts on it. */
  enter: (args: Who & { call: string }) => Fault | null;
  note: (args: Who & { name: string; text: string }) => unknown;
}

export type Cloud = <Op extends keyof PhoneCalls>(
  op: Op,
  args: Parameters<PhoneCalls[Op]>[0],
) => Promise<ReturnType<PhoneCalls[Op]>>;

export function phoneCalls(wechat: WeChat): Cloud {
  const { permissions, profiles, sessions, world } = wechat;
  const calls: PhoneCalls = {
    backend({ appid }) {
      const { certified = true, request_domains } = world.app(appid);
      return { certified, requestDomains: request_domains, assume: world.assume };
    },
    login: ({ appid, user }) => sessions.issueCode(appid, user),
    checkSession: ({ appid, user }) => ({ valid: sessions.valid(appid, user) }),
    setting: ({ appid, user }) => permissions.setting(appid, user),
    grant: ({ appid, user, grants }) => permissions.grant(appid, user, grants),
    agreePrivacy: ({ appid, user }) => permissions.agree(appid, user).agreed,
    deleteProgram: ({ appid, user }) => wechat.deleteProgram(appid, user),
    profile: ({ appid, user, credentials, ...options }) =>
      (credentials && profiles.signed(appid, user, options)) || profiles.open(user, options.grey),
    phoneQuota: ({ appid }) => ({ left: profiles.phoneQuotaLeft(appid) }),
    phoneButton: ({ appid, user }) => profiles.phoneButton(appid, user),
    userKey: ({ appid, user }) => sessions.userKeysOf(world.people.account(appid, user))[0] as UserKey,
    enter({ call, user }) {
      wechat.count(call, user);
      return wechat.faults.meet(call, user) ?? null;
    },
    note: ({ user, name, text }) => world.log.add('phone', name, `${user}: ${text}`),
  };
  return async (op, args) => {
    if (!Object.hasOwn(calls, op)) throw new Error(`no such call: ${op}`);
    return ((calls[op] as (args: unknown) => unknown)(args) ?? {}) as never;
  };
}

/** The same, over HTTP to a simulator's server. */
export function remoteCalls(server: string): Cloud {
  return async (op, args) => {
    const response = await fetch(`${server}/_sim/phone`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ op, args }),
    });
    const reply = await response.json();
    if (!response.ok) throw new Error(reply.error);
    return reply;
  };
}
