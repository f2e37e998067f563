// Open data of users, signed and encrypted, and phone numbers for phone codes.

import { encryptOpenData, sha1Hex, toBase64 } from '../crypto.js';
import type { Codes } from './codes.js';
import type { Sessions } from './sessions.js';
import type { Account } from './users.js';
import { ensure } from './wechat-error.js';
import type { World } from './world.js';

/** `userInfo` of open data (§1.2). WeChat no longer returns gender and region. */
export interface UserInfo {
  /** Nickname. */
  nickName: string;
  /** URL of the avatar picture. */
  avatarUrl: string;
  /** Always 0. */
  gender: 0;
  /** Always empty. */
  country: '';
  /** Always empty. */
  province: '';
  /** Always empty. */
  city: '';
  /** Empty if the profile is anonymous. */
  language: 'zh_CN' | '';
  /** Present if the profile is anonymous. */
  is_demote?: true;
}

/** Open data without a signature. */
export interface OpenProfile {
  /** Nickname, avatar and language. */
  userInfo: UserInfo;
  /** JSON of `userInfo`, the text that is signed. */
  rawData: string;
}

/** Open data, signed and encrypted with the session_key. */
export interface SignedProfile extends OpenProfile {
  /** SHA-1 of `rawData` and session_key, in hexadecimal. */
  signature: string;
  /** AES-128-CBC of the content with its watermark, in base64. */
  encryptedData: string;
  /** Base64 of 16 bytes. */
  iv: string;
}

export interface ProfileOptions {
  /** Whether `encryptedData` contains openId and unionId: yes for `getUserInfo`, no for `getUserProfile` (§1.2). */
  ids?: boolean;
  /** Whether nickname and avatar are the anonymous ones of newer base libraries (§1.2). */
  anonymous?: boolean;
}

/** Nickname and avatar of every user since 2022 (§1.2). */
const ANONYMOUS = {
  nickName: '微信用户',
  avatarUrl:
    'https://thirdwx.qlogo.cn/mmopen/vi_32/POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg/132',
};

export class Profiles {
  constructor(
    private readonly world: World,
    private readonly sessions: Sessions,
    private readonly codes: Codes,
  ) {}

  private watermark(appid: string) {
    return { timestamp: this.world.seconds(), appid };
  }

  private encrypted(account: Account, sessionKey: string, content: object): { encryptedData: string; iv: string } {
    const iv = this.world.random.bytes(16);
    const plain = JSON.stringify({ ...content, watermark: this.watermark(account.appid) });
    return { encryptedData: encryptOpenData(sessionKey, iv, plain), iv: toBase64(iv) };
  }

  /** Returns open data without a signature. */
  open(user: string, anonymous = false): OpenProfile {
    const { nickName, avatarUrl } = anonymous ? ANONYMOUS : this.world.users.user(user);
    const userInfo: UserInfo = {
      nickName,
      gender: 0,
      language: anonymous ? '' : 'zh_CN',
      city: '',
      province: '',
      country: '',
      avatarUrl,
      ...(anonymous ? { is_demote: true } : {}),
    };
    return { userInfo, rawData: JSON.stringify(userInfo) };
  }

  /** Returns signed open data; `undefined` without a valid login. Has no cloudID, which needs 云开发 (§1.2). */
  signed(
    appid: string,
    user: string,
    { ids = true, anonymous = false }: ProfileOptions = {},
  ): SignedProfile | undefined {
    const account = this.world.users.account(appid, user);
    const sessionKey = this.sessions.current(account);
    if (!sessionKey) return undefined;
    const { userInfo, rawData } = this.open(user, anonymous);
    const identifiers = ids ? { openId: account.openid, unionId: account.unionid } : {};
    return {
      userInfo,
      rawData,
      signature: sha1Hex(rawData + sessionKey),
      ...this.encrypted(account, sessionKey, { ...identifiers, ...userInfo }),
    };
  }

  private phoneContent(user: string) {
    const { phone } = this.world.users.user(user);
    return { phoneNumber: phone, purePhoneNumber: phone, countryCode: '86' };
  }

  /** Whether the app has phone numbers left; each is paid for (§1.3). */
  phoneQuotaLeft(appid: string): boolean {
    const { phone_quota = Number.POSITIVE_INFINITY } = this.world.app(appid);
    return this.world.quotas.spent(`phone ${appid}`, Number.POSITIVE_INFINITY) < phone_quota;
  }

  /** The phone button: uses one phone number of the quota. Open data, the older form, needs a valid login (§1.3). */
  phoneButton(appid: string, user: string): { code: string; encryptedData?: string; iv?: string } {
    this.world.miniProgram(appid);
    const account = this.world.users.account(appid, user);
    const sessionKey = this.sessions.current(account);
    this.world.quotas.spend(`phone ${appid}`, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    return {
      code: this.codes.issue('phone', appid, user),
      ...(sessionKey ? this.encrypted(account, sessionKey, this.phoneContent(user)) : {}),
    };
  }

  /** `getuserphonenumber`. If `openid` is given, the code must be of this user, else 40029 (§3.5). */
  phoneNumber(appid: string, code: string, openid: string | undefined) {
    const owner = this.codes.peek(code);
    const checked = openid && owner?.kind === 'phone' && owner.appid === appid;
    ensure(!checked || this.world.users.account(appid, owner.user).openid === openid, 40029);
    const { user } = this.codes.redeem(['phone'], appid, code);
    return { errcode: 0, errmsg: 'ok', phone_info: { ...this.phoneContent(user), watermark: this.watermark(appid) } };
  }
}
