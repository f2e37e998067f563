// WeChat itself: apps, people, codes, session keys, tokens, grants. Rules, not canned answers; each names
// its section of docs/platform-facts.md. The clock is virtual, the randomness seeded.

import { encryptOpenData, hmacHex, sha1Hex, sha256, toBase64 } from './crypto.js';
import { Faults } from './faults.js';

export interface App {
  secret: string;
  /** Bound to an Open Platform account: logins give a unionid (§1.1). */
  unionid?: boolean;
}

export interface Config {
  apps: Record<string, App>;
  seed?: number;
  /** Milliseconds since 1970 at the start; the real clock where absent. */
  now?: () => number;
}

export interface Person {
  nickName: string;
  avatarUrl: string;
  phone: string;
}

/** What WeChat keeps of one person in one app. */
interface Account {
  openid: string;
  unionid: string | undefined;
  /** The one valid session_key (§1.1). */
  sessionKey: string | undefined;
  grants: Record<string, boolean>;
  privacyAgreed: boolean;
}

interface Code {
  kind: 'login' | 'phone';
  appid: string;
  user: string;
  /** The session_key this login made current. */
  sessionKey: string | undefined;
  expires: number;
  used: boolean;
}

interface Token {
  appid: string;
  expires: number;
}

/** An errcode as an exception; the server turns it into a reply. */
export class Refusal extends Error {
  constructor(
    readonly errcode: number,
    errmsg: string,
  ) {
    super(errmsg);
  }
}

const CODE_LIFE_MS = 5 * 60_000;
const TOKEN_LIFE_MS = 7_200_000;
/** stable_token renews this long before the end, and old and new overlap (§3.3). */
const TOKEN_OVERLAP_MS = 5 * 60_000;

export class WeChat {
  readonly faults = new Faults();
  private readonly config: Config;
  private people = new Map<string, Person>();
  private accounts = new Map<string, Account>();
  private codes = new Map<string, Code>();
  private tokens = new Map<string, Token>();
  private advanced = 0;
  private random: () => number;
  private calls: Record<string, number> = {};

  constructor(config: Config) {
    this.config = config;
    this.random = mulberry32(config.seed ?? 1);
  }

  // --- time and randomness

  now(): number {
    return (this.config.now ?? Date.now)() + this.advanced;
  }

  advance(seconds: number): void {
    this.advanced += seconds * 1000;
  }

  reset(): void {
    this.people.clear();
    this.accounts.clear();
    this.codes.clear();
    this.tokens.clear();
    this.faults.clear();
    this.calls = {};
    this.advanced = 0;
    this.random = mulberry32(this.config.seed ?? 1);
  }

  private bytes(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length }, () => Math.floor(this.random() * 256));
  }

  /** 32 letters and digits, as WeChat's codes have. */
  private word(length = 32): string {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
    return Array.from(this.bytes(length), (byte) => alphabet[byte % alphabet.length]).join('');
  }

  // --- people and accounts

  count(call: string): void {
    this.calls[call] = (this.calls[call] ?? 0) + 1;
  }

  person(user: string): Person {
    let person = this.people.get(user);
    if (!person) {
      const digits = String([...user].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 1e8, 7)).padStart(8, '0');
      person = {
        nickName: user,
        avatarUrl: `https://thirdwx.qlogo.cn/${encodeURIComponent(user)}/132`,
        phone: `138${digits}`,
      };
      this.people.set(user, person);
    }
    return person;
  }

  private app(appid: string): App {
    const app = this.config.apps[appid];
    if (!app) throw new Refusal(40013, 'invalid appid');
    return app;
  }

  /** The same person has another openid in every app; only the unionid links them (§3.8). */
  async account(appid: string, user: string): Promise<Account> {
    const app = this.app(appid);
    this.person(user);
    const key = `${appid}\0${user}`;
    const known = this.accounts.get(key);
    if (known) return known;
    const id = async (text: string) =>
      `o${toBase64(await sha256(text))
        .replace(/\+/g, '-')
        .replace(/\//g, '_')
        .slice(0, 27)}`;
    const account: Account = {
      openid: await id(`openid ${key}`),
      unionid: app.unionid ? await id(`unionid ${user}`) : undefined,
      sessionKey: undefined,
      grants: {},
      privacyAgreed: false,
    };
    // Another call may have made it while this one hashed.
    const raced = this.accounts.get(key) ?? account;
    this.accounts.set(key, raced);
    return raced;
  }

  // --- what a phone asks

  /** `wx.login`: a code of 5 minutes, and a new session_key that ends the old one (§1.1). */
  async issueCode(appid: string, user: string): Promise<{ code: string; openid: string }> {
    const account = await this.account(appid, user);
    account.sessionKey = toBase64(this.bytes(16));
    const code = this.remember({ kind: 'login', appid, user, sessionKey: account.sessionKey });
    return { code, openid: account.openid };
  }

  /** The phone button: another kind of code, not to be exchanged where login codes are (§1.3). */
  async issuePhoneCode(appid: string, user: string): Promise<string> {
    await this.account(appid, user);
    return this.remember({ kind: 'phone', appid, user, sessionKey: undefined });
  }

  private remember(code: Omit<Code, 'expires' | 'used'>): string {
    const word = this.word();
    this.codes.set(word, { ...code, expires: this.now() + CODE_LIFE_MS, used: false });
    return word;
  }

  /** `wx.getUserProfile`: what the profile button's event carries (§1.2). */
  async profile(appid: string, user: string) {
    const account = await this.account(appid, user);
    const { nickName, avatarUrl } = this.person(user);
    const sessionKey = account.sessionKey ?? toBase64(this.bytes(16));
    account.sessionKey = sessionKey;
    const userInfo = { nickName, gender: 0, language: 'zh_CN', city: '', province: '', country: '', avatarUrl };
    const rawData = JSON.stringify(userInfo);
    const iv = this.bytes(16);
    const watermark = { timestamp: Math.floor(this.now() / 1000), appid };
    const plain = JSON.stringify({ openId: account.openid, ...userInfo, unionId: account.unionid, watermark });
    return {
      errMsg: 'getUserProfile:ok',
      userInfo,
      rawData,
      signature: await sha1Hex(rawData + sessionKey),
      encryptedData: await encryptOpenData(sessionKey, iv, plain),
      iv: toBase64(iv),
    };
  }

  // --- what a server asks

  private redeem(kind: Code['kind'], appid: string, word: string): Code {
    const code = this.codes.get(word);
    const expired = !code || code.expires <= this.now();
    if (expired || code.kind !== kind || (kind === 'login' && code.appid !== appid)) {
      throw new Refusal(40029, 'invalid code');
    }
    if (code.appid !== appid) throw new Refusal(40013, 'invalid appid');
    if (code.used) throw new Refusal(40163, 'code been used');
    code.used = true;
    return code;
  }

  async jscode2session(appid: string, secret: string, jsCode: string) {
    if (!appid) throw new Refusal(41002, 'appid missing');
    if (!secret) throw new Refusal(41004, 'appsecret missing');
    if (!jsCode) throw new Refusal(41008, 'missing code');
    if (this.app(appid).secret !== secret) throw new Refusal(40125, 'invalid appsecret');
    const code = this.redeem('login', appid, jsCode);
    const { openid, unionid } = await this.account(appid, code.user);
    // Real successes carry no errcode (§3.1).
    return { session_key: code.sessionKey, openid, ...(unionid ? { unionid } : {}) };
  }

  /** Normal mode gives the same token with its remaining life; forcing ends the old one (§3.3). */
  stableToken(appid: string, secret: string, force: boolean) {
    if (this.app(appid).secret !== secret) throw new Refusal(40125, 'invalid appsecret');
    const life = ([, token]: [string, Token]) => (token.appid === appid ? token.expires - this.now() : 0);
    const current = [...this.tokens].find((entry) => life(entry) > TOKEN_OVERLAP_MS);
    if (current && !force) return { access_token: current[0], expires_in: Math.floor(life(current) / 1000) };
    if (current) (current[1] as Token).expires = this.now() + (force ? 0 : TOKEN_OVERLAP_MS);
    const token = `${this.word(64)}${this.word(64)}`;
    this.tokens.set(token, { appid, expires: this.now() + TOKEN_LIFE_MS });
    return { access_token: token, expires_in: TOKEN_LIFE_MS / 1000 };
  }

  /** Whose access_token this is. */
  authenticate(token: string): string {
    if (!token) throw new Refusal(41001, 'access_token missing');
    const known = this.tokens.get(token);
    if (!known) throw new Refusal(40001, 'invalid credential, access_token is invalid or not latest');
    if (known.expires <= this.now()) throw new Refusal(42001, 'access_token expired');
    return known.appid;
  }

  /** Compares with the key that is valid now; an older one of the server's fails (§3.2). */
  async checkSession(appid: string, openid: string, signature: string, method: string) {
    if (method !== 'hmac_sha256') throw new Refusal(87008, 'invalid sig_method');
    const account = [...this.accounts].find(([key, one]) => key.startsWith(`${appid}\0`) && one.openid === openid)?.[1];
    if (!account?.sessionKey) throw new Refusal(87007, 'session_key is not existd or expired');
    if ((await hmacHex(account.sessionKey, '')) !== signature) throw new Refusal(87009, 'invalid signature');
    return { errcode: 0, errmsg: 'ok' };
  }

  /** With `openid`, the code must be that user's (§3.5). */
  async phoneNumber(appid: string, word: string, openid: string | undefined) {
    const code = this.codes.get(word);
    if (openid && code?.kind === 'phone' && (await this.account(code.appid, code.user)).openid !== openid) {
      throw new Refusal(40029, 'invalid code');
    }
    const { user } = this.redeem('phone', appid, word);
    const { phone } = this.person(user);
    const watermark = { timestamp: Math.floor(this.now() / 1000), appid };
    const phone_info = { phoneNumber: phone, purePhoneNumber: phone, countryCode: '86', watermark };
    return { errcode: 0, errmsg: 'ok', phone_info };
  }

  /** Everything, for tests and the playground. A simulator has no secrets. */
  state() {
    const apps = Object.fromEntries(
      Object.keys(this.config.apps).map((appid) => {
        const accounts = [...this.accounts].filter(([key]) => key.startsWith(`${appid}\0`));
        const users = Object.fromEntries(accounts.map(([key, account]) => [key.slice(appid.length + 1), account]));
        const tokens = [...this.tokens].filter(([, token]) => token.appid === appid && token.expires > this.now());
        return [appid, { users, tokens: tokens.map(([token]) => token) }];
      }),
    );
    return {
      now: this.now(),
      apps,
      users: Object.fromEntries(this.people),
      codes: Object.fromEntries(this.codes),
      calls: { ...this.calls },
      faults: this.faults.list(),
    };
  }
}

/** A small seeded generator; nothing here is secret. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
