// wxauth/node: the client for tests against the simulator, and the checks that need a session_key. In Node and, where
// a backend is a Worker, in workerd. In Node it is also what `wxauth` itself resolves to, so that a program written for
// a mini program or a page runs in a test as it stands: whatever `index.ts` declares exists here.

import type * as nodeCore from 'wxauth-core-node';
import { invalid } from '../client/auth-error.js';
import type { Host } from '../client/host.js';
import { connect, imports } from '../engine/glue.js';
import { module } from '../engine/node-module.js';
import { hostOf } from '../hosts/weapp-host.js';
import type { WeappOptions } from './weapp.js';
import type { WebOptions } from './web.js';

export { authBehavior } from '../client/auth-behavior.js';
export * from '../client/index.js';
export { realtimeLog } from '../client/realtime-log.js';
export type { WeappOptions, WebOptions };

const core = connect(
  new WebAssembly.Instance(module, imports() as WebAssembly.Imports).exports,
) as unknown as typeof nodeCore;

const loaded = () => Promise.resolve(core);

/** The host of a `wx`: the simulator's phone, or a global `wx` that a test has set. */
export const weappHost = ({ wx }: WeappOptions = {}): Host => hostOf(wx, loaded);

/** A page's host in a test: on the simulator's phone. Node has no page for the rest. */
export function webHost({ wx }: WebOptions = {}): Host {
  if (!wx) throw invalid('in Node webHost needs wx: the simulator’s phone');
  return hostOf(wx, loaded);
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
