// wxauth/node: the client for tests against the simulator, and functions for backends that hold a session_key. Runs in
// Node and in workerd. In Node the bare import `wxauth` resolves to this entry, so it exports everything that index.ts
// declares: a program for mini programs or pages runs in a test unchanged.

import type * as nodeCore from 'wxauth-core-node';
import { invalid } from '../client/auth-error.js';
import type { Host } from '../client/host.js';
import { connect, imports } from '../engine/glue.js';
import { module } from '../engine/node-module.js';
import { createWeappHost } from '../hosts/weapp-host.js';
import type { WeappOptions } from './weapp.js';
import type { WebOptions } from './web.js';

export { authBehavior } from '../client/auth-behavior.js';
export * from '../client/index.js';
export { type RealtimeLogManager, realtimeLog } from '../client/realtime-log.js';
export type { WebLogin } from '../hosts/web-login.js';
export type { WxLike } from '../hosts/wx-host.js';
export type { WeappOptions, WebOptions };

const core = connect(
  new WebAssembly.Instance(module, imports() as WebAssembly.Imports).exports,
) as unknown as typeof nodeCore;

const loaded = () => Promise.resolve(core);

/** Creates the host of the given `wx`, such as the simulator's phone, or of the global one. Throws `invalid_argument` if there is none. */
export const weappHost = ({ wx }: WeappOptions = {}): Host => createWeappHost(wx, loaded);

/** Creates a web page's host over the simulator's phone. Throws `invalid_argument` without `wx`: Node has no page. */
export function webHost({ wx }: WebOptions = {}): Host {
  if (!wx) throw invalid('in Node webHost needs wx: the simulator’s phone');
  return createWeappHost(wx, loaded);
}

/**
 * Returns whether `signature` is WeChat's signature over `rawData` (docs/platform-facts.md §4.1). `sessionKey` in base64,
 * as WeChat gives it. Compares in constant time.
 */
export const verifyUserInfo = (rawData: string, signature: string, sessionKey: string): boolean =>
  core.verifyUserInfo(rawData, signature, sessionKey);

/**
 * Decrypts open data (docs/platform-facts.md §4.1) and returns its JSON. Throws the same error for every failure: a wrong
 * key, altered data, or a watermark of another appid. The openId in it does not authenticate a user.
 */
export const decryptOpenData = (options: {
  /** The ciphertext, in base64. */
  encryptedData: string;
  /** The initialization vector, in base64. */
  iv: string;
  /** The session_key, in base64. */
  sessionKey: string;
  /** The appid that the watermark must name. */
  appid: string;
}): Record<string, unknown> =>
  JSON.parse(core.decryptOpenData(options.encryptedData, options.iv, options.sessionKey, options.appid));

/**
 * Returns the HMAC-SHA256 of `message` in lower-case hex (docs/platform-facts.md §3.10). The key is the text of
 * `sessionKey`, not its decoded bytes.
 */
export const signWithSessionKey = (message: string, sessionKey: string): string =>
  core.signWithSessionKey(message, sessionKey);
