// WeChat itself: apps, people, codes, session keys, tokens, grants. Rules, not canned answers; each names its section
// of docs/platform-facts.md. The clock can be virtual, the randomness is seeded, and nothing here waits.

import type { Clock } from '../clock.js';
import { Faults } from '../faults.js';
import { Codes } from './codes.js';
import type { Config } from './config.js';
import { Web } from './oauth.js';
import { Permissions } from './permissions.js';
import { Profiles, type SignedProfile } from './profiles.js';
import { Push } from './push.js';
import { Sessions } from './sessions.js';
import { Tokens } from './tokens.js';
import type { Account, Person } from './users.js';
import { World } from './world.js';

export type { App, Config } from './config.js';
export type { Account, MadeKey, Person } from './users.js';
export { Refusal } from './wechat-error.js';

/** The calls §1.1 limits to four a second and person. */
const RATED = new Set(['wx.login', 'wx.checkSession', 'wx.getSetting', 'wx.getUserInfo', 'wx.getUserProfile']);

export class WeChat {
  readonly faults = new Faults();
  readonly world: World;
  readonly codes: Codes;
  readonly sessions: Sessions;
  readonly tokens: Tokens;
  readonly profiles: Profiles;
  readonly permissions: Permissions;
  readonly web: Web;
  readonly push: Push;
  private calls: Record<string, number> = {};

  constructor(config: Config) {
    this.world = new World(config);
    this.codes = new Codes(this.world);
    this.sessions = new Sessions(this.world, this.codes);
    this.tokens = new Tokens(this.world);
    this.profiles = new Profiles(this.world, this.sessions, this.codes);
    this.permissions = new Permissions(this.world);
    this.web = new Web(this.world, this.codes);
    this.push = new Push(this.world);
  }

  get clock(): Clock {
    return this.world.clock;
  }

  /** A person, to look at or to change: `wechat.person('mei').blocked = true`. */
  person(user: string): Person {
    return this.world.people.person(user);
  }

  account(appid: string, user: string): Account {
    return this.world.people.account(appid, user);
  }

  /** A login code, as `wx.login` gives it. */
  issueCode(appid: string, user: string): { code: string; openid: string } {
    return this.sessions.issueCode(appid, user);
  }

  /** A phone code, as the quick button gives it. */
  issuePhoneCode(appid: string, user: string): string {
    return this.profiles.phoneButton(appid, user).code;
  }

  /** Signed and encrypted open data of somebody who is logged in, as `wx.getUserInfo` gives it. */
  profile(appid: string, user: string): SignedProfile {
    const signed = this.profiles.signed(appid, user);
    if (!signed) throw new Error(`${user} has no valid login in ${appid}: there is no session_key to sign with`);
    return signed;
  }

  /** The person deletes the mini program. */
  deleteProgram(appid: string, user: string): void {
    this.world.people.deleteProgram(appid, user);
    if (this.world.assume.session_key_after_deletion === 'ended') this.account(appid, user).sessionKey = undefined;
  }

  count(call: string, user = ''): void {
    this.calls[call] = (this.calls[call] ?? 0) + 1;
    if (RATED.has(call) && !this.world.quotas.spend(`rated ${user}`, 4, 1)) {
      this.world.log.add('wechat', call, 'warning: more than 4 calls in a second (§1.1)');
    }
  }

  /** Back to the beginning: nobody has logged in, and the same seed draws the same again. */
  reset(): void {
    this.world.reset();
    this.codes.clear();
    this.tokens.clear();
    this.web.clear();
    this.permissions.clear();
    this.faults.clear();
    this.calls = {};
  }

  /** Everything, for tests and to look at. A simulator has no secrets. */
  state() {
    const users = (appid: string) =>
      this.world.people
        .of(appid)
        .map((account) => [account.virtual ? `${account.user} (snapshot)` : account.user, { ...account }]);
    const apps = this.world
      .appids()
      .map((appid) => [appid, { users: Object.fromEntries(users(appid)), tokens: this.tokens.of(appid) }]);
    return {
      now: this.world.now(),
      apps: Object.fromEntries(apps) as Record<string, { users: Record<string, Account>; tokens: string[] }>,
      users: this.world.people.all(),
      codes: this.codes.all(),
      calls: { ...this.calls },
      faults: this.faults.list(),
    };
  }
}
