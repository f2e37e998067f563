// What WeChat tells about a person: signed and encrypted open data, and phone numbers for phone codes.

import { encryptOpenData, sha1Hex, toBase64 } from '../crypto.js';
import type { Codes } from './codes.js';
import type { Sessions } from './sessions.js';
import type { Account } from './users.js';
import { refuseUnless } from './wechat-error.js';
import type { World } from './world.js';

export interface UserInfo {
  nickName: string;
  avatarUrl: string;
  gender: 0;
  country: '';
  province: '';
  city: '';
  /** Empty where the profile is grey. */
  language: 'zh_CN' | '';
  /** Where the profile is grey. */
  is_demote?: true;
}

export interface OpenProfile {
  userInfo: UserInfo;
  rawData: string;
}

/** What a valid session_key adds. */
export interface SignedProfile extends OpenProfile {
  signature: string;
  encryptedData: string;
  iv: string;
}

/** `ids`: `getUserInfo` carries openId and unionId, `getUserProfile` does not. `grey`: what newer libraries show (§1.2). */
export interface ProfileOptions {
  ids?: boolean;
  grey?: boolean;
}

/** What everybody looks like since 2022 (§1.2). */
const GREY = {
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

  private seal(account: Account, sessionKey: string, content: object): { encryptedData: string; iv: string } {
    const iv = this.world.random.bytes(16);
    const plain = JSON.stringify({ ...content, watermark: this.watermark(account.appid) });
    return { encryptedData: encryptOpenData(sessionKey, iv, plain), iv: toBase64(iv) };
  }

  open(user: string, grey = false): OpenProfile {
    const { nickName, avatarUrl } = grey ? GREY : this.world.people.person(user);
    const userInfo: UserInfo = {
      nickName,
      gender: 0,
      language: grey ? '' : 'zh_CN',
      city: '',
      province: '',
      country: '',
      avatarUrl,
      ...(grey ? { is_demote: true } : {}),
    };
    return { userInfo, rawData: JSON.stringify(userInfo) };
  }

  /** Nothing without a valid login. No cloudID: that is for programs that use WeChat's cloud (§1.2). */
  signed(appid: string, user: string, { ids = true, grey = false }: ProfileOptions = {}): SignedProfile | undefined {
    const account = this.world.people.account(appid, user);
    const sessionKey = this.sessions.current(account);
    if (!sessionKey) return undefined;
    const { userInfo, rawData } = this.open(user, grey);
    const named = ids ? { openId: account.openid, unionId: account.unionid } : {};
    return {
      userInfo,
      rawData,
      signature: sha1Hex(rawData + sessionKey),
      ...this.seal(account, sessionKey, { ...named, ...userInfo }),
    };
  }

  private phoneContent(user: string) {
    const { phone } = this.world.people.person(user);
    return { phoneNumber: phone, purePhoneNumber: phone, countryCode: '86' };
  }

  /** Phone numbers are paid for, one by one (§1.3). */
  phoneQuotaLeft(appid: string): boolean {
    const { phone_quota = Number.POSITIVE_INFINITY } = this.world.app(appid);
    return this.world.quotas.spent(`phone ${appid}`, Number.POSITIVE_INFINITY) < phone_quota;
  }

  /** The quick button's: a code, and open data where somebody is logged in, which the old form needs (§1.3). */
  phoneButton(appid: string, user: string): { code: string; encryptedData?: string; iv?: string } {
    this.world.miniProgram(appid);
    const account = this.world.people.account(appid, user);
    const sessionKey = this.sessions.current(account);
    this.world.quotas.spend(`phone ${appid}`, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    return {
      code: this.codes.issue('phone', appid, user),
      ...(sessionKey ? this.seal(account, sessionKey, this.phoneContent(user)) : {}),
    };
  }

  /** With `openid`, the code must be that person's (§3.5). */
  phoneNumber(appid: string, word: string, openid: string | undefined) {
    const owner = this.codes.peek(word);
    const stranger = openid && owner?.kind === 'phone' && owner.appid === appid;
    refuseUnless(!stranger || this.world.people.account(appid, owner.user).openid === openid, 40029);
    const { user } = this.codes.redeem(['phone'], appid, word);
    return { errcode: 0, errmsg: 'ok', phone_info: { ...this.phoneContent(user), watermark: this.watermark(appid) } };
  }
}
