// Web logins: the page goes to the edge's /web/login and comes back with a code (OAuth's authorization code with PKCE).
// What has to survive the way is in sessionStorage, which is this tab's own.

import type { Failed } from '../host.js';

export interface WebLogin {
  /** Where to come back to: one of the app's redirect_uris, to the letter. */
  redirectUri: string;
  /** `snsapi_userinfo` where an official account wants more than silence. */
  scope?: string;
}

interface Leaving {
  state: string;
  verifier: string;
}

const KEY = 'wxauth:web-login';
const base64url = (bytes: ArrayBuffer | Uint8Array): string =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=+$/, '');
const random = (): string => base64url(crypto.getRandomValues(new Uint8Array(32)));

export function webLogin({ redirectUri, scope }: WebLogin) {
  const returned = arrive();
  let code = returned?.code;
  let verifier = returned?.verifier;
  let left = false;

  async function leave(edge: string, appid: string): Promise<void> {
    const leaving: Leaving = { state: random(), verifier: random() };
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(leaving.verifier));
    sessionStorage.setItem(KEY, JSON.stringify(leaving));
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: appid,
      redirect_uri: redirectUri,
      state: leaving.state,
      code_challenge: base64url(digest),
      code_challenge_method: 'S256',
      ...(scope ? { scope } : {}),
    });
    location.assign(`${edge}/web/login?${query}`);
  }

  return {
    /** Whether this page was come back to with a code. */
    returned: code !== undefined,
    login(edge: string, appid: string, done: (code: string) => void, failed: Failed): void {
      if (returned && returned.iss !== new URL(edge).origin) code = undefined;
      if (code !== undefined) {
        done(code);
        code = undefined;
        return;
      }
      // A page that has left, or has had its answer, leaves again only at the user's own hand: no circles.
      if ((left || returned) && !navigator.userActivation?.isActive)
        return failed({ errMsg: `login:fail ${returned?.error || 'cancel'}` });
      left = true;
      leave(edge, appid).catch((error: unknown) => failed({ errMsg: `login:fail ${String(error)}` }));
    },
    /** What redeems the code at the edge's token endpoint. */
    grant(given: string): Record<string, string> {
      const proof = verifier || '';
      verifier = undefined;
      return { grant_type: 'authorization_code', code: given, redirect_uri: redirectUri, code_verifier: proof };
    },
  };
}

/** The answer in the address, if it is to this tab's own question. It is taken out of the address and the history. */
function arrive(): { code?: string; error?: string; iss: string; verifier: string } | undefined {
  const here = new URL(location.href);
  const get = (name: string) => here.searchParams.get(name) ?? undefined;
  const kept = sessionStorage.getItem(KEY);
  if (!kept || !(get('code') || get('error'))) return undefined;
  const { state, verifier } = JSON.parse(kept) as Leaving;
  if (get('state') !== state) return undefined;
  sessionStorage.removeItem(KEY);
  const [code, error, iss] = [get('code'), get('error'), get('iss') ?? ''];
  for (const name of ['code', 'state', 'iss', 'error', 'error_description']) here.searchParams.delete(name);
  history.replaceState(history.state, '', here.href);
  return { ...(code ? { code } : {}), ...(error ? { error } : {}), iss, verifier };
}
