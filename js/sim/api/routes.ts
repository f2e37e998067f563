// The paths of WeChat's server APIs, each with its implementation.

import { type App, type WeChat, WeChatError } from '../wechat/index.js';
import { ensure } from '../wechat/wechat-error.js';
import { listed } from './ip-list.js';
import { type ServerCall, text } from './server-call.js';

export interface Route {
  /** Requires POST; other methods are answered with 43002. */
  post?: true;
  run: (wechat: WeChat, call: ServerCall) => object;
}

/** Throws 40164 if the app's IP list does not contain the caller (§3.3). */
function checkIp(app: App, ip: string): void {
  if (listed(app.ip_list, ip)) return;
  throw new WeChatError(40164, `invalid ip ${ip} ipv6 ::ffff:${ip}, not in whitelist`);
}

const requireCodeGrant = ({ param }: ServerCall): void => ensure(param('grant_type') === 'authorization_code', 40002);

/** Returns the parameters of the calls of §3.2, with the appid of the token. */
const signedParams = (wechat: WeChat, { param }: ServerCall): [string, string, string, string] => [
  wechat.tokens.owner(param('access_token')),
  param('openid'),
  param('signature'),
  param('sig_method'),
];

export const ROUTES: Record<string, Route> = {
  // A JSON body is not read: it gives 41002 (§3.1).
  '/sns/jscode2session': {
    run(wechat, call) {
      const { param, ip } = call;
      const app = wechat.world.authenticate(param('appid'), param('secret'), [param('js_code'), 41008]);
      if (wechat.world.assume.ip_list_covers_jscode2session) checkIp(app, ip);
      requireCodeGrant(call);
      return wechat.sessions.exchange(param('appid'), param('js_code'));
    },
  },
  '/sns/component/jscode2session': {
    run(wechat, call) {
      const { param } = call;
      ensure(param('component_appid'), 41018);
      wechat.tokens.authorizer(param('component_appid'), param('component_access_token'), param('appid'));
      requireCodeGrant(call);
      return wechat.sessions.exchange(param('appid'), param('js_code'));
    },
  },
  '/cgi-bin/token': {
    run(wechat, { param, ip }) {
      checkIp(wechat.world.authenticate(param('appid'), param('secret')), ip);
      return wechat.tokens.token(param('appid'), param('secret'), param('grant_type'));
    },
  },
  '/cgi-bin/stable_token': {
    post: true,
    run(wechat, { json, ip }) {
      const body = json();
      checkIp(wechat.world.authenticate(text(body.appid), text(body.secret)), ip);
      const force = body.force_refresh === true;
      return wechat.tokens.stableToken(text(body.appid), text(body.secret), text(body.grant_type), force);
    },
  },
  '/cgi-bin/component/api_component_token': {
    post: true,
    run(wechat, { json }) {
      const body = json();
      ensure(text(body.component_appid), 41018);
      // Every ticket is accepted: WeChat pushes one every ten minutes, which is not simulated.
      ensure(text(body.component_verify_ticket), 61006);
      return wechat.tokens.componentToken(text(body.component_appid), text(body.component_appsecret));
    },
  },
  '/cgi-bin/ticket/getticket': {
    run(wechat, { param }) {
      const appid = wechat.tokens.owner(param('access_token'));
      ensure(['jsapi', 'wx_card'].includes(param('type')), 40097);
      return wechat.web.ticket(`${appid} ${param('type')}`);
    },
  },
  '/wxa/checksession': { run: (wechat, call) => wechat.sessions.check(...signedParams(wechat, call)) },
  '/wxa/resetusersessionkey': { run: (wechat, call) => wechat.sessions.resetKey(...signedParams(wechat, call)) },
  '/wxa/business/getuserencryptkey': { run: (wechat, call) => wechat.sessions.userKeys(...signedParams(wechat, call)) },
  '/wxa/business/getuserphonenumber': {
    post: true,
    run(wechat, { param, json }) {
      const appid = wechat.tokens.owner(param('access_token'));
      const body = json();
      return wechat.profiles.phoneNumber(appid, text(body.code), text(body.openid) || undefined);
    },
  },
  '/sns/oauth2/access_token': {
    run(wechat, call) {
      const { param } = call;
      wechat.world.authenticate(param('appid'), param('secret'), [param('code'), 41008]);
      requireCodeGrant(call);
      return wechat.web.exchange(param('appid'), param('code'));
    },
  },
  '/sns/oauth2/refresh_token': {
    run(wechat, { param }) {
      ensure(param('grant_type') === 'refresh_token', 40002);
      return wechat.web.refresh(param('appid'), param('refresh_token'));
    },
  },
  '/sns/userinfo': { run: (wechat, { param }) => wechat.web.userInfo(param('access_token'), param('openid')) },
  '/sns/auth': { run: (wechat, { param }) => wechat.web.check(param('access_token'), param('openid')) },
};
