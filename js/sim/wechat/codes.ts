// One-time codes of every kind: five minutes, one use, one app, one purpose (§1.1, §1.3, §3.8).

import { refuseUnless } from './wechat-error.js';
import type { World } from './world.js';

export type CodeKind = 'login' | 'phone' | 'web' | 'qr';

export interface Code {
  kind: CodeKind;
  appid: string;
  user: string;
  /** The session_key this login made, or the scope a web login asked for. */
  detail: string | undefined;
  expires: number;
  used: boolean;
}

/** The QR login's lasts longer (§3.8). */
const LIFE_S: Record<CodeKind, number> = { login: 300, phone: 300, web: 300, qr: 600 };

export class Codes {
  private readonly codes = new Map<string, Code>();

  constructor(private readonly world: World) {}

  issue(kind: CodeKind, appid: string, user: string, detail?: string): string {
    const word = this.world.random.word(32);
    const expires = this.world.now() + LIFE_S[kind] * 1000;
    this.codes.set(word, { kind, appid, user, detail, expires, used: false });
    return word;
  }

  /** Looks without using it up. */
  peek(word: string): Code | undefined {
    return this.codes.get(word);
  }

  /** Uses a code up, unless it is to be kept. Another app's login code is unknown here (40029); a phone code names its app (40013, §3.5). */
  redeem(kinds: CodeKind[], appid: string, word: string, { keep = false } = {}): Code {
    const code = this.codes.get(word);
    refuseUnless(code && kinds.includes(code.kind), 40029);
    const expired = code.expires <= this.world.now();
    refuseUnless(!expired, code.used ? this.world.assume.used_code_after_expiry : 40029);
    refuseUnless(code.appid === appid, code.kind === 'phone' ? 40013 : 40029);
    refuseUnless(!code.used, 40163);
    code.used = !keep;
    return code;
  }

  all(): Record<string, Code> {
    return Object.fromEntries(this.codes);
  }

  clear(): void {
    this.codes.clear();
  }
}
