// weappHost of every entry: which `wx` it runs through, and the object on which copies of this package meet.

import { invalid } from '../client/auth-error.js';
import type { CoreModule, Host } from '../client/host.js';
import { type WxLike, wxHost } from './wx-host.js';

declare const wx: WxLike | undefined;
declare const getApp: ((options: { allowDefault: true }) => unknown) | undefined;

/** The host of a `wx`: the given one, or the platform's. */
export function hostOf(given: WxLike | undefined, load: (wx: WxLike) => Promise<CoreModule>): Host {
  const platform = given || (typeof wx === 'undefined' ? undefined : wx);
  if (!platform) throw invalid('weappHost needs wx: outside mini programs use wxauth/web');
  const holder = given || (typeof getApp === 'function' ? getApp({ allowDefault: true }) : platform);
  return wxHost(platform, holder, () => load(platform));
}
