// The pages a browser is sent to for a web login (§3.8). WeChat's own page knows its user; this one shows a choice.
// With `?user=`, or `?deny=`, in the address it redirects at once.

import type { WeChat } from '../wechat/index.js';
import { escaped, page } from './html.js';

interface Login {
  appid: string;
  back: URL;
  scope: string;
  state: string;
}

const LONGEST_STATE = 128;
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** An official account's address must have no port (10003); here loopback may, or nobody could try a login. */
const portAllowed = ({ port, hostname }: URL): boolean => port === '' || LOOPBACK.includes(hostname);

/** An official account's state is not refused for its characters but altered: `{"a":1}` came back as `{a: 1}` (§3.8). */
const altered = (state: string): string =>
  state.includes('"') ? state.replaceAll('"', '').replace(/:(?! )/g, ': ') : state;

/** The login that is asked for, or what is wrong with it, in WeChat's order: app, address, scope, state. */
function checked(wechat: WeChat, url: URL, qr: boolean): Login | string {
  const param = (name: string) => url.searchParams.get(name) ?? '';
  const [appid, scope, state] = [param('appid'), param('scope'), param('state')];
  if (!wechat.world.appids().includes(appid)) return 'appid: no such app (40013)';
  const { redirect_uris, kind } = wechat.world.app(appid);
  const back = URL.canParse(param('redirect_uri')) ? new URL(param('redirect_uri')) : undefined;
  if (!back || !/^https?:$/.test(back.protocol)) return 'redirect_uri: must be an http or https address (10003)';
  const registered = redirect_uris?.some((uri) => URL.canParse(uri) && new URL(uri).host === back.host) ?? true;
  if (!registered) return 'redirect_uri: its host is not the one registered at WeChat (10003)';
  if (!qr && !portAllowed(back)) return 'redirect_uri: an official account’s must have no port (10003)';
  const scopes = qr ? ['snsapi_login'] : ['snsapi_base', 'snsapi_userinfo'];
  if (param('response_type') !== 'code') return 'response_type: must be code';
  if (!scopes.includes(scope)) return `scope: must be ${scopes.join(' or ')} (10005)`;
  const wanted = qr ? 'website' : 'official_account';
  if (kind !== wanted) return `scope: the app is a ${kind ?? 'mini_program'}, ${scope} is for a ${wanted} (10005)`;
  const long = !qr && state.length > LONGEST_STATE;
  if (long && wechat.world.assume.long_state === 'refused') return 'state: state参数过长';
  return { appid, back, scope, state: qr ? state : altered(state) };
}

/** Where a refused login leads; undefined where WeChat stays on its page. Real replies differ. */
function denied(wechat: WeChat, { back, state }: Login, qr: boolean): URL | undefined {
  const { qr_login_denied, official_account_denied } = wechat.world.assume;
  const way = qr ? qr_login_denied : official_account_denied;
  if (way === 'no-redirect') return undefined;
  if (way === 'authdeny') back.searchParams.set('code', 'authdeny');
  back.searchParams.set('state', state);
  return back;
}

export function loginPage(wechat: WeChat, url: URL): Response {
  const qr = url.pathname === '/connect/qrconnect';
  if (!qr && url.pathname !== '/connect/oauth2/authorize') return page('WeChat', '<p>No such page.</p>', 404);
  const login = checked(wechat, url, qr);
  if (typeof login === 'string') return page('WeChat', `<p role="alert">${escaped(login)}</p>`, 400);
  const { appid, back, scope, state } = login;
  const redirect = (target: URL) => new Response(null, { status: 302, headers: { location: target.href } });

  const user = url.searchParams.get('user');
  if (user) {
    back.searchParams.set('code', wechat.web.issueCode(appid, user, scope));
    back.searchParams.set('state', state);
    wechat.world.log.add('wechat', scope, `${user} returns with a code`);
    return redirect(back);
  }
  if (url.searchParams.has('deny')) {
    const target = denied(wechat, login, qr);
    return target ? redirect(target) : page('WeChat', '<p>Cancelled.</p>');
  }

  const people = Object.keys(wechat.world.users.all());
  const choose = (name: string, value: string, label: string, style = 'button') => {
    const target = new URL(url);
    target.searchParams.set(name, value);
    return `<a class="${style}" href="${escaped(target.pathname + target.search)}">${escaped(label)}</a>`;
  };
  const doing = qr ? 'Scan the code as' : scope === 'snsapi_base' ? 'Come by as' : 'Log in as';
  const choices = (people.length ? people : ['mei']).map((person) => choose('user', person, person));
  return page('WeChat', `<p>${doing}</p>${choices.join('')}${choose('deny', '1', 'Cancel', 'button plain')}`);
}
