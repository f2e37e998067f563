// wxauth/weapp: the entry of a mini program. CommonJS, ES2017, no global beyond what phones have.

import type { Host } from '../client/host.js';
import { loadOnPhone } from '../engine/load-on-phone.js';
import { hostOf } from '../hosts/weapp-host.js';
import type { WxLike } from '../hosts/wx-host.js';

export { authBehavior } from '../client/auth-behavior.js';
export * from '../client/index.js';
export { realtimeLog } from '../client/realtime-log.js';

export interface WeappOptions {
  /** Another `wx` than the global one: the simulator's, or a wrapper. */
  wx?: WxLike;
  /** Path of the wasm in the code package; `false` uses the JavaScript fallback. */
  wasm?: string | false;
}

/** Where 构建 npm puts the file. */
const WASM = '/miniprogram_npm/wxauth/wxauth.wasm.br';

/** The host of a mini program. */
export function weappHost(options: WeappOptions = {}): Host {
  const wasm = options.wasm === undefined ? WASM : options.wasm;
  return hostOf(options.wx, (wx) => loadOnPhone(wx, wasm));
}
