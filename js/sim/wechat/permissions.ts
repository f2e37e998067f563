// WeChat's record of consents: scopes, and the privacy contract by information type.

import { AUTO_GRANTED, INFORMATION, type Information } from '../scopes.js';
import type { Account } from './users.js';
import type { World } from './world.js';

/** Approximate delay until a new declaration takes effect (§1.5). */
const DECLARATION_DELAY_S = 300;

/** The user's permissions in an app. */
export interface Setting {
  /** Answers by scope: the scopes that were requested before, and those that are always granted (§1.4, §2.1). */
  authSetting: Record<string, boolean>;
  /** Information types that the privacy guideline declares now; `none`: there is no guideline. */
  declared: 'none' | string[];
  /** Information types that the user has agreed to. */
  agreed: string[];
}

/** Consents of users. */
export class Permissions {
  /** Later declarations by appid, with the time in milliseconds since 1970 at which each takes effect. */
  private declarations = new Map<string, Array<{ type: string; at: number }>>();

  constructor(private readonly world: World) {}

  /** Returns the user's permissions in an app. */
  setting(appid: string, user: string): Setting {
    const { grants, agreed } = this.world.users.account(appid, user);
    const auto = Object.fromEntries(AUTO_GRANTED.map((scope) => [scope, true]));
    return { authSetting: { ...auto, ...grants }, declared: this.declared(appid), agreed: [...agreed] };
  }

  private declared(appid: string): 'none' | string[] {
    const { privacy = 'all' } = this.world.app(appid);
    if (privacy === 'none') return 'none';
    if (privacy === 'all') return [...INFORMATION];
    const added = (this.declarations.get(appid) ?? []).filter(({ at }) => at <= this.world.now());
    return [...privacy, ...added.map(({ type }) => type)];
  }

  /** Declares one more information type; users who agreed before are asked again for it (§1.5). */
  declare(appid: string, type: Information): void {
    const at = this.world.now() + DECLARATION_DELAY_S * 1000;
    this.declarations.set(appid, [...(this.declarations.get(appid) ?? []), { type, at }]);
  }

  /** Stores the user's answers by scope. */
  grant(appid: string, user: string, grants: Record<string, boolean>): void {
    Object.assign(this.world.users.account(appid, user).grants, grants);
  }

  /** Records the user's consent to every information type that is declared now. */
  agree(appid: string, user: string): Account {
    const account = this.world.users.account(appid, user);
    const declared = this.declared(appid);
    if (declared !== 'none') account.agreed = declared;
    return account;
  }

  /** Forgets later declarations. */
  clear(): void {
    this.declarations.clear();
  }
}
