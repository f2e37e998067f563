// wxauth/node: the client for tests against the simulator, and the checks that need a session_key. In Node and, where
// a backend is a Worker, in workerd.

import type * as nodeCore from 'wxauth-core-node';
import { connect, imports } from './engine/glue.js';
import { module } from './engine/node.js';
import type { Host } from './host.js';
import { type WxLike, wxHost } from './hosts/wx.js';

export * from './api.js';

const core = connect(
  new WebAssembly.Instance(module, imports() as WebAssembly.Imports).exports,
) as unknown as typeof nodeCore;

/** Runs the client through any `wx`. */
export function weappHost(options: { wx: WxLike }): Host {
  return wxHost(options.wx, options.wx, () => Promise.resolve(core));
}

/** Whether `signature` is WeChat's over `rawData` (docs/platform-facts.md §4.1). Constant time. */
export const verifyUserInfo = (rawData: string, signature: string, sessionKey: string): boolean =>
  core.verifyUserInfo(rawData, signature, sessionKey);

/** Decrypts open data for `appid`. Throws one and the same error whatever failed. Not an identity. */
export const decryptOpenData = (options: {
  encryptedData: string;
  iv: string;
  sessionKey: string;
  appid: string;
}): Record<string, unknown> =>
  JSON.parse(core.decryptOpenData(options.encryptedData, options.iv, options.sessionKey, options.appid));

/** HMAC-SHA256 of `message` under the session_key's text, in lower-case hex. */
export const signWithSessionKey = (message: string, sessionKey: string): string =>
  core.signWithSessionKey(message, sessionKey);
