// WeChat's paths, and what each does.

import { type App, type WeChat, WeChatError } from '../wechat/index.js';
import { ensure } from '../wechat/wechat-error.js';
import { listed } from './ip-list.js';
import { type Call, text } from './server-call.js';

export interface Route {
  /** GET is answered with 43002. */
  post?: true;
  run: (wechat: WeChat, call: Call) => object;
}

/** 40164 for callers that an app's list does not have (§3.3). */
function admit(app: App, ip: string): void {
  if (listed(app.ip_list, ip)) return;
  throw new WeChatError(40164, `invalid ip ${ip} ipv6 ::ffff:${ip}, not in whitelist`);
}

const mustBeCodeGrant = ({ param }: Call): void => ensure(param('grant_type') === 'authorization_code', 40002);

/** The parameters of §3.2's calls. */
const signed = (wechat: WeChat, { param }: Call): [string, string, string, string] => [
  wechat.tokens.owner(param('access_token')),
  param('openid'),
  param('signature'),
  param('sig_method'),
];

export const ROUTES: Record<string, Route> = {
  // Parameters only: a JSON body gives 41002 (§3.1).
  '/sns/jscode2session': {
    run(wechat, call) {
      const { param, ip } = call;
      const app = wechat.world.authenticate(param('appid'), param('secret'), [param('js_code'), 41008]);
      if (wechat.world.assume.ip_list_covers_jscode2session) admit(app, ip);
      mustBeCodeGrant(call);
      return wechat.sessions.exchange(param('appid'), param('js_code'));
    },
  },
  '/sns/component/jscode2session': {
    run(wechat, call) {
      const { param } = call;
      ensure(param('component_appid'), 41018);
      wechat.tokens.authorizer(param('component_appid'), param('component_access_token'), param('appid'));
      mustBeCodeGrant(call);
      return wechat.sessions.exchange(param('appid'), param('js_code'));
    },
  },
  '/cgi-bin/token': {
    run(wechat, { param, ip }) {
      admit(wechat.world.authenticate(param('appid'), param('secret')), ip);
      return wechat.tokens.token(param('appid'), param('secret'), param('grant_type'));
    },
  },
  '/cgi-bin/stable_token': {
    post: true,
    run(wechat, { json, ip }) {
      const body = json();
      admit(wechat.world.authenticate(text(body.appid), text(body.secret)), ip);
      const force = body.force_refresh === true;
      return wechat.tokens.stableToken(text(body.appid), text(body.secret), text(body.grant_type), force);
    },
  },
  '/cgi-bin/component/api_component_token': {
    post: true,
    run(wechat, { json }) {
      const body = json();
      ensure(text(body.component_appid), 41018);
      // Any ticket is taken: WeChat pushes one every ten minutes, which is not played here.
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
  '/wxa/checksession': { run: (wechat, call) => wechat.sessions.check(...signed(wechat, call)) },
  '/wxa/resetusersessionkey': { run: (wechat, call) => wechat.sessions.resetKey(...signed(wechat, call)) },
  '/wxa/business/getuserencryptkey': { run: (wechat, call) => wechat.sessions.userKeys(...signed(wechat, call)) },
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
      mustBeCodeGrant(call);
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
