// The host of a web page: fetch, localStorage, page visibility. A page has no `wx.login`: a visitor without a stored
// session is a guest, unless the `login` option is set (web-login.ts).

import type { CoreModule, Failed, Host } from '../client/host.js';
import { registryOn } from './registry.js';
import { type WebLogin, webLogin } from './web-login.js';
import { webRequest } from './web-request.js';
import { webStorage } from './web-storage.js';

const unsupported = (name: string) => (_: unknown, failed: Failed) =>
  failed({ errMsg: `${name}:fail not supported`, errno: 100 });

/** Creates the host. Without `login` it cannot log in. */
export function fetchHost(load: () => Promise<CoreModule>, login?: WebLogin): Host {
  const web = login && webLogin(login);
  return {
    canLogin: !!web,
    registry: registryOn(globalThis),
    load,
    appid: () => undefined,
    random: (done) => done(crypto.getRandomValues(new Uint32Array(1))[0] as number),
    ...webStorage,
    request: webRequest,
    login: (_timeout, done, failed, edge, appid) =>
      web ? web.login(edge, appid, done, failed) : unsupported('login')(undefined, failed),
    ...(web ? { grant: web.grant, returned: web.returned } : {}),
    getSetting: unsupported('getSetting'),
    openSetting: unsupported('openSetting'),
    authorize: (_scope, _done, failed) => unsupported('authorize')(undefined, failed),
    checkSession: (done) => done(true),
    getPrivacySetting: (done) => done(false),
    readSystem: (done) => done([], []),
    getUserProfile: (_desc, _done, failed) => unsupported('getUserProfile')(undefined, failed),
    version: () => undefined,
    onVisibility(shown, hidden) {
      const changed = () => (document.visibilityState === 'visible' ? shown() : hidden());
      document.addEventListener('visibilitychange', changed);
      return () => document.removeEventListener('visibilitychange', changed);
    },
  };
}
