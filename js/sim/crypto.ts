// WeChat's side of the cryptography (docs/platform-facts.md §4.1), with the noble libraries: they run wherever the
// simulator runs, and synchronously, so that the order of events is deterministic. It shares no code with the Rust core:
// two implementations check each other.

import { cbc } from '@noble/ciphers/aes.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256 as digest } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';

/** Encodes bytes in base64. */
export const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));
/** Decodes base64. */
export const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

/** SHA-1 of a text, in hexadecimal. */
export const sha1Hex = (text: string): string => bytesToHex(sha1(utf8ToBytes(text)));
/** SHA-256 of a text. */
export const sha256 = (text: string): Uint8Array => digest(utf8ToBytes(text));

/** HMAC-SHA256 in hexadecimal. The key is used as text: of a session_key, its base64 form. */
export const hmacHex = (keyText: string, message: string): string =>
  bytesToHex(hmac(digest, utf8ToBytes(keyText), utf8ToBytes(message)));

/** Encrypts open data as `encryptedData`: AES-128-CBC with PKCS#7 padding, in base64. */
export const encryptOpenData = (sessionKey: string, iv: Uint8Array, plain: string): string =>
  toBase64(cbc(fromBase64(sessionKey), iv).encrypt(utf8ToBytes(plain)));

/** `signature` and `msg_signature` of message push: SHA-1 of the sorted and joined parts, in hexadecimal. */
export const pushSignature = (...parts: string[]): string => sha1Hex(parts.sort().join(''));

/** Block size of the padding, in bytes. */
const BLOCK = 32;

/** Encrypts a message as WXBizMsgCrypt does: 16 random bytes, length, message and appid, padded to 32-byte blocks. */
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
