// WeChat's side of the crypto, on WebCrypto, so that the simulator runs wherever that exists. Kept apart
// from the Rust core on purpose: two implementations check each other.

const { subtle } = globalThis.crypto;
const utf8 = new TextEncoder();

export const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));
export const fromBase64 = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const toHex = (bytes: ArrayBuffer): string =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');

export const sha1Hex = async (text: string): Promise<string> => toHex(await subtle.digest('SHA-1', utf8.encode(text)));

export const sha256 = async (text: string): Promise<Uint8Array> =>
  new Uint8Array(await subtle.digest('SHA-256', utf8.encode(text)));

/** Keyed with the session_key's base64 text (§4.1). */
export async function hmacHex(keyText: string, message: string): Promise<string> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await subtle.importKey('raw', utf8.encode(keyText), algorithm, false, ['sign']);
  return toHex(await subtle.sign('HMAC', key, utf8.encode(message)));
}

/** AES-128-CBC with PKCS#7, as WeChat makes `encryptedData` (§4.1). */
export async function encryptOpenData(sessionKey: string, iv: Uint8Array<ArrayBuffer>, plain: string): Promise<string> {
  const key = await subtle.importKey('raw', fromBase64(sessionKey), 'AES-CBC', false, ['encrypt']);
  return toBase64(new Uint8Array(await subtle.encrypt({ name: 'AES-CBC', iv }, key, utf8.encode(plain))));
}
