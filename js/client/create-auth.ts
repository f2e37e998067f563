// createAuth: checks the options, and returns the appid's one client.

import type { Auth, AuthOptions } from './auth.js';
import { invalid } from './auth-error.js';
import { Client } from './client.js';
import { isSafe, origin } from './edge-client.js';

/** The core has a fixed memory. */
const MOST_EXPIRY_VALUES = 64;

export function createAuth(options: AuthOptions): Auth {
  const { host, origins = [], login, privacy, expiry } = options || {};
  if (!host) throw invalid('host is needed: weappHost() or webHost()');
  const edge = String(options.edge || '').replace(/\/+$/, '');
  for (const [name, url] of [['edge', edge], ...origins.map((listed) => ['origins', listed])]) {
    if (!isSafe(origin(String(url)) || ''))
      throw invalid(`${name} must be an https address; http only on this machine`);
  }
  if (expiry && !(Array.isArray(expiry.values) && expiry.values.length <= MOST_EXPIRY_VALUES))
    throw invalid(`expiry.values must be a list of at most ${MOST_EXPIRY_VALUES}`);
  const appid = options.appid || host.appid();
  if (!appid)
    throw invalid('appid is needed: this platform does not tell its own. On a web page use webHost and name the appid');
  const optionsKey = JSON.stringify([edge, origins, login, typeof privacy === 'function' || privacy, expiry]);
  const known = host.registry.get(appid) as Client | undefined;
  if (known) {
    // One that another copy of this package created may be of a version without it.
    if (known.optionsKey !== undefined && known.optionsKey !== optionsKey && typeof console !== 'undefined')
      console.warn(`wxauth: createAuth was called before for ${appid}, with other options; the first ones hold.`);
    return known;
  }
  const auth = new Client(options, edge, appid, optionsKey);
  host.registry.set(appid, auth);
  // The outcome shows in `ready`, in `state`, and to the next caller.
  if (host.returned) auth.login().catch(() => undefined);
  return auth;
}
