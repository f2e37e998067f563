// The public API's types: what `createAuth` takes and gives.

import type { Permission, ScopeGrant, State } from 'wxauth-core';
import type { AbortSignalLike } from './abort.js';
import type { Host, Reply } from './host.js';
import type { Trace, TraceEntry } from './trace.js';

export interface AuthOptions {
  /** The edge's address: `https://auth.example.com`. */
  edge: string;
  host: Host;
  /** Needed on the web; a mini program knows its own. */
  appid?: string;
  /** Other origins that may receive the access token. */
  origins?: string[];
  /**
   * When the first login begins: `'silent'` at launch, without the user noticing (default in a mini program), or
   * `'on-demand'` with the first call that needs it. A web page with a login begins one only for a caller of `login()`
   * (default there), since a login leaves the page; either value lets it leave by itself.
   */
  login?: 'silent' | 'on-demand';
  /** Who shows the privacy popup: WeChat (default), or this function, which resolves with the user's answer. */
  privacy?: 'official' | (() => Promise<boolean>);
  /** A field of your replies' bodies, and its values that mean "token expired", as status 401 does. */
  expiry?: { field: string; values: Array<string | number> };
  /** Gets each entry of the flight recorder as it is made: `realtimeLog()`, or a logger of your own. */
  log?: (entry: TraceEntry) => void;
}

export interface SignalOption {
  /** Lets this caller go: `createAbortController().signal`, or an AbortSignal. */
  signal?: AbortSignalLike;
}

export interface RequestOptions extends SignalOption {
  /** A path at the edge, or an absolute url whose origin is the edge's or in `origins`. */
  url: string;
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD' | 'OPTIONS';
  data?: unknown;
  header?: Record<string, string>;
  /** May go without a session. */
  guest?: boolean;
}

/** What every tap's event may carry: why it failed. */
interface TapDetail {
  errMsg?: string;
  errno?: number;
}

/** `e.detail` of a `getPhoneNumber` or `getRealtimePhoneNumber` button. */
export interface PhoneDetail extends TapDetail {
  code?: string;
}

/** `e.detail`, or a result, that carries open data. */
export interface OpenDataDetail extends TapDetail {
  encryptedData?: string;
  iv?: string;
}

/**
 * What there is of a profile: `e.detail` of a `chooseAvatar` button, the text of a nickname input, or the result of
 * `getUserProfile`, which WeChat signed.
 */
export interface ProfileDetail extends TapDetail {
  avatarUrl?: string;
  nickName?: string;
  rawData?: string;
  signature?: string;
}

export interface PhoneNumber {
  /** With the country code. */
  phone_number: string;
  pure_phone_number: string;
  country_code: string;
}

export interface Profile {
  nickName?: string;
  avatarUrl?: string;
  /** WeChat signed it, and the edge found the signature good. */
  verified: boolean;
}

/** How this base library lets users give their avatar and nickname. */
export type ProfileMethod = 'choose-avatar' | 'get-user-profile' | 'none';

export interface Auth {
  readonly state: State;
  /**
   * Resolves when it is known who the user is; as a guest where there is no session and no login. With `openData`
   * also the edge's session_key is the one WeChat encrypts with: wait for that before you show a button whose data
   * has to be decrypted.
   */
  ready(options?: SignalOption & { openData?: boolean }): Promise<State>;
  /** Logs in, also after a log-out. */
  login(options?: SignalOption): Promise<State>;
  /** Ends the session here at once, and at the edge as soon as it can be told; `everywhere` ends the user's others too. */
  logout(options?: { everywhere?: boolean }): Promise<void>;
  request(options: RequestOptions): Promise<Reply>;
  /** For a request layer of your own: use the token, and report a 401 with `expired(generation)`. */
  token(options?: SignalOption): Promise<{ token: string; generation: number }>;
  expired(generation: number): void;
  ensure(scope: string, options?: SignalOption): Promise<Permission>;
  /**
   * Runs `fn` when the scope is granted; rejects with `scope_not_granted` where it is not, or where what `fn` throws
   * says so. Other errors of `fn` pass.
   */
  use<T>(scope: string, fn: () => T | Promise<T>, options?: SignalOption): Promise<T>;
  /** All scopes the user ever answered about; read from WeChat at most once per show. Those not listed were never asked. */
  scopes(options?: SignalOption): Promise<ScopeGrant[]>;
  /** Call it in a tap handler: the settings page opens in the tap's own call stack. `state.scopes` then has the answer. */
  openSetting(options?: SignalOption): Promise<State>;
  /** The number behind a phone button's event. One code is sent once, however often it is handed in. */
  phone(detail: PhoneDetail): Promise<PhoneNumber>;
  /** Decrypts open data at the edge. */
  openData(detail: OpenDataDetail): Promise<Record<string, unknown>>;
  /**
   * A profile out of what the user gave. An avatar comes as a temporary file: `upload` takes its path and gives the
   * lasting address.
   */
  profile(detail: ProfileDetail, upload?: (temporaryPath: string) => Promise<string>): Promise<Profile>;
  /** `wx.getUserProfile` and `profile` of its result. Call it in a tap handler, where `profileMethod` says so. */
  getUserProfile(options: { desc: string }): Promise<Profile>;
  profileMethod(): Promise<ProfileMethod>;
  /** Calls back with every change of `state`; returns how to stop. */
  subscribe(listener: (state: State) => void): () => void;
  /** The flight recorder: what went in and out, without secrets, as JSON. */
  trace(): Trace;
  dispose(): void;
}
