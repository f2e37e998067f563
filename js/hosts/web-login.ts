// Web logins: the page goes to the edge's /web/login and comes back with a code (OAuth's authorization code with PKCE).
// What has to survive the way is in sessionStorage, which is this tab's own.

import type { Failed } from '../client/host.js';

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
  const returned = readAnswer();
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
      // A code of another issuer must not be sent to this edge (RFC 9207).
      const redeemable = returned?.iss === new URL(edge).origin ? code : undefined;
      code = undefined;
      if (redeemable !== undefined) return done(redeemable);
      // A page that has left, or has its answer, leaves again only for a user's gesture. Otherwise a page that logs in
      // at load would go to WeChat and back for ever.
      if ((left || returned) && !navigator.userActivation?.isActive)
        return failed({ errMsg: `login:fail ${returned?.error || 'cancel'}` });
      left = true;
      leave(edge, appid).catch((error: unknown) => {
        left = false;
        failed({ errMsg: `login:fail ${String(error)}` });
      });
    },
    /** What redeems the code at the edge's token endpoint. */
    grant(given: string): Record<string, string> {
      const proof = verifier || '';
      verifier = undefined;
      return { grant_type: 'authorization_code', code: given, redirect_uri: redirectUri, code_verifier: proof };
    },
  };
}

interface Answer {
  code?: string;
  error?: string;
  iss: string;
  verifier: string;
}

/** The answer in the address, if it belongs to this tab's own login. It is removed from the address and the history. */
function readAnswer(): Answer | undefined {
  const kept = readLeaving();
  if (!kept) return undefined;
  const here = new URL(location.href);
  // RFC 6749 §4.1.2 allows each parameter once; of two codes neither is taken.
  const get = (name: string) => {
    const [value, ...others] = here.searchParams.getAll(name);
    return others.length === 0 ? value : undefined;
  };
  const [code, error, iss] = [get('code'), get('error'), get('iss') ?? ''];
  if (!(code || error) || get('state') !== kept.state) return undefined;
  attempt(() => sessionStorage.removeItem(KEY));
  for (const name of ['code', 'state', 'iss', 'error', 'error_description']) here.searchParams.delete(name);
  attempt(() => history.replaceState(history.state, '', here.href));
  return { ...(code && !error ? { code } : {}), ...(error ? { error } : {}), iss, verifier: kept.verifier };
}

/** What `leave` stored; nothing where the storage is missing, refuses, or holds something else. */
function readLeaving(): Leaving | undefined {
  return attempt(() => {
    const { state, verifier } = JSON.parse(sessionStorage.getItem(KEY) ?? '{}') as Partial<Leaving>;
    return typeof state === 'string' && typeof verifier === 'string' ? { state, verifier } : undefined;
  });
}

/** Pages in a sandboxed frame or with storage blocked throw at the mere mention of it: they have to work as guests. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
