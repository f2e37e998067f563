// wxauth/weapp: the entry of a mini program. CommonJS, ES2017, no global beyond what phones have.

import { loadOnPhone } from './engine/phone.js';
import { invalid } from './error.js';
import type { Host } from './host.js';
import { type WxLike, wxHost } from './hosts/wx.js';

export * from './api.js';
export { authBehavior } from './weapp/behavior.js';
export { realtimeLog } from './weapp/realtime-log.js';

declare const wx: WxLike;
declare const getApp: ((options: { allowDefault: true }) => object) | undefined;

export interface WeappOptions {
  /** Another `wx` than the global one: the simulator's, or a wrapper. */
  wx?: WxLike;
  /** Path of the wasm in the code package; `false` uses the JavaScript fallback. */
  wasm?: string | false;
}

/** Where 构建 npm puts the file. */
const WASM = '/miniprogram_npm/wxauth/wxauth.wasm.br';

export function weappHost(options: WeappOptions = {}): Host {
  if (!options.wx && typeof wx === 'undefined')
    throw invalid('weappHost needs wx: outside mini programs use wxauth/web');
  const platform = options.wx || wx;
  const holder = options.wx || (typeof getApp === 'function' ? getApp({ allowDefault: true }) : platform);
  const wasm = options.wasm === undefined ? WASM : options.wasm;
  return wxHost(platform, holder, () => loadOnPhone(platform, wasm));
}
