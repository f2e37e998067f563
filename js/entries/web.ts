// wxauth/web: the client on a web page. Built as an ES module, with wxauth.wasm beside it.

import type { Host } from '../client/host.js';
import { loadOnPage } from '../engine/load-on-page.js';
import { fetchHost } from '../hosts/fetch-host.js';
import type { WebLogin } from '../hosts/web-login.js';
import { type WxLike, wxHost } from '../hosts/wx-host.js';

export * from '../client/index.js';
export type { WebLogin } from '../hosts/web-login.js';
export type { WxLike } from '../hosts/wx-host.js';

/** Options of `webHost`. */
export interface WebOptions {
  /** A `wx` to use: the simulator's phone. Without it the host uses fetch and localStorage. */
  wx?: WxLike;
  /** Address of wxauth.wasm. By default it is beside the entry, where webpack and Vite put it. */
  wasm?:
    | string
    | {
        /** The address, as a `URL` has it. */
        readonly href: string;
      };
  /**
   * Web login (docs/web-login.md): through an official account inside WeChat, through a QR code elsewhere. Without it
   * the host cannot log in, and visitors without a stored session are guests.
   */
  login?: WebLogin;
}

/** Creates the host of a web page. */
export function webHost(options: WebOptions = {}): Host {
  const load = () => loadOnPage(options.wasm);
  return options.wx ? wxHost(options.wx, options.wx, load) : fetchHost(load, options.login);
}
