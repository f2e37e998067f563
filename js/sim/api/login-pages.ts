// The pages of web logins (docs/platform-facts.md §3.8). WeChat's own page knows its user; this one shows a choice. With
// `?user=` or `?deny=` in the address it redirects without one.

import type { WeChat } from '../wechat/index.js';
import { type Html, html, page } from './html.js';

interface Login {
  appid: string;
  /** The redirect_uri. */
  target: URL;
  scope: string;
  state: string;
}

/** Characters. */
const MAX_STATE = 128;
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** An official account's redirect_uri must not have a port (10003). Loopback may have one here, for development. */
const portAllowed = ({ port, hostname }: URL): boolean => port === '' || LOOPBACK.includes(hostname);

/** An official account's login alters a state with quotes instead of refusing it: `{"a":1}` becomes `{a: 1}` (§3.8). */
const altered = (state: string): string =>
  state.includes('"') ? state.replaceAll('"', '').replace(/:(?! )/g, ': ') : state;

/** Returns the requested login, or the first error in WeChat's order: app, address, scope, state. */
function parse(wechat: WeChat, url: URL, qr: boolean): Login | string {
  const param = (name: string) => url.searchParams.get(name) ?? '';
  const [appid, scope, state] = [param('appid'), param('scope'), param('state')];
  if (!wechat.world.appids().includes(appid)) return 'appid: no such app (40013)';
  const { redirect_uris, kind } = wechat.world.app(appid);
  const target = URL.canParse(param('redirect_uri')) ? new URL(param('redirect_uri')) : undefined;
  if (!target || !/^https?:$/.test(target.protocol)) return 'redirect_uri: must be an http or https address (10003)';
  const registered = redirect_uris?.some((uri) => URL.canParse(uri) && new URL(uri).host === target.host) ?? true;
  if (!registered) return 'redirect_uri: its host is not the one registered at WeChat (10003)';
  if (!qr && !portAllowed(target)) return 'redirect_uri: an official account’s must have no port (10003)';
  const scopes = qr ? ['snsapi_login'] : ['snsapi_base', 'snsapi_userinfo'];
  if (param('response_type') !== 'code') return 'response_type: must be code';
  if (!scopes.includes(scope)) return `scope: must be ${scopes.join(' or ')} (10005)`;
  const wanted = qr ? 'website' : 'official_account';
  if (kind !== wanted) return `scope: the app is a ${kind ?? 'mini_program'}, ${scope} is for a ${wanted} (10005)`;
  const long = !qr && state.length > MAX_STATE;
  if (long && wechat.world.assume.long_state === 'refused') return 'state: state参数过长';
  return { appid, target, scope, state: qr ? state : altered(state) };
}

/** Returns the redirect of a refused login; `undefined` if WeChat stays on its page. Reports of real results differ. */
function denied(wechat: WeChat, { target, state }: Login, qr: boolean): URL | undefined {
  const { qr_login_denied, official_account_denied } = wechat.world.assume;
  const result = qr ? qr_login_denied : official_account_denied;
  if (result === 'no-redirect') return undefined;
  if (result === 'authdeny') target.searchParams.set('code', 'authdeny');
  target.searchParams.set('state', state);
  return target;
}

/** Answers a request for a login page. */
export function loginPage(wechat: WeChat, url: URL): Response {
  const qr = url.pathname === '/connect/qrconnect';
  if (!qr && url.pathname !== '/connect/oauth2/authorize') return page('WeChat', html`<p>No such page.</p>`, 404);
  const login = parse(wechat, url, qr);
  if (typeof login === 'string') return page('WeChat', html`<p role="alert">${login}</p>`, 400);
  const { appid, target, scope, state } = login;
  const redirect = ({ href }: URL) => new Response(null, { status: 302, headers: { location: href } });

  const user = url.searchParams.get('user');
  if (user) {
    target.searchParams.set('code', wechat.web.issueCode(appid, user, scope));
    target.searchParams.set('state', state);
    wechat.world.log.add('wechat', scope, `${user} returns with a code`);
    return redirect(target);
  }
  if (url.searchParams.has('deny')) {
    const back = denied(wechat, login, qr);
    return back ? redirect(back) : page('WeChat', html`<p>Cancelled.</p>`);
  }
  return page('WeChat', choices(wechat, url, qr, scope));
}

/** A link for each user, and one to cancel. */
function choices(wechat: WeChat, url: URL, qr: boolean, scope: string): Html {
  const link = (name: string, value: string, label: string, style = 'button') => {
    const target = new URL(url);
    target.searchParams.set(name, value);
    return html`<a class="${style}" href="${target.pathname + target.search}">${label}</a>`;
  };
  const known = Object.keys(wechat.world.users.all());
  const users = (known.length ? known : ['mei']).map((name) => link('user', name, name));
  const title = qr ? 'Scan the code as' : scope === 'snsapi_base' ? 'Open the page as' : 'Log in as';
  return html`<p>${title}</p>${users}${link('deny', '1', 'Cancel', 'button plain')}`;
}
