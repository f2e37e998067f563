// createAuth: validates the options and returns the appid's client.

import type { Auth, AuthOptions } from './auth.js';
import { invalid } from './auth-error.js';
import { Client } from './client.js';
import { isSafe, origin } from './edge-client.js';

/** Values of `expiry` that fit into the core's memory, whose size is fixed (docs/platform-facts.md §5). */
const MOST_EXPIRY_VALUES = 64;

/**
 * Creates the client of an app. A second call for the same appid returns the first call's object, also across two
 * copies of this package; its options are ignored, with a console warning if they differ. `dispose()` ends the object
 * for both callers.
 *
 * Throws `invalid_argument` if an option is invalid.
 */
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
  if (!appid) throw invalid('appid is needed. On a web page use webHost');
  const optionsKey = JSON.stringify([edge, origins, login, typeof privacy === 'function' || privacy, expiry]);
  const known = host.registry.get(appid) as Client | undefined;
  if (known) {
    // Another version of this package may have created a client without this field.
    if (known.optionsKey !== undefined && known.optionsKey !== optionsKey && typeof console !== 'undefined')
      console.warn(`wxauth: createAuth was called before for ${appid}, with other options, which apply.`);
    return known;
  }
  const auth = new Client(options, edge, appid, optionsKey);
  host.registry.set(appid, auth);
  // A web login leaves the page, so the call of login() that began it ended with that page. This continues it; the
  // outcome shows in `ready`, `state` and the next call.
  if (host.returned) auth.login().catch(() => undefined);
  return auth;
}
