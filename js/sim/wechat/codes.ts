// One-time codes of every kind: valid once, for a few minutes, for one app and one purpose (§1.1, §1.3, §3.8).

import { ensure } from './wechat-error.js';
import type { World } from './world.js';

/** Kind of a code: of `wx.login`, of a phone button, of an official account's login, of a QR login. */
export type CodeKind = 'login' | 'phone' | 'web' | 'qr';

/** WeChat's record of a code. */
export interface Code {
  /** Kind of the code. */
  kind: CodeKind;
  /** App that it was issued for. */
  appid: string;
  /** The user's name in the simulator. */
  user: string;
  /** Of a login code: the session_key of this login. Of a web login's code: the scope. */
  detail: string | undefined;
  /** Expiry in milliseconds since 1970. */
  expires: number;
  /** Whether it was redeemed. */
  used: boolean;
}

/** Life of a code in seconds; 10 minutes for a QR login (§3.8). */
const LIFE_S: Record<CodeKind, number> = { login: 300, phone: 300, web: 300, qr: 600 };

export class Codes {
  private readonly codes = new Map<string, Code>();

  constructor(private readonly world: World) {}

  /** Returns a new code: 32 letters and digits. */
  issue(kind: CodeKind, appid: string, user: string, detail?: string): string {
    const code = this.world.random.word(32);
    const expires = this.world.now() + LIFE_S[kind] * 1000;
    this.codes.set(code, { kind, appid, user, detail, expires, used: false });
    return code;
  }

  /** Returns the record of a code without using it. */
  peek(code: string): Code | undefined {
    return this.codes.get(code);
  }

  /**
   * Uses a code, unless `keep` is set, and returns its record. A login code of another app is unknown (40029); a phone
   * code of another app is answered with 40013 (§3.5).
   */
  redeem(kinds: CodeKind[], appid: string, code: string, { keep = false } = {}): Code {
    const record = this.codes.get(code);
    ensure(record && kinds.includes(record.kind), 40029);
    const expired = record.expires <= this.world.now();
    ensure(!expired, record.used ? this.world.assume.used_code_after_expiry : 40029);
    ensure(record.appid === appid, record.kind === 'phone' ? 40013 : 40029);
    ensure(!record.used, 40163);
    record.used = !keep;
    return record;
  }

  /** Returns every code with its record. */
  all(): Record<string, Code> {
    return Object.fromEntries(this.codes);
  }

  clear(): void {
    this.codes.clear();
  }
}
