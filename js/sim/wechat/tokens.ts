// Access tokens of servers: `cgi-bin/token`, whose every call replaces the token; `stable_token` (§3.3); and the tokens
// of components (§3.6).

import { ensure } from './wechat-error.js';
import type { World } from './world.js';

const LIFE_MS = 7_200_000;
/** The previous and the new token both work for about this long. */
const OVERLAP_MS = 5 * 60_000;
const DAY_S = 86_400;

interface Token {
  appid: string;
  kind: 'token' | 'stable' | 'component';
  expires: number;
  /** Time from which the token is refused as `not latest` (40001); an expired token gives 42001. */
  superseded: number;
}

/** The access tokens of servers. */
export class Tokens {
  private readonly tokens = new Map<string, Token>();

  constructor(private readonly world: World) {}

  private mint(kind: Token['kind'], appid: string) {
    const access_token = this.world.random.word(136);
    this.tokens.set(access_token, { kind, appid, expires: this.world.now() + LIFE_MS, superseded: Infinity });
    return { access_token, expires_in: LIFE_MS / 1000 };
  }

  private live(kind: Token['kind'], appid: string): Array<[string, Token]> {
    return [...this.tokens].filter(([, token]) => token.kind === kind && token.appid === appid && this.isValid(token));
  }

  private isValid({ expires, superseded }: Token): boolean {
    return Math.min(expires, superseded) > this.world.now();
  }

  private supersede(tokens: Array<[string, Token]>, delay_ms: number): void {
    for (const [, token] of tokens) token.superseded = Math.min(token.superseded, this.world.now() + delay_ms);
  }

  /** `cgi-bin/token`: each call ends the previous token after the overlap. */
  token(appid: string, secret: string, grantType: string) {
    ensure(grantType === 'client_credential', 40002);
    this.world.authenticate(appid, secret);
    ensure(this.world.quotas.spend(`token ${appid}`, this.world.assume.tokens_per_day, DAY_S), 45009);
    const live = this.live('token', appid);
    this.supersede(live, OVERLAP_MS);
    // The documentation mentions one old and one new token, not three.
    if (this.world.assume.token_overlap === 'previous') this.supersede(live.slice(0, -1), 0);
    return this.mint('token', appid);
  }

  /**
   * `cgi-bin/stable_token`. Normal mode: the same token until 5 minutes before it expires. Forced mode: the old token
   * ends at once; at most 20 a day, 30 s apart.
   */
  stableToken(appid: string, secret: string, grantType: string, force: boolean) {
    ensure(grantType === 'client_credential', 40002);
    this.world.authenticate(appid, secret);
    ensure(this.world.quotas.spend(`stable minute ${appid}`, 10_000, 60), 45011);
    ensure(this.world.quotas.spend(`stable day ${appid}`, 500_000, DAY_S), 45009);
    const live = this.live('stable', appid);
    const [current] = live.filter(([, { expires }]) => expires - this.world.now() > OVERLAP_MS);
    if (current && !force) {
      const [access_token, { expires }] = current;
      return { access_token, expires_in: Math.floor((expires - this.world.now()) / 1000) };
    }
    if (force) {
      ensure(this.world.quotas.spend(`force apart ${appid}`, 1, 30), 45011);
      ensure(this.world.quotas.spend(`force day ${appid}`, 20, DAY_S), 45009);
      this.supersede(live, 0);
    }
    return this.mint('stable', appid);
  }

  /** `api_component_token`. */
  componentToken(appid: string, secret: string) {
    ensure(this.world.authenticate(appid, secret).kind === 'component', 61011);
    const { access_token, expires_in } = this.mint('component', appid);
    return { component_access_token: access_token, expires_in };
  }

  /** Returns the appid that a token belongs to; throws 41001, 40001 or 42001. */
  owner(token: string, kinds: Array<Token['kind']> = ['token', 'stable']): string {
    ensure(token, 41001);
    const known = this.tokens.get(token);
    ensure(known && kinds.includes(known.kind) && known.superseded > this.world.now(), 40001);
    ensure(known.expires > this.world.now(), 42001);
    return known.appid;
  }

  /** Throws 61003 unless the app has authorised this component to log users in (§3.6). */
  authorizer(componentAppid: string, token: string, appid: string): void {
    ensure(this.owner(token, ['component']) === componentAppid, 40001);
    ensure(this.world.app(componentAppid).authorizers?.includes(appid), 61003);
  }

  /** Returns the valid tokens of an app. */
  of(appid: string): string[] {
    return [...this.tokens].filter(([, token]) => token.appid === appid && this.isValid(token)).map(([token]) => token);
  }

  clear(): void {
    this.tokens.clear();
  }
}
