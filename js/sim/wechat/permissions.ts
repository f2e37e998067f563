// WeChat's memory of what a person allowed: scopes, and the privacy contract by information type.

import type { Account } from './users.js';
import type { World } from './world.js';

/** Always granted, without a dialog: authorization was cancelled or reclaimed (§2.1). */
const AUTO_TRUE = ['scope.userInfo', 'scope.address', 'scope.invoiceTitle', 'scope.invoice'];

/** Information types of the guideline (§2.3), as far as the simulator's phone has a call for them. */
export const INFORMATION = [
  'profile',
  'location',
  'werun',
  'phone',
  'microphone',
  'camera',
  'bluetooth',
  'album',
  'contacts',
  'calendar',
] as const;
export type Information = (typeof INFORMATION)[number];

/** A new declaration takes effect about this much later (§1.5). */
const DECLARATION_S = 300;

export interface Setting {
  /** By scope; only what was asked for, and what is always true (§1.4, §2.1). */
  authSetting: Record<string, boolean>;
  /** Types declared in the guideline by now, or `none`: there is no guideline. */
  declared: 'none' | string[];
  agreed: string[];
}

export class Permissions {
  private declarations = new Map<string, Array<{ type: string; at: number }>>();

  constructor(private readonly world: World) {}

  setting(appid: string, user: string): Setting {
    const { grants, agreed } = this.world.people.account(appid, user);
    const auto = Object.fromEntries(AUTO_TRUE.map((scope) => [scope, true]));
    return { authSetting: { ...auto, ...grants }, declared: this.declared(appid), agreed: [...agreed] };
  }

  private declared(appid: string): 'none' | string[] {
    const { privacy = 'all' } = this.world.app(appid);
    if (privacy === 'none') return 'none';
    if (privacy === 'all') return [...INFORMATION];
    const added = (this.declarations.get(appid) ?? []).filter(({ at }) => at <= this.world.now());
    return [...privacy, ...added.map(({ type }) => type)];
  }

  /** The operator declares one more information type; who agreed before is asked again for it (§1.5). */
  declare(appid: string, type: Information): void {
    const at = this.world.now() + DECLARATION_S * 1000;
    this.declarations.set(appid, [...(this.declarations.get(appid) ?? []), { type, at }]);
  }

  grant(appid: string, user: string, grants: Record<string, boolean>): void {
    Object.assign(this.world.people.account(appid, user).grants, grants);
  }

  /** The person agrees to all that is declared now. */
  agree(appid: string, user: string): Account {
    const account = this.world.people.account(appid, user);
    const declared = this.declared(appid);
    if (declared !== 'none') account.agreed = declared;
    return account;
  }

  clear(): void {
    this.declarations.clear();
  }
}
