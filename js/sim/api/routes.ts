// WeChat's paths, and what each does.

import { type App, Refusal, type WeChat } from '../wechat/index.js';
import { refuseUnless } from '../wechat/refusal.js';
import { listed } from './ip-list.js';

export interface Call {
  query: (name: string) => string;
  body: Record<string, unknown>;
  ip: string;
}

export interface Route {
  /** GET is no way to call it: 43002. */
  post?: true;
  run: (wechat: WeChat, call: Call) => object;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** 40164 for callers that an app's list does not have (§3.3). */
function admit(app: App, ip: string): void {
  if (listed(app.ip_list, ip)) return;
  throw new Refusal(40164, `invalid ip ${ip} ipv6 ::ffff:${ip}, not in whitelist`);
}

/** The query of §3.2's calls. */
const signed = (wechat: WeChat, { query }: Call): [string, string, string, string] => [
  wechat.tokens.owner(query('access_token')),
  query('openid'),
  query('signature'),
  query('sig_method'),
];

export const ROUTES: Record<string, Route> = {
  // Everything in the query: a POST body gives 41002 (§3.1).
  '/sns/jscode2session': {
    run(wechat, { query, ip }) {
      const app = wechat.world.authenticate(query('appid'), query('secret'), [query('js_code'), 41008]);
      if (wechat.world.assume.ip_list_covers_jscode2session) admit(app, ip);
      return wechat.sessions.exchange(query('appid'), query('js_code'));
    },
  },
  '/sns/component/jscode2session': {
    run(wechat, { query }) {
      wechat.tokens.authorizer(query('component_appid'), query('component_access_token'), query('appid'));
      return wechat.sessions.exchange(query('appid'), query('js_code'));
    },
  },
  '/cgi-bin/token': {
    run(wechat, { query, ip }) {
      admit(wechat.world.authenticate(query('appid'), query('secret')), ip);
      return wechat.tokens.token(query('appid'), query('secret'), query('grant_type'));
    },
  },
  '/cgi-bin/stable_token': {
    post: true,
    run(wechat, { body, ip }) {
      admit(wechat.world.authenticate(text(body.appid), text(body.secret)), ip);
      const force = body.force_refresh === true;
      return wechat.tokens.stableToken(text(body.appid), text(body.secret), text(body.grant_type), force);
    },
  },
  '/cgi-bin/component/api_component_token': {
    post: true,
    run: (wechat, { body }) => wechat.tokens.componentToken(text(body.component_appid), text(body.component_appsecret)),
  },
  '/cgi-bin/ticket/getticket': {
    run: (wechat, { query }) => wechat.web.ticket(wechat.tokens.owner(query('access_token'))),
  },
  '/wxa/checksession': { run: (wechat, call) => wechat.sessions.check(...signed(wechat, call)) },
  '/wxa/resetusersessionkey': { run: (wechat, call) => wechat.sessions.resetKey(...signed(wechat, call)) },
  '/wxa/business/getuserencryptkey': { run: (wechat, call) => wechat.sessions.userKeys(...signed(wechat, call)) },
  '/wxa/business/getuserphonenumber': {
    post: true,
    run(wechat, { query, body }) {
      const appid = wechat.tokens.owner(query('access_token'));
      return wechat.profiles.phoneNumber(appid, text(body.code), text(body.openid) || undefined);
    },
  },
  '/sns/oauth2/access_token': {
    run: (wechat, { query }) => wechat.web.exchange(query('appid'), query('secret'), query('code')),
  },
  '/sns/oauth2/refresh_token': {
    run(wechat, { query }) {
      refuseUnless(query('grant_type') === 'refresh_token', 40002);
      return wechat.web.refresh(query('appid'), query('refresh_token'));
    },
  },
  '/sns/userinfo': { run: (wechat, { query }) => wechat.web.userInfo(query('access_token'), query('openid')) },
  '/sns/auth': { run: (wechat, { query }) => wechat.web.check(query('access_token'), query('openid')) },
};
