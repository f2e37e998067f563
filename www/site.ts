// A web page with a login: through an official account inside WeChat, or through a website's QR code.

import { AuthError, createAuth, type State, webHost } from 'wxauth/web';
import { byId, say } from './dom.js';

const APPS = { official: 'wx0ff1c1a100000000', website: 'wx517e000000000000' };
const WORDS: Record<State['session'], string> = {
  starting: 'Starting',
  guest: 'Guest',
  'logging-in': 'Logging in…',
  'logged-in': 'Logged in',
  'logged-out': 'Logged out',
};

const as = new URLSearchParams(location.search).get('as') === 'official' ? 'official' : 'website';
const appid = APPS[as];
const redirectUri = `${location.origin}/site?as=${as}`;
const auth = createAuth({ edge: location.origin, appid, host: webHost({ login: { redirectUri } }) });

byId(as).setAttribute('aria-current', 'page');
say('appid', appid);
auth.subscribe(draw);
draw(auth.state);
byId('logio').addEventListener('click', () => {
  say('error', '');
  const act = auth.state.session === 'logged-in' ? auth.logout() : auth.login();
  act.catch((error: unknown) => say('error', error instanceof AuthError ? error.code : String(error)));
});

let shown = '';
async function draw({ session }: State): Promise<void> {
  say('session', WORDS[session]);
  const button = byId('logio');
  button.hidden = session === 'starting' || session === 'logging-in';
  button.textContent = session === 'logged-in' ? 'Log out' : 'Log in with WeChat';
  if (session === shown) return;
  shown = session;
  const { openid = '–', unionid = '–' } = session === 'logged-in' ? await account() : {};
  say('openid', openid);
  say('unionid', unionid);
}

/** Empty if the request fails: the stored session may have ended at the edge, and then the state becomes guest. */
async function account(): Promise<{ openid?: string; unionid?: string }> {
  try {
    const { statusCode, data } = await auth.request({ url: '/account' });
    return statusCode === 200 ? (data as { openid?: string; unionid?: string }) : {};
  } catch {
    return {};
  }
}
