// Web logins: OAuth 2 of official accounts, QR code logins of websites (§3.8), and the JS-SDK ticket.

import type { Codes } from './codes.js';
import type { Account } from './users.js';
import { ensure, WeChatError } from './wechat-error.js';
import type { World } from './world.js';

const TOKEN_LIFE_MS = 7_200_000;
const REFRESH_LIFE_MS = 30 * 86_400_000;
/** Limit of `access_token` and of `userinfo`, each, per app (§3.8). */
const CALLS_PER_MINUTE = 50_000;

interface Grant {
  account: Account;
  scope: string;
  /** Whether the login came through a snapshot page. */
  snapshot: boolean;
  access: string;
  accessExpires: number;
  refresh: string;
  refreshExpires: number;
}

export class OAuth {
  /** Every access token ever issued; a grant's `access` is the latest. */
  private readonly byAccess = new Map<string, Grant>();
  private readonly byRefresh = new Map<string, Grant>();
  private readonly tickets = new Map<string, { ticket: string; expires: number }>();

  constructor(
    private readonly world: World,
    private readonly codes: Codes,
  ) {}

  /** Issues a code for a login at one of the two pages. Each kind of app has its own scopes, else 10005. */
  issueCode(appid: string, user: string, scope: string): string {
    const qr = scope === 'snsapi_login';
    const { kind } = this.world.app(appid);
    if (kind !== (qr ? 'website' : 'official_account')) throw new WeChatError(10005, `${scope} is not for this app`);
    return this.codes.issue(qr ? 'qr' : 'web', appid, user, scope);
  }

  private limit(call: string, appid: string): void {
    ensure(this.world.quotas.spend(`${call} ${appid}`, CALLS_PER_MINUTE, 60), 45011);
  }

  /** `sns/oauth2/access_token`: exchanges a code for tokens. */
  exchange(appid: string, code: string) {
    this.limit('sns access_token', appid);
    const { user, detail } = this.codes.redeem(['web', 'qr'], appid, code);
    const grant: Grant = {
      account: this.world.users.account(appid, user),
      scope: detail as string,
      snapshot: this.world.users.user(user).snapshot,
      access: '',
      accessExpires: 0,
      refresh: this.world.random.word(89),
      refreshExpires: this.world.now() + REFRESH_LIFE_MS,
    };
    this.byRefresh.set(grant.refresh, grant);
    return this.renewed(grant);
  }

  /** `sns/oauth2/refresh_token`. The refresh_token stays the same, and its life is not extended. */
  refresh(appid: string, refreshToken: string) {
    ensure(refreshToken, 41003);
    this.world.app(appid);
    const grant = this.byRefresh.get(refreshToken);
    ensure(grant && grant.account.appid === appid && grant.refreshExpires > this.world.now(), 40030);
    return this.renewed(grant);
  }

  /** Extends an access token that has not expired; otherwise issues a new one. */
  private renewed(grant: Grant) {
    if (grant.accessExpires <= this.world.now()) {
      grant.access = this.world.random.word(89);
      this.byAccess.set(grant.access, grant);
    }
    grant.accessExpires = this.world.now() + TOKEN_LIFE_MS;
    const { openid, unionid } = grant.account;
    return {
      access_token: grant.access,
      expires_in: TOKEN_LIFE_MS / 1000,
      refresh_token: grant.refresh,
      openid,
      scope: grant.scope,
      // snsapi_base has no unionid: the user gave no consent.
      ...(unionid && grant.scope !== 'snsapi_base' ? { unionid } : {}),
      // Marks a virtual account, which a server must not log in.
      ...(grant.snapshot ? { is_snapshotuser: 1 } : {}),
    };
  }

  private grant(access: string, openid: string): Grant {
    ensure(access, 41001);
    const grant = this.byAccess.get(access);
    ensure(grant, 40001);
    ensure(grant.access === access && grant.accessExpires > this.world.now(), 42001);
    ensure(grant.account.openid === openid, 40003);
    return grant;
  }

  /** `sns/userinfo`. */
  userInfo(access: string, openid: string) {
    const { account, scope } = this.grant(access, openid);
    this.limit('sns userinfo', account.appid);
    ensure(scope !== 'snsapi_base', 48001);
    const { nickName, avatarUrl } = this.world.users.user(account.user);
    // WeChat no longer returns sex and region.
    const removed = { sex: 0, province: '', city: '', country: '' };
    return {
      openid,
      nickname: nickName,
      ...removed,
      headimgurl: avatarUrl,
      privilege: [],
      ...(account.unionid ? { unionid: account.unionid } : {}),
    };
  }

  /** `sns/auth`. */
  check(access: string, openid: string) {
    this.grant(access, openid);
    return { errcode: 0, errmsg: 'ok' };
  }

  /** Returns the user of an access token or a refresh token. */
  userOf(access: string, refresh: string): string | undefined {
    return (this.byAccess.get(access) ?? this.byRefresh.get(refresh))?.account.user;
  }

  /** `ticket/getticket`: one ticket per app and type, valid for two hours. */
  ticket(key: string) {
    let known = this.tickets.get(key);
    if (!known || known.expires <= this.world.now()) {
      known = { ticket: this.world.random.word(86), expires: this.world.now() + TOKEN_LIFE_MS };
      this.tickets.set(key, known);
    }
    const expires_in = Math.floor((known.expires - this.world.now()) / 1000);
    return { errcode: 0, errmsg: 'ok', ticket: known.ticket, expires_in };
  }

  clear(): void {
    this.byAccess.clear();
    this.byRefresh.clear();
    this.tickets.clear();
  }
}
