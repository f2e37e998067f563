// Remote procedure calls from a phone to WeChat. The phone keeps no state that WeChat keeps. In one process a call is
// a function call; from a web page or another process it is one HTTP request.

import type { Assumptions } from './assumptions.js';
import type { Fault } from './faults.js';
import type { WeChat } from './wechat/index.js';
import type { Setting } from './wechat/permissions.js';
import type { OpenProfile, ProfileOptions, SignedProfile } from './wechat/profiles.js';
import type { UserKey } from './wechat/sessions.js';

/** A mini program and the user who runs it. */
export interface Identity {
  appid: string;
  user: string;
}

/** The app's settings at WeChat, as far as they change how a phone behaves. */
export interface AppConfig {
  certified: boolean;
  requestDomains: string[] | undefined;
  assume: Assumptions;
}

/** Operations that can be the whole work of a `wx` method. `enter` performs them in the same round trip. */
export const SINGLE_OPERATIONS = ['login', 'checkSession', 'setting', 'userKey'] as const;
export type SingleOperation = (typeof SINGLE_OPERATIONS)[number];

/** The answer to `enter`. */
export interface Entered {
  /** The fault that acts on this call. */
  fault: Fault | null;
  /** Result of the operation; absent if a fault acts. */
  result?: unknown;
  /** Whether WeChat has logged the call already, because the operation succeeded. */
  logged?: boolean;
}

/** Every operation that a phone can request. */
export interface RpcOperations {
  appConfig: (args: Identity) => AppConfig;
  login: (args: Identity) => { code: string };
  checkSession: (args: Identity) => { valid: boolean };
  setting: (args: Identity) => Setting;
  grant: (args: Identity & { grants: Record<string, boolean> }) => unknown;
  agreePrivacy: (args: Identity) => unknown;
  deleteProgram: (args: Identity) => unknown;
  /** Signed if the user has a valid login and `credentials` is true. */
  profile: (args: Identity & ProfileOptions & { credentials: boolean }) => OpenProfile | SignedProfile;
  /** Whether the quota has a phone number left; checked when the button is tapped (§1.3). */
  phoneQuota: (args: Identity) => { left: boolean };
  /** Uses one phone number of the quota. */
  phoneButton: (args: Identity) => { code: string; encryptedData?: string; iv?: string };
  userKey: (args: Identity) => UserKey;
  /** Begins a `wx` call: counts it, returns the fault that acts on it, and performs `operation` if none acts. */
  enter: (args: Identity & { call: string; operation?: SingleOperation }) => Entered;
  /** Logs the outcome of a `wx` call. */
  log: (args: Identity & { name: string; text: string }) => unknown;
}

/** Requests an operation. Rejects if WeChat refuses it or is not reachable. */
export type WeChatRpc = <Op extends keyof RpcOperations>(
  op: Op,
  args: Parameters<RpcOperations[Op]>[0],
) => Promise<ReturnType<RpcOperations[Op]>>;

/** RPC to a WeChat in the same process. */
export function localRpc(wechat: WeChat): WeChatRpc {
  const { permissions, profiles, sessions, world } = wechat;
  const operations: RpcOperations = {
    appConfig({ appid }) {
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
      (credentials && profiles.signed(appid, user, options)) || profiles.open(user, options.anonymous),
    phoneQuota: ({ appid }) => ({ left: profiles.phoneQuotaLeft(appid) }),
    phoneButton: ({ appid, user }) => profiles.phoneButton(appid, user),
    userKey: ({ appid, user }) => sessions.userKeysOf(world.users.account(appid, user))[0] as UserKey,
    enter({ appid, user, call, operation }) {
      wechat.count(call, user);
      const fault = wechat.faults.match(call, user) ?? null;
      if (!operation || fault) return { fault };
      const result = operations[operation]({ appid, user });
      const logged = !('valid' in result && !result.valid);
      if (logged) operations.log({ appid, user, name: call, text: 'ok' });
      return { fault, result, logged };
    },
    log: ({ user, name, text }) => world.log.add('phone', name, `${user}: ${text}`),
  };
  return async (op, args) => {
    if (!Object.hasOwn(operations, op)) throw new Error(`no such operation: ${op}`);
    return ((operations[op] as (args: unknown) => unknown)(args) ?? {}) as never;
  };
}

/** RPC to a simulator's server, such as `http://127.0.0.1:8788`. */
export function httpRpc(server: string): WeChatRpc {
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
