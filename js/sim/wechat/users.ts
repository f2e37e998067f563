// Users, and their accounts: WeChat's record of one user in one app.

import type { Assumptions } from '../assumptions.js';
import { sha256, toBase64 } from '../crypto.js';
import type { App } from './config.js';

/** A WeChat user. Tests may change every field: `wechat.user('mei').blocked = true`. */
export interface User {
  /** Nickname, as open data and `sns/userinfo` show it. Default: the user's name in the simulator. */
  nickName: string;
  /** URL of the avatar picture. */
  avatarUrl: string;
  /** Phone number of 11 digits, without country code. */
  phone: string;
  /** Blocked by risk control: logins end in errcode 40226 (§3.1). */
  blocked: boolean;
  /** Opens official accounts' pages as snapshot pages, which have a virtual account (§3.8). */
  snapshot: boolean;
}

/** A key of `getuserencryptkey` (§1.9). */
export interface UserKeyRecord {
  /** Counts up from 1. */
  version: number;
  /** Creation time in seconds since 1970. */
  made: number;
}

/** WeChat's record of one user in one app. */
export interface Account {
  /** The app's identifier. */
  readonly appid: string;
  /** The user's name in the simulator. */
  readonly user: string;
  /** Identifies the user within this app: 28 characters (§10). */
  readonly openid: string;
  /** Identifies the user across apps; `undefined` unless the app has `unionid: true`. */
  readonly unionid: string | undefined;
  /** Whether this is the virtual account of a snapshot page (§3.8). */
  readonly virtual: boolean;
  /** The one session_key that can be valid (§1.1), in base64. */
  sessionKey: string | undefined;
  /** Creation time of the session_key, in milliseconds since 1970. */
  sessionKeyMade: number;
  /** Last use of the session_key, in milliseconds since 1970. */
  sessionKeyUsed: number;
  /** The user's answers by scope, such as `scope.record`. A scope that was never requested is absent (§2.2). */
  grants: Record<string, boolean>;
  /** Information types of the privacy contract that the user has agreed to (§1.5). */
  agreed: string[];
  /** Keys of `getuserencryptkey`, oldest first. A request creates one if the newest has expired. */
  userKeys: UserKeyRecord[];
}

/** Deterministic identifier in WeChat's format: 28 characters of `[A-Za-z0-9_-]` (§10). */
export const identifier = (text: string): string =>
  `o${toBase64(sha256(text)).replace(/\+/g, '-').replace(/\//g, '_').slice(0, 27)}`;

export class Users {
  private readonly users = new Map<string, User>();
  private readonly accounts = new Map<string, Account>();
  private readonly openids = new Map<string, Account>();

  constructor(
    private readonly app: (appid: string) => App,
    private readonly assume: Assumptions,
  ) {}

  /** Returns the user with this name; creates it at first use. */
  user(name: string): User {
    const known = this.users.get(name);
    if (known) return known;
    const digits = [...name].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 1e8, 7);
    const user: User = {
      nickName: name,
      avatarUrl: `https://thirdwx.qlogo.cn/${encodeURIComponent(name)}/132`,
      phone: `138${String(digits).padStart(8, '0')}`,
      blocked: false,
      snapshot: false,
    };
    this.users.set(name, user);
    return user;
  }

  /** Returns the user's account in an app; creates it at first use. Only the unionid links accounts (§3.8). */
  account(appid: string, user: string): Account {
    const app = this.app(appid);
    const snapshot = this.user(user).snapshot && app.kind === 'official_account';
    const virtual = snapshot && this.assume.snapshot_ids === 'virtual';
    const key = `${appid}\0${user}`;
    const suffix = virtual ? ' snapshot' : '';
    const known = this.accounts.get(key + suffix);
    if (known) return known;
    const account: Account = {
      appid,
      user,
      openid: identifier(`openid ${key}${suffix}`),
      unionid: app.unionid ? identifier(`unionid ${user}${suffix}`) : undefined,
      virtual,
      sessionKey: undefined,
      sessionKeyMade: 0,
      sessionKeyUsed: 0,
      grants: {},
      agreed: [],
      userKeys: [],
    };
    this.accounts.set(key + suffix, account);
    this.openids.set(account.openid, account);
    return account;
  }

  /** Returns the account that an openid identifies in this app. */
  byOpenid(appid: string, openid: string): Account | undefined {
    const account = this.openids.get(openid);
    return account?.appid === appid ? account : undefined;
  }

  /** Returns the name of the user that an openid of any app belongs to. */
  userOf(openid: string): string | undefined {
    return this.openids.get(openid)?.user;
  }

  /** Returns every account in an app. */
  of(appid: string): Account[] {
    return [...this.accounts.values()].filter((account) => account.appid === appid);
  }

  /** Returns every user by name. */
  all(): Record<string, User> {
    return Object.fromEntries(this.users);
  }

  /** Forgets grants and consents, as when the user deletes the mini program; openid and unionid stay (§1.5, §2.2). */
  deleteProgram(appid: string, user: string): void {
    Object.assign(this.account(appid, user), { grants: {}, agreed: [] });
  }

  clear(): void {
    this.users.clear();
    this.accounts.clear();
    this.openids.clear();
  }
}
