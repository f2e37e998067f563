// Time per call for decrypting open data and verifying a signature of the same profile: wxauth/node (wasm), plain
// WebCrypto, node-easywechat, and wechatpy in Python.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { python } from '../scripts/setup.mts';
import { at } from '../scripts/shell.mts';
import { APPID, SESSION_KEY as KEY, openData, rawData, signature } from './profile.mts';

const CALLS = 20_000;
const bytes = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text, 'base64'));

export interface PerCall {
  what: string;
  us: number;
}

export async function perCall(): Promise<PerCall[]> {
  const { encryptedData, iv } = await openData();
  const { decryptOpenData, verifyUserInfo } = await import(at('dist/node/index.mjs'));
  const { MiniApp } = createRequire(at('tests/foreign/package.json'))('node-easywechat');
  const utils = new MiniApp({ app_id: APPID, secret: 'secret' }).getUtils();
  async function webCrypto(): Promise<unknown> {
    const key = await crypto.subtle.importKey('raw', bytes(KEY), 'AES-CBC', false, ['decrypt']);
    const plain = await crypto.subtle.decrypt({ name: 'AES-CBC', iv: bytes(iv) }, key, bytes(encryptedData));
    const data = JSON.parse(new TextDecoder().decode(plain));
    if (data.watermark.appid !== APPID) throw new Error('foreign');
    return data;
  }
  async function webCryptoSignature(): Promise<boolean> {
    const digest = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(rawData + KEY));
    return Buffer.from(digest).toString('hex') === signature;
  }
  const runs: Array<[string, () => unknown]> = [
    ['decrypt, wxauth/node', () => decryptOpenData({ encryptedData, iv, sessionKey: KEY, appid: APPID })],
    ['decrypt, WebCrypto by hand', webCrypto],
    ['decrypt, node-easywechat', () => utils.decryptSession(KEY, iv, encryptedData)],
    ['signature, wxauth/node', () => verifyUserInfo(rawData, signature, KEY)],
    ['signature, WebCrypto by hand', webCryptoSignature],
  ];
  const results: PerCall[] = [];
  for (const [what, run] of runs) {
    const times: number[] = [];
    for (let round = 0; round < 7; round++) {
      const began = performance.now();
      for (let call = 0; call < CALLS / 7; call++) await run();
      times.push(((performance.now() - began) * 1000) / (CALLS / 7));
    }
    results.push({ what, us: times.sort((a, b) => a - b)[3] as number });
  }
  return [...results, { what: 'decrypt, wechatpy', us: wechatpy(encryptedData, iv) }];
}

function wechatpy(encryptedData: string, iv: string): number {
  const program = `
import timeit
from wechatpy.crypto import WeChatWxaCrypto
open_ = lambda: WeChatWxaCrypto("${KEY}", "${iv}", "${APPID}").decrypt_message("${encryptedData}")
print(sorted(timeit.repeat(open_, number=1000, repeat=7))[3] * 1000)`;
  return Number(spawnSync(python(), ['-c', program], { encoding: 'utf8' }).stdout);
}
