// The pages a browser is sent to for a web login (§3.8): WeChat's own would know who looks; this one asks. With
// `?user=` in the address, or after a choice, it needs no hand.

import type { WeChat } from '../wechat/index.js';
import { escaped, page } from './html.js';

/** Where to, or what is wrong with the request, in WeChat's order: app, address, scope, state. */
function checked(wechat: WeChat, url: URL, qr: boolean): { back: URL; scope: string } | string {
  const query = (name: string) => url.searchParams.get(name) ?? '';
  const scope = query('scope');
  const [known] = wechat.world.appids().filter((appid) => appid === query('appid'));
  if (!known) return 'appid: no such app (40013)';
  const { redirect_uris } = wechat.world.app(known);
  const back = URL.canParse(query('redirect_uri')) ? new URL(query('redirect_uri')) : undefined;
  const registered = redirect_uris?.some((uri) => URL.canParse(uri) && new URL(uri).host === back?.host) ?? true;
  if (!back || !registered) return 'redirect_uri: its host is not the one registered at WeChat (10003)';
  const scopes = qr ? ['snsapi_login'] : ['snsapi_base', 'snsapi_userinfo'];
  if (query('response_type') !== 'code') return 'response_type: must be code';
  if (!scopes.includes(scope)) return `scope: must be ${scopes.join(' or ')} (10005)`;
  if (!qr && !/^[a-zA-Z0-9]{0,128}$/.test(query('state'))) return 'state: letters and digits, 128 at most';
  back.searchParams.set('state', query('state'));
  return { back, scope };
}

export function loginPage(wechat: WeChat, url: URL): Response {
  const qr = url.pathname === '/connect/qrconnect';
  if (!qr && url.pathname !== '/connect/oauth2/authorize') return new Response('not found', { status: 404 });
  const login = checked(wechat, url, qr);
  if (typeof login === 'string') return page('WeChat', `<p role="alert">${escaped(login)}</p>`, 400);
  const { back, scope } = login;
  const appid = url.searchParams.get('appid') ?? '';
  const redirect = (target: URL) => new Response(null, { status: 302, headers: { location: target.href } });

  const user = url.searchParams.get('user');
  if (user) {
    back.searchParams.set('code', wechat.web.issueCode(appid, user, scope));
    wechat.world.log.add('wechat', scope, `${user} returns with a code`);
    return redirect(back);
  }
  if (url.searchParams.has('deny')) {
    if (qr && wechat.world.assume.qr_login_denied === 'no-redirect') return page('WeChat', '<p>Cancelled.</p>');
    return redirect(back);
  }

  const people = Object.keys(wechat.world.people.all());
  const choose = (name: string, value: string, label: string, style = 'button') => {
    const target = new URL(url);
    target.searchParams.set(name, value);
    return `<a class="${style}" href="${escaped(target.pathname + target.search)}">${escaped(label)}</a>`;
  };
  const doing = qr ? 'Scan the code as' : scope === 'snsapi_base' ? 'Come by as' : 'Log in as';
  const choices = (people.length ? people : ['mei']).map((person) => choose('user', person, person));
  return page('WeChat', `<p>${doing}</p>${choices.join('')}${choose('deny', '1', 'Cancel', 'button plain')}`);
}
