// Mini program logins: the code, its exchange, and the one session_key that is valid per person and app.

import { hmacHex, sha256, toBase64 } from '../crypto.js';
import type { Codes } from './codes.js';
import type { Account } from './users.js';
import { refuseUnless } from './wechat-error.js';
import type { World } from './world.js';

/** The life of a getuserencryptkey key; the page's sample has 3597 seconds left of the newest (§1.9). */
const USER_KEY_LIFE_S = 3_600;
const USER_KEYS_KEPT = 3;

export interface UserKey {
  encrypt_key: string;
  iv: string;
  version: number;
  expire_in: number;
  create_time: number;
}

export class Sessions {
  constructor(
    private readonly world: World,
    private readonly codes: Codes,
  ) {}

  /** `wx.login`, or a data pre-fetch without a token: a code, and perhaps a new session_key (§1.1). */
  issueCode(appid: string, user: string): { code: string; openid: string } {
    this.world.miniProgram(appid);
    const account = this.world.people.account(appid, user);
    const { session_key_min_refresh_s, session_key_rotates_at } = this.world.assume;
    const fresh = this.current(account) && this.world.now() - account.sessionKeyMade < session_key_min_refresh_s * 1000;
    const key = fresh && account.sessionKey ? account.sessionKey : toBase64(this.world.random.bytes(16));
    if (session_key_rotates_at === 'login') this.use(account, key);
    return { code: this.codes.issue('login', appid, user, key), openid: account.openid };
  }

  /** Makes a key the valid one; the one before is dead at once. */
  private use(account: Account, key: string): void {
    if (account.sessionKey !== key) Object.assign(account, { sessionKey: key, sessionKeyMade: this.world.now() });
    account.sessionKeyUsed = this.world.now();
  }

  /** The valid session_key, while there is one: the more a program is used the longer it lives (§1.1). */
  current(account: Account): string | undefined {
    const idle = this.world.now() - account.sessionKeyUsed;
    return idle < this.world.assume.session_key_life_s * 1000 ? account.sessionKey : undefined;
  }

  /** `wx.checkSession`, about the most recent login. */
  valid(appid: string, user: string): boolean {
    const account = this.world.people.account(appid, user);
    const valid = this.current(account) !== undefined;
    if (valid) account.sessionKeyUsed = this.world.now();
    return valid;
  }

  exchange(appid: string, jsCode: string): { session_key: string; openid: string; unionid?: string } {
    refuseUnless(jsCode, 41008);
    const owner = this.codes.peek(jsCode)?.user;
    const { exchanges_per_minute, session_key_rotates_at, blocked_login_uses_code } = this.world.assume;
    // The quota is a user's (§3.1): an unknown code has none.
    const within =
      owner === undefined || this.world.quotas.spend(`exchange ${appid} ${owner}`, exchanges_per_minute, 60);
    refuseUnless(within, 45011);
    const blocked = owner !== undefined && this.world.people.person(owner).blocked;
    const { user, detail } = this.codes.redeem(['login'], appid, jsCode, { keep: blocked && !blocked_login_uses_code });
    refuseUnless(!blocked, 40226);
    const account = this.world.people.account(appid, user);
    const session_key = detail as string;
    if (session_key_rotates_at === 'exchange') this.use(account, session_key);
    // Real successes carry no errcode (§3.1).
    return { session_key, openid: account.openid, ...(account.unionid ? { unionid: account.unionid } : {}) };
  }

  /** Whose session it is, if the signature is by the key that is valid now (§3.2). */
  private signed(appid: string, openid: string, signature: string, method: string): Account {
    refuseUnless(method === 'hmac_sha256', 87008);
    const account = this.world.people.byOpenid(appid, openid);
    const key = account && this.current(account);
    refuseUnless(key, 87007);
    refuseUnless(hmacHex(key, '') === signature, 87009);
    return account;
  }

  check(appid: string, openid: string, signature: string, method: string) {
    this.signed(appid, openid, signature, method);
    return { errcode: 0, errmsg: 'ok' };
  }

  /** The old key dies at once, the new one keeps its expiry; 60,000 a minute and app (§3.2). */
  resetKey(appid: string, openid: string, signature: string, method: string) {
    refuseUnless(this.world.quotas.spend(`resetusersessionkey ${appid}`, 60_000, 60), 45011);
    const account = this.signed(appid, openid, signature, method);
    account.sessionKey = toBase64(this.world.random.bytes(16));
    return { errcode: 0, errmsg: 'ok', openid, session_key: account.sessionKey };
  }

  userKeys(appid: string, openid: string, signature: string, method: string) {
    const account = this.signed(appid, openid, signature, method);
    return { errcode: 0, errmsg: 'ok', key_info_list: this.userKeysOf(account) };
  }

  /**
   * The last three versions, newest first; the older ones have no time left (§1.9, §3.5). One is made when somebody
   * asks and the last has expired: the official sample's versions lie 5 and 19 hours apart.
   */
  userKeysOf(account: Account): UserKey[] {
    const now = this.world.seconds();
    const last = account.userKeys.at(-1);
    if (!last || last.made + USER_KEY_LIFE_S <= now) {
      const key = { version: (last?.version ?? 0) + 1, made: now };
      account.userKeys = [...account.userKeys, key].slice(-USER_KEYS_KEPT);
    }
    return [...account.userKeys].reverse().map(({ version, made }) => {
      const drawn = sha256(`user key ${account.openid} ${version}`);
      return {
        encrypt_key: toBase64(drawn.subarray(0, 16)),
        iv: Array.from(drawn.subarray(16, 24), (byte) => byte.toString(16).padStart(2, '0')).join(''),
        version,
        expire_in: Math.max(0, made + USER_KEY_LIFE_S - now),
        create_time: made,
      };
    });
  }
}
