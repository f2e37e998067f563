// The comparison: an edge in TypeScript with hono, jose, WebCrypto and KV. It has the contract, the records and the
// promises of the Rust edge for the measured requests: exchange, refresh, verify, open-data, introspect.
import { Hono } from 'hono';
import { importJWK, type JWK, jwtVerify, SignJWT } from 'jose';

interface KV {
  get(name: string, type: 'arrayBuffer'): Promise<ArrayBuffer | null>;
  put(name: string, value: ArrayBuffer | Bytes, options: { expirationTtl: number }): Promise<void>;
}
interface RateLimit {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}
interface Env {
  SESSIONS: KV;
  USER_LIMIT: RateLimit;
  ADDRESS_LIMIT: RateLimit;
  ISSUER: string;
  WECHAT_API_BASE: string;
  WECHAT_APPS: string;
  SIGNING_KEYS: string;
  SEALING_KEYS: string;
  NAME_KEY: string;
}
interface App {
  secret: string;
  backends?: Record<string, string>;
}
interface Session {
  g: number;
  t: number;
  auth: number;
  session_key: string | null;
}
interface Refresh {
  appid: string;
  openid: string;
  sid: string;
  auth: number;
  n: number;
  iat: number;
}

const GRACE_MS = 120_000;
const ACCESS_S = 600;
const IDLE_S = 14 * 86_400;
const SESSION_S = 30 * 86_400;
type Bytes = Uint8Array<ArrayBuffer>;
const utf8 = new TextEncoder();
const text = new TextDecoder();

const base64 = (encoded: string): Bytes => Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
const fromBase64url = (encoded: string): Bytes => base64(encoded.replace(/-/g, '+').replace(/_/g, '/'));
function base64url(bytes: Bytes): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}
const hex = (bytes: ArrayBuffer): string =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
const random = (length: number): Bytes => crypto.getRandomValues(new Uint8Array(length));

class Failure extends Error {
  constructor(
    readonly status: 400 | 401 | 409 | 429 | 502 | 503,
    readonly error: string,
    readonly code: string,
  ) {
    super(code);
  }
}

/** Imported once per isolate. */
async function prepare(env: Env) {
  const [jwk] = (JSON.parse(env.SIGNING_KEYS) as { keys: JWK[] }).keys as [JWK];
  const { d: _, ...shown } = jwk;
  const canonical = JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y });
  const kid = base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', utf8.encode(canonical))));
  const [{ k }] = (JSON.parse(env.SEALING_KEYS) as { keys: [{ k: string }] }).keys;
  const master = await crypto.subtle.importKey('raw', fromBase64url(k), 'HKDF', false, ['deriveKey']);
  const subkey = (info: string) =>
    crypto.subtle.deriveKey(
      { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: utf8.encode(info) },
      master,
      { name: 'AES-GCM', length: 256 },
      false,
      ['encrypt', 'decrypt'],
    );
  return {
    apps: JSON.parse(env.WECHAT_APPS) as Record<string, App>,
    kid,
    private: await importJWK(jwk, 'ES256'),
    public: await importJWK(shown, 'ES256'),
    record: await subkey('wxauth/record/1'),
    refresh: await subkey('wxauth/refresh/1'),
    name: await crypto.subtle.importKey('raw', fromBase64url(env.NAME_KEY), { name: 'HMAC', hash: 'SHA-256' }, false, [
      'sign',
    ]),
  };
}
type Keys = Awaited<ReturnType<typeof prepare>>;
let prepared: Promise<Keys> | undefined;

async function seal(key: CryptoKey, name: string, plain: Bytes): Promise<Bytes> {
  const iv = random(12);
  const sealed = new Uint8Array(
    await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: utf8.encode(name) }, key, plain),
  );
  const blob = new Uint8Array(12 + sealed.length);
  blob.set(iv);
  blob.set(sealed, 12);
  return blob;
}

async function open(key: CryptoKey, name: string, blob: Bytes): Promise<Bytes | undefined> {
  try {
    const opened = await crypto.subtle.decrypt(
      { name: 'AES-GCM', iv: blob.subarray(0, 12), additionalData: utf8.encode(name) },
      key,
      blob.subarray(12),
    );
    return new Uint8Array(opened);
  } catch {
    return undefined;
  }
}

async function userOf(keys: Keys, appid: string, openid: string): Promise<string> {
  const mac = await crypto.subtle.sign('HMAC', keys.name, utf8.encode(`${appid}\0${openid}`));
  return base64url(new Uint8Array(mac).subarray(0, 16));
}

async function find(env: Env, keys: Keys, user: string, sid: string) {
  const names = [`s1:${user}:${sid}`, `x1:${user}:${sid}`, `e1:${user}`, `k1:${user}`] as const;
  const [s1, x1, e1, k1] = await Promise.all(names.map((name) => env.SESSIONS.get(name, 'arrayBuffer')));
  const read = async (name: string, blob: ArrayBuffer | null | undefined) => {
    const plain = blob && (await open(keys.record, name, new Uint8Array(blob)));
    return plain ? text.decode(plain) : undefined;
  };
  const [session, before, key] = await Promise.all([read(names[0], s1), read(names[2], e1), read(names[3], k1)]);
  return {
    session: session ? (JSON.parse(session) as Session) : undefined,
    tombstoned: !!x1,
    revokedBefore: e1 ? Number(before ?? Number.MAX_SAFE_INTEGER) : undefined,
    newestKey: key,
  };
}
type Found = Awaited<ReturnType<typeof find>>;
const revoked = (found: Found, auth: number) =>
  found.tombstoned || (found.revokedBefore !== undefined && auth <= found.revokedBefore);

async function put(env: Env, keys: Keys, name: string, plain: string, ttl: number): Promise<void> {
  const blob = await seal(keys.record, name, utf8.encode(plain));
  await env.SESSIONS.put(name, blob, { expirationTtl: Math.max(60, Math.floor(ttl)) });
}
const putSession = (env: Env, keys: Keys, user: string, sid: string, session: Session, now: number) =>
  put(
    env,
    keys,
    `s1:${user}:${sid}`,
    JSON.stringify(session),
    Math.min(IDLE_S, (session.auth - now) / 1000 + SESSION_S),
  );

async function issue(
  env: Env,
  keys: Keys,
  identity: Omit<Refresh, 'n' | 'iat'>,
  n: number,
  now: number,
  exchange: boolean,
) {
  const life = Math.min(ACCESS_S, Math.floor((identity.auth - now) / 1000 + SESSION_S));
  const iat = Math.floor(now / 1000);
  const [access_token, sealed] = await Promise.all([
    new SignJWT({ client_id: identity.appid, sid: identity.sid })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: keys.kid })
      .setIssuer(env.ISSUER)
      .setSubject(identity.openid)
      .setAudience(identity.appid)
      .setIssuedAt(iat)
      .setExpirationTime(iat + life)
      .setJti(base64url(random(16)))
      .sign(keys.private),
    seal(keys.refresh, 'refresh', utf8.encode(JSON.stringify({ ...identity, n, iat: now }))),
  ]);
  const issued = exchange ? { issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' } : {};
  return { access_token, token_type: 'Bearer', expires_in: life, refresh_token: base64url(sealed), ...issued };
}

async function authenticate(env: Env, keys: Keys, header: string | undefined) {
  const invalid = new Failure(401, 'invalid_token', 'session_invalid');
  const token = /^Bearer (\S+)$/i.exec(header ?? '')?.[1];
  if (!token) throw invalid;
  const verified = await jwtVerify(token, keys.public, {
    issuer: env.ISSUER,
    typ: 'at+jwt',
    algorithms: ['ES256'],
  }).catch(() => {
    throw invalid;
  });
  const { client_id, sub, sid, iat } = verified.payload as { client_id: string; sub: string; sid: string; iat: number };
  const user = await userOf(keys, client_id, sub);
  const found = await find(env, keys, user, sid);
  if (revoked(found, found.session?.auth ?? iat * 1000)) throw invalid;
  const own = found.session?.session_key;
  const sessionKeys = [...new Set([own, found.newestKey].filter((key): key is string => !!key))];
  if (sessionKeys.length === 0) throw new Failure(409, 'session_key_stale', 'session_key_stale');
  return { appid: client_id, openid: sub, sessionKeys };
}

async function parameters(request: Request): Promise<Record<string, string>> {
  const type = request.headers.get('content-type')?.split(';')[0];
  const body = await request.text();
  if (body.length > 32_768) throw new Failure(400, 'invalid_request', 'body_too_large');
  if (type === 'application/x-www-form-urlencoded') return Object.fromEntries(new URLSearchParams(body));
  try {
    return JSON.parse(body);
  } catch {
    throw new Failure(400, 'invalid_request', 'body_malformed');
  }
}

async function limited(limiter: RateLimit, key: string): Promise<void> {
  const { success } = await limiter.limit({ key });
  if (!success) throw new Failure(429, 'temporarily_unavailable', 'rate_limited');
}

async function exchange(env: Env, keys: Keys, appid: string, app: App, params: Record<string, string>, now: number) {
  const code = params.subject_token ?? '';
  if (!/^[\w.~-]{1,256}$/.test(code)) throw new Failure(400, 'invalid_request', 'code_malformed');
  const query = new URLSearchParams({ appid, secret: app.secret, js_code: code, grant_type: 'authorization_code' });
  const reply = await fetch(`${env.WECHAT_API_BASE}/sns/jscode2session?${query}`, {
    redirect: 'manual',
    signal: AbortSignal.timeout(5_000),
  });
  const identity = JSON.parse(await reply.text()) as { openid?: string; session_key?: string; errcode?: number };
  if (!identity.openid || !identity.session_key) throw new Failure(400, 'invalid_request', 'code_invalid');
  const user = await userOf(keys, appid, identity.openid);
  await limited(env.USER_LIMIT, user);
  const sid = base64url(random(16));
  const name = `k1:${user}`;
  const kept = await env.SESSIONS.get(name, 'arrayBuffer');
  const newest = kept && (await open(keys.record, name, new Uint8Array(kept)));
  await putSession(env, keys, user, sid, { g: -1, t: now, auth: now, session_key: identity.session_key }, now);
  if (!newest || text.decode(newest) !== identity.session_key) await put(env, keys, name, identity.session_key, IDLE_S);
  return issue(env, keys, { appid, openid: identity.openid, sid, auth: now }, 0, now, true);
}

async function refresh(
  env: Env,
  keys: Keys,
  appid: string,
  sealed: string,
  now: number,
  later: (work: Promise<void>) => void,
) {
  const ended = new Failure(400, 'invalid_grant', 'session_ended');
  const plain = await open(keys.refresh, 'refresh', fromBase64url(sealed)).catch(() => undefined);
  if (!plain) throw ended;
  const token = JSON.parse(text.decode(plain)) as Refresh;
  if (token.appid !== appid) throw ended;
  const user = await userOf(keys, appid, token.openid);
  await limited(env.USER_LIMIT, user);
  const found = await find(env, keys, user, token.sid);
  if (revoked(found, token.auth)) throw ended;
  if (!found.session && now - token.iat > GRACE_MS) throw ended;
  const session = found.session ?? { g: token.n - 1, t: now, auth: token.auth, session_key: found.newestKey ?? null };
  if (token.n > session.g) {
    later(putSession(env, keys, user, token.sid, { ...session, g: token.n, t: now }, now));
  } else if (!(token.n >= session.g - 1 && now - session.t <= GRACE_MS)) {
    await put(env, keys, `x1:${user}:${token.sid}`, '', SESSION_S + 120);
    throw ended;
  }
  const { n, iat: _, ...identity } = token;
  return issue(env, keys, identity, n + 1, now, false);
}

const app = new Hono<{ Bindings: Env }>();

app.use(async (c, next) => {
  await next();
  c.header('x-content-type-options', 'nosniff');
  c.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
  c.header('referrer-policy', 'no-referrer');
  c.header('cache-control', 'no-store');
  c.header('date', new Date().toUTCString());
  console.log(
    JSON.stringify({
      level: 'info',
      request_id: hex(random(8).buffer),
      method: c.req.method,
      path: c.req.path,
      status: c.res.status,
    }),
  );
});

app.onError((error, c) => {
  const failure = error instanceof Failure ? error : new Failure(502, 'server_error', 'upstream_malformed');
  return c.json({ error: failure.error, code: failure.code, request_id: hex(random(8).buffer) }, failure.status);
});

const keysOf = (env: Env): Promise<Keys> => {
  prepared ??= prepare(env);
  return prepared;
};

app.post('/oauth/token', async (c) => {
  const [keys, params, now] = [await keysOf(c.env), await parameters(c.req.raw), Date.now()];
  const appid = params.client_id ?? '';
  const known = keys.apps[appid];
  if (!known) throw new Failure(401, 'invalid_client', 'client_unknown');
  if (params.grant_type === 'refresh_token') {
    return c.json(
      await refresh(c.env, keys, appid, params.refresh_token ?? '', now, (work) => c.executionCtx.waitUntil(work)),
    );
  }
  return c.json(await exchange(c.env, keys, appid, known, params, now));
});

app.post('/oauth/introspect', async (c) => {
  const keys = await keysOf(c.env);
  const [id = '', secret = ''] = atob(/^Basic (\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? '').split(':');
  const hash = async (value: string) => new Uint8Array(await crypto.subtle.digest('SHA-256', utf8.encode(value)));
  const given = await hash(secret);
  const own: string[] = [];
  for (const [appid, { backends }] of Object.entries(keys.apps)) {
    const expected = backends?.[id];
    if (expected && (await hash(expected)).every((byte, at) => byte === given[at])) own.push(appid);
  }
  if (own.length === 0) throw new Failure(401, 'invalid_client', 'backend_unknown');
  const { token = '' } = await parameters(c.req.raw);
  const options = { issuer: c.env.ISSUER, typ: 'at+jwt', algorithms: ['ES256'] };
  const verified = await jwtVerify(token, keys.public, options).catch(() => undefined);
  const claims = verified?.payload as { client_id: string; sub: string; sid: string; iat: number } | undefined;
  if (!claims || !own.includes(claims.client_id)) return c.json({ active: false });
  const found = await find(c.env, keys, await userOf(keys, claims.client_id, claims.sub), claims.sid);
  if (revoked(found, found.session?.auth ?? claims.iat * 1000)) return c.json({ active: false });
  return c.json({ active: true, token_type: 'Bearer', ...claims });
});

app.post('/wechat/user-info/verify', async (c) => {
  const keys = await keysOf(c.env);
  const { sessionKeys } = await authenticate(c.env, keys, c.req.header('authorization'));
  const { raw_data = '', signature = '' } = await parameters(c.req.raw);
  for (const key of sessionKeys) {
    const expected = hex(await crypto.subtle.digest('SHA-1', utf8.encode(raw_data + key)));
    let difference = expected.length ^ signature.length;
    for (let at = 0; at < expected.length; at++) difference |= expected.charCodeAt(at) ^ signature.charCodeAt(at);
    if (difference === 0) return c.json({ valid: true });
  }
  throw new Failure(400, 'invalid_request', 'signature_mismatch');
});

app.post('/wechat/open-data', async (c) => {
  const keys = await keysOf(c.env);
  const caller = await authenticate(c.env, keys, c.req.header('authorization'));
  const { encrypted_data = '', iv = '' } = await parameters(c.req.raw);
  for (const sessionKey of caller.sessionKeys) {
    try {
      const key = await crypto.subtle.importKey('raw', base64(sessionKey), 'AES-CBC', false, ['decrypt']);
      const plain = await crypto.subtle.decrypt({ name: 'AES-CBC', iv: base64(iv) }, key, base64(encrypted_data));
      const data = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(plain));
      const fresh = Math.abs(Date.now() / 1000 - data.watermark.timestamp) <= 600;
      if (data.watermark.appid === caller.appid && fresh && (!data.openId || data.openId === caller.openid)) {
        return c.json({ data });
      }
    } catch {
      // Try the next key.
    }
  }
  throw new Failure(400, 'invalid_request', 'decrypt_failed');
});

app.get('/healthz', (c) => c.json({ status: 'ok' }));

export default app;
