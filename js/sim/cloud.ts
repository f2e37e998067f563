// The line between a phone and WeChat: the phone keeps nothing that WeChat would keep. In one process it is a
// function call, on a web page it is HTTP.

import type { Fault } from './faults.js';
import type { WeChat } from './wechat.js';

interface Who {
  appid: string;
  user: string;
}

/** What a phone can ask of WeChat. */
export interface PhoneCalls {
  login: (args: Who) => { code: string };
  checkSession: (args: Who) => { valid: boolean };
  setting: (args: Who) => { grants: Record<string, boolean>; privacyAgreed: boolean };
  grant: (args: Who & { grants: Record<string, boolean> }) => unknown;
  agreePrivacy: (args: Who) => unknown;
  profile: (args: Who) => Awaited<ReturnType<WeChat['profile']>>;
  phoneCode: (args: Who) => { code: string };
  fault: (args: { call: string }) => Fault | null;
}

export type Cloud = <Op extends keyof PhoneCalls>(
  op: Op,
  args: Parameters<PhoneCalls[Op]>[0],
) => Promise<ReturnType<PhoneCalls[Op]>>;

export function phoneCalls(wechat: WeChat): Cloud {
  const calls: { [Op in keyof PhoneCalls]: (args: never) => unknown } = {
    login: ({ appid, user }: Who) => wechat.issueCode(appid, user),
    checkSession: async ({ appid, user }: Who) => ({ valid: Boolean((await wechat.account(appid, user)).sessionKey) }),
    setting: async ({ appid, user }: Who) => {
      const { grants, privacyAgreed } = await wechat.account(appid, user);
      return { grants: { ...grants }, privacyAgreed };
    },
    grant: async ({ appid, user, grants }: Who & { grants: Record<string, boolean> }) => {
      Object.assign((await wechat.account(appid, user)).grants, grants);
      return {};
    },
    agreePrivacy: async ({ appid, user }: Who) => {
      (await wechat.account(appid, user)).privacyAgreed = true;
      return {};
    },
    profile: ({ appid, user }: Who) => wechat.profile(appid, user),
    phoneCode: async ({ appid, user }: Who) => ({ code: await wechat.issuePhoneCode(appid, user) }),
    fault: ({ call }: { call: string }) => {
      wechat.count(call);
      return wechat.faults.meet(call) ?? null;
    },
  };
  return async (op, args) => {
    if (!Object.hasOwn(calls, op)) throw new Error(`no such call: ${op}`);
    return (await (calls[op] as (args: unknown) => unknown)(args)) as never;
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
