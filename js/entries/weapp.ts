// wxauth/weapp: the client in a mini program. Built as CommonJS in ES2017, without globals that phones lack.

import type { Host } from '../client/host.js';
import { loadOnPhone } from '../engine/load-on-phone.js';
import { createWeappHost } from '../hosts/weapp-host.js';
import type { WxLike } from '../hosts/wx-host.js';

export { authBehavior } from '../client/auth-behavior.js';
export * from '../client/index.js';
export { type RealtimeLogManager, realtimeLog } from '../client/realtime-log.js';
export type { WxLike } from '../hosts/wx-host.js';

/** Options of `weappHost`. */
export interface WeappOptions {
  /** A `wx` to use instead of the global one: the simulator's, or a wrapper. */
  wx?: WxLike;
  /**
   * Path of `wxauth.wasm.br` in the code package; default `/miniprogram_npm/wxauth/wxauth.wasm.br`. `false` runs the
   * JavaScript build instead, for toolchains that do not copy the file.
   */
  wasm?: string | false;
}

/** Path at which 构建 npm of WeChat DevTools puts the file. */
const WASM = '/miniprogram_npm/wxauth/wxauth.wasm.br';

/** Creates the host of a mini program. Throws `invalid_argument` if there is no `wx`. */
export function weappHost(options: WeappOptions = {}): Host {
  const wasm = options.wasm === undefined ? WASM : options.wasm;
  return createWeappHost(options.wx, (wx) => loadOnPhone(wx, wasm));
}
