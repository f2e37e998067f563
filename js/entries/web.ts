// wxauth/web: the entry of a web page. An ES module, with wxauth.wasm beside it.

import type { Host } from '../client/host.js';
import { loadOnPage } from '../engine/load-on-page.js';
import { fetchHost } from '../hosts/fetch-host.js';
import type { WebLogin } from '../hosts/web-login.js';
import { type WxLike, wxHost } from '../hosts/wx-host.js';

export * from '../client/index.js';
export type { WebLogin } from '../hosts/web-login.js';

export interface WebOptions {
  /** A `wx` on the page: the simulator's phone. Without it the page uses fetch and localStorage. */
  wx?: WxLike;
  /** Where wxauth.wasm is served; beside the entry where absent, which webpack and Vite see to by themselves. */
  wasm?: string | { readonly href: string };
  /** Web login: inside WeChat by an official account, elsewhere by a website's QR code. Without it visitors stay guests. */
  login?: WebLogin;
}

/** The host of a web page. */
export function webHost(options: WebOptions = {}): Host {
  const load = () => loadOnPage(options.wasm);
  return options.wx ? wxHost(options.wx, options.wx, load) : fetchHost(load, options.login);
}
