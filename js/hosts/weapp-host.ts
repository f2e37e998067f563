// The host of a mini program: finds `wx`, and the object that holds the registry.

import { invalid } from '../client/auth-error.js';
import type { CoreModule, Host } from '../client/host.js';
import { type WxLike, wxHost } from './wx-host.js';

declare const wx: WxLike | undefined;
declare const getApp: ((options: { allowDefault: true }) => unknown) | undefined;

/** Creates the host of the given `wx`, or of the platform's. Throws `invalid_argument` if there is none. */
export function createWeappHost(given: WxLike | undefined, load: (wx: WxLike) => Promise<CoreModule>): Host {
  const platform = given || (typeof wx === 'undefined' ? undefined : wx);
  if (!platform) throw invalid('weappHost needs wx: outside mini programs use wxauth/web');
  const holder = given || (typeof getApp === 'function' ? getApp({ allowDefault: true }) : platform);
  return wxHost(platform, holder, () => load(platform));
}
