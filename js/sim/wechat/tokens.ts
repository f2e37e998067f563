// Servers' access tokens: the old kind, whose calls fight each other, and the stable kind (§3.3); components' too (§3.6).

import { refuseUnless } from './wechat-error.js';
import type { World } from './world.js';

const LIFE_MS = 7_200_000;
/** Old and new both work for about this long. */
const OVERLAP_MS = 5 * 60_000;
const DAY_S = 86_400;

interface Token {
  appid: string;
  kind: 'token' | 'stable' | 'component';
  expires: number;
  /** From when on it is refused as `not latest` (40001), which is another error than growing old (42001). */
  superseded: number;
}

export class Tokens {
  private readonly tokens = new Map<string, Token>();

  constructor(private readonly world: World) {}

  private mint(kind: Token['kind'], appid: string) {
    const access_token = this.world.random.word(136);
    this.tokens.set(access_token, { kind, appid, expires: this.world.now() + LIFE_MS, superseded: Infinity });
    return { access_token, expires_in: LIFE_MS / 1000 };
  }

  private live(kind: Token['kind'], appid: string): Array<[string, Token]> {
    return [...this.tokens].filter(([, token]) => token.kind === kind && token.appid === appid && this.valid(token));
  }

  private valid({ expires, superseded }: Token): boolean {
    return Math.min(expires, superseded) > this.world.now();
  }

  private supersede(tokens: Array<[string, Token]>, left_ms: number): void {
    for (const [, token] of tokens) token.superseded = Math.min(token.superseded, this.world.now() + left_ms);
  }

  /** Each call ends the token before, after the overlap. */
  token(appid: string, secret: string, grantType: string) {
    refuseUnless(grantType === 'client_credential', 40002);
    this.world.authenticate(appid, secret);
    refuseUnless(this.world.quotas.spend(`token ${appid}`, this.world.assume.tokens_per_day, DAY_S), 45009);
    const live = this.live('token', appid);
    this.supersede(live, OVERLAP_MS);
    // The pages speak of an old and a new token, not of three.
    if (this.world.assume.token_overlap === 'previous') this.supersede(live.slice(0, -1), 0);
    return this.mint('token', appid);
  }

  /** Normal mode: the same token, renewed 5 minutes before its end. Forced: the old one dies; 20 a day, 30 s apart. */
  stableToken(appid: string, secret: string, grantType: string, force: boolean) {
    refuseUnless(grantType === 'client_credential', 40002);
    this.world.authenticate(appid, secret);
    refuseUnless(this.world.quotas.spend(`stable minute ${appid}`, 10_000, 60), 45011);
    refuseUnless(this.world.quotas.spend(`stable day ${appid}`, 500_000, DAY_S), 45009);
    const live = this.live('stable', appid);
    const [current] = live.filter(([, { expires }]) => expires - this.world.now() > OVERLAP_MS);
    if (current && !force) {
      const [access_token, { expires }] = current;
      return { access_token, expires_in: Math.floor((expires - this.world.now()) / 1000) };
    }
    if (force) {
      refuseUnless(this.world.quotas.spend(`force apart ${appid}`, 1, 30), 45011);
      refuseUnless(this.world.quotas.spend(`force day ${appid}`, 20, DAY_S), 45009);
      this.supersede(live, 0);
    }
    return this.mint('stable', appid);
  }

  componentToken(appid: string, secret: string) {
    refuseUnless(this.world.authenticate(appid, secret).kind === 'component', 61011);
    const { access_token, expires_in } = this.mint('component', appid);
    return { component_access_token: access_token, expires_in };
  }

  /** Whose token this is. */
  owner(token: string, kinds: Array<Token['kind']> = ['token', 'stable']): string {
    refuseUnless(token, 41001);
    const known = this.tokens.get(token);
    refuseUnless(known && kinds.includes(known.kind) && known.superseded > this.world.now(), 40001);
    refuseUnless(known.expires > this.world.now(), 42001);
    return known.appid;
  }

  /** May this component log people in for that app? 61003 where it was not authorised (§3.6). */
  authorizer(componentAppid: string, token: string, appid: string): void {
    refuseUnless(this.owner(token, ['component']) === componentAppid, 40001);
    refuseUnless(this.world.app(componentAppid).authorizers?.includes(appid), 61003);
  }

  of(appid: string): string[] {
    return [...this.tokens].filter(([, token]) => token.appid === appid && this.valid(token)).map(([token]) => token);
  }

  clear(): void {
    this.tokens.clear();
  }
}
