// Web logins: the page navigates to the edge's /web/login and is loaded again with a code (OAuth 2 authorization code with
// PKCE, RFC 7636). The state and the verifier are kept in sessionStorage, which belongs to one tab.

import type { Failed } from '../client/host.js';

/** Web login of a page (docs/web-login.md). */
export interface WebLogin {
  /** Address to which the login returns: exactly one of the app's `redirect_uris` in the edge's configuration. */
  redirectUri: string;
  /** OAuth scope at WeChat (§3.8): `snsapi_userinfo` shows an official account's consent page. */
  scope?: string;
}

/** The part of a login that outlives the page. */
interface PendingLogin {
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
  const returned = readAnswer();
  let code = returned?.code;
  let verifier = returned?.verifier;
  let left = false;

  async function leave(edge: string, appid: string): Promise<void> {
    const pending: PendingLogin = { state: random(), verifier: random() };
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(pending.verifier));
    sessionStorage.setItem(KEY, JSON.stringify(pending));
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: appid,
      redirect_uri: redirectUri,
      state: pending.state,
      code_challenge: base64url(digest),
      code_challenge_method: 'S256',
      ...(scope ? { scope } : {}),
    });
    location.assign(`${edge}/web/login?${query}`);
  }

  return {
    /** Whether this page was loaded with a code. */
    returned: code !== undefined,
    login(edge: string, appid: string, done: (code: string) => void, failed: Failed): void {
      // A code of another issuer must not be sent to this edge (RFC 9207).
      const redeemable = returned?.iss === new URL(edge).origin ? code : undefined;
      code = undefined;
      if (redeemable !== undefined) return done(redeemable);
      // A platform limit, not a login policy: navigation ends the page, and with it the core's memory of the attempt. A
      // page that calls login() while it loads would navigate to WeChat and back endlessly, so a second navigation
      // needs a user gesture.
      if ((left || returned) && !navigator.userActivation?.isActive)
        return failed({ errMsg: `login:fail ${returned?.error || 'cancel'}` });
      left = true;
      leave(edge, appid).catch((error: unknown) => {
        left = false;
        failed({ errMsg: `login:fail ${String(error)}` });
      });
    },
    /** Fields of the token request. The verifier is used once. */
    grant(code: string): Record<string, string> {
      const proof = verifier || '';
      verifier = undefined;
      return { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: proof };
    },
  };
}

interface Answer {
  code?: string;
  error?: string;
  iss: string;
  verifier: string;
}

/** The answer in the page's address, if its state is that of this tab's login. Removes it from the address and the history. */
function readAnswer(): Answer | undefined {
  const kept = readPendingLogin();
  if (!kept) return undefined;
  const here = new URL(location.href);
  // RFC 6749 §3.1 allows each parameter once; a repeated one is ignored.
  const get = (name: string) => {
    const [value, ...others] = here.searchParams.getAll(name);
    return others.length === 0 ? value : undefined;
  };
  const [code, error, iss] = [get('code'), get('error'), get('iss') ?? ''];
  if (!(code || error) || get('state') !== kept.state) return undefined;
  orUndefined(() => sessionStorage.removeItem(KEY));
  for (const name of ['code', 'state', 'iss', 'error', 'error_description']) here.searchParams.delete(name);
  orUndefined(() => history.replaceState(history.state, '', here.href));
  return { ...(code && !error ? { code } : {}), ...(error ? { error } : {}), iss, verifier: kept.verifier };
}

/** The stored login; undefined if storage is unavailable or holds something else. */
function readPendingLogin(): PendingLogin | undefined {
  return orUndefined(() => {
    const { state, verifier } = JSON.parse(sessionStorage.getItem(KEY) ?? '{}') as Partial<PendingLogin>;
    return typeof state === 'string' && typeof verifier === 'string' ? { state, verifier } : undefined;
  });
}

/** Undefined if `work` throws: in a sandboxed frame, or with storage blocked, reading `sessionStorage` throws. */
function orUndefined<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
