// The interface between the client and a platform. A host calls the platform and reports its answers; it decides nothing
// about login.

import type * as glue from 'wxauth-core';

/** The wasm-bindgen glue, connected to its module. */
export type CoreModule = typeof glue;

/** A failure of a `wx.*` call (docs/platform-facts.md §1.0). */
export interface WxFailure {
  /** The platform's text, such as `request:fail timeout`. */
  errMsg: string;
  /** The platform's number, if it gives one. */
  errno?: number | undefined;
}

/** Callback of a failed call. */
export type Failed = (failure: WxFailure) => void;

/** A request to send, as `wx.request` takes it (§1.8). */
export interface HostRequest {
  /** Absolute address. */
  url: string;
  /** HTTP method. */
  method: string;
  /** Body, or the query of a GET, converted as `wx.request` converts it. */
  data?: unknown;
  /** Request headers. */
  header: Record<string, string>;
  /** Milliseconds; the platform's default if absent. */
  timeout?: number;
}

/** A reply, in the shape of `wx.request` (§1.8). */
export interface Reply {
  /** HTTP status. */
  statusCode: number;
  /** The body: parsed if it is JSON, else its text. */
  data: unknown;
  /** Response headers. */
  header: Record<string, string>;
}

/** The signed part of a `wx.getUserProfile` result (§1.2). */
export interface SignedProfile {
  /** The profile as JSON, exactly as WeChat signed it. */
  rawData: string;
  /** WeChat's signature over `rawData` (§4.1). */
  signature: string;
}

/** `authSetting` of `wx.getSetting` (§1.4): true is granted, false is denied, absent was never asked. */
export type AuthSetting = Record<string, boolean | undefined>;

/** A platform. Each call reports through one of its callbacks; an exception counts as a failure. */
export interface Host {
  /** Whether the platform can log in. If not, the client stays a guest. */
  readonly canLogin: boolean;
  /** The app's own appid, if the platform knows it; a web page does not. */
  appid(): string | undefined;
  /** Loads the core. */
  load(): Promise<CoreModule>;
  /** One machine per appid, shared by all copies of this package in the app. */
  readonly registry: Map<string, unknown>;
  /** Gives 32 random bits as a seed. */
  random(done: (seed: number) => void): void;
  /** Reads a stored text; undefined if there is none. */
  read(key: string, done: (value: string | undefined) => void, failed: Failed): void;
  /** Stores a text. */
  write(key: string, value: string, done: () => void, failed: Failed): void;
  /** Removes a stored text. */
  remove(key: string, done: () => void, failed: Failed): void;
  /**
   * Acquires a lock that all contexts on this storage share; absent if the platform has none. Calls `granted(false)` if
   * the lock turns out to be unavailable. Returns a function that releases the lock, or stops waiting for it.
   */
  lock?(name: string, granted: (exclusive: boolean) => void): () => void;
  /** Calls `changed` when another context changes one of the entries. Returns a function that ends this. */
  onStorage?(keys: string[], changed: () => void): () => void;
  /** Sends a request. Returns a function that aborts it, if the platform can. */
  request(request: HostRequest, done: (reply: Reply) => void, failed: Failed): (() => void) | undefined;
  /** Obtains a login code (§1.1). `timeout` in milliseconds. */
  login(timeout: number, done: (code: string) => void, failed: Failed, edge: string, appid: string): void;
  /** Fields of the token request for a code of this host; absent if it is a code of `wx.login`. */
  grant?(code: string): Record<string, string>;
  /** Whether this page was loaded with the answer to a login that began before. */
  readonly returned?: boolean;
  /** Calls back with whether WeChat's session_key is still valid (§1.1). */
  checkSession(done: (alive: boolean) => void): void;
  /** Reads the user's grants (§1.4). */
  getSetting(done: (setting: AuthSetting) => void, failed: Failed): void;
  /** Opens the settings page; calls back when the user leaves it (§1.4). */
  openSetting(done: (setting: AuthSetting) => void, failed: Failed): void;
  /** Asks the user for a scope (§1.4). */
  authorize(scope: string, done: () => void, failed: Failed): void;
  /** Calls back with whether the user has yet to agree to the privacy contract (§1.5). */
  getPrivacySetting(done: (needed: boolean) => void, failed: Failed): void;
  /** Reads the phone's own settings: permissions that are `denied`, and switches that are off (§1.6). */
  readSystem(done: (denied: string[], off: string[]) => void): void;
  /** Calls `wx.getUserProfile` (§1.2). `desc` is shown to the user. */
  getUserProfile(desc: string, done: (result: SignedProfile) => void, failed: Failed): void;
  /** Version of the base library, such as `3.8.0`, if there is one. */
  version(): string | undefined;
  /** Calls back when the app is shown and hidden. Returns a function that ends this. */
  onVisibility(shown: () => void, hidden: () => void): () => void;
}
