// WeChat's side of the crypto (docs/platform-facts.md §4.1), in plain JavaScript by the noble libraries: it runs
// wherever the simulator does and never waits, which keeps the order of things. Kept apart from the Rust core on
// purpose: two implementations check each other.

import { cbc } from '@noble/ciphers/aes.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256 as digest } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';

export const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));
export const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

export const sha1Hex = (text: string): string => bytesToHex(sha1(utf8ToBytes(text)));
export const sha256 = (text: string): Uint8Array => digest(utf8ToBytes(text));

/** Keyed with the session_key's base64 text. */
export const hmacHex = (keyText: string, message: string): string =>
  bytesToHex(hmac(digest, utf8ToBytes(keyText), utf8ToBytes(message)));

/** AES-128-CBC with PKCS#7, as WeChat makes `encryptedData`. */
export const encryptOpenData = (sessionKey: string, iv: Uint8Array, plain: string): string =>
  toBase64(cbc(fromBase64(sessionKey), iv).encrypt(utf8ToBytes(plain)));

/** `signature` and `msg_signature` of message push: the sorted parts, joined, in SHA-1. */
export const pushSignature = (...parts: string[]): string => sha1Hex(parts.sort().join(''));

const BLOCK = 32;

/** WXBizMsgCrypt: 16 random bytes, the length, the message and the appid, padded to blocks of 32. */
export function encryptPush(encodingAesKey: string, random: Uint8Array, message: string, appid: string): string {
  const key = fromBase64(`${encodingAesKey}=`);
  const bytes = utf8ToBytes(message);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  const plain = concatBytes(random, length, bytes, utf8ToBytes(appid));
  const pad = BLOCK - (plain.length % BLOCK);
  const padded = concatBytes(plain, new Uint8Array(pad).fill(pad));
  return toBase64(cbc(key, key.subarray(0, 16), { disablePadding: true }).encrypt(padded));
}
