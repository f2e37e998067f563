// Web logins: the official account's OAuth 2 and the website's QR code (§3.8), and the JS-SDK ticket.

import type { Codes } from './codes.js';
import { refuseUnless } from './refusal.js';
import type { World } from './world.js';

const TOKEN_LIFE_MS = 7_200_000;
const REFRESH_LIFE_MS = 30 * 86_400_000;

interface Grant {
  appid: string;
  user: string;
  scope: string;
  access: string;
  accessExpires: number;
  refresh: string;
  refreshExpires: number;
}

export class Web {
  private grants: Grant[] = [];
  private readonly tickets = new Map<string, { ticket: string; expires: number }>();

  constructor(
    private readonly world: World,
    private readonly codes: Codes,
  ) {}

  issueCode(appid: string, user: string, scope: string): string {
    return this.codes.issue(scope === 'snsapi_login' ? 'qr' : 'web', appid, user, scope);
  }

  exchange(appid: string, secret: string, word: string) {
    this.world.authenticate(appid, secret, [word, 41008]);
    const { user, detail } = this.codes.redeem(['web', 'qr'], appid, word);
    const grant: Grant = {
      appid,
      user,
      scope: detail as string,
      access: this.world.random.word(89),
      accessExpires: this.world.now() + TOKEN_LIFE_MS,
      refresh: this.world.random.word(89),
      refreshExpires: this.world.now() + REFRESH_LIFE_MS,
    };
    this.grants.push(grant);
    return this.reply(grant);
  }

  /** The refresh_token stays, and its life is not prolonged. */
  refresh(appid: string, refreshToken: string) {
    refuseUnless(refreshToken, 41003);
    this.world.app(appid);
    const grant = this.grants.find(({ refresh }) => refresh === refreshToken);
    refuseUnless(grant && grant.appid === appid && grant.refreshExpires > this.world.now(), 40030);
    grant.access = this.world.random.word(89);
    grant.accessExpires = this.world.now() + TOKEN_LIFE_MS;
    return this.reply(grant);
  }

  private reply({ appid, user, scope, access, refresh }: Grant) {
    const { openid, unionid } = this.world.people.account(appid, user);
    return {
      access_token: access,
      expires_in: TOKEN_LIFE_MS / 1000,
      refresh_token: refresh,
      openid,
      scope,
      ...(unionid ? { unionid } : {}),
      // A virtual account, which must not become a session.
      ...(this.world.people.person(user).snapshot ? { is_snapshotuser: 1 } : {}),
    };
  }

  private grant(access: string, openid: string): Grant {
    refuseUnless(access, 41001);
    const grant = this.grants.find((grant) => grant.access === access);
    refuseUnless(grant, 40001);
    refuseUnless(grant.accessExpires > this.world.now(), 42001);
    refuseUnless(this.world.people.account(grant.appid, grant.user).openid === openid, 40003);
    return grant;
  }

  userInfo(access: string, openid: string) {
    const { appid, user, scope } = this.grant(access, openid);
    refuseUnless(scope !== 'snsapi_base', 48001);
    const { nickName, avatarUrl } = this.world.people.person(user);
    const { unionid } = this.world.people.account(appid, user);
    // Sex and region are not real any more.
    const gone = { sex: 0, province: '', city: '', country: '' };
    return {
      openid,
      nickname: nickName,
      ...gone,
      headimgurl: avatarUrl,
      privilege: [],
      ...(unionid ? { unionid } : {}),
    };
  }

  check(access: string, openid: string) {
    this.grant(access, openid);
    return { errcode: 0, errmsg: 'ok' };
  }

  ticket(appid: string) {
    let known = this.tickets.get(appid);
    if (!known || known.expires <= this.world.now()) {
      known = { ticket: this.world.random.word(86), expires: this.world.now() + TOKEN_LIFE_MS };
      this.tickets.set(appid, known);
    }
    const expires_in = Math.floor((known.expires - this.world.now()) / 1000);
    return { errcode: 0, errmsg: 'ok', ticket: known.ticket, expires_in };
  }

  clear(): void {
    this.grants = [];
    this.tickets.clear();
  }
}
