// Types of the public API: the options of `createAuth`, and the object that it returns.

import type { Permission, ScopeGrant, State } from 'wxauth-core';
import type { AbortSignalLike } from './abort-controller.js';
import type { Host, Reply } from './host.js';
import type { Trace, TraceEntry } from './trace.js';

/** Options of `createAuth`. */
export interface AuthOptions {
  /** Address of the edge, such as `https://auth.example.com`; http only on this machine. */
  edge: string;
  /** The platform: `weappHost()` or `webHost()`. */
  host: Host;
  /** Required on the web. A mini program knows its own. */
  appid?: string;
  /** Other origins that may receive the access token. */
  origins?: string[];
  /**
   * When the first login begins: `'silent'` immediately, invisible to the user (default in a mini program), or
   * `'on-demand'` with the first call that needs a session. On a web page a login leaves the page, so by default it
   * begins with `login()` only; with either value the page may leave without it.
   */
  login?: 'silent' | 'on-demand';
  /**
   * The dialog for the privacy contract (docs/platform-facts.md §1.5): WeChat's own (`'official'`, default), or a
   * function that shows yours and resolves with whether the user agreed.
   */
  privacy?: 'official' | (() => Promise<boolean>);
  /**
   * A field of your servers' JSON replies, and its values that mean "token expired" in addition to status 401; at most
   * 64 values.
   */
  expiry?: Expiry;
  /** Called with each entry of the flight recorder: `realtimeLog()`, or a logger of your own. */
  log?: (entry: TraceEntry) => void;
}

/** How your servers' replies say "token expired". */
export interface Expiry {
  /** Name of a top-level field of the JSON body. */
  field: string;
  /** Values of the field that mean "token expired"; at most 64. Numbers and texts are compared as text. */
  values: Array<string | number>;
}

/** A valid access token. */
export interface AccessToken {
  /** The token, for `Authorization: Bearer …`. */
  token: string;
  /** Number of the session and its renewal, for `expired(generation)`. */
  generation: number;
}

/** Option of calls that can be aborted. */
export interface SignalOption {
  /** Aborting it rejects this call with `cancelled`; other calls continue. */
  signal?: AbortSignalLike;
}

/** Options of `auth.request`; `method`, `data` and `header` mean what they mean in `wx.request` (§1.8). */
export interface RequestOptions extends SignalOption {
  /** A path at the edge, such as `/account`, or an address whose origin is the edge's or in `origins`. */
  url: string;
  /** HTTP method; `GET` by default. */
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD' | 'OPTIONS';
  /** The body, or the query of a GET. */
  data?: unknown;
  /** Request headers. `Authorization` is set by the client while there is a session. */
  header?: Record<string, string>;
  /** Whether the request may be sent without a session. */
  guest?: boolean;
}

/** The failure that a tap's event may contain (§1.2, §1.3). */
export interface TapDetail {
  /** WeChat's text, such as `getPhoneNumber:ok`. */
  errMsg?: string;
  /** WeChat's number. */
  errno?: number;
}

/** `e.detail` of a `getPhoneNumber` or `getRealtimePhoneNumber` button (§1.3). */
export interface PhoneDetail extends TapDetail {
  /** The phone code. Valid for 5 minutes and for one use. */
  code?: string;
}

/** An event's detail, or a call's result, with encrypted open data (§4.1). */
export interface OpenDataDetail extends TapDetail {
  /** The ciphertext, in base64, exactly as WeChat gave it. */
  encryptedData?: string;
  /** The initialization vector, in base64. */
  iv?: string;
}

/**
 * A profile as the user gave it (§1.2): `e.detail` of a `chooseAvatar` button, `{ nickName }` of a nickname input, or
 * the signed result of `wx.getUserProfile`.
 */
export interface ProfileDetail extends TapDetail {
  /** Path of the chosen avatar: a temporary file on the phone. */
  avatarUrl?: string;
  /** The nickname. */
  nickName?: string;
  /** The profile as JSON, exactly as WeChat signed it. */
  rawData?: string;
  /** WeChat's signature over `rawData`. */
  signature?: string;
}

/** A phone number (§3.5). */
export interface PhoneNumber {
  /** With the country code, if it is not a Chinese number. */
  phone_number: string;
  /** Without the country code. */
  pure_phone_number: string;
  /** Digits of the country code, such as `86`. */
  country_code: string;
}

/** A user's profile. */
export interface Profile {
  /** The nickname. */
  nickName?: string;
  /** Address of the avatar. */
  avatarUrl?: string;
  /** Whether WeChat signed it and the edge verified the signature. If not, the user may have typed anything. */
  verified: boolean;
}

/**
 * How users give their avatar and nickname under this base library (§1.2): by a `chooseAvatar` button and a nickname
 * input, by `getUserProfile()`, or not at all.
 */
export type ProfileMethod = 'choose-avatar' | 'get-user-profile' | 'none';

/**
 * The client of one app. Every promise settles, and rejects with an `AuthError` only; docs/errors.md lists the codes.
 * Any call may reject with `core_crashed`, `disposed`, `invalid_argument` or `too_many_waiting`. Calls that need a
 * session also reject with the reason for which there is none: `wechat_login_failed`, `wechat_login_timeout`,
 * `login_blocked`, `edge_unreachable`, `edge_failed`, `misconfigured`, `rate_limited`, `logged_out` or `login_required`.
 */
export interface Auth {
  /** The current state. */
  readonly state: State;
  /**
   * Resolves when the session is known: logged in, logged out, or a guest if there is no session and no login in
   * progress. Rejects if a silent login failed. With `openData` it also waits until the edge has the session_key with
   * which WeChat encrypts now: await that before you show a button whose data has to be decrypted.
   */
  ready(options?: SignalOption & { openData?: boolean }): Promise<State>;
  /** Logs in, also after a log-out. Resolves immediately if there is a session. */
  login(options?: SignalOption): Promise<State>;
  /**
   * Ends the session: here immediately, at the edge when it can be reached. `everywhere` ends all sessions of the user.
   * No login begins after it without `login()`. Takes no signal.
   */
  logout(options?: { everywhere?: boolean }): Promise<void>;
  /**
   * Sends a request with the access token; replies that mean "token expired" are repeated with a new token, at most
   * twice. Resolves with every other reply, whatever its status. Rejects with `origin_not_listed` (nothing is sent),
   * `network` (no reply), or the reason for which there is no session.
   */
  request(options: RequestOptions): Promise<Reply>;
  /**
   * Resolves with a valid access token and its generation, for uploads, sockets or a request layer of your own. Report
   * a 401 with `expired(generation)`.
   */
  token(options?: SignalOption): Promise<AccessToken>;
  /** Reports that a server refused the token of this generation. Ignored if that token is no longer the current one. */
  expired(generation: number): void;
  /**
   * Asks the user for a scope (§2.1) if it was never asked, and resolves with the permission, granted or not. Rejects
   * with `permission_failed` if WeChat's call failed without saying anything about the scope.
   */
  ensure(scope: string, options?: SignalOption): Promise<Permission>;
  /**
   * Runs `fn` if the scope is granted, and resolves with its result. Rejects with `scope_not_granted`, which has
   * `permission`, if the scope is not granted or if `fn` fails with an error that means so. Other errors of `fn` are
   * passed on.
   */
  use<T>(scope: string, fn: () => T | Promise<T>, options?: SignalOption): Promise<T>;
  /**
   * Resolves with all scopes that the user has answered (§1.4); a scope that is not listed was never asked. Read from
   * WeChat at most once each time the app is shown.
   */
  scopes(options?: SignalOption): Promise<ScopeGrant[]>;
  /**
   * Opens the settings page and resolves with the state after it; `state.scopes` has the answers. Call it in a tap
   * handler, before any await (§1.4). Rejects with `not_in_tap` or `unsupported`.
   */
  openSetting(options?: SignalOption): Promise<State>;
  /**
   * Resolves with the phone number behind a phone button's event (§1.3). A code is sent once, however often it is
   * passed. Rejects with `user_refused`, `privacy_refused`, `phone_code_used`, `tap_again`, `no_quota`, `blocked` or
   * `unsupported`. Takes no signal: the code is paid.
   */
  phone(detail: PhoneDetail): Promise<PhoneNumber>;
  /**
   * Decrypts open data at the edge (§4.1) and resolves with its JSON. Rejects with `tap_again` if the session_key has
   * changed since, with `data_invalid` if the data was altered, or with the tap's own failure. Takes no signal.
   */
  openData(detail: OpenDataDetail): Promise<Record<string, unknown>>;
  /**
   * Resolves with the profile that the user gave. A chosen avatar is a temporary file: `upload` receives its path and
   * returns its permanent address; errors of `upload` are passed on. A signed profile is verified by the edge, with the
   * errors of `openData`. Takes no signal.
   */
  profile(detail: ProfileDetail, upload?: (temporaryPath: string) => Promise<string>): Promise<Profile>;
  /**
   * Calls `wx.getUserProfile`, then `profile` with its result. `desc` is shown to the user. Call it in a tap handler,
   * before any await, if `profileMethod()` is `'get-user-profile'`. Takes no signal.
   */
  getUserProfile(options: { desc: string }): Promise<Profile>;
  /** Resolves with the way in which users give their profile here. Takes no signal. */
  profileMethod(): Promise<ProfileMethod>;
  /** Calls `listener` with every new state. Returns a function that ends this. */
  subscribe(listener: (state: State) => void): () => void;
  /** Returns the flight recorder's entries: events and effects of the core without secrets, as JSON. */
  trace(): Trace;
  /**
   * Ends the client: pending and later calls reject with `disposed`. It ends for every holder of this object; the next
   * `createAuth` for the appid returns a new one. The stored session stays.
   */
  dispose(): void;
}
