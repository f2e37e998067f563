// What a host can do. A host carries: it calls the platform, and reports what the platform said.

import type * as glue from 'wxauth-core';

/** The wasm-bindgen glue with its module behind it. */
export type CoreModule = typeof glue;

/** What a failed `wx.*` call reports (docs/platform-facts.md §1.0). */
export interface WxFailure {
  errMsg: string;
  errno?: number | undefined;
}

export type Failed = (failure: WxFailure) => void;

export interface HostRequest {
  url: string;
  method: string;
  data?: unknown;
  header: Record<string, string>;
  /** Milliseconds; the platform's default where absent. */
  timeout?: number;
}

/** WeChat's own shape of a reply. */
export interface Reply {
  statusCode: number;
  data: unknown;
  header: Record<string, string>;
}

/** What WeChat signs of a profile. */
export interface SignedProfile {
  rawData: string;
  signature: string;
}

/** `authSetting`: scopes never asked for are absent. */
export type AuthSetting = Record<string, boolean | undefined>;

export interface Host {
  /** Whether `login` can work at all. */
  readonly canLogin: boolean;
  /** The platform's own word; absent on the web. */
  appid(): string | undefined;
  /** Loads the core. */
  load(): Promise<CoreModule>;
  /** One machine per appid lives here, whoever imports this package and how often. */
  readonly registry: Map<string, unknown>;
  random(done: (seed: number) => void): void;
  /** Calls back with nothing where nothing is stored. */
  read(key: string, done: (value: string | undefined) => void, failed: Failed): void;
  write(key: string, value: string, done: () => void, failed: Failed): void;
  remove(key: string, done: () => void, failed: Failed): void;
  /**
   * Acquires a lock that all contexts on this storage share; absent where the platform has none. `granted(false)` where
   * it turns out that there is none. Returns how to release it, or to stop waiting for it.
   */
  lock?(name: string, granted: (exclusive: boolean) => void): () => void;
  /** Calls back when another context changes one of these entries, where the platform says so. Returns how to stop. */
  onStorage?(keys: string[], changed: () => void): () => void;
  /** Gives how to give it up, where the platform can. */
  request(request: HostRequest, done: (reply: Reply) => void, failed: Failed): (() => void) | undefined;
  login(timeout: number, done: (code: string) => void, failed: Failed, edge: string, appid: string): void;
  /** What redeems a code at the edge, where it is no code of wx.login. */
  grant?(code: string): Record<string, string>;
  /** Whether a login is to be finished that began on another page. */
  readonly returned?: boolean;
  /** Calls back with whether the session_key is alive. */
  checkSession(done: (alive: boolean) => void): void;
  getSetting(done: (setting: AuthSetting) => void, failed: Failed): void;
  openSetting(done: (setting: AuthSetting) => void, failed: Failed): void;
  authorize(scope: string, done: () => void, failed: Failed): void;
  getPrivacySetting(done: (needed: boolean) => void, failed: Failed): void;
  /** What the phone itself withholds: fields that are 'denied', and switches that are off. */
  readSystem(done: (denied: string[], off: string[]) => void): void;
  getUserProfile(desc: string, done: (result: SignedProfile) => void, failed: Failed): void;
  /** The base library's, where there is one. */
  version(): string | undefined;
  onVisibility(shown: () => void, hidden: () => void): () => void;
}
