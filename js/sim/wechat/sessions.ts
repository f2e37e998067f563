// Mini program logins: the code, its exchange, and the one valid session_key per user and app.

import { hmacHex, sha256, toBase64 } from '../crypto.js';
import type { Codes } from './codes.js';
import type { Account } from './users.js';
import { ensure } from './wechat-error.js';
import type { World } from './world.js';

/** Life of a key of `getuserencryptkey`: in the documentation's sample the newest has 3597 seconds left (§1.9). */
const USER_KEY_LIFE_S = 3_600;
const USER_KEYS_KEPT = 3;

/** A key of `getuserencryptkey`, as the server API returns it (§3.5). */
export interface UserKey {
  /** Base64 of 16 bytes. */
  encrypt_key: string;
  /** 16 hexadecimal characters. */
  iv: string;
  version: number;
  /** Remaining life in seconds; 0 if expired. */
  expire_in: number;
  /** Seconds since 1970. */
  create_time: number;
}

/** A login code and its user. */
export interface IssuedCode {
  /** Login code: 32 characters, valid once and for 5 minutes. */
  code: string;
  /** Identifies the user within the app. */
  openid: string;
}

/** Mini program logins. */
export class Sessions {
  constructor(
    private readonly world: World,
    private readonly codes: Codes,
  ) {}

  /** `wx.login`, or a data pre-fetch without a token: issues a code, and a new session_key unless one is fresh (§1.1). */
  issueCode(appid: string, user: string): IssuedCode {
    this.world.miniProgram(appid);
    const account = this.world.users.account(appid, user);
    const { session_key_min_refresh_s, session_key_rotates_at } = this.world.assume;
    const fresh = this.current(account) && this.world.now() - account.sessionKeyMade < session_key_min_refresh_s * 1000;
    const key = fresh && account.sessionKey ? account.sessionKey : toBase64(this.world.random.bytes(16));
    if (session_key_rotates_at === 'login') this.use(account, key);
    return { code: this.codes.issue('login', appid, user, key), openid: account.openid };
  }

  /** Makes a key the valid one; the previous key ends at once. */
  private use(account: Account, key: string): void {
    if (account.sessionKey !== key) Object.assign(account, { sessionKey: key, sessionKeyMade: this.world.now() });
    account.sessionKeyUsed = this.world.now();
  }

  /** Returns the valid session_key, if there is one. Each use extends its life (§1.1). */
  current(account: Account): string | undefined {
    const idle = this.world.now() - account.sessionKeyUsed;
    return idle < this.world.assume.session_key_life_s * 1000 ? account.sessionKey : undefined;
  }

  /** `wx.checkSession`: whether the session_key of the most recent login is valid. */
  valid(appid: string, user: string): boolean {
    const account = this.world.users.account(appid, user);
    const valid = this.current(account) !== undefined;
    if (valid) account.sessionKeyUsed = this.world.now();
    return valid;
  }

  /** `jscode2session`. Throws 41008, 45011, 40029, 40163 or 40226. */
  exchange(appid: string, jsCode: string): { session_key: string; openid: string; unionid?: string } {
    ensure(jsCode, 41008);
    const owner = this.codes.peek(jsCode)?.user;
    const { exchanges_per_minute, session_key_rotates_at, blocked_login_uses_code } = this.world.assume;
    // The quota counts per user (§3.1); an unknown code has no user.
    const within =
      owner === undefined || this.world.quotas.spend(`exchange ${appid} ${owner}`, exchanges_per_minute, 60);
    ensure(within, 45011);
    const blocked = owner !== undefined && this.world.users.user(owner).blocked;
    const { user, detail } = this.codes.redeem(['login'], appid, jsCode, { keep: blocked && !blocked_login_uses_code });
    ensure(!blocked, 40226);
    const account = this.world.users.account(appid, user);
    const session_key = detail as string;
    if (session_key_rotates_at === 'exchange') this.use(account, session_key);
    // Successful replies of the real WeChat have no errcode (§3.1).
    return { session_key, openid: account.openid, ...(account.unionid ? { unionid: account.unionid } : {}) };
  }

  /** Returns the account if the signature was made with its valid session_key (§3.2); throws 87007, 87008 or 87009. */
  private verified(appid: string, openid: string, signature: string, method: string): Account {
    ensure(method === 'hmac_sha256', 87008);
    const account = this.world.users.byOpenid(appid, openid);
    const key = account && this.current(account);
    ensure(key, 87007);
    ensure(hmacHex(key, '') === signature, 87009);
    return account;
  }

  /** `wxa/checksession`. */
  check(appid: string, openid: string, signature: string, method: string) {
    this.verified(appid, openid, signature, method);
    return { errcode: 0, errmsg: 'ok' };
  }

  /**
   * `wxa/resetusersessionkey`. The old key ends at once, the new one keeps its expiry; at most 60,000 calls per minute
   * and app (§3.2).
   */
  resetKey(appid: string, openid: string, signature: string, method: string) {
    ensure(this.world.quotas.spend(`resetusersessionkey ${appid}`, 60_000, 60), 45011);
    const account = this.verified(appid, openid, signature, method);
    account.sessionKey = toBase64(this.world.random.bytes(16));
    return { errcode: 0, errmsg: 'ok', openid, session_key: account.sessionKey };
  }

  /** `wxa/business/getuserencryptkey`. */
  userKeys(appid: string, openid: string, signature: string, method: string) {
    const account = this.verified(appid, openid, signature, method);
    return { errcode: 0, errmsg: 'ok', key_info_list: this.userKeysOf(account) };
  }

  /**
   * Returns the last three keys, newest first; only the newest has time left (§1.9, §3.5). Creates one if the newest has
   * expired: in the official sample the versions are 5 and 19 hours apart, so that keys are made on request.
   */
  userKeysOf(account: Account): UserKey[] {
    const now = this.world.seconds();
    const last = account.userKeys.at(-1);
    if (!last || last.made + USER_KEY_LIFE_S <= now) {
      const key = { version: (last?.version ?? 0) + 1, made: now };
      account.userKeys = [...account.userKeys, key].slice(-USER_KEYS_KEPT);
    }
    return [...account.userKeys].reverse().map(({ version, made }) => {
      const digest = sha256(`user key ${account.openid} ${version}`);
      return {
        encrypt_key: toBase64(digest.subarray(0, 16)),
        iv: Array.from(digest.subarray(16, 24), (byte) => byte.toString(16).padStart(2, '0')).join(''),
        version,
        expire_in: Math.max(0, made + USER_KEY_LIFE_S - now),
        create_time: made,
      };
    });
  }
}
