// WeChat itself: apps, users, codes, session keys, tokens, grants. Rules instead of canned answers; each cites its
// section of docs/platform-facts.md. The clock can be virtual, random values are seeded, and no rule waits for IO.

import type { Clock } from '../clock.js';
import { type Fault, Faults } from '../faults.js';
import { type Code, Codes } from './codes.js';
import type { Config } from './config.js';
import { OAuth } from './oauth.js';
import { Permissions } from './permissions.js';
import { Profiles, type SignedProfile } from './profiles.js';
import { Push } from './push.js';
import { type IssuedCode, Sessions } from './sessions.js';
import { Tokens } from './tokens.js';
import type { Account, User } from './users.js';
import { World } from './world.js';

export type { App, Config } from './config.js';
export type { Account, User, UserKeyRecord } from './users.js';
export { WeChatError } from './wechat-error.js';

/** Calls that §1.1 limits to 4 per second and user. */
const RATE_LIMITED = new Set(['wx.login', 'wx.checkSession', 'wx.getSetting', 'wx.getUserInfo', 'wx.getUserProfile']);

/** State of one app. */
export interface AppRecord {
  /** Accounts by user. */
  users: Record<string, Account>;
  /** Valid access tokens of servers. */
  tokens: string[];
}

/** State of a simulated WeChat, as `GET /_sim/state` returns it. */
export interface WeChatState {
  /** Milliseconds since 1970. */
  now: number;
  /** Apps by appid. */
  apps: Record<string, AppRecord>;
  /** Users by name. */
  users: Record<string, User>;
  /** One-time codes with their records. */
  codes: Record<string, Code>;
  /** Number of calls by name, such as `wx.login`. */
  calls: Record<string, number>;
  /** The faults that are set. */
  faults: Fault[];
}

/** A simulated WeChat. `serve(wechat)` answers its HTTP APIs, `createPhone({ wechat, … })` is a phone that uses it. */
export class WeChat {
  /** Faults that tests inject into calls. */
  readonly faults = new Faults();
  /** Clock, random values, log, assumptions, apps and users. @internal */
  readonly world: World;
  /** One-time codes. @internal */
  readonly codes: Codes;
  /** Mini program logins and session keys. @internal */
  readonly sessions: Sessions;
  /** Access tokens of servers. @internal */
  readonly tokens: Tokens;
  /** Open data and phone numbers. @internal */
  readonly profiles: Profiles;
  /** Granted scopes and privacy consents. */
  readonly permissions: Permissions;
  /** Web logins. @internal */
  readonly web: OAuth;
  /** Message push. */
  readonly push: Push;
  private calls: Record<string, number> = {};

  /** Throws if an app's `ip_list` has more than 10 entries. */
  constructor(config: Config) {
    this.world = new World(config);
    this.codes = new Codes(this.world);
    this.sessions = new Sessions(this.world, this.codes);
    this.tokens = new Tokens(this.world);
    this.profiles = new Profiles(this.world, this.sessions, this.codes);
    this.permissions = new Permissions(this.world);
    this.web = new OAuth(this.world, this.codes);
    this.push = new Push(this.world);
  }

  /** The clock of this WeChat: `await wechat.clock.advance(ms)` lets time pass. */
  get clock(): Clock {
    return this.world.clock;
  }

  /** Returns a user, to read or to change: `wechat.user('mei').blocked = true`. Creates it at first use. */
  user(name: string): User {
    return this.world.users.user(name);
  }

  /** Returns the user's account in an app. Throws `WeChatError` 40013 if the app is unknown. */
  account(appid: string, user: string): Account {
    return this.world.users.account(appid, user);
  }

  /** Issues a login code as `wx.login` does. Throws `WeChatError` 40013 unless the app is a mini program. */
  issueCode(appid: string, user: string): IssuedCode {
    return this.sessions.issueCode(appid, user);
  }

  /** Issues a phone code as the phone button does. Throws `WeChatError` 40013 unless the app is a mini program. */
  issuePhoneCode(appid: string, user: string): string {
    return this.profiles.phoneButton(appid, user).code;
  }

  /** Returns signed and encrypted open data as `wx.getUserInfo` does. Throws if the user has no valid login. */
  profile(appid: string, user: string): SignedProfile {
    const signed = this.profiles.signed(appid, user);
    if (!signed) throw new Error(`${user} has no valid login in ${appid}: there is no session_key to sign with`);
    return signed;
  }

  /** Deletes the mini program for this user: grants and consents are forgotten (§1.5, §2.2). */
  deleteProgram(appid: string, user: string): void {
    this.world.users.deleteProgram(appid, user);
    if (this.world.assume.session_key_after_deletion === 'ended') this.account(appid, user).sessionKey = undefined;
  }

  /** Counts a call for `state().calls`, and logs a warning when a user exceeds the rate of §1.1. */
  count(call: string, user = ''): void {
    this.calls[call] = (this.calls[call] ?? 0) + 1;
    if (RATE_LIMITED.has(call) && !this.world.quotas.spend(`rated ${user}`, 4, 1)) {
      this.world.log.add('wechat', call, 'warning: more than 4 calls in a second (§1.1)');
    }
  }

  /** Restores the initial state: no users, codes or tokens; clock and random values start again. */
  reset(): void {
    this.world.reset();
    this.codes.clear();
    this.tokens.clear();
    this.web.clear();
    this.permissions.clear();
    this.faults.clear();
    this.calls = {};
  }

  /** Returns the whole state, including session keys, codes and tokens; AppSecrets are left out. */
  state(): WeChatState {
    const users = (appid: string) =>
      this.world.users
        .of(appid)
        .map((account) => [account.virtual ? `${account.user} (snapshot)` : account.user, { ...account }]);
    const apps = this.world
      .appids()
      .map((appid) => [appid, { users: Object.fromEntries(users(appid)), tokens: this.tokens.of(appid) }]);
    return {
      now: this.world.now(),
      apps: Object.fromEntries(apps) as Record<string, AppRecord>,
      users: this.world.users.all(),
      codes: this.codes.all(),
      calls: { ...this.calls },
      faults: this.faults.list(),
    };
  }
}
