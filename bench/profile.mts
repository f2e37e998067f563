// The profile that the benchmarks decrypt and verify.
import { createHash } from 'node:crypto';
import { encryptOpenData } from '../js/sim/crypto.js';

export const APPID = 'wxa0b1c2d3e4f50617';
export const SESSION_KEY = 'tiihtNczf5v6AKRyjwEUhQ==';

const iv = Buffer.alloc(16, 7);
const profile = {
  nickName: '微信用户',
  gender: 0,
  language: 'zh_CN',
  city: '',
  province: '',
  country: '',
  avatarUrl: 'https://thirdwx.qlogo.cn/mmopen/vi_32/x/132',
};

export const rawData = JSON.stringify(profile);
export const signature = createHash('sha1')
  .update(rawData + SESSION_KEY)
  .digest('hex');

/** Open data as a button delivers it, with the current time. */
export async function openData(): Promise<{ encryptedData: string; iv: string }> {
  const watermark = { appid: APPID, timestamp: Math.floor(Date.now() / 1000) };
  const encryptedData = await encryptOpenData(SESSION_KEY, iv, JSON.stringify({ ...profile, watermark }));
  return { encryptedData, iv: iv.toString('base64') };
}
