// Web logins: the official account's OAuth 2 and the website's QR code (§3.8), and the JS-SDK ticket.

import type { Codes } from './codes.js';
import type { Account } from './users.js';
import { Refusal, refuseUnless } from './wechat-error.js';
import type { World } from './world.js';

const TOKEN_LIFE_MS = 7_200_000;
const REFRESH_LIFE_MS = 30 * 86_400_000;
/** Of access_token and userinfo, each, per app (§3.8). */
const CALLS_PER_MINUTE = 50_000;

interface Grant {
  account: Account;
  scope: string;
  /** Whether it came through a snapshot page. */
  snapshot: boolean;
  access: string;
  accessExpires: number;
  refresh: string;
  refreshExpires: number;
}

export class Web {
  /** Each access token there ever was; a grant's `access` is its latest. */
  private readonly byAccess = new Map<string, Grant>();
  private readonly byRefresh = new Map<string, Grant>();
  private readonly tickets = new Map<string, { ticket: string; expires: number }>();

  constructor(
    private readonly world: World,
    private readonly codes: Codes,
  ) {}

  /** A login at one of the two pages. Each kind of app has its own scopes (10005). */
  issueCode(appid: string, user: string, scope: string): string {
    const qr = scope === 'snsapi_login';
    const { kind } = this.world.app(appid);
    if (kind !== (qr ? 'website' : 'official_account')) throw new Refusal(10005, `${scope} is not for this app`);
    return this.codes.issue(qr ? 'qr' : 'web', appid, user, scope);
  }

  private limit(call: string, appid: string): void {
    refuseUnless(this.world.quotas.spend(`${call} ${appid}`, CALLS_PER_MINUTE, 60), 45011);
  }

  exchange(appid: string, word: string) {
    this.limit('sns access_token', appid);
    const { user, detail } = this.codes.redeem(['web', 'qr'], appid, word);
    const grant: Grant = {
      account: this.world.people.account(appid, user),
      scope: detail as string,
      snapshot: this.world.people.person(user).snapshot,
      access: '',
      accessExpires: 0,
      refresh: this.world.random.word(89),
      refreshExpires: this.world.now() + REFRESH_LIFE_MS,
    };
    this.byRefresh.set(grant.refresh, grant);
    return this.renewed(grant);
  }

  /** The refresh_token stays, and its life is not prolonged. */
  refresh(appid: string, refreshToken: string) {
    refuseUnless(refreshToken, 41003);
    this.world.app(appid);
    const grant = this.byRefresh.get(refreshToken);
    refuseUnless(grant && grant.account.appid === appid && grant.refreshExpires > this.world.now(), 40030);
    return this.renewed(grant);
  }

  /** An access token that has not expired is kept and prolonged; otherwise there is a new one. */
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
      // snsapi_base has none: the user was not asked.
      ...(unionid && grant.scope !== 'snsapi_base' ? { unionid } : {}),
      // A virtual account, which must not become a session.
      ...(grant.snapshot ? { is_snapshotuser: 1 } : {}),
    };
  }

  private grant(access: string, openid: string): Grant {
    refuseUnless(access, 41001);
    const grant = this.byAccess.get(access);
    refuseUnless(grant, 40001);
    refuseUnless(grant.access === access && grant.accessExpires > this.world.now(), 42001);
    refuseUnless(grant.account.openid === openid, 40003);
    return grant;
  }

  userInfo(access: string, openid: string) {
    const { account, scope } = this.grant(access, openid);
    this.limit('sns userinfo', account.appid);
    refuseUnless(scope !== 'snsapi_base', 48001);
    const { nickName, avatarUrl } = this.world.people.person(account.user);
    // Sex and region are not real any more.
    const gone = { sex: 0, province: '', city: '', country: '' };
    return {
      openid,
      nickname: nickName,
      ...gone,
      headimgurl: avatarUrl,
      privilege: [],
      ...(account.unionid ? { unionid: account.unionid } : {}),
    };
  }

  check(access: string, openid: string) {
    this.grant(access, openid);
    return { errcode: 0, errmsg: 'ok' };
  }

  /** The user of an access token or a refresh token. */
  userOf(access: string, refresh: string): string | undefined {
    return (this.byAccess.get(access) ?? this.byRefresh.get(refresh))?.account.user;
  }

  /** One ticket per app and type, for two hours. */
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
