// People, and what WeChat keeps of a person in an app.

import type { Assumptions } from '../assumptions.js';
import { sha256, toBase64 } from '../crypto.js';
import type { App } from './config.js';

export interface Person {
  nickName: string;
  avatarUrl: string;
  phone: string;
  /** Risk-controlled: logins end in 40226 (§3.1). */
  blocked: boolean;
  /** Comes to official accounts through a snapshot page, which has a virtual account (§3.8). */
  snapshot: boolean;
}

/** A key of getuserencryptkey (§1.9): its version, from 1, and when it was made, in seconds. */
export interface MadeKey {
  version: number;
  made: number;
}

export interface Account {
  readonly appid: string;
  readonly user: string;
  readonly openid: string;
  readonly unionid: string | undefined;
  /** The virtual account of a snapshot page. */
  readonly virtual: boolean;
  /** The one valid session_key (§1.1), when it was made, and when it was last used. */
  sessionKey: string | undefined;
  sessionKeyMade: number;
  sessionKeyUsed: number;
  /** By scope: what the person answered. Absent: never asked (§2.2). */
  grants: Record<string, boolean>;
  /** Information types of the privacy contract the person agreed to (§1.5). */
  agreed: string[];
  /** Keys of getuserencryptkey, oldest first; one is made when somebody asks and the last has expired. */
  userKeys: MadeKey[];
}

/** An identifier as WeChat makes them: 28 characters of `[A-Za-z0-9_-]`, always the same for the same (§10). */
export const identifier = (text: string): string =>
  `o${toBase64(sha256(text)).replace(/\+/g, '-').replace(/\//g, '_').slice(0, 27)}`;

export class People {
  private readonly persons = new Map<string, Person>();
  private readonly accounts = new Map<string, Account>();
  private readonly openids = new Map<string, Account>();

  constructor(
    private readonly app: (appid: string) => App,
    private readonly assume: Assumptions,
  ) {}

  /** Whoever is named exists. */
  person(user: string): Person {
    const known = this.persons.get(user);
    if (known) return known;
    const digits = [...user].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 1e8, 7);
    const person: Person = {
      nickName: user,
      avatarUrl: `https://thirdwx.qlogo.cn/${encodeURIComponent(user)}/132`,
      phone: `138${String(digits).padStart(8, '0')}`,
      blocked: false,
      snapshot: false,
    };
    this.persons.set(user, person);
    return person;
  }

  /** The same person has another openid in every app; only the unionid links them (§3.8). */
  account(appid: string, user: string): Account {
    const app = this.app(appid);
    const snapshot = this.person(user).snapshot && app.kind === 'official_account';
    const virtual = snapshot && this.assume.snapshot_ids === 'virtual';
    const key = `${appid}\0${user}`;
    const mark = virtual ? ' snapshot' : '';
    const known = this.accounts.get(key + mark);
    if (known) return known;
    const account: Account = {
      appid,
      user,
      openid: identifier(`openid ${key}${mark}`),
      unionid: app.unionid ? identifier(`unionid ${user}${mark}`) : undefined,
      virtual,
      sessionKey: undefined,
      sessionKeyMade: 0,
      sessionKeyUsed: 0,
      grants: {},
      agreed: [],
      userKeys: [],
    };
    this.accounts.set(key + mark, account);
    this.openids.set(account.openid, account);
    return account;
  }

  byOpenid(appid: string, openid: string): Account | undefined {
    const account = this.openids.get(openid);
    return account?.appid === appid ? account : undefined;
  }

  /** The user behind an openid of any app. */
  userOf(openid: string): string | undefined {
    return this.openids.get(openid)?.user;
  }

  of(appid: string): Account[] {
    return [...this.accounts.values()].filter((account) => account.appid === appid);
  }

  all(): Record<string, Person> {
    return Object.fromEntries(this.persons);
  }

  /** The person deletes the mini program: consents and grants are gone, who they are is not (§1.5, §2.2). */
  deleteProgram(appid: string, user: string): void {
    Object.assign(this.account(appid, user), { grants: {}, agreed: [] });
  }

  clear(): void {
    this.persons.clear();
    this.accounts.clear();
    this.openids.clear();
  }
}
